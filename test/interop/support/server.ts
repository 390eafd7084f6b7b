/**
 * Our server as a program of its own, on each runtime.
 *
 * @module
 */
import { afterAll, beforeAll } from 'vitest';
import { requirePeer } from '../../support/peers.ts';
import type { Setup, Stats } from '../servers/echo.ts';
import { Program, until } from './program.ts';
import { commandFor, RUNTIME_TITLES, type Runtime } from './runtimes.ts';

/** Flags with which a program can ask for garbage collection. */
const WITH_GC: Readonly<Record<Runtime, readonly string[]>> = {
  node: ['--expose-gc'],
  bun: [],
  deno: ['--v8-flags=--expose-gc'],
};

/** Compression that spares nothing: also the smallest messages, each with all that came before it. */
export const FULL_COMPRESSION = { threshold: 0, contextTakeover: true };

/** `servers/echo.ts`, running. */
export class EchoServer {
  /** Where it listens; 0 on a Unix domain socket. */
  readonly port: number;
  readonly #program: Program;

  private constructor(program: Program, port: number) {
    this.#program = program;
    this.port = port;
  }

  /** Start one. */
  static async start(runtime: Runtime, setup: Setup = {}): Promise<EchoServer> {
    const command = commandFor(runtime, 'servers/echo.ts', WITH_GC[runtime]);
    const program = new Program(`our server on ${RUNTIME_TITLES[runtime]}`, [
      ...command,
      JSON.stringify(setup),
    ]);
    try {
      const { port } = JSON.parse(await program.line('port')) as { port: number };
      return new EchoServer(program, port);
    } catch (error) {
      program.kill();
      throw error;
    }
  }

  /** For HTTP. */
  get http(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** For WebSockets. */
  get ws(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  /** What it says about itself. */
  async stats(): Promise<Stats> {
    this.#program.tell('stats');
    return JSON.parse(await this.#program.line('answer to stats')) as Stats;
  }

  /** What it says once no connection is open, or no WebSocket: the end of the last one may still be on its way. */
  async statsWhenIdle(of: 'connectionCount' | 'sockets' = 'connectionCount'): Promise<Stats> {
    let stats = await this.stats();
    await until(5000, `end of all ${of === 'sockets' ? 'WebSockets' : 'connections'}`, async () => {
      if (stats[of] > 0) stats = await this.stats();
      return stats[of] === 0;
    });
    return stats;
  }

  /** Stop the server in it, and ask once more. */
  async stopAndReport(): Promise<Stats> {
    this.#program.tell('stop');
    return JSON.parse(await this.#program.line('answer to stop')) as Stats;
  }

  /** End the program. */
  stop(): Promise<void> {
    return this.#program.stop();
  }
}

/**
 * A server for the tests of the `describe` that this is called in.
 *
 * @param setup A function is asked when the tests run.
 * @returns Gives the server, when the tests run.
 */
export function useServer(runtime: Runtime, setup?: Setup | (() => Setup)): () => EchoServer {
  let server: EchoServer | undefined;
  beforeAll(async () => {
    requirePeer(runtime);
    server = await EchoServer.start(runtime, typeof setup === 'function' ? setup() : setup);
  });
  afterAll(() => server?.stop());
  return () => {
    if (server === undefined) throw new Error('the server did not start');
    return server;
  };
}
