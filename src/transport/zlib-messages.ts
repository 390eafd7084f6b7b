/**
 * Whole messages of permessage-deflate through zlib, each on its own: what goes well, in zlib's time.
 *
 * Owns: two kinds of handles, and telling a message that is whole from any other. Does not own: what is wrong with a message
 * that is not, and messages in pieces, which the portable engine is for (`zlib-engine.ts`).
 *
 * @module
 */
import { Output } from '../deflate/output.ts';
import { SyncZlib, type ZlibModule } from './zlib-handle.ts';

/** Longer input is left to others: lengths have to fit into 32 bits. */
const MAX_INPUT = 2 ** 28;
const MAX_OUTPUT = 2 ** 30;
/** Input up to here, with its tail, is put together in memory that is kept. */
const KEPT_INPUT = 64 * 1024;

/**
 * What is appended to a message in the place of 00 00 FF FF (RFC 7692 §7.2.2).
 *
 * zlib takes a message that ends in the middle of a block for one that has more to come. But in a whole message the header of
 * a stored block came last, and 00 00 FF FF would be its length: 0. This gives it a length of 16, and a marker as its data, so that
 * the marker comes out last. Where else can it? It is random, so nobody can make up codes that spell it: it has to be copied, by
 * a stored block whose length ended in front of it. If that length began earlier than here, so did the data, and FF comes out in
 * front of the marker. (Output that ends with FF by itself is left to the portable engine.) If it began later, the marker
 * would be copied in part, and the rest be output before; but no other four bytes up to its second one are a length and its complement.
 */
const STORED_LENGTH = [0x10, 0x00, 0xef, 0xff];
const MARKER_BYTES = 16;
const TAIL_BYTES = STORED_LENGTH.length + MARKER_BYTES;
/** Most that a stored block and the bytes around it add to data that does not get smaller. */
const overhead = (length: number): number => 5 * Math.ceil(length / 16_000) + 16;

/** Inflates and deflates whole messages without context takeover. */
export class ZlibMessages {
  readonly #zlib: ZlibModule;
  readonly #output = new Output();
  readonly #tail: Uint8Array;
  /** Input with its tail; made when it is first needed. */
  #input: Uint8Array | undefined;
  #inflate: SyncZlib | undefined;
  /** By level. */
  readonly #deflate: Array<SyncZlib | undefined> = [];
  #closed = false;

  constructor(zlib: ZlibModule) {
    this.#zlib = zlib;
    this.#tail = crypto.getRandomValues(new Uint8Array(TAIL_BYTES));
    this.#tail.set(STORED_LENGTH);
    this.#tail[STORED_LENGTH.length] = 0xff;
  }

  /**
   * Inflate a message whose window is 32 KiB.
   *
   * @param bytes The message, without 00 00 FF FF; read, not kept.
   * @param maxOutputBytes Most bytes that may come out.
   * @param lent Whether the output may lie in memory that the next call writes to.
   * @returns The output; `undefined` for a message that is not whole and healthy and within the limit, and
   *   for some that are.
   */
  inflate(bytes: Uint8Array, maxOutputBytes: number, lent = false): Uint8Array | undefined {
    const { length } = bytes;
    if (length === 0 || length > MAX_INPUT || this.#closed) return undefined;
    const output = this.#output;
    output.start();
    try {
      this.#inflate ??= this.#open(this.#zlib.createInflateRaw({ windowBits: 15, chunkSize: 64 }));
      // One byte more than can be right: output that is full is then too long.
      const limit = Math.min(maxOutputBytes, MAX_OUTPUT) + MARKER_BYTES + 1;
      const done = this.#inflate?.run(this.#withTail(bytes), length + TAIL_BYTES, output, limit);
      if (done !== true) return undefined;
    } catch {
      this.close();
      return undefined;
    }
    if (this.#inflate!.left === 0) {
      // The last block was a stored one without a length yet: the usual end.
      if (!this.#endsWithMarker()) return undefined;
      output.length -= MARKER_BYTES;
    } else if (this.#inflate!.left !== TAIL_BYTES) {
      // Not either the end of a final block, with nothing behind it (§7.2.3.4).
      return undefined;
    }
    return output.length <= maxOutputBytes ? output.finish(lent) : undefined;
  }

  /**
   * Deflate a message.
   *
   * @param bytes The message; read, not kept.
   * @param level 1 to 9, as zlib counts.
   * @param lent As for {@link inflate}.
   * @returns It without 00 00 FF FF; `undefined` where zlib cannot.
   */
  deflate(bytes: Uint8Array, level: number, lent = false): Uint8Array | undefined {
    const { length } = bytes;
    if (length === 0 || length > MAX_INPUT || this.#closed) return undefined;
    const output = this.#output;
    output.start();
    const most = length + overhead(length);
    try {
      this.#deflate[level] ??= this.#open(
        this.#zlib.createDeflateRaw({ level, windowBits: 15, chunkSize: 64 }),
      );
      // Room for the 4 bytes that go, and then some: zlib flushes twice where it has no room left.
      if (this.#deflate[level]?.run(bytes, length, output, most + 16) !== true) return undefined;
    } catch {
      this.close();
      return undefined;
    }
    output.length -= 4;
    const { bytes: out, length: end } = output;
    const flushed = out[end] === 0 && out[end + 1] === 0 && out[end + 2] === 0xff && out[end + 3] === 0xff;
    return flushed && end <= most ? output.finish(lent) : undefined;
  }

  /** Give the memory back: nothing is inflated or deflated any more. */
  close(): void {
    this.#closed = true;
    this.#inflate?.close();
    for (const each of this.#deflate) each?.close();
    this.#inflate = undefined;
    this.#deflate.length = 0;
  }

  #open(stream: ReturnType<ZlibModule['createInflateRaw']>): SyncZlib | undefined {
    const handle = SyncZlib.open(stream, this.#zlib.constants.Z_SYNC_FLUSH);
    if (handle === undefined) this.close();
    return handle;
  }

  #withTail(bytes: Uint8Array): Uint8Array {
    const length = bytes.length + TAIL_BYTES;
    let input: Uint8Array;
    if (length > KEPT_INPUT) input = new Uint8Array(length);
    else input = this.#input ??= new Uint8Array(KEPT_INPUT);
    input.set(bytes);
    input.set(this.#tail, bytes.length);
    return input;
  }

  /** Whether the output ends with the marker, and not because all of the tail was copied. */
  #endsWithMarker(): boolean {
    const { bytes, length } = this.#output;
    const tail = this.#tail;
    const from = length - TAIL_BYTES;
    for (let i = STORED_LENGTH.length; i < TAIL_BYTES; i++) if (bytes[from + i] !== tail[i]) return false;
    const before = STORED_LENGTH.length - 1;
    return bytes[from + before] !== tail[before];
  }
}
