/**
 * A `DeflateEngine` with the zlib of Node, Bun or Deno in it, for what zlib is faster at; the portable engine does the rest.
 *
 * Owns: who does what. Whole messages without context takeover go to zlib, from the size on at which that pays. Everything else is
 * portable: messages in pieces, windows that are kept or small, and every message that zlib does not like, which is so answered
 * with the same fault at the same byte on every runtime. Does not own: zlib (`zlib-messages.ts`).
 *
 * @module
 */
import type { CodecOptions, DeflateEngine, Deflater, DeflaterOptions, Inflater } from '../deflate/engine.ts';
import { InflateScratch, PureInflater } from '../deflate/inflate.ts';
import { checkCodecOptions, checkDeflaterOptions, createPureEngine } from '../deflate/pure-engine.ts';
import type { ProtocolError } from '../errors.ts';
import type { ZlibModule } from './zlib-handle.ts';
import { ZlibMessages } from './zlib-messages.ts';

const NOTHING: Uint8Array = /* @__PURE__ */ new Uint8Array(0);
const MAX_WINDOW_BITS = 15;

/** What was measured on a runtime (docs/deflate.md). */
export interface ZlibTuning {
  /** Messages of as many bytes and more are deflated by zlib; shorter ones are faster without. */
  readonly deflateFrom: number;
  /** What stands for level 1. zlib-ng's own is a quick one that compresses much less than zlib's, so there it is 2. */
  readonly levelForOne: 1 | 2;
}

/**
 * Make an engine.
 *
 * @param load Finds `node:zlib`, when the engine is first used: programs without compression need not load it. It may throw.
 * @returns An engine named `zlib`. Where zlib is missing, or fails its first test, it is the portable engine under that name.
 */
export function zlibEngine(tuning: ZlibTuning, load: () => ZlibModule): DeflateEngine {
  const pure = createPureEngine();
  let scratch: InflateScratch | undefined;
  let messages: ZlibMessages | undefined;
  let tried = false;
  const native = (): ZlibMessages | undefined => {
    if (!tried) {
      tried = true;
      messages = openZlib(load, pure);
    }
    return messages;
  };
  return {
    name: 'zlib',
    createInflater(options) {
      checkCodecOptions(options);
      // zlib keeps to the size of its window between calls alone: in a smaller one it lets distances pass that are too great.
      if (options.contextTakeover || options.windowBits < MAX_WINDOW_BITS)
        return pure.createInflater(options);
      const zlib = native();
      if (zlib === undefined) return pure.createInflater(options);
      scratch ??= new InflateScratch();
      return new ZlibInflater(zlib, scratch, options);
    },
    createDeflater(options) {
      checkDeflaterOptions(options);
      if (options.contextTakeover || options.level === 0) return pure.createDeflater(options);
      const zlib = native();
      return zlib === undefined
        ? pure.createDeflater(options)
        : new ZlibDeflater(zlib, pure, options, tuning);
    },
    inflaterBytes: pure.inflaterBytes,
    deflaterBytes: pure.deflaterBytes,
  };
}

/** Without context takeover, and with the largest window. */
class ZlibInflater implements Inflater {
  readonly #zlib: ZlibMessages;
  readonly #scratch: InflateScratch;
  readonly #options: CodecOptions;
  /** In the middle of a message, or failed; `undefined` between messages. */
  #pure: PureInflater | undefined;
  /** Bytes so far. */
  #offset = 0;

  constructor(zlib: ZlibMessages, scratch: InflateScratch, options: CodecOptions) {
    this.#zlib = zlib;
    this.#scratch = scratch;
    this.#options = options;
  }

  get outputBeforeError(): Uint8Array {
    return this.#pure?.outputBeforeError ?? NOTHING;
  }

  get retainedBytes(): number {
    return this.#pure?.retainedBytes ?? 0;
  }

  inflate(
    bytes: Uint8Array,
    last: boolean,
    maxOutputBytes: number,
    lent = false,
  ): Uint8Array | ProtocolError {
    const start = this.#offset;
    this.#offset += bytes.length;
    if (last && this.#pure === undefined && maxOutputBytes >= 0) {
      const output = this.#zlib.inflate(bytes, maxOutputBytes, lent);
      if (output !== undefined) return output;
    }
    this.#pure ??= new PureInflater(this.#scratch, this.#options, start);
    const output = this.#pure.inflate(bytes, last, maxOutputBytes, lent);
    if (last && output instanceof Uint8Array) this.#pure = undefined;
    return output;
  }

