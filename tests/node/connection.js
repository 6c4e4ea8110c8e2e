'use strict';
// What the scripts share: the connection string in HYBRID_CONNECTION.

/** The parts of the connection string in the environment. */
function connection() {
  const text = process.env.HYBRID_CONNECTION;
  if (!text) {
    fail('set HYBRID_CONNECTION to a connection string');
  }
  const parts = {};
  for (const part of text.trim().split(';').filter(Boolean)) {
    const at = part.indexOf('=');
    parts[part.slice(0, at)] = part.slice(at + 1);
  }
  const endpoint = /^sb:\/\/([^:/]+)(?::(\d+))?\/?$/.exec(parts.Endpoint || '');
  if (!endpoint || !parts.EntityPath || !parts.SharedAccessKeyName || !parts.SharedAccessKey) {
    fail('the connection string in HYBRID_CONNECTION is not whole');
  }
  return {
    host: endpoint[1],
    port: Number(endpoint[2] || 443),
    path: parts.EntityPath,
    keyName: parts.SharedAccessKeyName,
    key: parts.SharedAccessKey,
  };
}

/** The libraries know port 443 alone: puts the real one into their address. */
function withPort(uri, port) {
  return uri.replace(/:443\//, `:${port}/`);
}

/** Everything that the standard input holds. */
function standardInput() {
  return new Promise((resolve, reject) => {
    const parts = [];
    process.stdin.on('data', (part) => parts.push(part));
    process.stdin.on('end', () => resolve(Buffer.concat(parts)));
    process.stdin.on('error', reject);
  });
}

function fail(text) {
  process.stderr.write(`${require('path').basename(process.argv[1])}: ${text}\n`);
  process.exit(1);
}

module.exports = { connection, withPort, standardInput, fail };
