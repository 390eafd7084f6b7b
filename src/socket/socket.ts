/**
 * A WebSocket in the hands of an app, the same on a server and on a client.
 *
 * Owns: the names that people use, and checking what they pass. Does not own: the work (`driver.ts`).
 *
 * @module
 */
import { type BytesLike, viewBytes } from '../bytes/view.ts';
import {
  checkSendOptions,
  checkStreamOptions,
  type SendOptions,
  type StreamOptions,
} from '../connection/send-options.ts';
import { UsageTypeError } from '../errors.ts';
import { encodeClose } from '../frame/close.ts';
import { PreparedMessage } from '../frame/prepared.ts';
import { controlPayload } from '../frame/writer.ts';
import type { HttpHeaders } from '../http/headers.ts';
import { showAs } from '../inspect.ts';
import type { IncomingMessage } from './incoming.ts';
import type { Pieces, Sendable } from './outbox.ts';

/** How a connection ended. */
export interface SocketCloseInfo {
  /** The peer's close code (1005: it gave none); 1006 when the connection broke; the code that it was failed with. */
  readonly code: number;
  /** The reason that came with the code. */
  readonly reason: string;
  /** Whether both ends said goodbye. */
  readonly wasClean: boolean;
}

/** The opening handshake's request, as a socket keeps it. */
export interface SocketRequest {
  /** The request target, as sent. */
  readonly target: string;
  /** The path of the target. */
  readonly path: string;
  /** The query of the target. */
  readonly query: URLSearchParams;
  /** The header of the request. */
  readonly headers: HttpHeaders;
}

/** What the opening handshake settled. */
export interface SocketInfo<Data> {
  /** The subprotocol; '' for none. */
  readonly protocol: string;
  /** The extensions in use, as the header names them; '' for none. */
  readonly extensions: string;
  /** The request of the opening handshake. */
  readonly request: SocketRequest;
  /** On a client: the header of the server's answer. */
  readonly responseHeaders?: HttpHeaders | undefined;
  /** What `authorize` gave it, or the `data` of `connect`. */
  readonly data: Data;
}

/** Who does the work of a socket; each member is documented where {@link Socket} has it. */
export interface SocketWork {
  readonly state: 'open' | 'closing' | 'closed';
  readonly bufferedBytes: number;
  readonly remoteAddress: string;
  readonly encrypted: boolean;
  readonly closed: Promise<SocketCloseInfo>;
  send(data: Sendable, options: SendOptions | undefined): Promise<void>;
  sendStream(source: Pieces, options: StreamOptions | undefined): Promise<void>;
  ping(payload: Uint8Array | undefined): Promise<number>;
  pong(payload: Uint8Array | undefined): Promise<void>;
  closeSocket(code: number | undefined, reason: string | undefined): void;
  terminate(): void;
  messages(): AsyncIterator<string | Uint8Array | IncomingMessage, undefined>;
}

/** One WebSocket connection. `Message` is what a loop over it gives: with streams, an {@link IncomingMessage}. */
export class Socket<Data = unknown, Message = string | Uint8Array> implements AsyncIterable<Message> {
  /** The subprotocol that was agreed on; '' for none. */
  readonly protocol: string;
  /** The extensions that were agreed on, as the header names them; '' for none. */
  readonly extensions: string;
  /** The request of the opening handshake. */
  readonly request: SocketRequest;
  /** On a client: the header of the server's answer, for cookies and the like. `undefined` on a server. */
  readonly responseHeaders: HttpHeaders | undefined;
  /**
   * Yours. What `authorize` gave, or the `data` of `connect`, to begin with; where they gave nothing it is `undefined`, whatever the type says,
   * until you set it: in `open`, say.
   */
  data: Data;
  readonly #driver: SocketWork;

  static {
    showAs<Socket>(this, (socket) => {
      const { state, protocol, extensions, remoteAddress, encrypted, bufferedAmount, data } = socket;
      const { target } = socket.request;
      return {
        state,
        protocol,
        extensions,
        remoteAddress,
        encrypted,
        bufferedAmount,
        request: { target },
        data,
      };
    });
  }

  /** Made by a server or by `connect`. @internal */
  constructor(driver: SocketWork, info: SocketInfo<Data>) {
    this.#driver = driver;
    this.protocol = info.protocol;
    this.extensions = info.extensions;
    this.request = info.request;
    this.responseHeaders = info.responseHeaders;
    this.data = info.data;
  }

  /** `open` until a close frame is sent or comes, or the connection breaks; `closing` until the peer answers; then `closed`. */
  get state(): 'open' | 'closing' | 'closed' {
    return this.#driver.state;
  }

  /** Bytes that were sent and that the operating system has not taken yet. */
  get bufferedAmount(): number {
    return this.#driver.bufferedBytes;
  }

  /** The peer's IP address; '' for a Unix domain socket. */
  get remoteAddress(): string {
    return this.#driver.remoteAddress;
  }

