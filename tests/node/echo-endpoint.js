// A TCP endpoint that sends everything back, and ends when the other side has ended.
'use strict';
const net = require('net');

const server = net.createServer({ allowHalfOpen: true }, (socket) => {
  socket.on('error', () => socket.destroy());
  socket.pipe(socket);
});
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
