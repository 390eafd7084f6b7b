/**
 * A `TextCodec` made of the native conversions behind `Buffer`, which Node and Bun (and Deno's `node:buffer`) have.
 *
 * Owns: which primitive is fastest at which size (measured on Node 20, Bun 1.4 and Deno 2.9). Does not own: importing
 * `Buffer` (the adapter hands its parts in).
 *
 * @module
 */
import type { TextCodec } from '../bytes/text.ts';

/** A method of `Buffer.prototype` that makes a string of bytes; it works on any `Uint8Array`. */
type Slice = (this: Uint8Array, start: number, end: number) => string;

/** What is needed of a runtime's `Buffer`. */
export interface BufferParts {
  /** `Buffer.prototype`'s native methods; long-standing, though only `toString` and `write` are documented. */
  readonly prototype: {
    readonly latin1Slice: Slice;
    readonly utf8Slice: Slice;
    readonly utf8Write: (this: Uint8Array, text: string, at: number, length: number) => number;
  };
  /** `Buffer.byteLength`. */
  readonly byteLength: (text: string) => number;
  /** Whether all bytes are ASCII. */
  readonly isAscii: (bytes: Uint8Array) => boolean;
  /** Whether the bytes are UTF-8 (RFC 3629). */
  readonly isUtf8: (bytes: Uint8Array) => boolean;
  /** What reads long text that is not ASCII faster than `utf8Slice`, if anything does; gives `undefined` where the bytes are not UTF-8. */
  readonly decodeLong?: ((bytes: Uint8Array) => string | undefined) | undefined;
}

/** Up to here, a loop over the bytes beats the way into native code. */
const SHORT = 6;
/** From here on, asking first whether all is ASCII pays, and so does a decoder of its own for what is not. */
const LONG = 2048;
/** What decoders put in the place of bytes that are not UTF-8. */
const REPLACEMENT = '\ufffd';

/** The codec. */
export function bufferText({ prototype, byteLength, isAscii, isUtf8, decodeLong }: BufferParts): TextCodec {
  const { latin1Slice, utf8Slice, utf8Write } = prototype;
  return {
    latin1(bytes, start, end) {
      return latin1Slice.call(bytes, start, end);
    },

    utf8(bytes, start, end) {
      const length = end - start;
      if (length <= SHORT) {
        let text = '';
        let at = start;
        for (; at < end; at++) {
          const byte = bytes[at]!;
          if (byte >= 0x80) break;
          text += String.fromCharCode(byte);
        }
        if (at === end) return text;
      } else if (length >= LONG) {
        const view = bytes.subarray(start, end);
        if (isAscii(view)) return latin1Slice.call(bytes, start, end);
        if (decodeLong !== undefined) return decodeLong(view);
      }
      // One pass: what is broken shows as U+FFFD, and only then is it worth asking whether one was really sent.
      const text = utf8Slice.call(bytes, start, end);
      return text.includes(REPLACEMENT) && !isUtf8(bytes.subarray(start, end)) ? undefined : text;
    },

    isUtf8(bytes, start, end) {
      return isUtf8(bytes.subarray(start, end));
    },

    write(text, target, at) {
      const length = text.length;
      if (length <= SHORT) {
        let index = 0;
        for (; index < length; index++) {
          const unit = text.charCodeAt(index);
          if (unit >= 0x80) break;
          target[at + index] = unit;
        }
        if (index === length) return length;
      }
      return utf8Write.call(target, text, at, target.length - at);
    },

    byteLength(text) {
      return byteLength(text);
    },
  };
}
