/**
 * A `Transport` inside one process, for tests: no port is opened, and nothing depends on time.
 *
 * Owns: the addresses, and who listens on them. Does not own: how bytes get across (`memory-pair.ts`), or
 * encryption (a stream with `tls` says that it is encrypted, and is not).
 *
 * @module
 */
import { checkConnectOptions, checkListenOptions, formatAddress } from './address.ts';
import { failure, noTls } from './failure.ts';
import { type MemoryPair, type MemoryPairOptions, memoryPair, Pair } from './memory-pair.ts';
import type {
  Address,
  ByteStream,
  ConnectOptions,
  Listener,
  ListenOptions,
  StreamHandler,
  Transport,
} from './transport.ts';

/** A `Transport` of pairs: ports and paths are its own, and host names mean nothing. */
export interface MemoryTransport extends Transport {
  /** The pairs whose ends are not both closed, oldest first. */
  readonly pairs: ReadonlySet<MemoryPair>;
}

/**
 * A transport inside this process.
 *
 * @param pairs How each pair is joined: the same for all, or told for the nth connection (0 first).
 * @throws A `UsageRangeError` (`bad-option`) for a number that makes no sense; from a function, `connect` rejects with it.
 */
export function createMemoryTransport(
  pairs: MemoryPairOptions | ((connection: number) => MemoryPairOptions) = {},
): MemoryTransport {
  return new Network(pairs);
}

/** One listener, and who is told of its connections. */
interface Entry {
  readonly options: ListenOptions;
  readonly accept: (stream: ByteStream) => StreamHandler;
}

class Network implements MemoryTransport {
  readonly name = 'memory';
  readonly pairs: Set<MemoryPair> = new Set();
  readonly #plan: (connection: number) => MemoryPairOptions;
  /** By port, or by path. */
  readonly #entries: Map<number | string, Entry> = new Map();
  #connections = 0;
  #nextPort = FIRST_FREE_PORT;

  constructor(pairs: MemoryPairOptions | ((connection: number) => MemoryPairOptions)) {
    if (typeof pairs !== 'function') memoryPair(pairs);
    this.#plan = typeof pairs === 'function' ? pairs : () => pairs;
  }

  async listen(options: ListenOptions, accept: (stream: ByteStream) => StreamHandler): Promise<Listener> {
    checkListenOptions(options);
    const key = options.path ?? (options.port || this.#freePort());
    if (this.#entries.has(key)) throw failure('listen', 'address-in-use', formatAddress(options));
    const entry: Entry = { options, accept };
    this.#entries.set(key, entry);
    const address: Address =
      typeof key === 'string'
        ? { hostname: key, port: 0, path: key }
        : { hostname: options.hostname ?? '127.0.0.1', port: key };
    return {
      address,
      close: async () => {
        if (this.#entries.get(key) === entry) this.#entries.delete(key);
      },
      setTls: async () => {
        if (options.tls === undefined) throw noTls();
      },
    };
  }

  connect(options: ConnectOptions, handler: StreamHandler): Promise<ByteStream> {
    return new Promise((resolve, reject) => {
      checkConnectOptions(options);
      const plan = this.#plan(this.#connections++);
      const { signal, timeoutMs } = options;
      const settle = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
      };
      const giveUp = (code: 'aborted' | 'connect-timeout', cause?: unknown): void => {
        settle();
        reject(failure('connect', code, formatAddress(options), cause));
      };
      const abort = (): void => giveUp('aborted', signal?.reason);
      // Nothing else takes time here.
      const timed = plan.stallConnect === true && timeoutMs !== undefined && timeoutMs < 0x80000000;
      const timer = timed ? setTimeout(() => giveUp('connect-timeout'), timeoutMs) : undefined;
      if (signal?.aborted) {
        abort();
        return;
      }
      signal?.addEventListener('abort', abort);
      if (plan.stallConnect) return;
      (plan.schedule ?? queueMicrotask)(() => {
        if (signal?.aborted) return;
        settle();
        try {
          const pair = this.#establish(options, plan);
          resolve(pair.client);
          // After the caller's continuation.
          queueMicrotask(() => pair.client.start(handler));
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  /** The connection, with its server's end at work. Throws what `connect` rejects with. */
  #establish(options: ConnectOptions, plan: MemoryPairOptions): Pair {
    const address = formatAddress(options);
    const entry = this.#entries.get(options.path ?? options.port!);
    if (entry === undefined) throw failure('connect', 'connection-refused', address);
    const offer = options.tls === true ? {} : options.tls || undefined;
    const serve = entry.options.tls;
    if ((offer === undefined) !== (serve === undefined)) throw failure('connect', 'tls-failed', address);
    const unix = options.path !== undefined;
    const facts = {
      clientPort: unix ? 0 : this.#freePort(),
      serverPort: options.port ?? 0,
      address: unix ? '' : '127.0.0.1',
      encrypted: serve !== undefined,
      alpnProtocol: (serve && chooseProtocol(serve.alpnProtocols, offer?.alpnProtocols)) ?? '',
    };
    const pair = new Pair(plan, facts, (gone) => this.pairs.delete(gone));
    this.pairs.add(pair);
    try {
      pair.server.start(entry.accept(pair.server));
    } catch {
      pair.server.start(NOBODY);
      pair.server.destroy();
    }
    return pair;
  }

  #freePort(): number {
    let port = this.#nextPort;
    while (this.#entries.has(port)) port = port === 65_535 ? FIRST_FREE_PORT : port + 1;
    this.#nextPort = port === 65_535 ? FIRST_FREE_PORT : port + 1;
    return port;
  }
}

const FIRST_FREE_PORT = 49_152;

/** The handler of a stream whose listener could not say who handles it. */
const NOBODY: StreamHandler = { data() {}, end() {}, drain() {}, close() {} };

/** The server's first that the client offered too (RFC 7301 §3.2). */
function chooseProtocol(
  served: readonly string[] = ['http/1.1'],
  offered: readonly string[] = ['http/1.1'],
): string | undefined {
  return served.find((name) => offered.includes(name));
}
