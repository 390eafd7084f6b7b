/**
 * What a peer can do wrong, and the exact close code on the wire (RFC 6455 §7.4.1), family by family as Autobahn has them.
 *
 * @module
 */
import { closing, concat, frame, KEY, masked, octets, plain, type WireFrame } from '../../support/wire.ts';
import { check, equal } from '../assert.ts';
import { type BehaviourCase, echo, withServer } from '../env.ts';

type Violation = readonly [name: string, code: number, bytes: Uint8Array, before?: readonly string[]];

const start = (opcode: number, payload: string | Uint8Array = ''): Uint8Array =>
  masked(opcode, payload, { fin: false });
const declared = (opcode: number, length: number | bigint, more: WireFrame = {}): Uint8Array =>
  frame({ opcode, key: KEY, declared: length, ...more });

/** Sequences that are not UTF-8 (Markus Kuhn's stress test, and the gaps of RFC 3629 §4). */
const NOT_UTF8: ReadonlyArray<readonly [name: string, bytes: readonly number[]]> = [
  ['a lone continuation byte', [0x80]],
  ['a byte that never occurs', [0xfe]],
  ['an overlong slash', [0xc0, 0xaf]],
  ['an overlong NUL in 3 bytes', [0xe0, 0x80, 0x80]],
  ['an overlong NUL in 4 bytes', [0xf0, 0x80, 0x80, 0x80]],
  ['a surrogate', [0xed, 0xa0, 0x80]],
  ['a code point beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
  ['a 5-byte sequence', [0xf8, 0x88, 0x80, 0x80, 0x80]],
  ['a sequence that is cut off', [0xe2, 0x82]],
  [
    'a wrong byte after a good start',
    [0xce, 0xba, 0xe1, 0xbd, 0xb9, 0xcf, 0x83, 0xce, 0xbc, 0xce, 0xb5, 0xed, 0xa0, 0x80],
  ],
];

const LIST: readonly Violation[] = [
  // 2: pings and pongs
  ['a ping of 126 bytes', 1002, masked(9, 'x'.repeat(126))],
  ['a pong of 126 bytes', 1002, masked(10, 'x'.repeat(126))],
  // 3: reserved bits
  ...[1, 2, 3, 4, 5, 6, 7].map(
    (rsv) => [`reserved bits ${rsv} on a text`, 1002, masked(1, 'x', { rsv })] as const,
  ),
  ['a reserved bit on a ping', 1002, masked(9, 'x', { rsv: 1 })],
  ['a reserved bit on a close', 1002, masked(8, closing(1000), { rsv: 4 })],
  [
    'a reserved bit behind a good message',
    1002,
    concat([masked(1, 'ok'), masked(1, 'x', { rsv: 4 })]),
    ['text "ok"'],
  ],
  // 4: opcodes
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => [`opcode ${opcode}`, 1002, masked(opcode)] as const),
  // 5: fragments
  ['a ping in fragments', 1002, concat([start(9, 'a'), masked(0, 'b')])],
  ['a pong in fragments', 1002, start(10, 'a')],
  ['a close in fragments', 1002, start(8, closing(1000))],
  ['a continuation of nothing', 1002, masked(0, 'x')],
  ['a continuation of nothing, without FIN', 1002, start(0, 'x')],
  [
    'a continuation behind a message that was complete',
    1002,
    concat([masked(1, 'a'), masked(0, 'b')]),
    ['text "a"'],
  ],
  ['a text inside a text', 1002, concat([start(1, 'a'), masked(1, 'b')])],
  ['a binary inside a text', 1002, concat([start(1, 'a'), start(2, 'b')])],
  [
    'a text inside a binary, behind a ping',
    1002,
    concat([start(2, 'a'), masked(9, 'p'), masked(1, 'b')]),
    ['pong 70'],
  ],
  // 6: UTF-8
  ...NOT_UTF8.map(([name, bytes]) => [`text with ${name}`, 1007, masked(1, Uint8Array.from(bytes))] as const),
  [
    'long text with a wrong byte at its end',
    1007,
    masked(1, Uint8Array.of(...new TextEncoder().encode('€'.repeat(2000)), 0xff)),
  ],
  ['broken text in an unfinished fragment: at once', 1007, start(1, Uint8Array.of(0x61, 0xff))],
  [
    'broken text in an unfinished frame: at once',
    1007,
    declared(1, 100, { payload: Uint8Array.of(0x61, 0xc0) }),
  ],
  [
    'a character that the end of the message cuts',
    1007,
    concat([start(1, octets('€').slice(0, 2)), masked(0)]),
  ],
  // 7: closing
  ['a close frame of one byte', 1002, masked(8, 'x')],
  ['a close frame of 126 bytes', 1002, masked(8, concat([closing(1000), octets('x'.repeat(124))]))],
  ...[0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map(
    (code) => [`close code ${code}`, 1002, masked(8, closing(code))] as const,
  ),
  ['a close reason that is not UTF-8', 1007, masked(8, Uint8Array.of(3, 232, 0xff))],
  // masks and lengths
  ['a frame that is not masked', 1002, plain(1, 'x')],
  ['a ping that is not masked', 1002, plain(9, 'x')],
  ['a length below 126 in 2 bytes', 1002, masked(1, 'x', { lengthBytes: 2 })],
  ['a length below 126 in 8 bytes', 1002, masked(1, 'x', { lengthBytes: 8 })],
  ['a length below 65536 in 8 bytes', 1002, masked(2, 'x'.repeat(300), { lengthBytes: 8 })],
  ['a length of 2^63', 1002, declared(2, 2n ** 63n)],
  ['a length of 2^64 - 1', 1002, declared(2, 2n ** 64n - 1n)],
  // 9: limits
  ['a length of 2^53', 1009, declared(2, 2n ** 53n)],
  ['a length of 2^32', 1009, declared(2, 2n ** 32n)],
  ['a length of one byte too many', 1009, declared(2, 1024 * 1024 + 1)],
  [
    'one byte too many over two fragments',
    1009,
    concat([start(2, new Uint8Array(1000)), declared(0, 1024 * 1024 - 999)]),
  ],
];

/** Violations. */
export const VIOLATIONS: readonly BehaviourCase[] = LIST.map(([name, code, bytes, before = []]) => ({
  name: `violation: ${name} is closed with ${code}, and nothing follows`,
  run: async (env) => {
    await withServer(env, echo, async (running) => {
      const client = await running.socket();
      client.write(bytes, masked(1, 'more'));
      equal(await client.frames(before.length), before, 'what came before');
      const { opcode, payload } = await client.frame();
      equal([opcode, ((payload[0] ?? 0) << 8) | (payload[1] ?? 0)], [8, code], 'close frame');
      check(payload.length > 2 && payload.length <= 125, 'the close frame gives a reason');
      await client.whenEnded();
      equal(client.bytes.length, 0, 'bytes behind the close frame');
      equal(running.errors.length, 1, `errors (${running.errors.join()})`);
      check(running.errors[0]!.startsWith('socket: '), `where it came from: ${running.errors[0]}`);
      client.end();
      await running.empty();
    });
  },
}));
