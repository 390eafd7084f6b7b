/**
 * `Bun.serve`, for our client to try. Prints `{ port }`; ends when its input does.
 *
 * @module
 */
import process from 'node:process';
import { Closes } from './closes.ts';

/** As much of Bun's types as this needs. */
interface BunSocket {
  readonly data: { readonly url: URL };
  send(data: string | Uint8Array): number;
  ping(data: string): number;
  close(code: number, reason: string): void;
}
interface BunServer {
  readonly port: number;
  upgrade(request: Request, options: { data: { url: URL }; headers?: Record<string, string> }): boolean;
}
declare const Bun: {
  serve(options: {
    port: number;
    hostname: string;
    fetch(request: Request, server: BunServer): Response | undefined | Promise<Response>;
    websocket: {
      perMessageDeflate: boolean;
      open(socket: BunSocket): void;
      message(socket: BunSocket, message: string | Uint8Array): void;
      pong(socket: BunSocket, payload: Uint8Array): void;
      close(socket: BunSocket, code: number, reason: string): void;
      drain(socket: BunSocket): void;
    };
  }): BunServer;
};

const closes = new Closes();
/** Messages that a socket still has to send. */
const floods = new Map<BunSocket, Uint8Array[]>();

/** Send until the socket says that it is full. */
function flood(socket: BunSocket): void {
  const messages = floods.get(socket) ?? [];
  while (messages.length > 0) {
    // Negative: taken, but wait for `drain`.
    if (socket.send(messages.shift()!) <= 0) return;
  }
}

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch(request, server) {
    const url = new URL(request.url);
    const { pathname, searchParams } = url;
    if (pathname === '/closes') {
      return closes.of(searchParams.get('id') ?? '').then((close) => Response.json(close));
    }
    if (pathname === '/refuse') return new Response('not today', { status: 403 });
    const offered = (request.headers.get('sec-websocket-protocol') ?? '').split(/, */);
    const headers = offered.includes('chat') ? { 'Sec-WebSocket-Protocol': 'chat' } : undefined;
    return server.upgrade(request, { data: { url }, ...(headers && { headers }) })
      ? undefined
      : new Response('no WebSocket', { status: 400 });
  },
  websocket: {
    perMessageDeflate: process.argv[2] === 'compression',
    open(socket) {
      const { pathname, searchParams: query } = socket.data.url;
      if (pathname === '/close') socket.close(Number(query.get('code')), query.get('reason') ?? '');
      else if (pathname === '/ping') socket.ping('are you there?');
      else if (pathname === '/flood') {
        const messages = Array.from({ length: Number(query.get('count')) }, (_, i) => {
          const message = new Uint8Array(Number(query.get('bytes')));
          new DataView(message.buffer).setUint32(0, i);
          return message;
        });
        floods.set(socket, messages);
        flood(socket);
      }
    },
    message: (socket, message) => void socket.send(message),
    pong(socket, payload) {
      if (socket.data.url.pathname !== '/ping') return;
      socket.send(new TextDecoder().decode(payload) === 'are you there?' ? 'pong' : 'another');
    },
    close(socket, code, reason) {
      floods.delete(socket);
      closes.see(socket.data.url.searchParams.get('id'), { code, reason });
    },
    drain: flood,
  },
});

console.log(JSON.stringify({ port: server.port }));
process.stdin.resume().on('end', () => process.exit(0));
