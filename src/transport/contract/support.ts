/**
 * What the cases of the contract are written with: assertions, a handler that takes notes, joined streams.
 *
 * Owns: waiting with a deadline that says what it waited for. Does not own: any case. Nothing in here needs a
 * test framework or a runtime: only `setTimeout`, promises and the transport under test.
 *
 * @module
 */
import type {
  ByteStream,
  ConnectOptions,
  Listener,
  ListenOptions,
  StreamHandler,
  TlsServerOptions,
  Transport,
} from '../transport.ts';

/** What a transport's author hands in, next to the transport. Cases that need what is left out are not run. */
export interface ContractSetup {
  /** The transport under test. */
  readonly transport: Transport;
  /** Certificates, for the TLS cases. */
  readonly tls?: ContractTls | undefined;
  /** A folder that Unix sockets can be made in, for their cases. Each case uses names of its own. */
  readonly unixFolder?: string | undefined;
  /** Leaves a socket's file at `path` that nobody listens on, as a killed process does. */
  readonly leaveStaleSocket?: ((path: string) => Promise<void>) | undefined;
  /** This machine speaks IPv6 on `::1`. */
  readonly ipv6?: boolean | undefined;
  /** The transport has addresses of its own (memory, say): no DNS, nothing that is not available. */
  readonly ownAddresses?: boolean | undefined;
  /** The transport can share a port between listeners. */
  readonly reusePort?: boolean | undefined;
  /** An address that accepts connections and never answers. Default: a plain listener that is spoken TLS to. */
  readonly silent?: ConnectOptions | undefined;
}

/** Certificates for the TLS cases, in PEM. */
export interface ContractTls {
  /** The authority that signed all of them. */
  readonly ca: string;
  /** For the name `localhost` and the address `127.0.0.1`. */
  readonly server: TlsServerOptions;
  /** For the name `reloaded.test` alone. */
  readonly reloaded: TlsServerOptions;
  /** A client's. */
  readonly client: {
    /** In PEM. */
    readonly cert: string;
    /** In PEM. */
    readonly key: string;
  };
  /** As `server`, with a key that has a pass phrase. */
  readonly locked?: TlsServerOptions | undefined;
}

/** What a case can need of the setup. */
export type ContractNeed =
  | 'tls'
  | 'passphrase'
  | 'unixFolder'
  | 'leaveStaleSocket'
  | 'ipv6'
  | 'network'
  | 'reusePort'
  | 'silent';

/** One promise that every transport keeps. */
export interface ContractCase {
  /** A sentence that says what must hold. */
  readonly name: string;
  /** Without these in the setup the case does not apply. */
  readonly needs?: readonly ContractNeed[] | undefined;
  /** Resolves when it holds; rejects with a sentence that says what did not. */
  run(setup: ContractSetup): Promise<void>;
}

/** What a case rejects with when a promise is broken. */
export class ContractFailure extends Error {
  /** Tells it from other errors. */
  override readonly name = 'ContractFailure';
}

/** Fail with `sentence` unless `condition` holds. */
export function check(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new ContractFailure(sentence);
}

/** Fail unless both are the same, by `Object.is`. */
export function same<Value>(actual: Value, expected: Value, what: string): void {
  check(Object.is(actual, expected), `${what}: got ${String(actual)}, expected ${String(expected)}`);
}

/** Fail unless `promise` rejects with an error of this `code`. */
export async function rejects(promise: Promise<unknown>, code: string, what: string): Promise<Error> {
  let error: unknown;
  try {
    await promise;
  } catch (thrown) {
    error = thrown;
  }
  check(error !== undefined, `${what}: it succeeded, expected ${code}`);
  check(error instanceof Error, `${what}: rejected with something that is no Error`);
  same((error as { readonly code?: unknown }).code, code, `${what}: code of "${error.message}"`);
  check(error.message.length > 20, `${what}: the message says too little: "${error.message}"`);
  return error;
}

