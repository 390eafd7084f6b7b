/**
 * What `processes.ts` runs on each runtime: a listener that takes commands, a client that is told whom to trust, a look at a socket.
 *
 * Arguments: `listen`, `trust` or `nodelay`; its options, as JSON. Each answers with lines of JSON.
 *
 * @module
 */
import process from 'node:process';
import { createInterface } from 'node:readline';
import * as nodeTls from 'node:tls';
import { bunTransport } from '../../src/transport/bun.ts';
import { denoTransport } from '../../src/transport/deno.ts';
import { nodeTransport } from '../../src/transport/node.ts';
import type { ConnectOptions, ListenOptions, TlsServerOptions } from '../../src/transport/transport.ts';

const { Bun: bun, Deno: deno } = globalThis as {
  readonly Bun?: { listen(options: object): { readonly port: number } };
  readonly Deno?: {
    listenTls(options: object): { readonly addr: { readonly port: number }; accept(): Promise<object> };
  };
};
const transport = bun ? bunTransport : deno ? denoTransport : nodeTransport;

const IDLE = { data() {}, end() {}, drain() {}, close() {} };

function say(answer: object): void {
  console.log(JSON.stringify(answer));
}

/** Listens, and tells each connection which process it has reached. */
async function listen(options: ListenOptions): Promise<void> {
  let listener: Awaited<ReturnType<typeof transport.listen>>;
  try {
    listener = await transport.listen(options, (stream) => {
      stream.write(new TextEncoder().encode(String(process.pid)));
      stream.end();
      return { ...IDLE, end: () => stream.end() };
    });
  } catch (error) {
    say({ error: (error as { readonly code?: unknown }).code });
    process.exit(0);
  }
  say({ port: listener.address.port, pid: process.pid });
  let stopped = false;
  const lines = createInterface({ input: process.stdin })
    .on('line', async (line) => {
      const { block, stop, tls } = JSON.parse(line) as { block?: true; stop?: true; tls?: TlsServerOptions };
      if (stop) {
        // What is left of the listener keeps the process alive from here on, and nothing else.
        stopped = true;
        await listener.close();
        lines.close();
        process.stdin.destroy();
      }
      if (tls !== undefined) await listener.setTls(tls);
      say({ done: true });
      // From here on, only the operating system takes connections.
      if (block) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    })
    .on('close', () => {
      if (!stopped) process.exit(0);
    });
}

/** Connects, and says what came of it. */
async function trust(options: ConnectOptions): Promise<void> {
  try {
    const stream = await transport.connect({ ...options, timeoutMs: 8000 }, IDLE);
    stream.destroy();
    say({ connected: true });
  } catch (error) {
    say({ error: (error as { readonly code?: unknown }).code });
  }
  process.exit(0);
}

/** Says whether the runtime's own socket, accepted over TLS, lets Nagle's algorithm be switched off. */
async function nodelay(tls: TlsServerOptions): Promise<void> {
  const seen = (socket: object): never => {
    say({ has: typeof (socket as { setNoDelay?: unknown }).setNoDelay === 'function' });
    process.exit(0);
  };
  let port: number;
  if (bun) {
    ({ port } = bun.listen({ hostname: '127.0.0.1', port: 0, tls, socket: { open: seen, data() {} } }));
  } else if (deno) {
    const listener = deno.listenTls({ hostname: '127.0.0.1', port: 0, ...tls });
    ({ port } = listener.addr);
    listener.accept().then(seen);
  } else {
    const server = nodeTls.createServer(tls as nodeTls.TlsOptions, seen);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ({ port } = server.address() as { readonly port: number });
  }
  await transport.connect({ hostname: 'localhost', port, tls: { ca: String(tls.ca) } }, IDLE);
}

const PROBES: Readonly<Record<string, (options: never) => Promise<void>>> = { listen, trust, nodelay };
const [what = '', options = '{}'] = process.argv.slice(2);
await PROBES[what]!(JSON.parse(options) as never);
