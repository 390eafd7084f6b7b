/**
 * A server of ours for others to try, on whichever runtime runs it.
 *
 * Argument: a `Setup` as JSON. Prints `{ port }` when it listens; `stats` and `stop` on its standard input are answered
 * with a line of JSON each. When its input ends, so does it.
 *
 * @module
 */
import process from 'node:process';
import { createInterface } from 'node:readline';
import type {
  HttpRequest,
  HttpResponse,
  IncomingMessage,
  ListenOptions,
  ServerOptions,
  Socket,
  SocketCloseInfo,
} from '../../../src/node.ts';
import { Server } from '../clients/sansocket.ts';

/** What a test asks for. */
export interface Setup {
  readonly options?: ServerOptions;
  /** Where to listen. Default: a free port of 127.0.0.1. */
  readonly listen?: ListenOptions;
  /** Read messages as streams and send them back as streams, in the place of whole ones. */
  readonly streams?: boolean;
}

/** What `stats` answers. */
export interface Stats {
  readonly connectionCount: number;
  readonly sockets: number;
  /** Bytes in use after garbage collection. */
  readonly heapUsed: number;
  /** Bytes of buffers outside of the heap. */
  readonly arrayBuffers: number;
  /** What keeps the process alive, where the runtime says. */
  readonly resources?: readonly string[];
  /** All errors that `onError` was told of, as `where: message`. */
  readonly errors: readonly string[];
}

const setup = JSON.parse(process.argv[2] ?? '{}') as Setup;
const errors: string[] = [];
const server = new Server({
  ...setup.options,
  onError: (error, where) => {
    if (errors.length < 100) errors.push(`${where}: ${String((error as Error)?.message ?? error)}`);
  },
});

// ---------------------------------------------------------------- HTTP

server.useHttp(async (request, response) => {
  const page = PAGES[request.path] ?? missing;
  await page(request, response);
});

const PAGES: Readonly<Record<string, (request: HttpRequest, response: HttpResponse) => unknown>> = {
  '/': (_request, response) => response.send('hello\n'),

  '/page': (_request, response) => response.html('<!doctype html><title>peer</title>'),

  /** The body, as it came. */
  async '/echo'(request, response) {
    response.headers.set('Content-Type', request.headers.get('content-type') ?? 'application/octet-stream');
    await response.send(await request.bytes());
  },

  /** The request, as it was understood. */
  async '/request'(request, response) {
    const { method, target, path, host, version } = request;
    const body = await request.text();
    const query = Object.fromEntries(request.query);
    await response.json({ method, target, path, host, version, query, headers: [...request.headers], body });
  },

  /** `pieces` lines, one by one. */
  async '/stream'(request, response) {
    const pieces = Number(request.query.get('pieces'));
    for (let i = 0; i < pieces; i++) await response.write(`line ${i}\n`);
  },

  /** Says no without reading the body. */
  '/forbidden': (_request, response) => {
    response.status = 403;
    return response.send('no\n');
  },

  '/empty': (_request, response) => {
    response.status = 204;
  },

  '/throws': () => {
    throw new Error('the handler threw');
  },

  /** How the WebSocket with this id ended, as the server saw it: waits until it has. */
  async '/closes'(request, response) {
    await response.json(await closing(request.query.get('id') ?? '').seen);
  },
};

function missing(_request: HttpRequest, response: HttpResponse): unknown {
  response.status = 404;
  return response.send('not here\n');
}

// ---------------------------------------------------------------- WebSocket

const closings = new Map<string, { seen: Promise<SocketCloseInfo>; see: (info: SocketCloseInfo) => void }>();

function closing(id: string): { seen: Promise<SocketCloseInfo>; see: (info: SocketCloseInfo) => void } {
  let entry = closings.get(id);
  if (entry === undefined) {
    let see: (info: SocketCloseInfo) => void = () => {};
    const seen = new Promise<SocketCloseInfo>((resolve) => {
      see = resolve;
    });
    entry = { seen, see };
    closings.set(id, entry);
  }
  return entry;
}

/** What happens as soon as a socket is open, by path; then, all echo. */
const OPENINGS: Readonly<Record<string, (socket: Socket, query: URLSearchParams) => unknown>> = {
  '/close': (socket, query) => {
    const code = query.get('code');
    return socket.close(code === null ? undefined : Number(code), query.get('reason') ?? undefined);
  },

  /** The request of the handshake, as a message. */
  '/request': (socket) => {
    const headers = [...socket.request.headers].map(([name, value]) => [name.toLowerCase(), value]);
    return socket.send(JSON.stringify(Object.fromEntries(headers)));
  },

  /** A ping of ours, and its round trip as a message. */
  async '/ping'(socket) {
    const ms = await socket.ping('are you there?');
    await socket.send(JSON.stringify({ ms }));
  },

  /** One text and one binary message, each in as many fragments as `pieces` says, with pings between. */
  async '/stream'(socket, query) {
    const pieces = Number(query.get('pieces'));
    await socket.sendStream(
      (async function* () {
        for (let i = 0; i < pieces; i++) {
          yield `${i} grüße 😀\n`;
          if (i % 8 === 0) void socket.ping();
        }
      })(),
    );
    await socket.sendStream(Array.from({ length: pieces }, (_, i) => Uint8Array.of(i, i >> 8)));
  },

  /** As many messages as `count` says, of `bytes` bytes each; the first four bytes count them. */
  async '/flood'(socket, query) {
    const count = Number(query.get('count'));
    const message = new Uint8Array(Number(query.get('bytes')));
    for (let i = 0; i < count; i++) {
      new DataView(message.buffer).setUint32(0, i);
      await socket.send(message);
    }
  },
};

server.useWebSockets({
  protocols: ['chat.v2', 'chat'],
  async authorize(request) {
    if (request.path !== '/refuse') return undefined;
    const { refuse } = await import('../../../src/shared.ts');
    const status = Number(request.query.get('status') ?? 403);
    return refuse(status, 'not today', { 'X-Why': 'the test says so' });
  },
  async open(socket) {
    await OPENINGS[socket.request.path]?.(socket, socket.request.query);
  },
  ...(setup.streams
    ? { stream: (socket: Socket, message: IncomingMessage) => socket.sendStream(message) }
    : {
        message(socket: Socket, message: string | Uint8Array) {
          if (socket.request.path === '/terminate') return socket.terminate();
          return socket.send(message);
        },
      }),
  close(socket, info) {
    const id = socket.request.query.get('id');
    if (id !== null) closing(id).see(info);
  },
});

// ---------------------------------------------------------------- the test's commands

async function stats(): Promise<Stats> {
  const { Bun, gc } = globalThis as { Bun?: { gc(now: boolean): void }; gc?: () => void };
  for (let i = 0; i < 4; i++) {
    Bun?.gc(true);
    gc?.();
    // What the turn before has let go of is free only now.
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const { connectionCount, sockets } = server;
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  const resources = 'Bun' in globalThis ? undefined : process.getActiveResourcesInfo?.();
  return {
    connectionCount,
    sockets: sockets.size,
    heapUsed,
    arrayBuffers,
    ...(resources && { resources }),
    errors,
  };
}

const { port } = await server.start(setup.listen ?? { port: 0, hostname: '127.0.0.1' });
console.log(JSON.stringify({ port }));

createInterface({ input: process.stdin })
  .on('line', async (line) => {
    if (line === 'stats') console.log(JSON.stringify(await stats()));
    else if (line === 'stop') {
      await server.stop({ timeoutMs: 2000 });
      console.log(JSON.stringify(await stats()));
    }
  })
  .on('close', () => process.exit(0));
