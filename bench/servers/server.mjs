// One server of a contender, on the runtime that runs this file: `server.mjs CONTENDER KIND PORT`.
// KIND: echo, echo-bytes (text goes through as bytes), deflate (an echo that compresses), broadcast, http, handshake (an echo
// that nobody asks for one). Says when it listens, and how long that took from the import on.
const args = globalThis.Deno?.args ?? process.argv.slice(2);
const [contender, kind, portText] = args;
const port = Number(portText);
const runtime = globalThis.Bun ? 'bun' : globalThis.Deno ? 'deno' : 'node';
const HELLO = 'Hello, World!';
/** Larger than anything that is sent, for all alike. */
const MAX = 64 * 1024 * 1024;

/** Our server. */
async function serve(compression) {
  const { Server } = await import(`../../dist/${runtime}.js`);
  const textAsBytes = kind === 'echo-bytes';
  const server = new Server({ limits: { maxMessageBytes: MAX }, compression, textAsBytes });
  server.useHttp((_request, response) => response.send(HELLO));
  server.useWebSockets(
    kind === 'broadcast'
      ? (_socket, message) => server.broadcast(message)
      : textAsBytes
        ? async (socket, message, type) => {
            await socket.send(message, { type });
          }
        : async (socket, message) => {
            await socket.send(message);
          },
  );
  await server.start({ port, hostname: '127.0.0.1' });
}

/** The server of ws. */
async function serveWs(perMessageDeflate) {
  const { WebSocketServer } = await import('ws');
  const server = new WebSocketServer({
    port,
    host: '127.0.0.1',
    maxPayload: MAX,
    perMessageDeflate,
  });
  server.on('connection', (socket) => {
    socket.on('error', () => {});
    // Text as a string, as an app reads it.
    socket.on('message', (data, isBinary) => {
      const message = isBinary ? data : data.toString();
      if (kind === 'broadcast') for (const each of server.clients) each.send(message);
      else socket.send(message);
    });
  });
  await new Promise((resolve) => server.on('listening', resolve));
}

const CONTENDERS = {
  ours: () => serve(kind === 'deflate'),

  /** The same with the DEFLATE engine that is always there. */
  async 'ours-pure'() {
    const { pureEngine } = await import('../../dist/deflate/index.js');
    await serve({ engine: pureEngine });
  },

  // With its own defaults, but for the threshold: it compresses from 1 KiB on.
  ws: () => serveWs(kind === 'deflate' && { threshold: 128 }),

  /** At our default level, which is not its own. */
  'ws-level1': () => serveWs({ threshold: 128, zlibDeflateOptions: { level: 1 } }),

  async driver() {
    const { default: driver } = await import('websocket-driver');
    const net = await import('node:net');
    const server = net.createServer({ noDelay: true }, (socket) => {
      const each = driver.server({ maxLength: MAX });
      each.on('connect', () => each.start());
      each.on('message', ({ data }) => (typeof data === 'string' ? each.text(data) : each.binary(data)));
      each.on('error', () => {});
      socket.on('error', () => {});
      socket.pipe(each.io).pipe(socket);
    });
    await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  },

  async http() {
    const { createServer } = await import('node:http');
    const server = createServer((_request, response) => {
      response.setHeader('Content-Type', 'text/plain; charset=utf-8');
      response.end(HELLO);
    });
    await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  },

  /** What the runtime itself brings. */
  async native() {
    if (runtime === 'bun') {
      Bun.serve({
        port,
        hostname: '127.0.0.1',
        fetch(request, server) {
          if (kind !== 'http' && server.upgrade(request)) return undefined;
          return new Response(HELLO);
        },
        websocket: {
          maxPayloadLength: MAX,
          backpressureLimit: MAX,
          perMessageDeflate: kind === 'deflate',
          open(socket) {
            if (kind === 'broadcast') socket.subscribe('all');
          },
          message(socket, message) {
            if (kind === 'broadcast') {
              socket.publish('all', message);
              socket.send(message);
            } else socket.send(message, kind === 'deflate');
          },
        },
      });
    } else if (runtime === 'deno') {
      const sockets = new Set();
      Deno.serve({ port, hostname: '127.0.0.1', onListen() {} }, (request) => {
        if (request.headers.get('upgrade') !== 'websocket') return new Response(HELLO);
        const { socket, response } = Deno.upgradeWebSocket(request);
        socket.binaryType = 'arraybuffer';
        socket.onopen = () => sockets.add(socket);
        socket.onclose = () => sockets.delete(socket);
        socket.onmessage = ({ data }) => {
          if (kind === 'broadcast') for (const each of sockets) each.send(data);
          else socket.send(data);
        };
        return response;
      });
    } else throw new Error('Node has no WebSocket server of its own');
  },

  /** The same bytes with nothing read of them: what the runtime's sockets alone allow. */
  async floor() {
    const { floorAnswer } = await import('./floor.mjs');
    const answer = floorAnswer(kind);
    if (runtime === 'bun') {
      Bun.listen({
        hostname: '127.0.0.1',
        port,
        socket: {
          open(socket) {
            // Its write takes what fits, and forgets the rest.
            const rest = [];
            const write = (bytes) => {
              if (rest.length > 0) return void rest.push(bytes);
              const taken = Math.max(0, socket.write(bytes));
              if (taken < bytes.length) rest.push(bytes.subarray(taken));
            };
            const drain = () => {
              for (const bytes of rest.splice(0)) write(bytes);
            };
            socket.data = { ...answer(write, () => socket.end()), drain };
          },
          data(socket, bytes) {
            socket.data.receive(bytes);
          },
          drain(socket) {
            socket.data.drain();
          },
          close(socket) {
            socket.data.close();
          },
        },
      });
    } else if (runtime === 'deno') {
      const listener = Deno.listen({ port, hostname: '127.0.0.1' });
      (async () => {
        for await (const connection of listener) {
          connection.setNoDelay(true);
          (async () => {
            let sending = Promise.resolve();
            const write = (bytes) => {
              sending = sending.then(async () => {
                for (let rest = bytes; rest.length > 0; ) rest = rest.subarray(await connection.write(rest));
              });
            };
            const each = answer(write, () => {
              sending = sending.then(() => connection.close());
            });
            const buffer = new Uint8Array(65_536);
            try {
              for (let n = await connection.read(buffer); n !== null; n = await connection.read(buffer)) {
                each.receive(buffer.subarray(0, n));
                await sending;
              }
            } catch {}
            each.close();
          })();
        }
      })();
    } else {
      const net = await import('node:net');
      const server = net.createServer({ noDelay: true }, (socket) => {
        const each = answer(
          (bytes) => socket.write(bytes),
          () => socket.end(),
        );
        socket.on('data', (bytes) => each.receive(bytes));
        socket.on('error', () => {});
        socket.on('close', () => each.close());
      });
      await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
    }
  },
};

const startedAt = performance.now();
await CONTENDERS[contender]();
console.log(`ready in ${(performance.now() - startedAt).toFixed(2)} ms`);
// A profile is written when the process ends in order.
process.on('SIGINT', () => process.exit(0));
// Collects garbage, where the runtime lets it, and says what lives.
process.on('SIGUSR2', async () => {
  for (let i = 0; i < 5; i++) {
    globalThis.gc?.();
    globalThis.Bun?.gc(true);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { rss, heapUsed } = process.memoryUsage();
  console.log(`memory ${JSON.stringify({ rss, heapUsed })}`);
});
