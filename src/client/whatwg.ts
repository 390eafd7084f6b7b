/**
 * The WHATWG `WebSocket` class, for programs that are written for browsers (https://websockets.spec.whatwg.org).
 *
 * Owns: what the standard says of the interface: states, events and their order, conversions, exceptions. Does not own: the
 * connection, which is the same as `connect` gives.
 *
 * @module
 */
import { portableText } from '../bytes/text.ts';
import { copyBytes } from '../bytes/view.ts';
import { CONNECTION_ERRORS, ProtocolError } from '../errors.ts';
import { CloseCode, MAX_REASON_BYTES } from '../frame/close.ts';
import { HttpHeaders } from '../http/headers.ts';
import { showAs } from '../inspect.ts';
import { checkTransport, queueTask } from '../socket/host.ts';
import type { Socket } from '../socket/socket.ts';
import type { Transport } from '../transport/transport.ts';
import { prepare } from './connect.ts';
import { basicAuthorization, clampShort, readInit, readUrl, type WebSocketInit } from './conversions.ts';
import {
  closeEvent,
  type SocketCloseEvent,
  SocketErrorEvent,
  type WebSocketEventHandler,
  type WebSocketEventMap,
  type WebSocketListener,
  type WebSocketListenerOptions,
} from './events.ts';
import type { ClientOptions } from './options.ts';
import { Outgoing, type WebSocketData } from './outgoing.ts';

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

/** A WebSocket as in browsers, over any transport. Programs have it as `WebSocket`, bound to the transport of the runtime. */
export class WebSocketClient extends EventTarget {
  /** 0: the connection is not open yet. */
  static readonly CONNECTING = 0;
  /** 1: messages can be sent. */
  static readonly OPEN = 1;
  /** 2: `close` was called. */
  static readonly CLOSING = 2;
  /** 3: it is over, or was never open. */
  static readonly CLOSED = 3;

  /** The same on each socket. */
  declare readonly CONNECTING: 0;
  /** The same on each socket. */
  declare readonly OPEN: 1;
  /** The same on each socket. */
  declare readonly CLOSING: 2;
  /** The same on each socket. */
  declare readonly CLOSED: 3;
  /** `WebSocket`. */
  declare readonly [Symbol.toStringTag]: string;

  static {
    const constants = { CONNECTING, OPEN, CLOSING, CLOSED };
    for (const [name, value] of Object.entries(constants)) {
      Object.defineProperty(this.prototype, name, { value, enumerable: true });
    }
    Object.defineProperty(this.prototype, Symbol.toStringTag, {
      value: 'WebSocket',
      configurable: true,
    });
    showAs(this, (socket) => {
      const { url, readyState, protocol, extensions, binaryType, bufferedAmount } = socket;
      return { url, readyState, protocol, extensions, binaryType, bufferedAmount };
    });
  }

