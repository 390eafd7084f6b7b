/**
 * The part of Deno's API that `deno.ts` uses, so that nobody needs Deno's types to compile or to import it.
 *
 * Owns: types alone. Does not own: anything at run time.
 *
 * @module
 */

/** An address: of TCP, or with the path of a Unix domain socket. */
export interface DenoAddress {
  readonly hostname?: string;
  readonly port?: number;
}

/** A connection. */
export interface DenoConn {
  /** How many bytes were read into `bytes`; null at the peer's end. */
  read(bytes: Uint8Array): Promise<number | null>;
  /** How many bytes were taken: any number from 1 to all. */
  write(bytes: Uint8Array): Promise<number>;
  /** Sends FIN. */
  closeWrite(): Promise<void>;
  close(): void;
  readonly remoteAddr: DenoAddress;
  /** TCP alone. */
  setNoDelay?(on: boolean): void;
  /** TLS alone. */
  handshake?(): Promise<{ readonly alpnProtocol: string | null }>;
}

/** A listening socket. */
export interface DenoListener {
  accept(): Promise<DenoConn>;
  close(): void;
  readonly addr: DenoAddress;
}

/** A TCP address to listen on. */
export interface DenoListenOptions {
  readonly hostname: string;
  readonly port: number;
  readonly tcpBacklog?: number;
  readonly reusePort?: boolean;
}

/** A Unix domain socket's address. */
export interface DenoUnix {
  readonly transport: 'unix';
  readonly path: string;
}

/** TLS of a listener. */
export interface DenoListenTls {
  readonly cert: string;
  readonly key: string;
  readonly alpnProtocols: string[];
}

/** TLS of a client. */
export interface DenoClientTls {
  readonly hostname: string;
  readonly caCerts?: string[];
  readonly alpnProtocols: string[];
}

/** The global `Deno`. */
export interface Deno {
  listen(options: DenoListenOptions | DenoUnix): DenoListener;
  listenTls(options: DenoListenOptions & DenoListenTls): DenoListener;
  connect(options: DenoUnix | { hostname: string; port: number; signal?: AbortSignal }): Promise<DenoConn>;
  connectTls(
    options: DenoClientTls & { port: number; keyFormat?: 'pem'; cert?: string; key?: string },
  ): Promise<DenoConn>;
  startTls(conn: DenoConn, options: DenoClientTls): Promise<DenoConn>;
  /** Of the file itself, where it is a link. */
  lstat(path: string): Promise<{ readonly isSocket: boolean | null }>;
  remove(path: string): Promise<void>;
  /** There only with `--unstable-net`, as is `reusePort`. */
  readonly listenDatagram?: unknown;
}
