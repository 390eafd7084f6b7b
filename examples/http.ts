import { Server } from 'sansocket';

const server = new Server();
server.useWebSockets(async (socket, message) => {
  console.log(`# ${message}`);
  await socket.send(message);
});
server.useHttp(async (request, response) => {
  response.status = 400;
});
await server.start(80);
await server.stopped;
