/**
 * A server: HTTP and WebSocket on one port.
 *
 * Owns: options, starting and stopping, the app's functions. Does not own: sockets of a runtime (a `Transport` comes
 * in), connections (`connection.ts`).
 *
 * @module
 */
import { isToken } from '../bytes/ascii.ts';
import type { BytesLike } from '../bytes/view.ts';
import { acceptCompression, type CompressionOptions } from '../connection/permessage.ts';
import { checkSendOptions, type SendOptions } from '../connection/send-options.ts';
import { CONNECTION_ERRORS, ProtocolError, UsageRangeError, UsageTypeError } from '../errors.ts';
import { PreparedMessage } from '../frame/prepared.ts';
import { type HostOption, resolveHostPolicy } from '../handshake/host-policy.ts';
import { type OriginOption, resolveOriginPolicy } from '../handshake/origin.ts';
import { showAs } from '../inspect.ts';
import { type Limits, resolveLimits } from '../limits.ts';
import { checkOptions, readSwitch, show } from '../options.ts';
import { checkHandlers, describe, refuseGenerator } from '../socket/handlers.ts';
import {
  checkTransport,
  type ErrorSource,
  Host,
  nothing,
  printHandlerErrors,
  traced,
} from '../socket/host.ts';
import { Socket } from '../socket/socket.ts';
import type {
  Address,
  Listener,
  ListenOptions,
  TlsServerOptions,
  Transport,
} from '../transport/transport.ts';
import { App, type HttpHandler, type WebSocketHandlers, type WebSocketLeniency } from './app.ts';
import { ServerConnection } from './connection.ts';
import { checkStartOptions, checkTlsOptions } from './listen-options.ts';
import type { HttpRequest } from './request.ts';

/** How a server behaves. Unknown names are refused. */
export interface ServerOptions extends WebSocketLeniency {
  /** Limits and times. Default: `DEFAULT_LIMITS`. */
  readonly limits?: Partial<Limits> | undefined;
  /**
   * Compress messages with permessage-deflate (RFC 7692) where the client offers it: `true`, or how; `accept(request)` in it
   * declines for a request. Default: false.
   */
  readonly compression?: boolean | CompressionOptions<HttpRequest> | undefined;
  /**
   * Give text messages as their UTF-8 bytes, validated as always but not decoded: for apps that pass text on unread. The third
   * argument of the `message` handler tells text from binary. Default: false, as strings.
   */
  readonly textAsBytes?: boolean | undefined;
  /** Which origins may open WebSockets: `'same-host'`, a list, or `'any'`. Default: any. */
  readonly origins?: OriginOption | undefined;
  /** Which hosts the server is: a guard against DNS rebinding. Default: any. */
  readonly hosts?: HostOption | undefined;
  /**
   * Told of everything that goes wrong. Without it, what your handlers throw goes to `console.error`, and what peers do
   * wrong goes nowhere.
   */
  readonly onError?: ((error: unknown, where: ErrorSource) => void) | undefined;
}

const SERVER_OPTIONS = [
  'limits',
  'compression',
  'textAsBytes',
  'origins',
  'hosts',
  'onError',
  'allowUnmasked',
  'allowNonMinimalLength',
];
/** Connections that are told at once why they are turned away; beyond that they are dropped. */
const MOST_TOLD = 1000;
/** Timers wait at most this long: more does not fit into 31 bits. */
const LONGEST_MS = 0x7fff_ffff;

/** How to stop. */
export interface StopOptions {
  /** How long open work may take, in ms; then it is dropped. Default: `limits.closeTimeoutMs`. */
  readonly timeoutMs?: number | undefined;
}

/** How to send one message to many. */
export interface BroadcastOptions<Data = unknown> extends SendOptions {
  /** To which sockets: a `Set` that is a room, say. Default: all that are open. */
  readonly to?: Iterable<Socket<Data>>;
}

