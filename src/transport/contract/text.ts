/**
 * The contract's case about text: a runtime's own conversions are the portable ones, only faster.
 *
 * @module
 */
import { portableText, type TextCodec } from '../../bytes/text.ts';
import { type ContractCase, check, same } from './support.ts';

/** Texts and bytes of all sorts: by their length in UTF-8, by what is wrong with them, and where. */
function* samples(): Generator<readonly [text: string, bytes: Uint8Array]> {
  const encoder = new TextEncoder();
  const units = [
    'a',
    'é',
    'ÿ',
    '漢',
    '😀',
    '\ufffd',
    '\ufeff',
    '\0',
    '\ud800',
    '\udc00',
    'ab\ud83d',
    'Grüße 漢字 ',
  ];
  const broken = [
    [0x80],
    [0xc0, 0x80],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0xf0, 0x9f, 0x98],
    [0xff],
  ];
  for (const length of [1, 2, 6, 7, 8, 30, 700, 2047, 2048, 5000]) {
    for (const unit of units) {
      for (const head of ['', 'plain ASCII first ']) {
        const text = head + unit.repeat(length);
        const bytes = encoder.encode(text);
        yield [text, bytes];
        for (const wrong of broken) {
          const [at = 0] = wrong;
          const spot = (at * 7919) % (bytes.length + 1);
          yield [text, Uint8Array.from([...bytes.subarray(0, spot), ...wrong, ...bytes.subarray(spot)])];
        }
      }
    }
  }
}

function compare(codec: TextCodec, text: string, bytes: Uint8Array): void {
  // With strangers on both sides: an offset must not be lost on the way.
  const framed = new Uint8Array(bytes.length + 5).fill(0xc3);
  framed.set(bytes, 3);
  const end = 3 + bytes.length;
  const what = `of ${bytes.length} bytes that start with ${bytes.subarray(0, 8).join(' ')}`;
  check(codec.utf8(framed, 3, end) === portableText.utf8(framed, 3, end), `utf8 reads differently ${what}`);
  check(
    codec.latin1(framed, 3, end) === portableText.latin1(framed, 3, end),
    `latin1 reads differently ${what}`,
  );
  const length = portableText.byteLength(text);
  same(codec.byteLength(text), length, `byteLength ${what}`);
  const mine = new Uint8Array(length + 2).fill(0xee);
  const theirs = mine.slice();
  same(codec.write(text, mine, 2), length, `what write returns ${what}`);
  portableText.write(text, theirs, 2);
  check(
    mine.every((byte, at) => byte === theirs[at]),
    `write writes differently ${what}`,
  );
}

/** Text. */
export const TEXT_CASES: readonly ContractCase[] = [
  {
    name: 'text, where the transport has its own, reads and writes exactly as the portable codec does',
    run: async ({ transport }) => {
      if (transport.text === undefined) return;
      for (const [text, bytes] of samples()) compare(transport.text, text, bytes);
    },
  },
];
