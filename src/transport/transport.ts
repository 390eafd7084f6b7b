/**
 * What the rest of sansocket needs from a runtime's sockets, and nothing more.
 *
 * Each sibling file turns one runtime's sockets into a {@link Transport}; those files hold no opcode, no
 * header name and no status code. `contract.ts` is the suite that every transport must pass, yours too.
 *
 * @module
 */
import type { NativeBytes } from '../bytes/native.ts';
import type { TextCodec } from '../bytes/text.ts';
import type { DeflateEngine } from '../deflate/engine.ts';

/** Bytes waiting in a stream from which on `write` answers false, the same for every transport: 64 KiB. */
export const HIGH_WATER_BYTES = 65_536;

/** How long one connection is served, while it has more, before all others have their turn, in ms. */
export const TURN_MS = 1;

/** Time for a client's side of a TLS handshake before a listener drops it, in ms. */
export const TLS_HANDSHAKE_TIMEOUT_MS = 10_000;

/** PEM text, or its bytes. */
export type Pem = string | Uint8Array;

/** TLS for a listener. */
export interface TlsServerOptions {
  /** The certificate, followed by its chain. */
  readonly cert: Pem;
  /** The private key. */
  readonly key: Pem;
  /** The key's pass phrase, where it has one. */
  readonly passphrase?: string | undefined;
  /** Certificate authorities that a client's certificate is checked against. */
  readonly ca?: Pem | readonly Pem[] | undefined;
  /** Ask the client for a certificate. */
  readonly requestCert?: boolean | undefined;
  /** Refuse a client whose certificate is missing or not trusted. Default: true where `requestCert` is. */
  readonly rejectUnauthorized?: boolean | undefined;
  /** Application protocols, best first. Default: `['http/1.1']`. */
  readonly alpnProtocols?: readonly string[] | undefined;
}

/** TLS for an outgoing connection. */
export interface TlsClientOptions {
  /** Certificate authorities to trust instead of the runtime's own. */
  readonly ca?: Pem | readonly Pem[] | undefined;
  /** The client's certificate, followed by its chain. */
  readonly cert?: Pem | undefined;
  /** The private key of `cert`. */
  readonly key?: Pem | undefined;
  /** The key's pass phrase, where it has one. */
  readonly passphrase?: string | undefined;
  /** The name that the server's certificate must be for, and that is sent as SNI. Default: the host name. */
  readonly serverName?: string | undefined;
  /** False takes any certificate: for tests alone. Default: true. */
  readonly rejectUnauthorized?: boolean | undefined;
  /** Application protocols, best first. Default: `['http/1.1']`. */
  readonly alpnProtocols?: readonly string[] | undefined;
}

/** Where to listen: `path` for a Unix domain socket, else `hostname` and `port`. */
export interface ListenOptions {
  /** 0 to 65535; 0 picks a free one. Default: 0. */
  readonly port?: number | undefined;
  /** A name or an IP address. Default: every address, IPv6 and IPv4. */
  readonly hostname?: string | undefined;
  /** The path of a Unix domain socket; excludes `port` and `hostname`. */
  readonly path?: string | undefined;
  /** How many connections may wait to be accepted, where the runtime lets us say. */
  readonly backlog?: number | undefined;
  /** Let several processes share the port, where the runtime can. */
  readonly reusePort?: boolean | undefined;
  /** Refuse IPv4 on an IPv6 address. */
  readonly ipv6Only?: boolean | undefined;
  /** Serve TLS. */
  readonly tls?: TlsServerOptions | undefined;
}