  readonly #url: URL;
  readonly #abort = new AbortController();
  readonly #listeners = new Map<string, Listener>();
  #state: 0 | 1 | 2 | 3 = CONNECTING;
  #socket: Socket | undefined;
  #binaryType: 'blob' | 'arraybuffer' = 'blob';
  #error: unknown;
  readonly #outgoing: Outgoing = new Outgoing((error) => {
    this.#error ??= error;
    this.#socket?.terminate();
  });

  /**
   * @param transport Where the connection comes from.
   * @param url `ws:` or `wss:` (`http:` and `https:` mean the same). A user name and password in it are sent as Basic authorization.
   * @param protocols The subprotocols, best first; or {@link WebSocketInit} with them and more.
   * @throws A `SyntaxError` (a `DOMException`) for a URL or subprotocols that cannot be; a `UsageTypeError` or
   *   `UsageRangeError` for other options that cannot be.
   */
  constructor(
    transport: Transport,
    url: string | URL,
    protocols: string | Iterable<string> | WebSocketInit = [],
  ) {
    super();
    this.#url = readUrl(url);
    const opening = prepare(transport, ...this.#request(readInit(protocols)));
    opening.open(transport).then(undefined, (error: unknown) => {
      this.#error ??= error;
      queueTask(() => this.#over(CloseCode.Abnormal, '', false));
    });
  }

  /** The URL, as it is written in full. */
  get url(): string {
    return this.#url.href;
  }

  /** 0: connecting, 1: open, 2: closing, 3: closed. */
  get readyState(): 0 | 1 | 2 | 3 {
    return this.#state;
  }

  /** Bytes of messages that the operating system has not taken yet; also of those that came too late, for ever. */
  get bufferedAmount(): number {
    return this.#outgoing.bufferedAmount;
  }

  /** The extensions in use, as the header names them; '' for none, and before `open`. */
  get extensions(): string {
    return this.#state === CONNECTING ? '' : (this.#socket?.extensions ?? '');
  }

  /** The subprotocol in use; '' for none, and before `open`. */
  get protocol(): string {
    return this.#state === CONNECTING ? '' : (this.#socket?.protocol ?? '');
  }

  /** What a binary message is given as. Default: `blob`. */
  get binaryType(): 'blob' | 'arraybuffer' {
    return this.#binaryType;
  }

  /** See the getter. Anything else is ignored, as the standard says. */
  set binaryType(type: 'blob' | 'arraybuffer') {
    // The value of an enumeration: anything else changes nothing (Web IDL).
    if (type === 'blob' || type === 'arraybuffer') this.#binaryType = type;
  }

  /**
   * Send a message: text for a string, binary for bytes or a Blob. Dropped once the connection is closing.
   *
   * @throws An `InvalidStateError` (a `DOMException`) before `open`.
   */
  send(data: WebSocketData): void {
    if (this.#state === CONNECTING) {
      throw new DOMException('Cannot send: the WebSocket is not open yet', 'InvalidStateError');
    }
    this.#outgoing.send(data, this.#state === OPEN);
  }

  /**
   * Close it: messages that were sent before still go out.
   *
   * @param code 1000, or 3000-4999. Default: none.
   * @param reason At most 123 bytes of UTF-8. Default: ''.
   * @throws An `InvalidAccessError` for another code, a `SyntaxError` for a longer reason (both a `DOMException`).
   */
  close(code?: number, reason?: string): void {
    const number = code === undefined ? undefined : clampShort(code);
    if (number !== undefined && number !== 1000 && !(number >= 3000 && number <= 4999)) {
      const message = `Cannot close: the code is ${number}, expected 1000 or 3000-4999`;
      throw new DOMException(message, 'InvalidAccessError');
    }
    const text = reason === undefined ? '' : String(reason);
    if (portableText.byteLength(text) > MAX_REASON_BYTES) {
      throw new DOMException('Cannot close: the reason is longer than 123 bytes', 'SyntaxError');
    }
    if (this.#state === CLOSING || this.#state === CLOSED) return;
    const connecting = this.#state === CONNECTING;
    this.#state = CLOSING;
    if (connecting) {
      this.#error = new DOMException('The WebSocket was closed before it was open', 'AbortError');
      this.#abort.abort(this.#error);
      // It may have been opened while the event that says so is still to come.
      this.#socket?.terminate();
      return;
    }
    this.#outgoing.close(number, text);
  }

  /** What is called with `open`, or null. */
  get onopen(): WebSocketEventHandler<Event> {
    return this.#listener('open');
  }

  /** See the getter; anything but a function is nobody. */
  set onopen(handler: WebSocketEventHandler<Event>) {
    this.#listen('open', handler);
  }

  /** What is called with `message`, or null. */
  get onmessage(): WebSocketEventHandler<MessageEvent> {
    return this.#listener('message');
  }

  /** See the getter; anything but a function is nobody. */
  set onmessage(handler: WebSocketEventHandler<MessageEvent>) {
    this.#listen('message', handler);
  }

  /** What is called with `error`, or null. Its type is the platform's, whose event knows less: a socket goes where the platform's is asked for. */
  get onerror(): WebSocketEventHandler<Event> {
    return this.#listener('error');
  }

  /** See the getter; anything but a function is nobody. */
  set onerror(handler: WebSocketEventHandler<SocketErrorEvent>) {
    this.#listen('error', handler);
  }

  /** What is called with `close`, or null. */
  get onclose(): WebSocketEventHandler<SocketCloseEvent> {
    return this.#listener('close');
  }

  /** See the getter; anything but a function is nobody. */
  set onclose(handler: WebSocketEventHandler<SocketCloseEvent>) {
    this.#listen('close', handler);
  }

  override addEventListener<Type extends keyof WebSocketEventMap>(
    type: Type,
    listener: (this: WebSocketClient, event: WebSocketEventMap[Type]) => unknown,
    options?: boolean | WebSocketListenerOptions,
  ): void;
  override addEventListener(
    type: string,
    listener: ((this: WebSocketClient, event: Event) => unknown) | WebSocketListener | null,
    options?: boolean | WebSocketListenerOptions,
  ): void;
  /** As of every `EventTarget`, with the types of these events. */
  override addEventListener(
    type: string,
    listener: unknown,
    options?: boolean | WebSocketListenerOptions,
  ): void {
    super.addEventListener(type, listener as WebSocketListener, options);
  }

  // ------------------------------------------------------------------

  /** URL and options, as `connect` takes them. */
  #request(init: WebSocketInit): [url: { readonly href: string }, options: ClientOptions] {
    const options: ClientOptions = {
      ...init,
      requireProtocol: true,
      signal: this.#abort.signal,
      handlers: {
        open: (socket) => this.#opened(socket as Socket),
        message: (_, message) => this.#messageCame(message),
        close: (_, { code, reason, wasClean }) => {
          // "if no Close frame was received, […] is considered to be 1006" (RFC 6455 §7.1.5), whatever we sent ourselves.
          queueTask(() =>
            wasClean ? this.#over(code, reason, true) : this.#over(CloseCode.Abnormal, '', false),
          );
        },
      },
      onError: (error) => {
        this.#error ??= error;
      },
    };
    const { username, password } = this.#url;
    if (username === '' && password === '') return [this.#url, options];
    const url = new URL(this.#url);
    url.username = url.password = '';
    const headers = new HttpHeaders(init.headers);
    if (!headers.has('authorization')) {
      headers.set('Authorization', basicAuthorization(username, password));
    }
    return [url, { ...options, headers }];
  }

  #opened(socket: Socket): void {
    this.#socket = socket;
    this.#outgoing.open(socket);
    queueTask(() => {
      if (this.#state !== CONNECTING) return;
      this.#state = OPEN;
      this.dispatchEvent(new Event('open'));
    });
  }

  /** The promise holds the server back for as long as messages wait for their turn. */
  #messageCame(message: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      queueTask(() => {
        resolve();
        if (this.#state !== OPEN) return;
        const data = typeof message === 'string' ? message : this.#binary(message);
        this.dispatchEvent(new MessageEvent('message', { data, origin: this.#url.origin }));
      });
    });
  }

  #binary(message: Uint8Array): Blob | ArrayBuffer {
    if (this.#binaryType === 'blob') return new Blob([message as Uint8Array<ArrayBuffer>]);
    const { buffer } = message;
    return (buffer.byteLength === message.byteLength ? buffer : copyBytes(message).buffer) as ArrayBuffer;
  }

  #over(code: number, reason: string, wasClean: boolean): void {
    if (this.#state === CLOSED) return;
    this.#outgoing.stop();
    this.#state = CLOSED;
    if (!wasClean) {
      this.dispatchEvent(new SocketErrorEvent('error', this.#error ?? noGoodbye()));
    }
    this.dispatchEvent(closeEvent({ code, reason, wasClean }));
  }

  #listener<E extends Event>(type: keyof WebSocketEventMap): WebSocketEventHandler<E> {
    return (this.#listeners.get(type)?.handler ?? null) as WebSocketEventHandler<E>;
  }

  /** Set to something else, it keeps its place among the listeners; set to null, it loses it (HTML §8.1.8.1). */
  #listen<E extends Event>(type: keyof WebSocketEventMap, handler: WebSocketEventHandler<E>): void {
    const known = this.#listeners.get(type);
    if (typeof handler !== 'function') {
      if (known !== undefined) this.removeEventListener(type, known.listen);
      this.#listeners.delete(type);
    } else if (known !== undefined) {
      known.handler = handler as (event: Event) => unknown;
    } else {
      const listener: Listener = {
        handler: handler as (event: Event) => unknown,
        listen: (event) => listener.handler.call(this, event),
      };
      this.#listeners.set(type, listener);
      this.addEventListener(type, listener.listen);
    }
  }
}

function noGoodbye(): Error {
  return new ProtocolError(
    'abnormal-close',
    CONNECTION_ERRORS['abnormal-close'],
    'Cannot go on: the connection ended without a closing handshake',
    0,
  );
}

/** An `on…` handler, and the listener that calls it. */
interface Listener {
  handler: (event: Event) => unknown;
  readonly listen: (event: Event) => unknown;
}

/** What `createWebSocketClass` makes: the global `WebSocket` of browsers, with more options. */
export interface WebSocketConstructor {
  /** See {@link WebSocketClient}. */
  new (url: string | URL, protocols?: string | Iterable<string> | WebSocketInit): WebSocketClient;
  /** What all sockets have. */
  readonly prototype: WebSocketClient;
  /** 0: the connection is not open yet. */
  readonly CONNECTING: 0;
  /** 1: messages can be sent. */
  readonly OPEN: 1;
  /** 2: `close` was called. */
  readonly CLOSING: 2;
  /** 3: it is over, or was never open. */
  readonly CLOSED: 3;
}

/**
 * The WHATWG `WebSocket` class over a transport. `import { WebSocket } from 'sansocket'` gives it over the runtime's own.
 *
 * @example
 * ```ts
 * import { equal } from 'node:assert/strict';
 * import { createWebSocketClass } from 'sansocket/client';
 * import { Server } from 'sansocket/server';
 * import { createMemoryTransport } from 'sansocket/transport';
 *
 * const transport = createMemoryTransport();
 * const server = new Server(transport);
 * server.useWebSockets((socket, message) => socket.send(message));
 * await server.start(8080);
 *
 * const WebSocket = createWebSocketClass(transport);
 * const socket = new WebSocket('ws://localhost:8080/');
 * socket.onopen = () => socket.send('hello');
 * const event = await new Promise<MessageEvent>((resolve) => {
 *   socket.onmessage = resolve;
 * });
 * equal(event.data, 'hello');
 * socket.close();
 * await server.stop();
 * ```
 */
export function createWebSocketClass(transport: Transport): WebSocketConstructor {
  checkTransport('make a WebSocket class', transport);
  return class WebSocket extends WebSocketClient {
    constructor(url: string | URL, protocols?: string | Iterable<string> | WebSocketInit) {
      super(transport, url, protocols);
    }
  };
}
