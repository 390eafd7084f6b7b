/**
 * Messages on their way to the app.
 *
 * Owns: giving them to a handler or to a loop, whole or in pieces, so that nothing that a handler throws escapes; and how much of
 * what was given the app has not finished. Does not own: reading (`driver.ts`), or what follows when a handler fails.
 *
 * @module
 */
import { UsageTypeError } from '../errors.ts';
import type { PieceEvent } from '../frame/message-event.ts';
import type { SocketHandlers } from './handlers.ts';
import { asPromise, isThenable } from './host.ts';
import { IncomingMessage } from './incoming.ts';
import { AsyncQueue, WAITING_OVERHEAD } from './queue.ts';
import type { Socket } from './socket.ts';

/** At most this many handlers of a socket may be under way; then reading pauses. */
const MAX_RUNNING = 1024;
/** Messages up to this size are bounded by their number; larger ones are counted, which costs two functions each. */
const COUNT_ABOVE = 64;

/** Who fills an inbox. */
export interface InboxOwner<Data> {
  /** What handlers are given. */
  readonly socket: Socket<Data>;
  /** The app finished or took something. */
  resume(): void;
  /** A handler threw or rejected. */
  failed(error: unknown): void;
}

/** The messages of one socket; made when the first one comes, or a loop asks for it. */
export class Inbox<Data> {
  readonly #owner: InboxOwner<Data>;
  readonly #handlers: SocketHandlers<Data>;
  /** What a loop has not taken; `undefined` where messages go to a handler. */
  readonly #waiting: AsyncQueue<string | Uint8Array | IncomingMessage> | undefined;
  /** Of the message that comes in pieces, what the app has not taken. */
  #pieces: AsyncQueue<string | Uint8Array> | undefined;
  #running = 0;
  #runningBytes = 0;
  /** What a handler's promise calls; made once, when one first returns a promise. */
  #onSettled: (() => void) | undefined;
  #onRejected: ((error: unknown) => void) | undefined;

  /** @param forLoop Whether messages wait for a loop, and there is no handler for them. */
  constructor(owner: InboxOwner<Data>, handlers: SocketHandlers<Data>, forLoop: boolean) {
    this.#owner = owner;
    this.#handlers = handlers;
    this.#waiting = forLoop ? new AsyncQueue(() => owner.resume()) : undefined;
  }

  /** Whether the app has more than `bytes`, or too many messages, unfinished. */
  isAbove(bytes: number): boolean {
    if (this.#runningBytes > bytes || this.#running >= MAX_RUNNING) return true;
    if (this.#waiting !== undefined && this.#waiting.size > bytes) return true;
    return this.#pieces !== undefined && this.#pieces.size > (this.#pieces.ended ? 0 : bytes);
  }

  /** A message came. */
  message(message: string | Uint8Array, type: 'text' | 'binary'): void {
    if (this.#waiting === undefined) this.#callMessage(message, type);
    else this.#waiting.push(message, message.length + WAITING_OVERHEAD);
  }

  /** Part of a message came. */
  piece(event: PieceEvent): void {
    if (event.first) this.#openStream(event.type);
    const pieces = this.#pieces!;
    if (event.data.length > 0) pieces.push(event.data, event.data.length);
    if (event.last) pieces.end();
  }

  /** No more messages come. @param why What a loop, or who reads a message that is not complete, is told where that is no good end. */
  end(wasClean: boolean, why: () => unknown): void {
    if (wasClean) this.#waiting?.end();
    else this.#waiting?.fail(why());
    this.#pieces?.fail(why());
  }

  /** The messages, for a loop. @throws A `UsageTypeError` (`bad-state`) where they go to a handler. */
  messages(): AsyncIterator<string | Uint8Array | IncomingMessage, undefined> {
    const waiting = this.#waiting;
    if (waiting === undefined) {
      throw new UsageTypeError(
        'bad-state',
        'Cannot iterate over messages: they go to the handler, leave it out',
      );
    }
    const next = (): ReturnType<typeof waiting.next> => {
      // A message that the loop has passed over would hold back the next one for ever. What waits nobody has seen yet.
      if (waiting.size === 0 && this.#pieces?.asked === false) this.#pieces.discard(notRead());
      return waiting.next();
    };
    // Leaving the loop keeps what waits: a later loop goes on with it.
    return { next, return: () => Promise.resolve({ done: true, value: undefined }) };
  }

  #callMessage(message: string | Uint8Array, type: 'text' | 'binary'): void {
    let result: unknown;
    try {
      result = this.#handlers.message!(this.#owner.socket, message, type);
      if (!isThenable(result)) return;
      const { length } = message;
      this.#running++;
      if (length <= COUNT_ABOVE) {
        this.#onSettled ??= () => this.#settled();
        this.#onRejected ??= (error) => this.#rejected(error);
        asPromise(result).then(this.#onSettled, this.#onRejected);
        return;
      }
      this.#runningBytes += length;
      asPromise(result).then(
        () => {
          this.#runningBytes -= length;
          this.#settled();
        },
        (error: unknown) => {
          this.#runningBytes -= length;
          this.#rejected(error);
        },
      );
    } catch (error) {
      this.#owner.failed(error);
    }
  }

  #openStream(type: 'text' | 'binary'): void {
    const owner = this.#owner;
    const pieces = new AsyncQueue<string | Uint8Array>(() => owner.resume());
    this.#pieces = pieces;
    const message = new IncomingMessage(type, pieces);
    if (this.#waiting !== undefined) {
      this.#waiting.push(message, WAITING_OVERHEAD);
      return;
    }
    // What the handler does not read is dropped when it is done.
    const done = (): void => {
      if (!pieces.spent) pieces.discard(notRead());
    };
    try {
      const result: unknown = this.#handlers.stream!(owner.socket, message);
      if (isThenable(result)) asPromise(result).then(done, (error: unknown) => owner.failed(error));
      else done();
    } catch (error) {
      owner.failed(error);
    }
  }

  #settled(): void {
    this.#running--;
    this.#owner.resume();
  }

  #rejected(error: unknown): void {
    this.#settled();
    this.#owner.failed(error);
  }
}

function notRead(): UsageTypeError {
  return new UsageTypeError(
    'bad-state',
    'Cannot read message: the handler was done, or the loop went on to the next one, before it was read; return a promise of what is still to come, or await it',
  );
}
