/**
 * A server with strangers at its port, over each transport that runs in this process.
 *
 * @module
 */
import { Server, type ServerOptions, type StopOptions } from 'sansocket/server';
import { createMemoryTransport, type ListenOptions, type Transport } from 'sansocket/transport';
import { nodeTransport } from 'sansocket/transport/node';
import { afterEach } from 'vitest';
import { RawClient } from '../../support/raw-client.ts';

/** The transports, made anew for each test where that means something. */
export const TRANSPORTS: ReadonlyArray<readonly [name: string, make: () => Transport]> = [
  ['memory', () => createMemoryTransport()],
  ['memory in uneven pieces', () => createMemoryTransport({ toServer: { pieceBytes: [1, 3, 100] } })],
  ['node', () => nodeTransport],
];

/** A server, and what it told `onError`. */
export class Rig<Data = unknown> {
  readonly transport: Transport;
  readonly server: Server<Data>;
  /** Where it came from, and its code, or the message of an error of the test's own. */
  readonly errors: string[] = [];
  port = 0;

  constructor(transport: Transport, options: ServerOptions = {}) {
    this.transport = transport;
    this.server = new Server<Data>(transport, {
      onError: (error, where) => {
        const { code, message } = error as Error & { code?: string };
        this.errors.push(`${where}: ${code ?? message}`);
      },
      ...options,
    });
    RIGS.add(this);
  }

  async start(options: ListenOptions = {}): Promise<this> {
    const address = await this.server.start({ port: 0, hostname: '127.0.0.1', ...options });
    this.port = address.port;
    return this;
  }

  /** A connection. */
  client(): Promise<RawClient> {
    return RawClient.connect(this.transport, this.port);
  }

  /** A connection that is a WebSocket. */
  async socket(target?: string, ...headers: string[]): Promise<RawClient> {
    const client = await this.client();
    const { status } = await client.upgrade(target, ...headers);
    if (status !== 101) throw new Error(`The upgrade was answered with ${status}`);
    return client;
  }
}

const RIGS = new Set<{ readonly server: { stop(options: StopOptions): Promise<void> } }>();

/** Stops what a test left running. */
export function stopAfterEach(): void {
  afterEach(async () => {
    for (const { server } of RIGS) await server.stop({ timeoutMs: 0 });
    RIGS.clear();
  });
}

/** A promise, and what settles it. */
export function gate<Value = void>(): {
  promise: Promise<Value>;
  open(value: Value): void;
  fail(error: unknown): void;
} {
  let open: (value: Value) => void = () => {};
  let fail: (error: unknown) => void = () => {};
  const promise = new Promise<Value>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { promise, open, fail };
}

/** Let everything happen that can happen without time. */
export async function turns(count = 30): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Resolves when `condition` holds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (const start = Date.now(); !condition(); ) {
    if (Date.now() - start > 5000) throw new Error(`Waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
