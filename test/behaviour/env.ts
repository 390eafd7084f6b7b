/**
 * What a case is given: sansocket as one runtime has it, and ways to a server.
 *
 * Cases name no runtime and no test framework: they run on Node, Bun and Deno as they stand.
 *
 * @module
 */
import type { connect, Server, ServerOptions } from '../../src/node.ts';
import type { ConnectOptions, ListenOptions, Transport } from '../../src/transport/transport.ts';
import { RawClient } from '../support/raw-client.ts';
import { BehaviourFailure, check, until } from './assert.ts';

/** One runtime. */
export interface Env {
  /** `node`, `bun` or `deno`. */
  readonly runtime: string;
  /** What `sansocket` exports there. */
  readonly Server: typeof Server;
  /** The same. */
  readonly connect: typeof connect;
  /** For raw connections. */
  readonly transport: Transport;
  /** Certificates, in PEM. */
  readonly tls: { readonly ca: string; readonly server: { readonly cert: string; readonly key: string } };
  /** Bytes that live on after a collection; `undefined` where nobody can tell. */
  readonly liveBytes: (() => number) | undefined;
}

/** A sentence, and its proof. */
export interface BehaviourCase {
  /** A sentence that says what must hold. */
  readonly name: string;
  /** Resolves when it does; rejects with what did not. */
  run(env: Env): Promise<void>;
}

/** A server that runs, and what it told `onError`. */
export class Running {
  readonly env: Env;
  readonly server: Server;
  /** Where from, and the code; or the message of an error of the case's own. */
  readonly errors: string[] = [];
  port = 0;
  readonly #clients: RawClient[] = [];

  constructor(env: Env, options: ServerOptions) {
    this.env = env;
    this.server = new env.Server({
      onError: (error, where) => {
        const { code, message } = error as Error & { readonly code?: string };
        this.errors.push(`${where}: ${code ?? message}`);
      },
      ...options,
    });
  }

  /** A connection; it goes when the server goes. */
  async raw(options: Omit<ConnectOptions, 'port'> = { hostname: '127.0.0.1' }): Promise<RawClient> {
    const client = await RawClient.connect(this.env.transport, { port: this.port, ...options });
    this.#clients.push(client);
    return client;
  }

  /** Drop all connections that the case has left open. */
  drop(): void {
    for (const client of this.#clients) client.destroy();
  }

  /** A connection that is a WebSocket. */
  async socket(target = '/', ...headers: string[]): Promise<RawClient> {
    const client = await this.raw();
    const { status } = await client.upgrade(target, ...headers);
    check(status === 101, `the upgrade was answered with ${status}`);
    return client;
  }

  /** The URL of `target`. */
  url(target = '/'): string {
    return `ws://127.0.0.1:${this.port}${target}`;
  }

  /** Resolves when all connections are gone. */
  async empty(): Promise<void> {
    await until(() => this.server.connectionCount === 0, 'all connections are gone');
    check(this.server.sockets.size === 0, 'a socket is left without a connection');
  }
}

/**
 * Run a server for as long as `use` runs; then stop it, and see that nothing is left of it.
 *
 * @param setup Gives it its handlers.
 */
export async function withServer(
  env: Env,
  setup: (server: Server, running: Running) => void,
  use: (running: Running) => Promise<void>,
  options: ServerOptions = {},
  listen: ListenOptions = {},
): Promise<void> {
  const running = new Running(env, options);
  setup(running.server, running);
  const { port } = await running.server.start({ port: 0, hostname: '127.0.0.1', ...listen });
  running.port = port;
  let failure: unknown;
  try {
    await use(running);
  } catch (error) {
    failure = error;
  }
  running.drop();
  await running.server.stop({ timeoutMs: 0 });
  if (failure !== undefined) throw failure;
  check(running.server.connectionCount === 0, 'a connection is left after stop');
  check(running.server.sockets.size === 0, 'a socket is left after stop');
}

/** A server that returns every message to its sender: the first one of the guide. */
export function echo(server: Server): void {
  server.useWebSockets(async (socket, message) => {
    await socket.send(message);
  });
}

/** Run a case, and give up on it after a while. */
export async function runCase({ name, run }: BehaviourCase, env: Env, ms = 30_000): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new BehaviourFailure(`"${name}" did not come to an end in ${ms} ms`)),
      ms,
    );
  });
  try {
    await Promise.race([run(env), late]);
  } finally {
    clearTimeout(timer);
  }
}
