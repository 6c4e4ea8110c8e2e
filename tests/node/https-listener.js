'use strict';
// A hyco-https listener that answers every request with its body. Prints "listening"
// when it does; ends with SIGTERM.

const https = require('hyco-https');
const { connection, withPort, fail } = require('./connection');

const { host, port, path, keyName, key } = connection();
const uri = withPort(https.createRelayListenUri(host, path), port);
const server = https.createRelayedServer(
  { server: uri, token: () => https.createRelayToken(uri, keyName, key) },
  (request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(Buffer.from(part)));
    request.on('end', () => {
      response.writeHead(200, 'Echoed', { 'X-Method': request.method });
      const body = Buffer.concat(parts);
      // The library sends nothing at all for an empty buffer.
      response.end(body.length > 0 ? body : undefined);
    });
  });
server.on('listening', () => process.stdout.write('listening\n'));
server.on('error', (error) => fail(`the control channel broke: ${error.message || error}`));
server.listen();
