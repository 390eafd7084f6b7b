/**
 * Streamed messages on their way out, and what waits behind them.
 *
 * Owns: taking pieces from a source, one message after another in the order of the calls, and letting go of all of it when the
 * connection closes. Does not own: sending (`driver.ts`), or how much may wait.
 *
 * @module
 */
import { type BytesLike, copyBytes, viewBytes } from '../bytes/view.ts';
import type { SendOptions, StreamOptions } from '../connection/send-options.ts';
import { UsageTypeError } from '../errors.ts';
import type { PreparedMessage } from '../frame/prepared.ts';
import { handled } from './host.ts';
import { IncomingMessage } from './incoming.ts';
import { Source } from './source.ts';

const NOTHING = new Uint8Array(0);

/** The pieces of a message. */
export type Pieces = AsyncIterable<string | BytesLike> | Iterable<string | BytesLike>;

/** A message that can be sent as it is. */
export type Sendable = string | Uint8Array | PreparedMessage;

/** What an outbox sends by. Each promise settles when there is room for more, and rejects when the connection is not open. */
export interface OutboxTarget {
  /** Send a message. */
  sendMessage(data: Sendable, options: SendOptions | undefined): Promise<void>;
  /** Send a piece of one. */
  sendPiece(
    type: 'text' | 'binary',
    data: string | Uint8Array,
    first: boolean,
    last: boolean,
    options: StreamOptions | undefined,
  ): Promise<void>;
  /** The source of a message failed: it cannot be taken back. */
  failed(error: unknown): void;
}

interface Waiting {
  readonly what: { readonly source: Pieces } | { readonly data: Sendable };
  readonly options: SendOptions | undefined;
  readonly bytes: number;
  /** Settle as another promise does. */
  resolve(sent: Promise<void>): void;
  reject(error: unknown): void;
}

/** From so many on, what was sent is cut off the list of what waits. */
const COMPACT_FROM = 32;

/** The streamed messages of one socket; made when the first one is sent. */
export class Outbox {
  readonly #target: OutboxTarget;
  /** What waits, from `#next` on; `undefined` while no streamed message is under way. */
  #waiting: Waiting[] | undefined;
  #next = 0;
  /** What the streamed message that is under way comes from. */
  #source: Source<string | BytesLike> | undefined;
  /** Bytes that wait. */
  waitingBytes = 0;

  /** @param target What it sends by. */
  constructor(target: OutboxTarget) {
    this.#target = target;
  }

  /** Whether a streamed message is under way, so that all else has to wait. */
  get busy(): boolean {
    return this.#waiting !== undefined;
  }

  /** Send a streamed message now; none may be under way. */
  start(source: Pieces, options: StreamOptions | undefined): Promise<void> {
    this.#waiting ??= [];
    const sent = this.#sendPieces(source, options);
    sent.then(this.#goOn, this.#goOn);
    return handled(sent);
  }

  /** Send something when what is under way, and what waits already, has been sent. @param bytes What it counts for. */
  add(what: Waiting['what'], bytes: number, options: SendOptions | undefined): Promise<void> {
    // What is passed may be written to again before its turn comes.
    const kept = 'data' in what && what.data instanceof Uint8Array ? { data: copyBytes(what.data) } : what;
    this.waitingBytes += bytes;
    return handled(
      new Promise((resolve, reject) => {
        this.#waiting!.push({ what: kept, options, bytes, resolve, reject });
      }),
    );
  }

  /** Nothing can be sent any more: whoever waits is told why. */
  stop(why: () => unknown): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    const from = this.#next;
    this.#waiting = undefined;
    this.#next = 0;
    this.waitingBytes = 0;
    for (let i = from; i < waiting.length; i++) waiting[i]!.reject(why());
    this.#source?.abandon(why());
  }

  /** A streamed message has ended: send what waits behind it, up to the next one. */
  readonly #goOn = (): void => {
    for (;;) {
      const waiting = this.#waiting;
      if (waiting === undefined) return;
      const next = waiting[this.#next++];
      if (next === undefined) {
        this.#waiting = undefined;
        this.#next = 0;
        return;
      }
      // Let go of what was sent, without moving the rest each time.
      if (this.#next >= COMPACT_FROM && 2 * this.#next > waiting.length) {
        waiting.splice(0, this.#next);
        this.#next = 0;
      }
      this.waitingBytes -= next.bytes;
      const { what } = next;
      if ('source' in what) {
        next.resolve(this.start(what.source, next.options));
        return;
      }
      next.resolve(this.#target.sendMessage(what.data, next.options));
    }
  };

  async #sendPieces(source: Pieces, options: StreamOptions | undefined): Promise<void> {
    const target = this.#target;
    let from: Source<string | BytesLike> | undefined;
    // A message that is passed on stays what it is, also where its text comes as bytes, or where it has no pieces.
    const given = source instanceof IncomingMessage ? source.type : undefined;
    let type = given;
    let first = true;
    let carry = '';
    try {
      from = new Source(source);
      this.#source = from;
      for (;;) {
        const { done, value } = await from.next();
        if (done) break;
        const is = typeof value === 'string' ? 'text' : 'binary';
        type ??= is;
        if (is !== type && given === undefined) {
          throw new UsageTypeError(
            'bad-argument',
            `Cannot send stream: a ${is} piece came in a ${type} message`,
          );
        }
        let data: string | Uint8Array;
        if (typeof value === 'string') {
          // Half of a surrogate pair waits for the other half.
          data = carry + value;
          carry = endsInHalf(data) ? data.slice(-1) : '';
          if (carry !== '') data = data.slice(0, -1);
        } else {
          data = viewBytes(value, 'piece', 'a string, ');
        }
        if (data.length === 0) continue;
        await target.sendPiece(type, data, first, false, options);
        first = false;
      }
      from = undefined;
      await target.sendPiece(type ?? 'text', type === 'binary' ? NOTHING : carry, first, true, options);
    } catch (error) {
      from?.leave();
      target.failed(error);
      throw error;
    }
  }
}

/** Whether `text` ends in the first half of a surrogate pair. */
function endsInHalf(text: string): boolean {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff;
}