  reset(): void {
    this.#pure?.reset();
    this.#pure = undefined;
  }

  dispose(): void {
    this.reset();
  }
}

/** Without context takeover. */
class ZlibDeflater implements Deflater {
  readonly #zlib: ZlibMessages;
  readonly #engine: DeflateEngine;
  readonly #options: DeflaterOptions;
  readonly #level: number;
  readonly #from: number;
  /** No message up to this length can refer further back than the window is large. */
  readonly #to: number;
  /** Made when a message first needs it. */
  #pure: Deflater | undefined;
  /** It is in the middle of a message. */
  #pureIsBusy = false;

  constructor(zlib: ZlibMessages, engine: DeflateEngine, options: DeflaterOptions, tuning: ZlibTuning) {
    this.#zlib = zlib;
    this.#engine = engine;
    this.#options = options;
    this.#level = options.level === 1 ? tuning.levelForOne : options.level;
    this.#from = tuning.deflateFrom;
    this.#to = options.windowBits === MAX_WINDOW_BITS ? Number.POSITIVE_INFINITY : 2 ** options.windowBits;
  }

  get retainedBytes(): number {
    return this.#pure?.retainedBytes ?? 0;
  }

  deflate(bytes: Uint8Array, last: boolean, lent = false): Uint8Array {
    if (last && !this.#pureIsBusy && bytes.length >= this.#from && bytes.length <= this.#to) {
      const output = this.#zlib.deflate(bytes, this.#level, lent);
      if (output !== undefined) return output;
    }
    this.#pure ??= this.#engine.createDeflater(this.#options);
    this.#pureIsBusy = !last;
    return this.#pure.deflate(bytes, last, lent);
  }

  reset(): void {
    this.#pure?.reset();
    this.#pureIsBusy = false;
  }

  dispose(): void {
    this.reset();
    this.#pure = undefined;
  }
}

/** zlib, if it is there and does what it is used for. */
function openZlib(load: () => ZlibModule, pure: DeflateEngine): ZlibMessages | undefined {
  try {
    const messages = new ZlibMessages(load());
    if (passes(messages, pure)) return messages;
    messages.close();
  } catch {
    // Then there is no zlib.
  }
  return undefined;
}

/** The self-check: a round trip with the portable engine, a fresh start each time, faults, limits, and output that outgrows its memory. */
function passes(zlib: ZlibMessages, pure: DeflateEngine): boolean {
  const options = { windowBits: MAX_WINDOW_BITS, contextTakeover: false };
  const text = Uint8Array.from({ length: 600 }, (_, i) => (i * i) % 61);
  const long = new Uint8Array(100_000).fill(7);
  const small = zlib.deflate(text, 1);
  const again = zlib.deflate(text, 1);
  const large = zlib.deflate(long, 1);
  if (small === undefined || again === undefined || large === undefined) return false;
  const other = pure.createDeflater({ ...options, level: 1 }).deflate(text, true);
  const portable = pure.createInflater(options);
  // A reserved type of block, a distance past the first byte, a message cut short.
  const faulty = [Uint8Array.of(6), Uint8Array.of(0xf2, 0, 0x11, 0, 0), small.subarray(0, -9)];
  return (
    same(small, again) &&
    same(portable.inflate(small, true, text.length), text) &&
    same(portable.inflate(large, true, long.length), long) &&
    faulty.every((bytes) => zlib.inflate(bytes, long.length) === undefined) &&
    zlib.inflate(small, text.length - 1) === undefined &&
    zlib.inflate(large, long.length - 1) === undefined &&
    same(zlib.inflate(other, text.length), text) &&
    same(zlib.inflate(large, long.length), long) &&
    // The end of a final block ends the message, too (RFC 7692 §7.2.3.4).
    same(zlib.inflate(Uint8Array.of(0x03, 0), 0), NOTHING)
  );
}

function same(a: Uint8Array | ProtocolError | undefined, b: Uint8Array): boolean {
  return a instanceof Uint8Array && a.length === b.length && a.every((byte, i) => byte === b[i]);
}
