/**
 * Prints what an app may print, with `console.log`, and then `done`.
 *
 * @module
 */
import process from 'node:process';
import { connect, Server } from '../interop/clients/sansocket.ts';

const server = new Server({ onError() {} });
server.useHttp((request, response) => {
  response.headers.set('X-One', '1').append('X-One', '2');
  console.log(request);
  console.log(response);
});
server.useWebSockets({ authorize: () => ({ data: { name: 'ada' } }), open: (socket) => console.log(socket) });
const { port } = await server.start({ port: 0, hostname: '127.0.0.1' });
await (await fetch(`http://127.0.0.1:${port}/path?a=b`, { headers: { 'X-Name': 'ada' } })).text();
const socket = await connect(`ws://127.0.0.1:${port}/chat`);
await socket.ping();
console.log(socket.request);
console.log(server);
socket.terminate();
await server.stop();
console.log('done');
process.exit();
