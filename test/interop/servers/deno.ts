/**
 * `Deno.serve` with `Deno.upgradeWebSocket`, for our client to try. Prints `{ port }`; ends when its input does.
 *
 * @module
 */
import process from 'node:process';
import { Closes } from './closes.ts';

/** As much of Deno's types as this needs. */
declare const Deno: {
  serve(
    options: { port: number; hostname: string; onListen(address: { port: number }): void },
    handler: (request: Request) => Response | Promise<Response>,
  ): unknown;
  upgradeWebSocket(
    request: Request,
    options: { protocol?: string; idleTimeout: number },
  ): { socket: WebSocket; response: Response };
};

const closes = new Closes();

Deno.serve(
  {
    port: 0,
    hostname: '127.0.0.1',
    onListen: ({ port }) => console.log(JSON.stringify({ port })),
  },
  async (request) => {
    const { pathname, searchParams: query } = new URL(request.url);
    if (pathname === '/closes') return Response.json(await closes.of(query.get('id') ?? ''));
    if (pathname === '/refuse') return new Response('not today', { status: 403 });
    const offered = (request.headers.get('sec-websocket-protocol') ?? '').split(/, */);
    const { socket, response } = Deno.upgradeWebSocket(request, {
      idleTimeout: 0,
      ...(offered.includes('chat') && { protocol: 'chat' }),
    });
    socket.binaryType = 'arraybuffer';
    socket.onmessage = ({ data }) => socket.send(data);
    socket.onclose = ({ code, reason }) => closes.see(query.get('id'), { code, reason });
    socket.onerror = () => {};
    socket.onopen = () => {
      if (pathname === '/close') socket.close(Number(query.get('code')), query.get('reason') ?? '');
      if (pathname !== '/flood') return;
      for (let i = 0; i < Number(query.get('count')); i++) {
        const message = new Uint8Array(Number(query.get('bytes')));
        new DataView(message.buffer).setUint32(0, i);
        socket.send(message);
      }
    };
    return response;
  },
);

process.stdin.resume().on('end', () => process.exit(0));
