'use strict';
// Sends the standard input as a POST request through the hybrid connection and writes
// the response's body to the standard output.

const hyco = require('hyco-https');
const { connection, standardInput, fail } = require('./connection');

async function main() {
  const input = await standardInput();
  const { host, port, path, keyName, key } = connection();
  const uri = hyco.createRelayHttpsUri(`${host}:${port}`, path);
  const token = hyco.createRelayToken(uri, keyName, key);
  const options = {
    method: 'POST',
    agent: false,
    headers: { ServiceBusAuthorization: token, 'Content-Length': input.length },
  };
  const request = hyco.request(uri, options, (response) => {
    if (response.statusCode !== 200 || response.headers['x-method'] !== 'POST') {
      fail(`answered ${response.statusCode} ${response.statusMessage}`);
    }
    response.on('error', (error) => fail(error.message));
    response.pipe(process.stdout);
  });
  request.on('error', (error) => fail(error.message));
  request.end(input);
}

main().catch((error) => fail(error.message));
