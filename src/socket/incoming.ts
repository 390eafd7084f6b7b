/**
 * One long message, as it arrives.
 *
 * @module
 */
import { Collector } from '../bytes/collector.ts';
import { UsageTypeError } from '../errors.ts';
import { handled } from './host.ts';
import type { AsyncQueue } from './queue.ts';

/**
 * A message that is read in pieces, each as it comes from the network: a message of any length in constant memory.
 * Reading slowly holds the peer back. What is not read is dropped when the handler is done; and of a loop over the socket, when that asks
 * for the next message and nobody has begun to read this one. Who reads it then is told so, by a `UsageTypeError` (`bad-state`).
 */
export class IncomingMessage<Piece extends string | Uint8Array = string | Uint8Array>
  implements AsyncIterable<Piece>
{
  /** What it is. */
  readonly type: 'text' | 'binary';
  readonly #pieces: AsyncQueue<Piece>;
  /** All of it was asked for. */
  #collected = false;

  /** Made by the socket. @internal */
  constructor(type: 'text' | 'binary', pieces: AsyncQueue<Piece>) {
    this.type = type;
    this.#pieces = pieces;
  }

  /** The pieces, in order: strings of whole characters for text (with `textAsBytes` its bytes, cut anywhere), bytes for binary. Throws if the message is cut off. */
  [Symbol.asyncIterator](): AsyncIterator<Piece, undefined> {
    return this.#pieces[Symbol.asyncIterator]();
  }

  /**
   * All of a text message. Bytes are taken for UTF-8. Not waiting for it is no unhandled rejection.
   *
   * @throws (rejects with) a `ProtocolError` when it is cut off, and a `UsageTypeError` (`bad-state`) when it was read already.
   */
  text(): Promise<string> {
    return handled(this.#text());
  }

  /** All of a message as bytes. Text is given as UTF-8. As {@link text}. */
  bytes(): Promise<Uint8Array> {
    return handled(this.#bytes());
  }

  async #text(): Promise<string> {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    let text = '';
    for await (const piece of this.#collect()) {
      text += typeof piece === 'string' ? piece : decoder.decode(piece, { stream: true });
    }
    return text + decoder.decode();
  }

  async #bytes(): Promise<Uint8Array> {
    const collector = new Collector();
    const encoder = new TextEncoder();
    for await (const piece of this.#collect()) {
      const bytes: Uint8Array = typeof piece === 'string' ? encoder.encode(piece) : piece;
      collector.append(bytes, 0, bytes.length, 0);
    }
    return collector.take();
  }

  #collect(): AsyncQueue<Piece> {
    if (this.#collected || this.#pieces.spent) {
      throw new UsageTypeError('bad-state', 'Cannot read message: it was read already; keep what was read');
    }
    this.#collected = true;
    return this.#pieces;
  }
}