/** How long a case waits for something that must happen, in ms. */
const PATIENCE_MS = 10_000;

/** A promise that fails, saying what it waited for, when nothing happens. */
export async function within<Value>(
  promise: Promise<Value>,
  what: string | (() => string),
  ms: number = PATIENCE_MS,
): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(new ContractFailure(`Waited ${ms} ms in vain: ${typeof what === 'string' ? what : what()}`)),
      ms,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Let `ms` pass. Only ever to see that something does *not* happen. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** ASCII text as bytes. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** A prime, so that a piece lost or doubled shifts what follows. */
const PERIOD = 65_521;
const PATTERN: Uint8Array = /* @__PURE__ */ Uint8Array.from({ length: 2 * PERIOD }, (_, at) => {
  const position = at % PERIOD;
  return (position * 31 + (position >> 7)) & 0xff;
});

/** Bytes `offset` to `offset + length` of an endless pattern. Memory of its own. */
export function pattern(offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const from = (offset + at) % PERIOD;
    const run = Math.min(PERIOD, length - at);
    bytes.set(PATTERN.subarray(from, from + run), at);
    at += run;
  }
  return bytes;
}

/** The index of the first byte that is not the pattern's; -1 for none. */
export function mismatch(bytes: Uint8Array, offset: number): number {
  let from = offset % PERIOD;
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] !== PATTERN[from]) return at;
    if (++from === PERIOD) from = 0;
  }
  return -1;
}

/** A handler that takes notes, checks what must always hold, and lets a case wait for what it needs. */
export class Probe implements StreamHandler {
  /** For messages: `client` or `server`. */
  readonly who: string;
  /** The stream, as soon as there is one. */
  stream!: ByteStream;
  /** Everything that came in, unless `keep` is false. */
  readonly chunks: Uint8Array[] = [];
  keep = true;
  /** How many bytes came in. */
  received = 0;
  drains = 0;
  ended = false;
  closed = false;
  error: Error | undefined;
  /** What went against the contract in a callback, where throwing would only drop the stream. */
  violation: string | undefined;
  /** True while the case is inside a call of the stream's own methods. */
  inCall = false;
  onData: ((bytes: Uint8Array) => void) | undefined;
  onEnd: (() => void) | undefined;
  onDrain: (() => void) | undefined;
  #waiting: Array<{ readonly condition: () => boolean; readonly resolve: () => void }> = [];
  #inCallback = false;

  constructor(who: string) {
    this.who = who;
  }

