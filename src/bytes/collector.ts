/**
 * Many pieces to one run of bytes, at a cost that follows the bytes and not the pieces.
 *
 * Owns: how pieces are kept until they are taken whole. Does not own: any limit on how much (the caller's).
 *
 * @module
 */
import { allocate, type NativeBytes } from './native.ts';
import { copyBytes } from './view.ts';

const FIRST_CAPACITY = 512;
/** From this many bytes on a piece is kept as it is, when that pins no more than as much again. */
const KEEP_FROM = 4096;
/** Below this many bytes a loop beats the way into native code. */
const LOOP_BELOW = 32;
/** Pieces that were lent are copied to blocks of this size, if they fill half of one. */
const BLOCK_BYTES = 65_536;
/** Blocks that are kept for later; others are left to the garbage collector. */
const MOST_FREE_BLOCKS = 32;

/** Blocks that nobody uses. New memory instead would be new pages of the system's each time, which cost more than the copying. */
const freeBlocks: Uint8Array[] = [];

/**
 * Collects pieces until they are taken as one.
 *
 * Small pieces are copied to a buffer that doubles, so that a piece of a few bytes does not pin the chunk that it came
 * in, and every byte is copied a constant number of times; large ones are kept as views until the end and copied once, or, if they
 * were lent, in blocks that all collectors share.
 * Memory stays at three times what came in at most (and {@link take} needs as much again as it returns). A declared length
 * is only ever an upper bound on growth: nothing is reserved for it before half of it has come. From then on, what has to be
 * copied goes to where it will stay.
 */
export class Collector {
  /** What came before the buffer, in order. */
  #parts: Uint8Array[] | undefined;
  #partsLength = 0;
  /** Where some of the parts lie, until they are put together. */
  #blocks: Uint8Array[] | undefined;
  #buffer: Uint8Array | undefined;
  #used = 0;
  /** Whether the buffer may hold, above what is used, what somebody left there. */
  #dirty = false;
  readonly #native: NativeBytes | undefined;

  /** @param native May allocate faster. */
  constructor(native?: NativeBytes) {
    this.#native = native;
  }

  /** Bytes collected so far. */
  get length(): number {
    return this.#partsLength + this.#used;
  }

  /**
   * Append the bytes of `piece` from `start` up to `end`. A large piece may be kept as it is: nobody may write to it
   * any more, unless it is `lent`.
   *
   * @param expected Total bytes that the peer declared, this piece included; growth does not go past it. 0: unknown.
   * @param lent Whether the memory will be written to again: everything is copied.
   */
  append(piece: Uint8Array, start: number, end: number, expected: number, lent = false): void {
    const length = end - start;
    let buffer = this.#buffer;
    if (buffer === undefined || buffer.length < this.#used + length) {
      const large = length >= KEEP_FROM;
      const own = large && !lent && 2 * length >= piece.buffer.byteLength;
      const total = this.length + length;
      if (!own && total <= expected && expected <= 2 * total) {
        buffer = this.#gather(expected);
      } else if (own || (large && lent)) {
        this.#closeBuffer();
        this.#keep(own ? piece.subarray(start, end) : this.#copy(piece, start, end));
        return;
      } else {
        buffer = this.#grow(this.#used + length, expected - this.#partsLength);
      }
    }
    if (length < LOOP_BELOW) for (let at = start, to = this.#used; at < end; ) buffer[to++] = piece[at++]!;
    else buffer.set(piece.subarray(start, end), this.#used);
    this.#used += length;
  }

  /** All bytes collected; the collector is empty afterwards. The result is the caller's own, or the one piece that came. */
  take(): Uint8Array {
    this.#closeBuffer();
    const parts = this.#parts;
    const whole =
      parts?.length === 1 && this.#blocks === undefined ? parts[0]! : this.#join(this.#partsLength);
    this.clear();
    return whole;
  }

  /** Forget all bytes. */
  clear(): void {
    if (this.#blocks !== undefined) giveBack(this.#blocks);
    this.#blocks = undefined;
    this.#parts = undefined;
    this.#buffer = undefined;
    this.#partsLength = this.#used = 0;
  }

  /** A buffer for all that is expected, with all that came: half of it is there, and it will be filled, or thrown away. */
  #gather(expected: number): Uint8Array {
    this.#closeBuffer();
    const length = this.#partsLength;
    const buffer = this.#join(expected);
    this.clear();
    this.#used = length;
    this.#dirty = true;
    this.#buffer = buffer;
    return buffer;
  }

  /** All parts, one behind the other, at the start of `length` bytes. */
  #join(length: number): Uint8Array {
    const whole = allocate(this.#native, length);
    let at = 0;
    for (const part of this.#parts ?? []) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  /** A buffer for `needed` bytes, with what there is; doubled, but never above `most` where that is enough. */
  #grow(needed: number, most: number): Uint8Array {
    const capacity = Math.max(needed, this.#used * 2, FIRST_CAPACITY);
    const larger = new Uint8Array(most >= needed && most < capacity ? most : capacity);
    if (this.#buffer !== undefined) larger.set(this.#buffer.subarray(0, this.#used));
    this.#dirty = false;
    this.#buffer = larger;
    return larger;
  }

  #copy(piece: Uint8Array, start: number, end: number): Uint8Array {
    const length = end - start;
    let copy: Uint8Array;
    if (2 * length >= BLOCK_BYTES && length <= BLOCK_BYTES) {
      const block = freeBlocks.pop() ?? allocate(this.#native, BLOCK_BYTES);
      this.#blocks ??= [];
      this.#blocks.push(block);
      copy = block.subarray(0, length);
    } else {
      copy = allocate(this.#native, length);
    }
    copy.set(piece.subarray(start, end));
    return copy;
  }

  /** What the buffer holds becomes a part. */
  #closeBuffer(): void {
    const buffer = this.#buffer;
    if (buffer === undefined) return;
    const used = this.#used;
    // A few bytes must not keep a buffer of several times their size alive; and what was not zeroed must not be seen.
    const small = 2 * used < buffer.length || (this.#dirty && used < buffer.length);
    this.#keep(small ? copyBytes(buffer.subarray(0, used)) : buffer.subarray(0, used));
    this.#buffer = undefined;
    this.#used = 0;
  }

  #keep(part: Uint8Array): void {
    this.#parts ??= [];
    this.#parts.push(part);
    this.#partsLength += part.length;
  }
}

/** What lies in these blocks is needed no more. */
function giveBack(blocks: readonly Uint8Array[]): void {
  for (const block of blocks) if (freeBlocks.length < MOST_FREE_BLOCKS) freeBlocks.push(block);
}