  /** Whether the connection is over TLS. */
  get encrypted(): boolean {
    return this.#driver.encrypted;
  }

  /** Resolves when the connection is over, however it ends. Never rejects. */
  get closed(): Promise<SocketCloseInfo> {
    return this.#driver.closed;
  }

  /**
   * Send a message: text for a string, binary for bytes, which are copied. Messages arrive in the order of the calls.
   *
   * @param options `type: 'text'` sends bytes as text (they must be UTF-8); `compress: false` keeps it plain.
   * @returns Settles when there is room for more: `await` it, and a slow peer holds you back. Rejects with a `ProtocolError`
   *   when the connection is not open (`not-open`) or too much is waiting already (`send-buffer-full`); not
   *   waiting for it is no unhandled rejection.
   * @throws A `UsageTypeError` (`bad-argument`, `bad-option`), at once, for anything but a string or bytes.
   */
  send(data: string | BytesLike | PreparedMessage, options?: SendOptions): Promise<void> {
    if (options !== undefined) checkSendOptions(data, options);
    if (typeof data === 'string' || data instanceof PreparedMessage) return this.#driver.send(data, options);
    return this.#driver.send(viewBytes(data, 'message', 'a string, '), options);
  }

  /**
   * Send one message in fragments, each as soon as the source has it: for messages that are too long to hold. With compression they
   * are fragments of one compressed message, each of which the peer can read at once.
   *
   * Other messages wait until it ends. If the source throws, the connection is failed with 1011, because a message
   * cannot be taken back.
   *
   * @param source Strings for a text message, bytes for a binary one; the first piece decides, and without any it is text. An
   *   {@link IncomingMessage} that is passed on stays what it is.
   * @param options `compress: false` keeps it plain; without it, it is compressed where that was agreed, whatever its length.
   * @returns Settles when the last piece was sent and there is room for more. Rejects as {@link send} does, and with what the source throws.
   */
  sendStream(
    source: AsyncIterable<string | BytesLike> | Iterable<string | BytesLike>,
    options?: StreamOptions,
  ): Promise<void> {
    if (options !== undefined) checkStreamOptions(options);
    const iterable =
      typeof source === 'object' &&
      source !== null &&
      (Symbol.asyncIterator in source || Symbol.iterator in source);
    if (!iterable || ArrayBuffer.isView(source)) {
      throw new UsageTypeError(
        'bad-argument',
        `Cannot send stream: the source is ${iterable ? 'bytes' : typeof source}, expected an iterable of the pieces of one message`,
      );
    }
    return this.#driver.sendStream(source, options);
  }

  /**
   * Send a ping.
   *
   * @param payload At most 125 bytes; a number of our own by default.
   * @returns The round trip in ms, when the pong comes. Rejects with a `ProtocolError` (`not-open`) when the connection ends first.
   * @throws A `UsageTypeError` or `UsageRangeError` (`bad-argument`), at once, for a payload that is no bytes or too long.
   */
  ping(payload?: string | BytesLike): Promise<number> {
    return this.#driver.ping(payload === undefined ? undefined : controlPayload(payload, 'ping'));
  }

  /** Send a pong that nobody asked for: a heartbeat one way (RFC 6455 §5.5.3). As {@link send}. */
  pong(payload?: string | BytesLike): Promise<void> {
    return this.#driver.pong(payload === undefined ? undefined : controlPayload(payload, 'pong'));
  }

  /**
   * Start the closing handshake. What was sent before still goes out, and messages on their way still come in. A streamed message that
   * has not ended is cut off, and what waits behind it is not sent: both reject with `not-open`. Where more than `highWaterMarkBytes` wait
   * for an app that takes nothing for 250 ms, because it waits for the end itself, what comes then is dropped.
   *
   * @param code 1000 to 1003, 1007 to 1014, or 3000 to 4999 for codes of your own. Default: none, which the peer sees as 1005.
   * @param reason At most 123 bytes of UTF-8. Default: ''.
   * @returns {@link closed}.
   * @throws A `UsageTypeError` or `UsageRangeError` (`bad-argument`), at once, for a code or reason that cannot be sent.
   */
  close(code?: number, reason?: string): Promise<SocketCloseInfo> {
    const payload = encodeClose(code, reason);
    if (payload.length > 0 || this.state === 'open') this.#driver.closeSocket(code, reason);
    return this.#driver.closed;
  }

  /** Drop the connection at once, with no closing handshake. The peer sees 1006. */
  terminate(): void {
    this.#driver.terminate();
  }

  /**
   * The messages, in order, for sockets without a `message` handler. The loop ends when the connection was closed in order, and
   * throws a `ProtocolError` when it broke. Taking messages slowly holds the peer back. A later loop goes on where this one left.
   */
  [Symbol.asyncIterator](): AsyncIterator<Message, undefined> {
    return this.#driver.messages() as AsyncIterator<Message, undefined>;
  }
}
