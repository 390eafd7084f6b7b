/**
 * What a WHATWG `WebSocket` sends: in order although a Blob is read later, and counted as the standard counts.
 *
 * Owns: `bufferedAmount`, and waiting for Blobs. Does not own: states and events (`whatwg.ts`), the connection.
 *
 * @module
 */
import { portableText } from '../bytes/text.ts';
import { copyBytes, isDetached, NO_BYTES, viewBytes } from '../bytes/view.ts';
import type { Socket } from '../socket/socket.ts';

/** What `send` takes. As everywhere on the web platform, anything else is sent as the text that it converts to. */
export type WebSocketData = string | ArrayBufferLike | ArrayBufferView | Blob;

/** The sending half. */
export class Outgoing {
  readonly #onFailure: (error: unknown) => void;
  #socket: Socket | undefined;
  /** Payload bytes that were handed on since the socket was last seen with nothing to send. */
  #handedOn = 0;
  /** Payload bytes that wait for a Blob to be read, and those that will never be sent. */
  #held = 0;
  /** Settles when the Blobs that are being read, and what waits behind them, were handed on. Never rejects. */
  #reading: Promise<void> | undefined;

  /** @param onFailure A Blob could not be read: a message would be missing. */
  constructor(onFailure: (error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  /** The connection is open. */
  open(socket: Socket): void {
    this.#socket = socket;
  }

  /** Bytes of messages that the operating system has not taken yet; also of those that came too late, for ever. */
  get bufferedAmount(): number {
    const waiting = this.#socket?.bufferedAmount ?? 0;
    if (waiting === 0) this.#handedOn = 0;
    // What waits has headers too, which the standard does not count.
    return this.#held + Math.min(this.#handedOn, waiting);
  }

  /** Send, or where it is too late for that, count. */
  send(data: WebSocketData, isOpen: boolean): void {
    if (data instanceof Blob) {
      this.#held += data.size;
      if (isOpen) this.#wait(data.size, data.arrayBuffer());
      return;
    }
    // Memory that was given away is sent as none (Web IDL: "get a copy of the bytes").
    const payload = isDetached(data) ? NO_BYTES : isBytes(data) ? viewBytes(data, 'message') : `${data}`;
    const size = typeof payload === 'string' ? portableText.byteLength(payload) : payload.length;
    if (isOpen && this.#reading === undefined) {
      this.#handOn(payload, size);
      return;
    }
    this.#held += size;
    if (isOpen) this.#wait(size, Promise.resolve(typeof payload === 'string' ? payload : copyBytes(payload)));
  }

  /** Close, behind everything that was sent. */
  close(code: number | undefined, reason: string): void {
    // A close frame has no room for a reason without a code (RFC 6455 §5.5.1).
    const close = (): unknown => this.#socket?.close(code ?? (reason === '' ? undefined : 1000), reason);
    if (this.#reading === undefined) close();
    else void this.#reading.then(close);
  }

  /** It is over: what waits will not be sent. */
  stop(): void {
    this.#held = this.bufferedAmount;
    this.#socket = undefined;
  }

  #handOn(payload: string | Uint8Array, size: number): void {
    if (this.#socket === undefined) return;
    if (this.#socket.bufferedAmount === 0) this.#handedOn = 0;
    this.#handedOn += size;
    // A connection that is over meanwhile drops it, and says so with `close`.
    void this.#socket.send(payload);
  }

  /** Hand on what comes of `reading`, when everything before it was. */
  #wait(size: number, reading: Promise<string | Uint8Array | ArrayBuffer>): void {
    const before = this.#reading;
    // Both at once: a Blob behind another one that takes long is not left with an error that nobody looks at.
    const done: Promise<void> = Promise.all([reading, before])
      .then(
        ([data]) => {
          if (this.#socket === undefined) return;
          this.#held -= size;
          this.#handOn(typeof data === 'string' ? data : viewBytes(data, 'message'), size);
        },
        (error: unknown) => this.#onFailure(error),
      )
      .then(() => {
        if (this.#reading === done) this.#reading = undefined;
      });
    this.#reading = done;
  }
}

function isBytes(data: unknown): data is ArrayBufferLike | ArrayBufferView {
  if (ArrayBuffer.isView(data)) return true;
  const tag = Object.prototype.toString.call(data);
  return tag === '[object ArrayBuffer]' || tag === '[object SharedArrayBuffer]';
}
