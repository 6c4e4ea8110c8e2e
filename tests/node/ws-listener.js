'use strict';
// A hyco-ws listener that sends every message back. Prints "listening" when it does;
// ends with SIGTERM.

const WebSocket = require('hyco-ws');
const { connection, withPort, fail } = require('./connection');

const { host, port, path, keyName, key } = connection();
const uri = withPort(WebSocket.createRelayListenUri(host, path), port);
const server = WebSocket.createRelayedServer(
  { server: uri, token: () => WebSocket.createRelayToken(uri, keyName, key) },
  (socket) => {
    socket.on('message', (data, flags) => socket.send(data, { binary: flags.binary }));
    socket.on('error', (error) => fail(`a stream broke: ${error.message}`));
  });
server.on('listening', () => process.stdout.write('listening\n'));
server.on('error', (error) => fail(`the control channel broke: ${error.message || error}`));
