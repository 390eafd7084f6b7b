/**
 * Holds one DEFLATE engine to another, without a test runner, so that it can be done on every runtime.
 *
 * Both inflate the same messages: healthy ones of both and of every kind of block, cut short at every byte, with every byte changed,
 * within budgets that are just too small, whole and in pieces. Output, faults and their offsets must be the same. And each inflates
 * what the other deflates.
 *
 * @module
 */
import type { DeflateEngine, Inflater } from '../../src/deflate/engine.ts';
import { ProtocolError } from '../../src/errors.ts';

/** What went in and what came out, where the two differ; and how much was tried. */
export interface Differences {
  /** Messages inflated by each. */
  readonly tried: number;
  /** Of these, faulty ones. */
  readonly faults: number;
  /** Empty when the two agree. */
  readonly differences: readonly string[];
}

/** What a message comes to, in words that can be compared. */
function verdict(inflater: Inflater, pieces: readonly Uint8Array[], budget: number): string {
  const output = new Digest();
  let left = budget;
  for (const [i, piece] of pieces.entries()) {
    const result = inflater.inflate(piece, i === pieces.length - 1, left);
    if (result instanceof ProtocolError) {
      output.add(inflater.outputBeforeError);
      const again = inflater.inflate(Uint8Array.of(0), true, 100) === result ? '' : ', then something else';
      // How much was left for the piece that failed stands in the message.
      const message = result.message.replace(/more than the \d+ bytes/, 'more than the bytes');
      return `${output}, then ${result.code} at ${result.offset}: ${message}${again}`;
    }
    left -= result.length;
    output.add(result);
  }
  return String(output);
}

/** Enough of some bytes to tell them from others. */
class Digest {
  #length = 0;
  #sum = 0;

  add(bytes: Uint8Array): void {
    this.#length += bytes.length;
    for (let i = 0; i < bytes.length; i++) this.#sum = (Math.imul(this.#sum, 31) + bytes[i]! + 1) | 0;
  }

  toString(): string {
    return `${this.#length} bytes (${this.#sum})`;
  }
}

function hexOf(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

/** Text with some repetition, and some noise. */
function sampleOf(length: number): Uint8Array {
  let state = length + 1;
  return Uint8Array.from({ length }, (_, i) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return i % 97 < 40 ? 97 + (i % 19) : state >>> 28 < 14 ? 97 + (state >>> 27) : state >>> 24;
  });
}

/** Compare them, as servers and clients use them. `reference` is the one that is right. */
export function compareEngines(engine: DeflateEngine, reference: DeflateEngine): Differences {
  const differences: string[] = [];
  let tried = 0;
  let faults = 0;
  const note = (what: string): void => {
    if (differences.length < 20) differences.push(what);
  };
  const inflate = (message: Uint8Array, budget: number, before: readonly Uint8Array[] = []): void => {
    const options = { windowBits: 15, contextTakeover: false };
    const cut = message.length >> 1;
    const results = [engine, reference].flatMap((each) =>
      [[message], [message.subarray(0, cut), message.subarray(cut)]].map((pieces) => {
        const inflater = each.createInflater(options);
        for (const earlier of before) inflater.inflate(earlier, true, 1 << 20);
        return verdict(inflater, pieces, budget);
      }),
    );
    tried++;
    if (results[0]!.includes('then')) faults++;
    if (results.some((each) => each !== results[2]))
      note(`${hexOf(message.subarray(0, 800))} within ${budget}: ${results.join(' | ')}`);
  };

  const messages: Uint8Array[] = [
    // Final blocks: at the end, in the middle, and a stored one that ends where its length would be.
    Uint8Array.of(0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00),
    Uint8Array.of(0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00),
    Uint8Array.of(0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x02, 0x13, 0x00, 0x00),
    Uint8Array.of(0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00),
    Uint8Array.of(0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x01),
    // The output ends with the bytes that an engine might look for.
    Uint8Array.of(0x00, 0x04, 0x00, 0xfb, 0xff, 0x10, 0x00, 0xef, 0xff, 0x00),
    Uint8Array.of(0x00, 0x04, 0x00, 0xfb, 0xff, 0x00, 0x00, 0xff, 0xff, 0x00),
  ];
  for (const make of [engine, reference]) {
    for (const level of [1, 6]) {
      for (const length of [1, 9, 40, 200, 700]) {
        const bytes = sampleOf(length);
        messages.push(
          make.createDeflater({ windowBits: 15, contextTakeover: false, level }).deflate(bytes, true),
        );
      }
    }
  }
  for (const message of messages) {
    inflate(message, 1 << 20);
    inflate(message, 1 << 20, [messages[0]!, message]);
    for (const budget of [0, 1, 39, 40, 199, 200, 699, 700]) inflate(message, budget);
    for (let length = 0; length < message.length; length++) inflate(message.subarray(0, length), 1 << 20);
    const corrupt = message.slice();
    for (let at = 0; at < message.length; at++) {
      for (const flip of [0x01, 0x06, 0x80]) {
        corrupt[at] = message[at]! ^ flip;
        inflate(corrupt, 1000, [messages[0]!]);
      }
      corrupt[at] = message[at]!;
    }
  }
  // Stored blocks that lack their last bytes: any number of these, for whatever is appended.
  for (const final of [0, 1]) {
    for (let lacking = 0; lacking < 80; lacking++) {
      const length = 120;
      const head = [final, length, 0, length ^ 0xff, 0xff];
      inflate(Uint8Array.from([...head, ...sampleOf(length - lacking)]), 1 << 20);
    }
  }
  // Stored blocks that lack part of their length, where what is appended completes it, with a complement that fits.
  for (const one of [0x00, 0x10, 0xef, 0xff]) {
    for (const other of [0x00, 0x10, 0xef, 0xff]) {
      for (const tail of [[one], [one, other], [one, other, one ^ 0xff]]) {
        inflate(Uint8Array.of(0, ...tail), 1000);
        inflate(Uint8Array.of(1, ...tail), 1000);
        // With output before it.
        inflate(Uint8Array.of(0, 4, 0, 0xfb, 0xff, 0x10, 0, 0xef, 0xff, 0, ...tail), 1000);
      }
    }
  }
  // Large ones: the output outgrows what is kept, and the input, too.
  for (const length of [65_519, 65_520, 65_535, 65_536, 65_537, 200_000]) {
    for (const bytes of [sampleOf(length), new Uint8Array(length)]) {
      for (const level of [1, 9]) {
        const options = { windowBits: 15, contextTakeover: false, level };
        const message = engine.createDeflater(options).deflate(bytes, true);
        if (message.length > length + 5 * Math.ceil(length / 16_000) + 16) note(`${length} bytes get longer`);
        for (const each of [engine, reference]) {
          const output = each.createInflater(options).inflate(message, true, length);
          if (output instanceof ProtocolError) note(`${length} bytes, level ${level}: ${output.message}`);
          else if (output.length !== length || !output.every((byte, i) => byte === bytes[i]))
            note(`${length} bytes, level ${level}: something else came out`);
        }
        inflate(message, length - 1);
      }
    }
  }
  return { tried, faults, differences };
}
