/**
 * Base64 with the standard alphabet and padding (RFC 4648 §4).
 *
 * Owns: both directions, and the test of a text's form. Does not own: base64url, line breaks, data URLs.
 *
 * @module
 */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
/** `=`, which fills the last group of four. */
const PAD = 0x3d;
/** In {@link VALUES}: not a character of the alphabet. */
const NONE = 0xff;

/** For each value of 6 bits, its character. */
const CODES: Uint8Array = /* @__PURE__ */ codes();
/** For each byte, the 6 bits that it stands for, or {@link NONE}. */
const VALUES: Uint8Array = /* @__PURE__ */ values();

function codes(): Uint8Array {
  return Uint8Array.from(ALPHABET, (character) => character.charCodeAt(0));
}

function values(): Uint8Array {
  const table = new Uint8Array(256).fill(NONE);
  for (let value = 0; value < ALPHABET.length; value++) table[ALPHABET.charCodeAt(value)] = value;
  return table;
}

/** Whether the UTF-16 unit is a character of the alphabet; `=` is not. */
export function isBase64Unit(unit: number): boolean {
  return unit < 256 && VALUES[unit] !== NONE;
}

/**
 * Bytes to base64.
 *
 * @param bytes Any length; only read.
 * @returns Four characters for every three bytes, the last four filled up with `=`.
 */
export function encodeBase64(bytes: Uint8Array): string {
  const length = bytes.length;
  let text = '';
  let i = 0;
  // Four characters a call: one by one, and all at once by `apply`, both took longer (Node 20, 20 bytes).
  for (; i + 2 < length; i += 3) {
    const group = (bytes[i]! << 16) | (bytes[i + 1]! << 8) | bytes[i + 2]!;
    text += String.fromCharCode(
      CODES[group >>> 18]!,
      CODES[(group >>> 12) & 63]!,
      CODES[(group >>> 6) & 63]!,
      CODES[group & 63]!,
    );
  }
  if (i < length) {
    const two = i + 1 < length;
    const group = (bytes[i]! << 16) | (two ? bytes[i + 1]! << 8 : 0);
    text += String.fromCharCode(
      CODES[group >>> 18]!,
      CODES[(group >>> 12) & 63]!,
      two ? CODES[(group >>> 6) & 63]! : PAD,
      PAD,
    );
  }
  return text;
}

/**
 * Base64 to bytes, strictly.
 *
 * @param text Groups of four characters; no white space, no character outside of the alphabet, `=` only where
 *   it belongs, and no bit set that no byte takes (RFC 4648 §3.5), so that each text has one meaning and each
 *   meaning one text.
 * @returns The bytes, new; `undefined` for any other text.
 */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  const length = text.length;
  if (length % 4 !== 0) return undefined;
  let pads = 0;
  while (pads < 2 && text.charCodeAt(length - 1 - pads) === PAD) pads++;

  const bytes = new Uint8Array((length / 4) * 3 - pads);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (let i = 0; i < length - pads; i++) {
    const unit = text.charCodeAt(i);
    if (!isBase64Unit(unit)) return undefined;
    held = (held << 6) | VALUES[unit]!;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = held >>> bits;
      held &= (1 << bits) - 1;
    }
  }
  return held === 0 ? bytes : undefined;
}
