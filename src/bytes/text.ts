/**
 * Text from bytes and bytes from text, as a small interface with a portable implementation.
 *
 * Owns: the contract that a runtime's faster primitive (Node's `Buffer`, say) can be handed in behind, and
 * the pure version that is always there. Does not own: deciding whether bytes are UTF-8 (`utf8.ts`).
 *
 * @module
 */

/**
 * Conversions between strings and bytes. Every `end` is exclusive; nothing here throws on content; no function here
 * uses `this`.
 */
export interface TextCodec {
  /** Bytes to text, one byte a character (ISO 8859-1, and so ASCII too). */
  latin1(bytes: Uint8Array, start: number, end: number): string;
  /** UTF-8 bytes to text; `undefined` where they are not UTF-8 (RFC 3629). A BOM is kept. */
  utf8(bytes: Uint8Array, start: number, end: number): string | undefined;
  /** Whether the bytes are UTF-8 (RFC 3629), where the runtime can tell faster than `Utf8Validator`. */
  isUtf8?(bytes: Uint8Array, start: number, end: number): boolean;
  /** Text to UTF-8 at `at`; a lone surrogate becomes U+FFFD. There must be room for `byteLength(text)`. Returns how many bytes were written. */
  write(text: string, target: Uint8Array, at: number): number;
  /** How many bytes `write` will need for `text`, exactly. */
  byteLength(text: string): number;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Below this, bytes are taken one by one: a native call costs more than it saves. */
const SHORT = 24;
/** `String.fromCharCode` takes its characters as arguments, and engines bound how many. */
const ARGUMENTS = 4096;

/** The portable {@link TextCodec}, of `TextDecoder`, `TextEncoder` and plain loops. */
export const portableText: TextCodec = {
  latin1(bytes, start, end) {
    let text = '';
    for (let at = start; at < end; at += ARGUMENTS) {
      text += String.fromCharCode.apply(
        undefined,
        bytes.subarray(at, Math.min(end, at + ARGUMENTS)) as unknown as number[],
      );
    }
    return text;
  },

  utf8(bytes, start, end) {
    if (end - start < SHORT) {
      let text = '';
      let at = start;
      for (; at < end; at++) {
        const byte = bytes[at]!;
        if (byte >= 0x80) break;
        text += String.fromCharCode(byte);
      }
      if (at === end) return text;
    }
    try {
      return decoder.decode(bytes.subarray(start, end));
    } catch {
      return undefined;
    }
  },

  write(text, target, at) {
    const length = text.length;
    if (length < SHORT) {
      let index = 0;
      for (; index < length; index++) {
        const unit = text.charCodeAt(index);
        if (unit >= 0x80) break;
        target[at + index] = unit;
      }
      if (index === length) return length;
    }
    return encoder.encodeInto(text, target.subarray(at)).written;
  },

  byteLength(text) {
    let bytes = text.length;
    for (let index = 0; index < text.length; index++) {
      const unit = text.charCodeAt(index);
      if (unit < 0x80) continue;
      bytes += unit < 0x800 ? 1 : 2;
      // A surrogate pair is 4 bytes for 2 units; a lone surrogate is U+FFFD, 3 bytes.
      if (unit >= 0xd800 && unit < 0xdc00 && isLowSurrogate(text.charCodeAt(index + 1))) index++;
    }
    return bytes;
  },
};

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}
