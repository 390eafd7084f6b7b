// Signals are the app's business: stop on Ctrl-C, and give open work two seconds.
import { Server } from 'sansocket';

const server = new Server();
server.useWebSockets((socket, message) => socket.send(message));

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => server.stop({ timeoutMs: 2000 }));
}
const { port } = await server.start(0);
console.log(`listening on port ${port}`);
await server.stopped;
console.log('stopped');
