/**
 * Deflate: messages, whole or in pieces, to flushed DEFLATE data (RFC 1951, RFC 7692 §7.2.1).
 *
 * Owns: the window, and cutting a message into blocks. Does not own: matches (`matcher.ts`), bits (`block-writer.ts`).
 *
 * @module
 */
import { BlockWriter } from './block-writer.ts';
import type { Deflater, DeflaterOptions } from './engine.ts';
import { Matcher, matcherBytes } from './matcher.ts';
import { BLOCK_TOKENS, Tokens } from './tokens.ts';

const NOTHING: Uint8Array = /* @__PURE__ */ new Uint8Array(0);
/** First allocation of a window, in bytes. */
const SMALLEST_WINDOW = 1024;
/** Longest message that is matched in place; positions stay well below 2 ** 31. */
const IN_PLACE = 2 ** 28;

/** What the deflaters of one engine share: memory that a call uses and leaves, as calls never overlap. */
export class DeflateScratch {
  readonly writer: BlockWriter = new BlockWriter();
  readonly tokens: Tokens = new Tokens();
  readonly #matchers = new Map<number, Matcher>();

  /** The matcher for whole messages that share nothing: one per level and window, for all connections. */
  matcher(level: number, windowBits: number): Matcher {
    const key = level * 16 + windowBits;
    let matcher = this.#matchers.get(key);
    if (matcher === undefined) {
      matcher = new Matcher(level, windowBits);
      this.#matchers.set(key, matcher);
    }
    return matcher;
  }
}

/** Most bytes that a deflater keeps: twice the window, and the matcher's tables. */
export function keptBytes(level: number, windowBits: number): number {
  return level === 0 ? 0 : 2 * 2 ** windowBits + matcherBytes(level, windowBits);
}

/** The portable {@link Deflater}. */
export class PureDeflater implements Deflater {
  readonly #scratch: DeflateScratch;
  readonly #level: number;
  readonly #windowBits: number;
  readonly #takeover: boolean;
  /** What was sent, as far as matches may refer to it, then what is being matched: at most two windows long. */
  #window = NOTHING;
  #end = 0;
  /** The matcher that knows the window; none between messages without takeover. */
  #matcher: Matcher | undefined;

  constructor(scratch: DeflateScratch, options: DeflaterOptions) {
    this.#scratch = scratch;
    this.#level = options.level;
    this.#windowBits = options.windowBits;
    this.#takeover = options.contextTakeover;
  }

  get retainedBytes(): number {
    const tables = this.#matcher === undefined ? 0 : matcherBytes(this.#level, this.#windowBits);
    return this.#window.length + tables;
  }

  deflate(bytes: Uint8Array, last: boolean, lent = false): Uint8Array {
    const { writer } = this.#scratch;
    if (bytes.length === 0 && !last) return NOTHING;
    // No block is longer than a stored one, and each holds as many bytes as a block has tokens, or ends the data.
    writer.start(bytes.length + 5 * (Math.ceil(bytes.length / (BLOCK_TOKENS - 1)) + 1) + 16);
    if (this.#level === 0) {
      writer.stored(bytes, 0, bytes.length);
    } else if (last && !this.#takeover && this.#matcher === undefined && bytes.length <= IN_PLACE) {
      this.#inPlace(bytes);
    } else {
      this.#throughWindow(bytes);
      if (last && !this.#takeover) this.reset();
    }
    return writer.finish(last, lent);
  }

  reset(): void {
    this.#window = NOTHING;
    this.#end = 0;
    this.#matcher = undefined;
  }

  dispose(): void {
    this.reset();
  }

  /** A message that shares nothing with others is its own window. */
  #inPlace(bytes: Uint8Array): void {
    const { tokens, writer } = this.#scratch;
    const matcher = this.#scratch.matcher(this.#level, this.#windowBits);
    for (let from = 0; from < bytes.length; ) {
      tokens.clear();
      const to = matcher.find(tokens, bytes, from, bytes.length);
      writer.block(tokens, bytes, from, to);
      from = to;
    }
    matcher.forget(bytes.length);
  }

  #throughWindow(bytes: Uint8Array): void {
    const { tokens, writer } = this.#scratch;
    const matcher = (this.#matcher ??= new Matcher(this.#level, this.#windowBits));
    tokens.clear();
    let blockFrom = 0;
    for (let from = 0; from < bytes.length; ) {
      const length = this.#append(bytes, from, matcher);
      const start = this.#end - length;
      for (let next = start; next < this.#end; ) {
        next = matcher.find(tokens, this.#window, next, this.#end);
        if (tokens.count >= BLOCK_TOKENS) {
          const blockTo = from + next - start;
          writer.block(tokens, bytes, blockFrom, blockTo);
          tokens.clear();
          blockFrom = blockTo;
        }
      }
      from += length;
    }
    if (blockFrom < bytes.length) writer.block(tokens, bytes, blockFrom, bytes.length);
  }

  /** Copy what fits from `from` on behind the window; returns how much that was. */
  #append(bytes: Uint8Array, from: number, matcher: Matcher): number {
    const size = 2 ** this.#windowBits;
    const wanted = bytes.length - from;
    if (this.#end > size && this.#end + wanted > 2 * size) {
      const gone = this.#end - size;
      this.#window.copyWithin(0, gone, this.#end);
      this.#end = size;
      matcher.slide(gone);
    }
    const length = Math.min(wanted, 2 * size - this.#end);
    const needed = this.#end + length;
    if (needed > this.#window.length) {
      let capacity = Math.max(SMALLEST_WINDOW, this.#window.length);
      while (capacity < needed) capacity *= 2;
      const grown = new Uint8Array(Math.min(capacity, 2 * size));
      grown.set(this.#window.subarray(0, this.#end));
      this.#window = grown;
    }
    this.#window.set(bytes.subarray(from, from + length), this.#end);
    this.#end = needed;
    return length;
  }
}
