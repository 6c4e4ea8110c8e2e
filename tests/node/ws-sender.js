'use strict';
// A hyco-ws sender: sends the standard input through the hybrid connection and writes
// what comes back to the standard output. It ends, with Close frames both ways, when as
// many bytes came back as went out, or as many as its argument says.

const WebSocket = require('hyco-ws');
const { connection, withPort, standardInput, fail } = require('./connection');

const FRAME = 64 * 1024;

async function main() {
  const input = await standardInput();
  const expected = process.argv[2] === undefined ? input.length : Number(process.argv[2]);
  const { host, port, path, keyName, key } = connection();
  const uri = withPort(WebSocket.createRelaySendUri(host, path), port);
  const token = WebSocket.createRelayToken(uri, keyName, key);
  let received = 0;
  let closing = false;
  WebSocket.relayedConnect(uri, token, (socket) => {
    const finish = () => {
      closing = true;
      socket.close(1000, 'done');
    };
    socket.on('message', (data) => {
      received += data.length;
      process.stdout.write(data);
      if (received >= expected) {
        finish();
      }
    });
    socket.on('close', (code) => {
      if (!closing || code !== 1000) {
        fail(`closed with ${code} after ${received} of ${expected} bytes`);
      }
    });
    for (let at = 0; at < input.length; at += FRAME) {
      socket.send(input.subarray(at, at + FRAME), { binary: true });
    }
    if (expected === 0) {
      finish();
    }
  }).on('error', (error) => fail(error.message || String(error)));
}

main().catch((error) => fail(error.message));