/** Where to connect: `path` for a Unix domain socket, else `hostname` and `port`. */
export interface ConnectOptions {
  /** 1 to 65535. */
  readonly port?: number | undefined;
  /** A name or an IP address. */
  readonly hostname?: string | undefined;
  /** The path of a Unix domain socket; excludes `port` and `hostname`. */
  readonly path?: string | undefined;
  /** Speak TLS. `true` takes the defaults. */
  readonly tls?: TlsClientOptions | boolean | undefined;
  /** Time for the connection, TLS included, in ms. Default: none. */
  readonly timeoutMs?: number | undefined;
  /** Gives up when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** Where a listener listens. */
export interface Address {
  /** The IP address, or for a Unix domain socket its path. */
  readonly hostname: string;
  /** The port; 0 for a Unix domain socket. */
  readonly port: number;
  /** The path of a Unix domain socket. */
  readonly path?: string | undefined;
}

/** A socket that accepts connections. */
export interface Listener {
  /** Where it listens, with the port that was picked. */
  readonly address: Address;
  /** Stop accepting. Streams that are open go on. Resolves when the address is free again. Idempotent. */
  close(): Promise<void>;
  /** Serve new connections with another certificate. Rejects where the listener has no TLS or the runtime cannot. */
  setTls(tls: TlsServerOptions): Promise<void>;
}

/** An open connection: bytes both ways, in order. */
export interface ByteStream {
  /**
   * Send `bytes`, which belong to the stream from then on: do not write to their memory again.
   *
   * @returns false when the stream is full: the bytes are taken in any case, but wait for `drain()` before
   *   more. After `end()`, `destroy()` or `close` the bytes are dropped and the answer is false.
   */
  write(bytes: Uint8Array): boolean;
  /** Half-close: FIN after everything that was written. Reading goes on. Idempotent. */
  end(): void;
  /** Drop the connection now, both ways, unsent bytes too. `close` follows. Idempotent. */
  destroy(): void;
  /** Stop calling `data` soon; a chunk that is on its way may still come. Idempotent. */
  pause(): void;
  /** Call `data` again. Idempotent. */
  resume(): void;
  /** Bytes that were written and that the operating system has not taken yet. */
  readonly bufferedBytes: number;
  /**
   * Whether the operating system has copied all that was written, so that its memory may be written to again. Optional:
   * leave it out where it is not known.
   */
  readonly copied?: boolean | undefined;
  /** The peer's IP address (IPv4 in its own form, also on a dual-stack socket), also when the connection is gone; '' for a Unix domain socket. */
  readonly remoteAddress: string;
  /** The peer's port, also when the connection is gone; 0 for a Unix domain socket. */
  readonly remotePort: number;
  /** Whether TLS is spoken. */
  readonly encrypted: boolean;
  /** The application protocol that ALPN chose; '' for none. */
  readonly alpnProtocol: string;
}

/**
 * Whoever works with a stream. Calls come one at a time, never from inside a call of the stream's own methods
 * (`write` does not call `drain`, `destroy` does not call `close`), and a handler that throws is a bug of
 * the handler: the adapter drops that stream and goes on.
 */
export interface StreamHandler {
  /** Bytes came in. They belong to the handler: the adapter never touches their memory again. Never empty. */
  data(bytes: Uint8Array): void;
  /**
   * Bytes came in, and belong to the transport again when this returns: for transports that read into one buffer. The
   * handler may write to them until then. Optional: without it, `data` gets a copy.
   */
  lend?(bytes: Uint8Array): void;
  /** The peer half-closed: no more `data`. Writing goes on until `end()`. At most once. */
  end(): void;
  /** There is room again after a `write` that returned false. */
  drain(): void;
  /** The stream is gone; the last call, exactly once. With an error unless both sides ended in order or `destroy` was called. */
  close(error?: Error): void;
}

/** A stream that has no handler yet: nothing is read before `start`. */
export interface StartableStream extends ByteStream {
  /**
   * Hand the stream to its handler.
   *
   * @throws A `UsageTypeError` (`bad-state`) when it has one already.
   */
  start(handler: StreamHandler): void;
}

/** A runtime's sockets. Options it does not know are for the layers above to refuse. */
export interface Transport {
  /** What `error` messages and the docs call it: `node`, `bun`, `deno`, `memory`. */
  readonly name: string;
  /** The runtime's own conversions between text and bytes, where they are faster. */
  readonly text?: TextCodec | undefined;
  /** What else the runtime does faster than portable code. */
  readonly native?: NativeBytes | undefined;
  /** What compresses best on the runtime; `sansocket/deflate` without. */
  readonly deflate?: DeflateEngine | undefined;
  /**
   * Listen for connections. `accept` is called with each, before any of its bytes.
   *
   * @throws (rejects with) a `TransportError`: `address-in-use`, `address-not-available`, `permission-denied`,
   *   `tls-failed` (the certificate or key is no good) or `transport-failed`.
   */
  listen(options: ListenOptions, accept: (stream: ByteStream) => StreamHandler): Promise<Listener>;
  /**
   * Open a connection; resolves when it (with TLS) stands. `handler` is not called before that, and is not
   * called at all if this rejects. Reading starts in the microtask after it resolves.
   *
   * @throws (rejects with) a `TransportError`: `connection-refused`, `unreachable`, `connect-timeout`,
   *   `dns-failed`, `tls-failed`, `aborted`, `permission-denied` or `transport-failed`.
   */
  connect(options: ConnectOptions, handler: StreamHandler): Promise<ByteStream>;
}
