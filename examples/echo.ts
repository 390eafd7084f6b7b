import { Server } from 'sansocket';

const server = new Server();
server.useWebSockets(async (socket, message) => {
  console.log(`# ${message}`);
  await socket.send(message);
});
await server.start(80);
await server.stopped; // the process lives until the server is stopped
