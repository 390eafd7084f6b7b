// One server of a contender, on the runtime that runs this file: `server.mjs CONTENDER KIND PORT`.
// KIND: echo, echo-bytes (text goes through as bytes), deflate (an echo that compresses), broadcast, http, handshake (an echo
// that nobody asks for one), and with everyone's own limits stall (an echo), push (asked, it sends much and does not wait for
// its peer) and push-waiting. Says when it listens, and how long that took from the import on.
const args = globalThis.Deno?.args ?? process.argv.slice(2);
const [contender, kind, portText] = args;
const port = Number(portText);
const runtime = globalThis.Bun ? 'bun' : globalThis.Deno ? 'deno' : 'node';
const HELLO = 'Hello, World!';
/** Larger than anything that is sent, for all alike. */
const MAX = 64 * 1024 * 1024;
/** Where it is measured what limits hold, everyone has those that come with it. */
const hasOwnLimits = ['stall', 'push', 'push-waiting'].includes(kind);
const pushes = kind.startsWith('push');

/** Offer 64 MiB, each piece in memory of its own; wait for the peer only in the kind that does. */
async function push(isOpen, send) {
  for (let i = 0; i < 1024 && isOpen(); i++) {
    const sent = send(new Uint8Array(65_536).fill(i));
    if (kind === 'push-waiting') await sent;
    else await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Our server. */
async function serve(compression) {
  const { Server } = await import(`../../dist/${runtime}.js`);
  const textAsBytes = kind === 'echo-bytes';
  const limits = hasOwnLimits ? {} : { maxMessageBytes: MAX };
  const server = new Server({ limits, compression, textAsBytes });
  server.useHttp((_request, response) => response.send(HELLO));
  const echo = async (socket, message) => {
    await socket.send(message);
  };
  const handlers = {
    broadcast: (_socket, message) => server.broadcast(message),
    'echo-bytes': async (socket, message, type) => {
      await socket.send(message, { type });
    },
  };
  // A peer that is too slow is what is looked for.
  const pushing = (socket) =>
    push(
      () => socket.state === 'open',
      (bytes) => socket.send(bytes).catch(() => {}),
    );
  server.useWebSockets(pushes ? pushing : (handlers[kind] ?? echo));
  await server.start({ port, hostname: '127.0.0.1' });
}

/** The server of ws. */
async function serveWs(perMessageDeflate) {
  const { WebSocketServer } = await import('ws');
  const server = new WebSocketServer({
    port,
    host: '127.0.0.1',
    ...(hasOwnLimits ? {} : { maxPayload: MAX }),
    perMessageDeflate,
  });
  server.on('connection', (socket) => {
    socket.on('error', () => {});
    // Text as a string, as an app reads it.
    socket.on('message', (data, isBinary) => {
      const message = isBinary ? data : data.toString();
      if (pushes) {
        push(
          () => socket.readyState === 1,
          (bytes) => new Promise((resolve) => socket.send(bytes, resolve)),
        );
      } else if (kind === 'broadcast') for (const each of server.clients) each.send(message);
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
          ...(hasOwnLimits ? {} : { maxPayloadLength: MAX, backpressureLimit: MAX }),
          perMessageDeflate: kind === 'deflate',
          open(socket) {
            if (kind === 'broadcast') socket.subscribe('all');
          },
          drain(socket) {
            socket.data?.();
          },
          message(socket, message) {
            if (pushes) {
              push(
                () => socket.readyState === 1,
                (bytes) =>
                  new Promise((resolve) => {
                    // -1: it is held back.
                    if (socket.send(bytes) === -1) socket.data = resolve;
                    else resolve();
                  }),
              );
            } else if (kind === 'broadcast') {
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
          if (pushes) {
            push(
              () => socket.readyState === 1,
              async (bytes) => {
                socket.send(bytes);
                // It tells nobody when there is room again.
                while (kind === 'push-waiting' && socket.bufferedAmount > 65_536)
                  await new Promise((resolve) => setTimeout(resolve, 1));
              },
            );
          } else if (kind === 'broadcast') for (const each of sockets) each.send(data);
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
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  // Bun's heap includes array buffers; elsewhere they are external, where they are counted at all.
  const live = runtime === 'bun' ? heapUsed : heapUsed + Math.max(external, arrayBuffers);
  console.log(`memory ${JSON.stringify({ live })}`);
});