/**
 * A server that speaks HTTP and WebSocket on one port: the opening handshake is HTTP.
 *
 * `import { Server } from 'sansocket'` gives it with the runtime's own sockets; this one takes any transport.
 *
 * @example
 * ```ts
 * import { equal } from 'node:assert/strict';
 * import { Server } from 'sansocket/server';
 * import { createMemoryTransport } from 'sansocket/transport';
 *
 * const server = new Server(createMemoryTransport());
 * server.useHttp((request, response) => {
 *   response.status = 400;
 * });
 * const { port } = await server.start(8080);
 * equal(port, 8080);
 * await server.stop();
 * ```
 */
export class Server<Data = unknown> {
  readonly #transport: Transport;
  readonly #app: App<Data>;
  readonly #stopped: Promise<void>;
  #resolveStopped: () => void = () => {};
  #state: 'new' | 'starting' | 'running' | 'stopping' | 'stopped' = 'new';
  /** Settles when `start` has come to an end, well or not. */
  #started: Promise<void> | undefined;
  #listener: Listener | undefined;

  static {
    showAs<Server>(this, ({ address, connectionCount, sockets: { size } }) => ({
      address,
      connectionCount,
      sockets: { size },
    }));
  }

  /**
   * @param transport Where connections come from.
   * @throws A `UsageTypeError` or `UsageRangeError`: `bad-option` for an option that does not exist or cannot have its value,
   *   `bad-argument` for what is no transport.
   */
  constructor(transport: Transport, options: ServerOptions = {}) {
    checkTransport('make a server', transport);
    checkOptions('make a server', options, SERVER_OPTIONS);
    const { onError, origins, hosts } = options;
    if (onError !== undefined && typeof onError !== 'function') {
      throw new UsageTypeError(
        'bad-option',
        `Cannot make a server: onError is ${show(onError)}, expected a function`,
      );
    }
    this.#transport = transport;
    this.#app = new App(new Host(resolveLimits(options.limits), transport, onError ?? printHandlerErrors));
    this.#app.lenient = {
      allowUnmasked: readSwitch('make a server', 'allowUnmasked', options.allowUnmasked, false),
      allowNonMinimalLength: readSwitch(
        'make a server',
        'allowNonMinimalLength',
        options.allowNonMinimalLength,
        false,
      ),
    };
    this.#app.textAsBytes = readSwitch('make a server', 'textAsBytes', options.textAsBytes, false);
    this.#app.negotiate = acceptCompression(options.compression, transport.deflate);
    if (origins !== undefined) this.#app.origins = resolveOriginPolicy(origins);
    if (hosts !== undefined) this.#app.hosts = resolveHostPolicy(hosts);
    this.#stopped = new Promise((resolve) => {
      this.#resolveStopped = resolve;
    });
  }

  /** Where it listens; `undefined` before `start` and after `stop`. */
  get address(): Address | undefined {
    return this.#listener?.address;
  }

  /** Resolves when `stop()` has finished. */
  get stopped(): Promise<void> {
    return this.#stopped;
  }

  /** The WebSockets that are open now. */
  get sockets(): ReadonlySet<Socket<Data>> {
    return this.#app.sockets;
  }

  /** How many connections are open now, WebSockets included. */
  get connectionCount(): number {
    return this.#app.connections.size;
  }

  /**
   * Answer plain HTTP requests. The last call counts. Without one, the answer is 404.
   *
   * @param handler Gets the request and the response; may be async. What it has not sent when it is done is sent then.
   * @throws A `UsageTypeError` (`bad-argument`) for anything but a function.
   */
  useHttp(handler: HttpHandler): this {
    if (typeof handler !== 'function') {
      throw new UsageTypeError(
        'bad-argument',
        `Cannot use HTTP handler: it is ${describe(handler)}, expected a function`,
      );
    }
    refuseGenerator('HTTP handler', handler);
    this.#app.http = handler;
    return this;
  }

  /**
   * Take WebSockets. The last call counts. Without one, an upgrade request is plain HTTP.
   *
   * @param handler A function for messages (text as a string, binary as a `Uint8Array`), or an object with functions for
   *   more than messages.
   * @throws A `UsageTypeError` (`bad-argument`) for anything else, or an object with a name that means nothing.
   */
  useWebSockets(
    handler:
      | ((socket: Socket<Data>, message: string | Uint8Array, type: 'text' | 'binary') => unknown)
      | WebSocketHandlers<Data>,
  ): this {
    if (typeof handler === 'function') {
      refuseGenerator('WebSocket handler', handler);
      this.#app.websockets = { message: handler };
    } else {
      checkHandlers(handler, ['authorize'], ['protocols']);
      checkProtocols(handler.protocols);
      this.#app.websockets = handler;
    }
    return this;
  }

  /**
   * Start to listen. The process lives until the server is stopped.
   *
   * @param where A port (0 picks a free one), or `{ port, hostname, path, tls, backlog, reusePort, ipv6Only }`.
   * @returns The address, with the port that was picked.
   * @throws (rejects with) a `UsageTypeError` or `UsageRangeError` (`bad-option`, `bad-state`) for options that cannot be, or
   *   a second start; a `TransportError` when the system refuses: `address-in-use`, `permission-denied`, ….
   */
  start(where?: number | ListenOptions): Promise<Address>;
  async start(where: number | ListenOptions = {}, second?: unknown): Promise<Address> {
    // A hostname, as Node's `listen` takes it: what was meant for one address would listen on all.
    if (second !== undefined) {
      throw new UsageTypeError(
        'bad-argument',
        `Cannot start: the second argument is ${show(second)}, expected all in one object, such as { port, hostname }`,
      );
    }
    const options = typeof where === 'number' ? { port: where } : where;
    checkStartOptions(options);
    if (this.#state !== 'new') {
      throw new UsageTypeError(
        'bad-state',
        `Cannot start: the server ${this.#state === 'running' || this.#state === 'starting' ? 'runs already' : 'was stopped; make a new one'}`,
      );
    }
    this.#state = 'starting';
    const started = this.#listen(options);
    this.#started = started.then(nothing, nothing);
    try {
      return await started;
    } catch (error) {
      throw traced(error);
    }
  }

  /**
   * Stop: no more connections, no more requests; open requests are answered, open WebSockets closed with 1001. What is not
   * done in time is dropped. Idempotent.
   *
   * @param options `timeoutMs`: how long open work may take; `Infinity` waits for it however long it takes.
   * @returns Settles as {@link stopped} does. A handler that waits for it waits for itself, until the time is up.
   */
  async stop(options: StopOptions = {}): Promise<void> {
    checkOptions('stop', options, ['timeoutMs']);
    const { timeoutMs = this.#app.host.limits.closeTimeoutMs } = options;
    if (typeof timeoutMs !== 'number' || !(timeoutMs >= 0)) {
      throw new UsageRangeError(
        'bad-option',
        `Cannot stop: timeoutMs is ${show(timeoutMs)}, expected a number from 0`,
      );
    }
    if (this.#state === 'stopping' || this.#state === 'stopped') return this.#stopped;
    this.#state = 'stopping';
    this.#app.stopping = true;
    try {
      await this.#started;
      await Promise.all([this.#listener?.close(), this.#finishConnections(timeoutMs)]);
    } finally {
      this.#listener = undefined;
      this.#state = 'stopped';
      this.#resolveStopped();
    }
  }

  /**
   * Send a message to all open WebSockets, or to those in `to`: it is encoded once.
   *
   * @param options As of `Socket.send`; and `to`, which sockets: `{ to: room }`. A room that is not there, `undefined`, is refused, lest
   *   everybody hears what was for a few.
   * @throws As `Socket.send`; a `UsageTypeError` (`bad-argument`) when `to` is no iterable of sockets: nobody is then sent anything.
   */
  broadcast(data: string | BytesLike | PreparedMessage, options?: BroadcastOptions<Data>): void;
  /** The same, with the sockets as an argument of their own. */
  broadcast(
    data: string | BytesLike | PreparedMessage,
    options: SendOptions | undefined,
    to: Iterable<Socket<Data>>,
  ): void;
  broadcast(
    data: string | BytesLike | PreparedMessage,
    given?: BroadcastOptions<Data>,
    ...some: readonly Iterable<Socket<Data>>[]
  ): void {
    let options: SendOptions | undefined = given;
    let to: Iterable<Socket<Data>> | undefined = some.length === 0 ? this.sockets : some[0];
    if (typeof given === 'object' && given !== null) {
      if (Symbol.iterator in given) {
        throw new UsageTypeError(
          'bad-argument',
          'Cannot broadcast: the options are a list, expected { to, type, compress } or undefined; the sockets are { to: sockets }',
        );
      }
      if ('to' in given && some.length === 0) ({ to, ...options } = given);
    }
    if (typeof to !== 'object' || to === null || !(Symbol.iterator in to)) {
      throw new UsageTypeError(
        'bad-argument',
        `Cannot broadcast: the sockets are ${describe(to)}, expected a list of them`,
      );
    }
    if (options !== undefined) checkSendOptions(data, options);
    const message = data instanceof PreparedMessage ? data : new PreparedMessage(data, options?.type);
    const sockets = to === this.sockets ? to : listSockets(to);
    for (const socket of sockets) if (socket.state === 'open') void socket.send(message, options);
  }

  /**
   * Serve new connections with another certificate.
   *
   * @throws (rejects with) a `UsageTypeError`: `bad-option` for options that cannot be, `bad-state` when it does not run, or
   *   without TLS; a `TransportError` (`tls-failed`) for a certificate or a key that is no good. It then keeps those it has.
   */
  async setTls(tls: TlsServerOptions): Promise<void> {
    checkTlsOptions(tls);
    if (this.#listener === undefined)
      throw new UsageTypeError('bad-state', 'Cannot set TLS: the server does not run');
    await this.#listener.setTls(tls);
  }

  async #listen(options: ListenOptions): Promise<Address> {
    let listener: Listener;
    try {
      listener = await this.#transport.listen(options, (stream) => this.#accept(stream));
    } catch (error) {
      if (this.#state === 'starting') this.#state = 'new';
      throw error;
    }
    if (this.#state !== 'starting') {
      await listener.close();
      throw new UsageTypeError('bad-state', 'Cannot start: the server was stopped before it listened');
    }
    this.#listener = listener;
    this.#state = 'running';
    return listener.address;
  }

  #accept(stream: Parameters<Parameters<Transport['listen']>[1]>[0]): ServerConnection<Data> {
    const app = this.#app;
    const { maxConnections } = app.host.limits;
    const connection = new ServerConnection(app, stream);
    const full = app.connections.size - app.turnedAway >= maxConnections;
    app.connections.add(connection);
    if (full || app.stopping) {
      const tell = app.turnedAway < MOST_TOLD;
      const error = new ProtocolError(
        'too-many-connections',
        CONNECTION_ERRORS['too-many-connections'],
        `Cannot accept connection: ${app.stopping ? 'the server is stopping' : `${maxConnections} are open`}`,
        0,
      );
      if (!app.stopping) app.host.report(error, 'request');
      connection.refuse(error);
      // So many that are not told any more are no mistake.
      if (!tell) connection.drop();
    }
    return connection;
  }

  #finishConnections(timeoutMs: number): Promise<void> {
    const { connections } = this.#app;
    for (const connection of connections) connection.finish();
    if (connections.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const drop = (): void => {
        for (const connection of connections) connection.drop();
      };
      const timer =
        timeoutMs === Number.POSITIVE_INFINITY
          ? undefined
          : setTimeout(drop, Math.min(timeoutMs, LONGEST_MS));
      this.#app.connectionGone = () => {
        if (connections.size > 0) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Looked at before the first one is sent anything. */
function listSockets<Data>(to: Iterable<Socket<Data>>): ReadonlyArray<Socket<Data>> {
  const sockets = [...to];
  for (const socket of sockets) {
    if (socket instanceof Socket) continue;
    throw new UsageTypeError(
      'bad-argument',
      `Cannot broadcast: one of the sockets is ${describe(socket)}, expected sockets alone`,
    );
  }
  return sockets;
}

function checkProtocols(protocols: unknown): void {
  if (protocols === undefined) return;
  if (Array.isArray(protocols) && protocols.every((name) => typeof name === 'string' && isToken(name)))
    return;
  throw new UsageTypeError(
    'bad-argument',
    'Cannot use WebSocket handlers: protocols is expected to be a list of tokens (RFC 6455 §4.1)',
  );
}
