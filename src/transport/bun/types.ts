/**
 * The part of Bun's API that `bun.ts` uses, so that nobody needs `@types/bun` to compile or to import it.
 *
 * Owns: types alone. Does not own: anything at run time.
 *
 * @module
 */

/** A connection. */
export interface BunSocket<Data> {
  /** What the adapter put there. */
  data: Data;
  /** How many bytes were taken: any number up to all; -1 on a closed socket. */
  write(bytes: Uint8Array): number;
  /** Sends FIN. */
  shutdown(): void;
  /** Closes at once, as the system does it: a reset where bytes are unread, else FIN. */
  close(): void;
  /** Closes at once, by a reset. */
  terminate(): void;
  pause(): void;
  resume(): void;
  /** Calls the handler `timeout` after so many idle seconds; 0: never. */
  timeout(seconds: number): void;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly alpnProtocol?: string | false | null | undefined;
}

/** What Bun calls, with the socket that it is about. */
export interface BunHandlers<Data> {
  readonly binaryType?: 'uint8array';
  open(socket: BunSocket<Data>): void;
  close(socket: BunSocket<Data>, error?: Error | null): void;
  data(socket: BunSocket<Data>, bytes: Uint8Array): void;
  drain(socket: BunSocket<Data>): void;
  end(socket: BunSocket<Data>): void;
  error(socket: BunSocket<Data>, error: Error): void;
  handshake(socket: BunSocket<Data>, success: boolean, error: Error | null | undefined): void;
  timeout(socket: BunSocket<Data>): void;
  connectError(socket: BunSocket<Data>, error: Error): void;
}

/** TLS, of either end. */
export interface BunTls {
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: readonly string[];
  readonly passphrase?: string;
  readonly serverName?: string;
  readonly requestCert?: boolean;
  readonly rejectUnauthorized?: boolean;
  /** In the form of the wire (RFC 7301 §3.1). */
  readonly ALPNProtocols?: Uint8Array;
}

/** What `listen` and `connect` both take. */
interface BunCommon<Data> {
  readonly socket: BunHandlers<Data>;
  readonly data?: Data;
  readonly allowHalfOpen?: boolean;
  readonly tls?: BunTls;
}

/** A listening socket. */
export interface BunListener {
  readonly hostname: string;
  readonly port: number;
  stop(): void;
}

/** A TCP address. */
interface BunTcp {
  readonly hostname: string;
  readonly port: number;
  readonly ipv6Only?: boolean;
  readonly reusePort?: boolean;
}

/** A Unix domain socket's. */
interface BunUnix {
  readonly unix: string;
}

/** The global `Bun`. */
export interface Bun {
  listen<Data>(options: BunCommon<Data> & (BunTcp | BunUnix)): BunListener;
  connect<Data>(options: BunCommon<Data> & (BunTcp | BunUnix)): Promise<BunSocket<Data>>;
}