  data(bytes: Uint8Array): void {
    this.#callback('data', () => {
      if (bytes.length === 0) this.#violated('data was called with no bytes');
      if (this.ended) this.#violated('data was called after end');
      this.received += bytes.length;
      if (this.keep) this.chunks.push(bytes);
      this.onData?.(bytes);
    });
  }

  end(): void {
    this.#callback('end', () => {
      if (this.ended) this.#violated('end was called twice');
      this.ended = true;
      this.onEnd?.();
    });
  }

  drain(): void {
    this.#callback('drain', () => {
      this.drains++;
      this.onDrain?.();
    });
  }

  close(error?: Error): void {
    this.#callback('close', () => {
      this.closed = true;
      this.error = error;
    });
  }

  /** Write, and note that callbacks must not come meanwhile. */
  write(bytes: Uint8Array): boolean {
    return this.call((stream) => stream.write(bytes));
  }

  /** Call a method of the stream; a callback that comes before it returns breaks the contract. */
  call<Result>(method: (stream: ByteStream) => Result): Result {
    const outer = this.inCall;
    this.inCall = true;
    try {
      return method(this.stream);
    } finally {
      this.inCall = outer;
    }
  }

  /** Resolves when `condition` holds; it is looked at after each callback. */
  async until(condition: () => boolean, what: string): Promise<void> {
    if (!condition()) {
      await within(
        new Promise<void>((resolve) => this.#waiting.push({ condition, resolve })),
        () =>
          `${this.who}: ${what} (received ${this.received} bytes, drains ${this.drains}, ended ${this.ended}, ` +
          `closed ${this.closed}${this.error ? `, error ${this.error.message}` : ''})`,
      );
    }
    this.verify();
  }

  /** Resolves when the stream has closed, which it must do in order. */
  async closedInOrder(): Promise<void> {
    await this.until(() => this.closed, 'close');
    check(this.error === undefined, `${this.who}: closed with an error: ${this.error?.message}`);
  }

  /** Resolves when the stream has closed with an error of this code. */
  async closedWith(code: string): Promise<void> {
    await this.until(() => this.closed, 'close');
    same(
      (this.error as { readonly code?: unknown } | undefined)?.code,
      code,
      `${this.who}: code of close's error`,
    );
  }

  /** All that came in, as text of one character a byte. */
  text(): string {
    return this.chunks.map((chunk) => String.fromCharCode(...chunk)).join('');
  }

  /** Fail if any callback broke a rule. */
  verify(): void {
    check(this.violation === undefined, `${this.who}: ${this.violation}`);
  }

  #callback(name: string, body: () => void): void {
    if (this.stream === undefined) this.#violated(`${name} was called before there was a stream`);
    if (this.#inCallback) this.#violated(`${name} was called from inside another callback`);
    if (this.inCall) this.#violated(`${name} was called from inside a method of the stream`);
    if (this.closed) this.#violated(`${name} was called after close`);
    this.#inCallback = true;
    try {
      body();
    } finally {
      this.#inCallback = false;
      this.#waiting = this.#waiting.filter(({ condition, resolve }) => {
        if (!condition()) return true;
        resolve();
        return false;
      });
    }
  }

  #violated(what: string): void {
    this.violation ??= what;
  }
}

/** A connection, both ends of it. */
export interface Joined {
  readonly listener: Listener;
  readonly client: Probe;
  readonly server: Probe;
}

/** What {@link joined} can be told. */
export interface JoinOptions {
  readonly listen?: ListenOptions | undefined;
  readonly connect?: ConnectOptions | undefined;
  /** What stands between each stream and its probe. */
  readonly wrap?: ((probe: Probe) => StreamHandler) | undefined;
  /** Called inside `accept`. */
  readonly accepted?: ((server: Probe) => void) | undefined;
}

/** Listen on loopback, connect, run `body` with both ends, and take everything down again. */
export async function joined(
  { transport }: ContractSetup,
  body: (both: Joined) => Promise<void>,
  { listen = { hostname: '127.0.0.1' }, connect, accepted, wrap = (probe) => probe }: JoinOptions = {},
): Promise<void> {
  const server = new Probe('server');
  const client = new Probe('client');
  let arrived = (): void => {};
  const arrival = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const listener = await within(
    transport.listen(listen, (stream) => {
      // A case may connect once more, by hand; that is another story.
      if ((server.stream as ByteStream | undefined) !== undefined) {
        const other = new Probe('another server');
        other.stream = stream;
        return other;
      }
      server.stream = stream;
      accepted?.(server);
      arrived();
      return wrap(server);
    }),
    'listen',
  );
  try {
    const { hostname, port, path } = listener.address;
    const to = path === undefined ? { hostname, port } : { path };
    // Not one turn later than the contract allows: nothing may come in before the stream is known.
    const connecting = transport.connect({ ...to, ...connect }, wrap(client)).then((stream) => {
      client.stream = stream;
    });
    await within(connecting, 'connect');
    await within(arrival, 'accept');
    await body({ listener, client, server });
    client.verify();
    server.verify();
  } finally {
    (client.stream as ByteStream | undefined)?.destroy();
    (server.stream as ByteStream | undefined)?.destroy();
    await within(listener.close(), 'the listener’s close');
  }
}
