'use strict';
// Preloaded with --require: Node asks the system's DNS for names below `localhost`,
// and not every system knows that they all mean this machine (RFC 6761).

const dns = require('dns');

const systemLookup = dns.lookup;
dns.lookup = function lookup(hostname, options, callback) {
  const done = typeof options === 'function' ? options : callback;
  const wants = typeof options === 'object' && options !== null ? options : {};
  if (hostname !== 'localhost' && !hostname.endsWith('.localhost')) {
    return systemLookup.call(dns, hostname, options, callback);
  }
  const answer = { address: '127.0.0.1', family: 4 };
  return process.nextTick(() =>
    wants.all ? done(null, [answer]) : done(null, answer.address, answer.family));
};
