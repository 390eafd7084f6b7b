/**
 * Mutations: from an input that leads somewhere to one that may lead further.
 *
 * @module
 */

/** Random numbers that a seed decides: mulberry32. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** A whole number from 0 up to, and not including, `end`. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % end;
  }

  /** One of them. */
  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }
}

/** Bytes at which parsers turn. */
const BYTES = [
  0, 1, 9, 10, 13, 32, 34, 44, 58, 59, 61, 92, 125, 126, 127, 128, 129, 136, 137, 138, 193, 254, 255,
];
/** Numbers at which lengths turn. */
const NUMBERS = [0, 1, 125, 126, 127, 128, 255, 256, 65_535, 65_536, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
/** The same, as people write them. */
const DIGITS = [
  '0',
  '1',
  '-1',
  '+1',
  '00',
  '0x1',
  'a',
  'F',
  '15',
  '16',
  '4294967296',
  '9007199254740993',
  '1e3',
  ' 1',
  '1 ',
];

/**
 * Change an input in one to some places. The control bytes in front are changed as all others, a little more often.
 *
 * @param others Inputs to take parts from.
 * @param words Words of the protocol.
 * @param maxBytes The result is not longer.
 */
export function mutate(
  random: Random,
  input: Uint8Array,
  others: ReadonlyArray<Uint8Array>,
  words: readonly string[],
  maxBytes: number,
): Uint8Array {
  let bytes: Uint8Array = input.slice();
  const times = 1 << random.below(4);
  for (let i = 0; i < times; i++) bytes = once(random, bytes, others, words);
  return bytes.length > maxBytes ? bytes.slice(0, maxBytes) : bytes;
}

function once(
  random: Random,
  bytes: Uint8Array,
  others: ReadonlyArray<Uint8Array>,
  words: readonly string[],
): Uint8Array {
  if (bytes.length === 0) return Uint8Array.of(random.below(256));
  const at = random.below(bytes.length);
  const some = 1 + random.below(Math.min(bytes.length - at, 1 << random.below(8)));
  switch (random.below(13)) {
    case 0:
      bytes[at]! ^= 1 << random.below(8);
      return bytes;
    case 1:
      bytes[at] = random.below(256);
      return bytes;
    case 2:
      bytes[at] = random.pick(BYTES);
      return bytes;
    case 3:
      bytes[at] = bytes[at]! + random.below(9) - 4;
      return bytes;
    case 4: {
      const number = random.pick(NUMBERS);
      const size = random.pick([2, 4, 8]);
      for (let i = 0; i < size && at + i < bytes.length; i++) {
        const shift = 8 * (size - 1 - i);
        bytes[at + i] = shift > 31 ? 0 : number >>> shift;
      }
      return bytes;
    }
    case 5:
      return splice(bytes, at, some, EMPTY);
    case 6:
      return splice(bytes, at, 0, bytes.slice(at, at + some));
    case 7:
      return splice(bytes, at, 0, latin1(random.pick(words.length === 0 ? DIGITS : words)));
    case 8:
      return splice(bytes, at, some, latin1(random.pick(words.length === 0 ? DIGITS : words)));
    case 9:
      return splice(bytes, at, some, latin1(random.pick(DIGITS)));
    case 10: {
      // A part of another one.
      const other = random.pick(others);
      const from = random.below(other.length + 1);
      return splice(
        bytes,
        at,
        random.below(2) === 0 ? 0 : some,
        other.subarray(from, from + 1 + random.below(64)),
      );
    }
    case 11: {
      // The front of this one, the rest of another.
      const other = random.pick(others);
      return splice(bytes, at, bytes.length - at, other.subarray(random.below(other.length + 1)));
    }
    default:
      bytes[random.below(Math.min(3, bytes.length))] = random.below(256);
      return bytes;
  }
}

const EMPTY = new Uint8Array(0);

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function splice(bytes: Uint8Array, at: number, remove: number, insert: Uint8Array): Uint8Array {
  const whole = new Uint8Array(bytes.length - remove + insert.length);
  whole.set(bytes.subarray(0, at));
  whole.set(insert, at);
  whole.set(bytes.subarray(at + remove), at + insert.length);
  return whole;
}
