import {
  encodeFrame,
  type Frame,
  FrameError,
  MessageReader,
  type MessageReaderOptions,
  Opcode,
  type PayloadInflater,
  ProtocolError,
  portableText,
  xor64,
} from 'sansocket/frame';
import { describe, expect, it } from 'vitest';
import { DEFLATE_ERRORS } from '../../../src/errors.ts';
import { concat, DELIVERIES, hex, toHex, utf8 } from '../../support/deliveries.ts';
import { readAll, readChunks } from './support.ts';

const MASK = hex('37fa213d');
const { Text, Binary, Continuation, Ping, Pong, Close } = Opcode;

/** Masked frames behind each other. */
function frames(...list: readonly Frame[]): Uint8Array {
  return concat(list.map((frame) => encodeFrame({ mask: MASK, ...frame })));
}
const server = { role: 'server' } as const;

describe('MessageReader: messages', () => {
  it('gives unfragmented text and binary, empty ones too [RFC 6455 5.6]', () => {
    const stream = frames(
      { opcode: Text, payload: 'Hello' },
      { opcode: Text },
      { opcode: Binary, payload: hex('00ff80') },
      { opcode: Binary },
    );
    expect(readAll(stream, server)).toEqual([
      { text: 'Hello' },
      { text: '' },
      { binary: '00ff80' },
      { binary: '' },
    ]);
  });

  it('joins fragments, empty ones too, with control frames between them [RFC 6455 5.4]', () => {
    const stream = frames(
      { opcode: Text, fin: false },
      { opcode: Ping, payload: 'a' },
      { opcode: Continuation, payload: 'Hel', fin: false },
      { opcode: Pong, payload: 'b' },
      { opcode: Continuation, fin: false },
      { opcode: Continuation, payload: 'lo', fin: false },
      { opcode: Continuation },
      { opcode: Binary, payload: hex('01'), fin: false },
      { opcode: Continuation, payload: hex('02') },
    );
    expect(readAll(stream, server)).toEqual([
      { ping: '61' },
      { pong: '62' },
      { text: 'Hello' },
      { binary: '0102' },
    ]);
  });

  it('takes characters that are cut by fragments [RFC 6455 5.6]', () => {
    const bytes = utf8('aé€😀');
    for (let first = 0; first <= bytes.length; first++) {
      for (let second = first; second <= bytes.length; second++) {
        const stream = frames(
          { opcode: Text, payload: bytes.subarray(0, first), fin: false },
          { opcode: Continuation, payload: bytes.subarray(first, second), fin: false },
          { opcode: Continuation, payload: bytes.subarray(second) },
        );
        expect(readAll(stream, server)).toEqual([{ text: 'aé€😀' }]);
      }
    }
  });

  it('keeps a byte order mark, NUL and noncharacters: they are text', () => {
    const text = '\ufeffa\0\ufffe\u{10ffff}';
    expect(readAll(frames({ opcode: Text, payload: text }), server)).toEqual([{ text }]);
  });

  it.each([125, 126, 127, 128, 65_535, 65_536])('gives %i bytes whole', (length) => {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 7);
    const ascii = 'abcdefg'.repeat(length).slice(0, length);
    const wide = '€'.repeat(length / 3);
    const stream = frames(
      { opcode: Binary, payload: bytes },
      { opcode: Text, payload: ascii },
      { opcode: Text, payload: wide },
    );
    // Byte by byte has its turn with the short ones; here the cuts are a few bytes, and more than a chunk, apart.
    const expected = [{ binary: toHex(bytes) }, { text: ascii }, { text: wide }];
    for (const size of [stream.length, 70_000, 4099, 997]) {
      for (const options of [server, { ...server, native: { xor: xor64 } }]) {
        const chunks: Uint8Array[] = [];
        for (let at = 0; at < stream.length; at += size) chunks.push(stream.slice(at, at + size));
        expect(readChunks(chunks, options)).toEqual(expected);
      }
    }
  });

  it('reads the same in the client role, unmasked', () => {
    const stream = concat([
      encodeFrame({ opcode: Text, payload: 'é', fin: false }),
      encodeFrame({ opcode: Ping }),
      encodeFrame({ opcode: Continuation, payload: 'x'.repeat(300) }),
      encodeFrame({ opcode: Text, payload: 'plain' }),
    ]);
    expect(readAll(stream, { role: 'client' })).toEqual([
      { ping: '' },
      { text: `é${'x'.repeat(300)}` },
      { text: 'plain' },
    ]);
  });

  it('gives text as its bytes with textAsBytes, and validates all the same', () => {
    const options = { ...server, textAsBytes: true };
    const stream = frames(
      { opcode: Text, payload: 'plain' },
      { opcode: Text, payload: 'aé€' },
      { opcode: Text, payload: '😀', fin: false },
      { opcode: Continuation, payload: '!' },
    );
    const expected = [
      { text: toHex(utf8('plain')) },
      { text: toHex(utf8('aé€')) },
      { text: toHex(utf8('😀!')) },
    ];
    expect(readAll(stream, options)).toEqual(expected);
    const bad = frames({ opcode: Text, payload: hex('61 ff') });
    expect(readAll(bad, options)).toEqual([{ error: 'bad-utf8', closeCode: 1007, offset: 7 }]);
  });

  it('position and inMessage say how far it is', () => {
    const reader = new MessageReader(server);
    reader.push(frames({ opcode: Text, payload: 'Hel', fin: false }));
    expect([reader.position, reader.inMessage]).toEqual([0, false]);
    expect(reader.next()).toBeUndefined();
    expect([reader.position, reader.inMessage]).toEqual([9, true]);
    reader.push(frames({ opcode: Continuation, payload: 'lo' }));
    expect(reader.next()).toEqual({ kind: 'text', data: 'Hello' });
    expect([reader.position, reader.inMessage]).toEqual([17, false]);
  });

  it('gives plain Uint8Arrays, whatever subclass the chunks are of', () => {
    const reader = new MessageReader(server);
    reader.push(
      Buffer.from(frames({ opcode: Binary, payload: hex('01') }, { opcode: Ping, payload: hex('02') })),
    );
    const binary = reader.next();
    const ping = reader.next();
    expect(binary?.kind === 'binary' && binary.data.constructor).toBe(Uint8Array);
    expect(ping?.kind === 'ping' && ping.payload.constructor).toBe(Uint8Array);
  });

  it('gives a binary message of one chunk as a view of it, and copies what is lent', () => {
    const bytes = frames({ opcode: Binary, payload: hex('0102') });
    const pushed = new MessageReader(server);
    pushed.push(bytes);
    const view = pushed.next();
    expect(view).toEqual({ kind: 'binary', data: hex('0102') });
    expect(view?.kind === 'binary' && view.data.buffer === bytes.buffer).toBe(true);
    const lent = new MessageReader(server);
    const chunk = frames({ opcode: Binary, payload: hex('0102') });
    lent.lend(chunk);
    const copy = lent.next();
    chunk.fill(0xff);
    expect(copy).toEqual({ kind: 'binary', data: hex('0102') });
  });

  it('is in no message after one that came whole, in one piece or in many', () => {
    for (const options of [{}, { pieces: true }, { textAsBytes: true }]) {
      const reader = new MessageReader({ ...server, ...options });
      const states: boolean[] = [];
      for (const [opcode, fin] of [
        [Text, true],
        [Binary, true],
        [Text, false],
        [Continuation, false],
        [Continuation, true],
      ] as const) {
        reader.push(frames({ opcode, fin, payload: 'ab' }));
        while (reader.next() !== undefined);
        states.push(reader.inMessage);
      }
      expect(states).toEqual([false, false, true, true, false]);
    }
  });

  it('validates each text by its own bytes, where masked and unmasked frames take turns [RFC 6455 5.6]', () => {
    const options = { ...server, allowUnmasked: true };
    const masked = frames({ opcode: Text, payload: 'Hi' });
    const [good, bad] = [hex('8102 c3a4'), hex('8102 c328')];
    expect(readAll(concat([masked, good, masked, good]), options)).toEqual([
      { text: 'Hi' },
      { text: 'ä' },
      { text: 'Hi' },
      { text: 'ä' },
    ]);
    expect(readAll(concat([masked, bad]), options)).toMatchObject([{ text: 'Hi' }, { error: 'bad-utf8' }]);
  });

  it('gives results that it never writes to again', () => {
    const reader = new MessageReader(server);
    const kept: Uint8Array[] = [];
    const stream = frames(
      { opcode: Binary, payload: new Uint8Array(100).fill(1), fin: false },
      { opcode: Continuation, payload: new Uint8Array(5000).fill(1) },
    );
    for (let i = 0; i < 20; i++) {
      for (const chunk of i % 2 === 0 ? [stream.slice()] : [stream.slice(0, 50), stream.slice(50)]) {
        reader.push(chunk);
        for (let event = reader.next(); event !== undefined; event = reader.next()) {
          if (event.kind === 'binary') kept.push(event.data);
        }
      }
    }
    expect(kept).toHaveLength(20);
    for (const data of kept) expect(data).toEqual(new Uint8Array(5100).fill(1));
  });
});

describe('MessageReader: control frames', () => {
  it('gives pings and pongs that come in pieces memory of their own, and says nothing of a close frame before it can', () => {
    const reader = new MessageReader({ role: 'client' });
    const payloads: Uint8Array[] = [];
    for (const byte of hex('89 03 01 02 03 8a 02 ff fe 88 06 03 e8 e2 82 ac 21')) {
      reader.push(Uint8Array.of(byte));
      const event = reader.next();
      if (event?.kind === 'ping' || event?.kind === 'pong') payloads.push(event.payload);
      else if (event !== undefined) expect(event).toEqual({ kind: 'close', code: 1000, reason: '€!' });
    }
    expect(payloads.map(toHex)).toEqual(['010203', 'fffe']);
    expect(reader.next()).toBeUndefined();
  });

  it('gives pings and pongs of up to 125 bytes [RFC 6455 5.5.2, 5.5.3]', () => {
    const full = new Uint8Array(125).fill(0xfe);
    const stream = frames(
      { opcode: Ping, payload: full },
      { opcode: Pong, payload: full },
      { opcode: Ping },
      { opcode: Pong },
    );
    const seen = 'fe'.repeat(125);
    expect(readAll(stream, server)).toEqual([{ ping: seen }, { pong: seen }, { ping: '' }, { pong: '' }]);
  });

  it('keeps each of two control frames that are cut by chunks apart', () => {
    const reader = new MessageReader(server);
    const seen: string[] = [];
    for (const byte of frames({ opcode: Ping, payload: 'one' }, { opcode: Ping, payload: 'two' })) {
      reader.push(Uint8Array.of(byte));
      const event = reader.next();
      if (event?.kind === 'ping') seen.push(new TextDecoder().decode(event.payload));
    }
    expect(seen).toEqual(['one', 'two']);
  });

  it.each(['__proto__', 'constructor', 'hasOwnProperty', 'toString'])(
    'gives a pong with the payload %s like any other [websocket-driver 0.7.4]',
    (payload) => {
      expect(readAll(frames({ opcode: Pong, payload }), server)).toEqual([{ pong: toHex(utf8(payload)) }]);
    },
  );

  it('gives the code and reason of a close frame, also inside a message, and nothing after it [RFC 6455 5.5.1]', () => {
    const stream = frames(
      { opcode: Text, payload: 'a', fin: false },
      { opcode: Close, payload: concat([hex('03e9'), utf8('going é')]) },
      { opcode: Ping },
      { opcode: Continuation },
    );
    expect(readAll(stream, server)).toEqual([{ close: 1001, reason: 'going é' }]);
    expect(readAll(frames({ opcode: Close }, { opcode: Ping }), server)).toEqual([
      { close: 1005, reason: '' },
    ]);
    const reader = new MessageReader(server);
    reader.push(stream);
    expect(reader.next()).toMatchObject({ kind: 'close' });
    reader.push(stream);
    expect(reader.next()).toBeUndefined();
    expect(reader.inMessage).toBe(false);
  });

  it('refuses a close frame that says nothing right [RFC 6455 5.5.1, 7.4]', () => {
    const close = (payload: string): unknown =>
      readAll(frames({ opcode: Close, payload: hex(payload) }), server);
    expect(close('03')).toEqual([{ error: 'bad-close-payload', closeCode: 1002, offset: 6 }]);
    expect(close('03ed')).toEqual([{ error: 'bad-close-code', closeCode: 1002, offset: 6 }]);
    expect(close('03e8 61ff')).toEqual([{ error: 'bad-utf8', closeCode: 1007, offset: 9 }]);
  });
});

describe('MessageReader: the order of frames', () => {
  /** Every way to start and go on: opcode, FIN, emptiness of both. */
  const orders: Array<[first: Frame, second: Frame]> = [];
  for (const firstOpcode of [Text, Binary, Continuation]) {
    for (const firstFin of [false, true]) {
      for (const firstPayload of ['', 'a']) {
        for (const secondOpcode of [Text, Binary, Continuation]) {
          for (const secondFin of [false, true]) {
            for (const secondPayload of ['', 'b']) {
              orders.push([
                { opcode: firstOpcode, fin: firstFin, payload: firstPayload },
                { opcode: secondOpcode, fin: secondFin, payload: secondPayload },
              ]);
            }
          }
        }
      }
    }
  }

  it('judges all 144 pairs of data frames as section 5.4 does [RFC 6455 5.4] [Bun #33010]', () => {
    for (const [first, second] of orders) {
      const stream = frames(first, second);
      const at = encodeFrame({ mask: MASK, ...first }).length;
      const seen = readAll(stream, server);
      const error = seen.find((event) => 'error' in event);
      let expected: { error: string; offset: number } | undefined;
      if (first.opcode === Continuation) expected = { error: 'unexpected-continuation', offset: 0 };
      else if (first.fin && second.opcode === Continuation) {
        expected = { error: 'unexpected-continuation', offset: at };
      } else if (!first.fin && second.opcode !== Continuation) {
        expected = { error: 'interleaved-message', offset: at };
      }
      expect(error, JSON.stringify([first, second])).toEqual(expected && { ...expected, closeCode: 1002 });
    }
  });
});

describe('MessageReader: limits', () => {
  it('refuses a message on its declared length, before a byte of it came [CVE-2016-10542]', () => {
    const reader = new MessageReader(server);
    reader.push(hex('82 ff 0000000000100001 00000000'));
    expect(reader.next()).toMatchObject({ code: 'message-too-big', closeCode: 1009, offset: 0 });
    expect(readChunks([hex('82 ff 0000000000100000 00000000')], server)).toEqual([]);
  });

  it('counts a message over its fragments: limit and one over it, spread over 1 to 20 frames [undici b4c287b38]', () => {
    const limits = { maxMessageBytes: 100 };
    for (let count = 1; count <= 20; count++) {
      for (const total of [100, 101]) {
        const list = Array.from({ length: count }, (_, i): Frame => {
          const from = Math.floor((total * i) / count);
          const to = Math.floor((total * (i + 1)) / count);
          return {
            opcode: i === 0 ? Binary : Continuation,
            fin: i === count - 1,
            payload: new Uint8Array(to - from),
          };
        });
        const lastAt = frames(...list.slice(0, -1)).length;
        const expected =
          total === 100
            ? [{ binary: '00'.repeat(100) }]
            : [{ error: 'message-too-big', closeCode: 1009, offset: lastAt }];
        expect(readAll(frames(...list), { ...server, limits })).toEqual(expected);
      }
    }
  });

  it('does not count control frames, and starts again with each message', () => {
    const limits = { maxMessageBytes: 3, maxFragments: 2 };
    const list: Frame[] = [];
    for (let i = 0; i < 5; i++) {
      list.push({ opcode: Text, fin: false, payload: 'ab' });
      list.push({ opcode: Ping, payload: 'more than three' });
      list.push({ opcode: Continuation, payload: 'c' });
    }
    const one = [{ ping: toHex(utf8('more than three')) }, { text: 'abc' }];
    expect(readAll(frames(...list), { ...server, limits })).toEqual([...one, ...one, ...one, ...one, ...one]);
  });

  it('counts empty frames too: one more than the limit is 1008 [ws #2329] [CVE-2026-48779]', () => {
    for (const payload of ['', 'x']) {
      const list: Frame[] = [{ opcode: Text, fin: false, payload }];
      for (let i = 0; i < 9; i++) list.push({ opcode: Continuation, fin: false, payload });
      const offset = frames(...list).length;
      list.push({ opcode: Continuation, fin: true, payload });
      expect(readAll(frames(...list), { ...server, limits: { maxFragments: 10 } })).toEqual([
        { error: 'too-many-fragments', closeCode: 1008, offset },
      ]);
      expect(readAll(frames(...list), { ...server, limits: { maxFragments: 11 } })).toEqual([
        { text: payload.repeat(11) },
      ]);
    }
  });

  it('takes Infinity for no limit', () => {
    const limits = { maxMessageBytes: Number.POSITIVE_INFINITY, maxFragments: Number.POSITIVE_INFINITY };
    expect(readChunks([hex('82 ff 001fffffffffffff 00000000')], { ...server, limits })).toEqual([]);
  });

  it('says the limit and what came, and where to set it', () => {
    const reader = new MessageReader({ ...server, limits: { maxMessageBytes: 5 } });
    reader.push(frames({ opcode: Text, payload: '123456' }));
    expect(reader.next()).toMatchObject({
      message:
        'Cannot read message: a message has at least 6 bytes, expected at most 5 (limits.maxMessageBytes)',
      rule: 'limits.maxMessageBytes',
    });
  });
});

describe('MessageReader: text longer than a string can be', () => {
  // Half a GiB on V8: the codec says here what the runtime says there.
  const text = {
    ...portableText,
    latin1(): string {
      throw new RangeError('Invalid string length');
    },
    utf8: () => undefined,
  };

  it.each([
    ['in one frame', [encodeFrame({ opcode: Opcode.Text, payload: 'é'.repeat(50) })], 3],
    ['in one masked frame of ASCII', [encodeFrame({ opcode: Opcode.Text, payload: 'e', mask: true })], 3],
    [
      'in fragments',
      [
        encodeFrame({ opcode: Opcode.Text, payload: 'a', fin: false }),
        encodeFrame({ opcode: Opcode.Continuation, payload: 'b' }),
      ],
      6,
    ],
  ])('is too big, and never throws: %s [RFC 6455 7.4.1]', (_, frames, offset) => {
    const reader = new MessageReader({ text, limits: { maxMessageBytes: Number.POSITIVE_INFINITY } });
    reader.push(concat([hex('8a 01 78'), ...frames]));
    expect(reader.next()).toMatchObject({ kind: 'pong' });
    expect(reader.next()).toMatchObject({ code: 'message-too-big', closeCode: 1009, offset });
    expect(reader.next()).toBeUndefined();
  });

  it('in one piece, of a message in pieces, too', () => {
    const reader = new MessageReader({ text, pieces: true });
    reader.push(hex('01 02 61 62 80 01 63'));
    expect(reader.next()).toMatchObject({ code: 'message-too-big', closeCode: 1009, offset: 0 });
    expect(reader.next()).toBeUndefined();
  });

  it('is nothing that hides the fault of a codec', () => {
    const broken = {
      ...text,
      latin1() {
        throw new TypeError('broken');
      },
    };
    const reader = new MessageReader({ text: broken });
    reader.push(encodeFrame({ opcode: Opcode.Text, payload: 'e', mask: true }));
    expect(() => reader.next()).toThrow('broken');
  });

  it('is bad-utf8 all the same where it is not UTF-8', () => {
    const reader = new MessageReader({ text });
    reader.push(hex('81 03 61 ff 61'));
    expect(reader.next()).toMatchObject({ code: 'bad-utf8', offset: 3 });
  });
});

describe('MessageReader: UTF-8, as it arrives', () => {
  /** After how many bytes of the stream, one by one, the error comes. */
  function failsAfter(stream: Uint8Array, options: MessageReaderOptions): number {
    const reader = new MessageReader(options);
    for (let i = 0; i < stream.length; i++) {
      reader.push(stream.slice(i, i + 1));
      const event = reader.next();
      if (event?.kind === 'error') return i + 1;
    }
    return -1;
  }

  it('fails on the bad byte, inside an unfinished frame of an unfinished message [RFC 6455 8.1] [Autobahn 6.4]', () => {
    const good = utf8('κόσμε');
    const stream = frames(
      { opcode: Text, payload: good, fin: false },
      { opcode: Continuation, payload: concat([good, hex('f4 90'), good]), fin: false },
    );
    const offset = 6 + good.length + 6 + good.length + 1;
    for (const options of [server, { ...server, pieces: true }, { ...server, textAsBytes: true }]) {
      expect(failsAfter(stream, options)).toBe(offset + 1);
      expect(readAll(stream, options).at(-1)).toEqual({ error: 'bad-utf8', closeCode: 1007, offset });
    }
  });

  it('fails on the last byte when the text ends inside a character', () => {
    for (const part of ['c3', 'e2 82', 'f0 9f 98']) {
      const stream = frames({ opcode: Text, payload: concat([utf8('ab'), hex(part)]) });
      expect(readAll(stream, server)).toEqual([
        { error: 'bad-utf8', closeCode: 1007, offset: stream.length },
      ]);
      const split = frames(
        { opcode: Text, payload: concat([utf8('ab'), hex(part)]), fin: false },
        { opcode: Continuation },
      );
      expect(readAll(split, server)).toEqual([{ error: 'bad-utf8', closeCode: 1007, offset: split.length }]);
    }
  });

  it.each([{ textAsBytes: true }, { pieces: true }, { pieces: true, textAsBytes: true }, {}])(
    'fails when the text ends inside a character, in one frame and in many, with %j [RFC 6455 8.1]',
    (options) => {
      const whole = frames({ opcode: Text, payload: hex('61e282') });
      const cut = frames(
        { opcode: Text, fin: false, payload: hex('61') },
        { opcode: Continuation, fin: false, payload: hex('e2') },
        { opcode: Continuation, payload: hex('82') },
      );
      const empty = frames({ opcode: Text, fin: false, payload: hex('61e282') }, { opcode: Continuation });
      for (const bytes of [whole, cut, empty]) {
        expect(readAll(bytes, { ...server, ...options }).at(-1)).toEqual({
          error: 'bad-utf8',
          closeCode: 1007,
          offset: bytes.length,
        });
      }
    },
  );

  it('looks at text that is lent, to be given as bytes, as at any other [RFC 6455 8.1]', () => {
    for (const [payload, expected] of [
      ['c3a4', { kind: 'text', data: hex('c3a4') }],
      ['6162', { kind: 'text', data: hex('6162') }],
      ['c328', { kind: 'error', code: 'bad-utf8' }],
    ] as const) {
      for (const before of ['', '8101 61']) {
        const reader = new MessageReader({ ...server, allowUnmasked: true, textAsBytes: true });
        const chunk = concat([hex(before), frames({ opcode: Text, payload: hex(payload) })]);
        reader.lend(chunk);
        if (before !== '') reader.next();
        const event = reader.next();
        reader.keep();
        chunk.fill(0xff);
        expect(event).toMatchObject(expected);
      }
    }
  });

  it('does not look at binary messages and pings', () => {
    const stream = frames({ opcode: Binary, payload: hex('ff') }, { opcode: Ping, payload: hex('ff') });
    expect(readAll(stream, server)).toEqual([{ binary: 'ff' }, { ping: 'ff' }]);
  });

  it('starts each text anew, whatever came before', () => {
    const stream = frames(
      { opcode: Text, payload: 'é', fin: false },
      { opcode: Continuation, payload: 'é' },
      { opcode: Text, fin: false },
      { opcode: Continuation, payload: hex('a9') },
    );
    expect(readAll(stream, server).at(-1)).toMatchObject({ error: 'bad-utf8', offset: stream.length - 1 });
  });

  it('finds the same byte with a codec that can check natively', () => {
    let asked = 0;
    const text = {
      ...portableText,
      isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
        asked++;
        return portableText.utf8(bytes, start, end) !== undefined;
      },
    };
    for (const options of [{}, { textAsBytes: true }, { pieces: true }]) {
      for (const bad of ['', 'ff', 'e2 82', 'e2 82 41']) {
        const payload = concat([utf8('€'.repeat(100)), hex(bad), utf8('€'.repeat(100))]);
        const stream = frames(
          { opcode: Text, payload, fin: false },
          { opcode: Continuation, payload: utf8('é'.repeat(80)) },
          { opcode: Text, payload },
        );
        expect(readAll(stream, { ...server, ...options, text })).toEqual(
          readAll(stream, { ...server, ...options }),
        );
      }
    }
    expect(asked).toBeGreaterThan(0);
  });
});

describe('MessageReader: pieces', () => {
  const options = { ...server, pieces: true };

  it('gives messages as they arrive, whole characters each time', () => {
    const reader = new MessageReader(options);
    const seen: unknown[] = [];
    const stream = frames({ opcode: Text, payload: 'a€b' });
    for (const byte of stream) {
      reader.push(Uint8Array.of(byte));
      for (let event = reader.next(); event !== undefined; event = reader.next()) seen.push(event);
    }
    const piece = { kind: 'piece', type: 'text' };
    expect(seen).toEqual([
      { ...piece, data: 'a', first: true, last: false },
      { ...piece, data: '€', first: false, last: false },
      { ...piece, data: 'b', first: false, last: true },
    ]);
  });

  it('comes to the same as whole messages, in every delivery', () => {
    const stream = frames(
      { opcode: Text, payload: 'aé', fin: false },
      { opcode: Ping, payload: 'p' },
      { opcode: Continuation, payload: '€😀' },
      { opcode: Text },
      { opcode: Binary, fin: false },
      { opcode: Continuation, payload: hex('0102'), fin: false },
      { opcode: Continuation },
      { opcode: Close },
    );
    expect(readAll(stream, options)).toEqual([
      { pieces: 'text', data: 'aé€😀', complete: true },
      { ping: '70' },
      { pieces: 'text', data: '', complete: true },
      { pieces: 'binary', data: '0102', complete: true },
      { close: 1005, reason: '' },
    ]);
  });

  it('gives the good part of a bad piece first, so that the cut makes no difference', () => {
    const stream = frames(
      { opcode: Text, payload: 'a', fin: false },
      { opcode: Continuation, payload: concat([utf8('bc€'), hex('e2 82 ff')]) },
    );
    const fault = { error: 'bad-utf8', closeCode: 1007, offset: stream.length - 1 };
    expect(readAll(stream, options)).toEqual([{ pieces: 'text', data: 'abc€', complete: false }, fault]);
    expect(readAll(stream, { ...options, textAsBytes: true })).toEqual([
      { pieces: 'text', data: `${toHex(utf8('abc€'))}e282`, complete: false },
      fault,
    ]);
    const reader = new MessageReader(options);
    reader.push(stream);
    while (reader.next()?.kind === 'piece');
    reader.push(stream);
    expect(reader.next()).toBeUndefined();
  });

  it('gives the error at once when there is no good part', () => {
    const stream = frames({ opcode: Text, payload: hex('ff') });
    expect(readAll(stream, options)).toEqual([{ error: 'bad-utf8', closeCode: 1007, offset: 6 }]);
  });

  it('keeps nothing: a message far over what fits in memory goes through, within its limit', () => {
    const reader = new MessageReader({
      ...server,
      pieces: true,
      limits: { maxMessageBytes: 2 ** 40 },
    });
    reader.push(hex('82 ff 000000ffffffffff 00000000'));
    const chunk = new Uint8Array(65_536);
    let seen = 0;
    for (let i = 0; i < 1000; i++) {
      reader.push(chunk);
      const event = reader.next();
      if (event?.kind === 'piece') seen += event.data.length;
    }
    expect(seen).toBe(65_536_000);
  });
});

describe('MessageReader: compressed messages', () => {
  /** "Inflates" each byte to itself twice; 0xee is corrupt, and the message must end with 0x00. */
  class Doubler implements PayloadInflater {
    outputBeforeError: Uint8Array | undefined = undefined;
    #lastByte = -1;
    constructor(reports: boolean) {
      if (!reports) Object.defineProperty(this, 'outputBeforeError', { get: () => undefined, set() {} });
    }
    inflate(bytes: Uint8Array, last: boolean, maxBytes: number): Uint8Array | ProtocolError {
      const out: number[] = [];
      const fail = (code: keyof typeof DEFLATE_ERRORS): ProtocolError => {
        this.outputBeforeError = Uint8Array.from(out);
        return new ProtocolError(code, DEFLATE_ERRORS[code], 'Cannot inflate', 0);
      };
      for (const byte of bytes) {
        if (byte === 0xee) return fail('bad-deflate');
        this.#lastByte = byte;
        if (byte === 0) continue;
        if (out.length + 2 > maxBytes) return fail('inflated-too-big');
        out.push(byte, byte);
      }
      return last && this.#lastByte !== 0 ? fail('bad-deflate') : Uint8Array.from(out);
    }
  }
  const withDoubler =
    (more: MessageReaderOptions = {}) =>
    (): MessageReaderOptions => ({
      ...server,
      ...more,
      inflater: new Doubler(true),
    });

  it.each([false, true])(
    'decodes and validates what came out of one frame, textAsBytes %j [RFC 6455 8.1]',
    (textAsBytes) => {
      const inflater = { inflate: (bytes: Uint8Array) => bytes.slice() };
      for (const [payload, expected] of [
        ['c3a4', { kind: 'text', data: textAsBytes ? hex('c3a4') : 'ä' }],
        ['c328', { kind: 'error', code: 'bad-utf8' }],
      ] as const) {
        const reader = new MessageReader({ ...server, inflater, textAsBytes });
        reader.push(frames({ opcode: Text, rsv: 0x40, payload: hex(payload) }));
        expect(reader.next()).toMatchObject(expected);
        expect(reader.inMessage).toBe(false);
      }
    },
  );

  it.each([
    ['whole', { pieces: false }],
    ['in pieces', { pieces: true }],
  ] as const)('keeps no output that was lent to it, %s', (_what, options) => {
    // Long enough to be kept as they are.
    const texts = ['a', 'b', 'c'].map((letter) => letter.repeat(5000));
    const scratch = new Uint8Array(5000);
    const inflater = {
      inflate: (bytes: Uint8Array, _last: boolean, _maxBytes: number, lent = false) => {
        scratch.fill(0x78);
        scratch.set(bytes);
        return lent ? scratch.subarray(0, bytes.length) : bytes.slice();
      },
    };
    const given = (textAsBytes: boolean, opcode: Opcode): string => {
      const reader = new MessageReader({ ...server, ...options, inflater, textAsBytes });
      const stream = frames(
        { opcode, rsv: 0x40, fin: false, payload: texts[0]! },
        { opcode: Continuation, payload: texts[1]! },
        { opcode, rsv: 0x40, payload: texts[2]! },
      );
      const data: Array<string | Uint8Array> = [];
      reader.push(stream);
      for (let event = reader.next(); event !== undefined; event = reader.next()) {
        if ('data' in event) data.push(event.data);
      }
      return data.map((each) => (typeof each === 'string' ? each : new TextDecoder().decode(each))).join('');
    };
    const expected = texts.join('');
    expect(given(false, Text) === expected).toBe(true);
    expect(given(true, Text) === expected).toBe(true);
    expect(given(false, Binary) === expected).toBe(true);
  });

  it('goes on where a step of a long piece inflates to nothing', () => {
    const given: number[] = [];
    const inflater = {
      inflate(bytes: Uint8Array, last: boolean): Uint8Array {
        given.push(bytes.length);
        return last ? Uint8Array.of(7) : new Uint8Array(0);
      },
    };
    const limits = { maxMessageBytes: 2 ** 24 };
    const reader = new MessageReader({ role: 'client', limits, inflater, pieces: true });
    reader.push(encodeFrame({ opcode: Binary, rsv: 0x40, payload: new Uint8Array(2005) }));
    expect(reader.next()).toMatchObject({ kind: 'piece', data: Uint8Array.of(7), last: true });
    expect(given).toEqual([1000, 1000, 5]);
    expect(reader.next()).toBeUndefined();
  });

  it('refuses RSV1 without an inflater, on any data frame [RFC 6455 5.2]', () => {
    expect(readAll(frames({ opcode: Text, rsv: 0x40 }), server)).toEqual([
      { error: 'reserved-bit', closeCode: 1002, offset: 0 },
    ]);
  });

  it('inflates messages with RSV1 and leaves the others alone [RFC 7692 6]', () => {
    const stream = frames(
      { opcode: Text, rsv: 0x40, payload: 'ab\0' },
      { opcode: Text, payload: 'ab' },
      { opcode: Binary, rsv: 0x40, payload: hex('01'), fin: false },
      { opcode: Ping },
      { opcode: Continuation, payload: hex('0200') },
      { opcode: Text, rsv: 0x40, payload: '\0' },
    );
    expect(readAll(stream, withDoubler())).toEqual([
      { text: 'aabb' },
      { text: 'ab' },
      { ping: '' },
      { binary: '01010202' },
      { text: '' },
    ]);
    expect(readAll(stream, withDoubler({ pieces: true }))).toEqual([
      { pieces: 'text', data: 'aabb', complete: true },
      { pieces: 'text', data: 'ab', complete: true },
      { pieces: 'binary', data: '01010202', complete: true },
      { ping: '' },
      { pieces: 'text', data: '', complete: true },
    ]);
  });

  it('refuses RSV1 on a continuation frame, of compressed messages and others [RFC 7692 6] [python-websockets f729dc4f]', () => {
    for (const rsv of [0, 0x40]) {
      const first: Frame = { opcode: Text, rsv, payload: 'a\0', fin: false };
      const stream = frames(first, { opcode: Continuation, rsv: 0x40, payload: 'b\0' });
      expect(readAll(stream, withDoubler())).toEqual([{ error: 'reserved-bit', closeCode: 1002, offset: 8 }]);
    }
  });

  it('refuses RSV1 on a control frame, and RSV2 and RSV3 everywhere', () => {
    for (const frame of ['c980', '9180', 'a180', 'd180', 'f180']) {
      expect(readAll(hex(`${frame} 00000000`), withDoubler())).toEqual([
        { error: 'reserved-bit', closeCode: 1002, offset: 0 },
      ]);
    }
  });

  it('holds the limit after inflating, in one frame and in many [CVE-2026-1526] [CVE-2018-1000518]', () => {
    const limits = { maxMessageBytes: 10 };
    const fault = { error: 'inflated-too-big', closeCode: 1009, offset: 0 };
    expect(
      readAll(frames({ opcode: Binary, rsv: 0x40, payload: 'abcde\0' }), withDoubler({ limits })),
    ).toHaveLength(1);
    const one = frames({ opcode: Binary, rsv: 0x40, payload: 'abcdef\0' });
    const many = frames(
      { opcode: Binary, rsv: 0x40, payload: 'abc', fin: false },
      { opcode: Continuation, payload: 'def\0' },
      { opcode: Ping },
    );
    expect(readAll(one, withDoubler({ limits }))).toEqual([fault]);
    expect(readAll(many, withDoubler({ limits }))).toEqual([fault]);
  });

  it('says one error and nothing after it, though more is to come [ws #2285]', () => {
    const reader = new MessageReader(withDoubler({ limits: { maxMessageBytes: 2 } })());
    reader.push(frames({ opcode: Binary, rsv: 0x40, payload: 'abcdef\xee' }, { opcode: Ping }));
    expect(reader.next()).toMatchObject({ code: 'inflated-too-big', closeCode: 1009 });
    expect(reader.next()).toBeUndefined();
    reader.push(hex('ee'));
    expect(reader.next()).toBeUndefined();
  });

  it('passes the error of the inflater on', () => {
    const stream = frames({ opcode: Binary, rsv: 0x40, payload: hex('01ee') });
    expect(readAll(stream, withDoubler())).toEqual([{ error: 'bad-deflate', closeCode: 1007, offset: 0 }]);
    expect(readAll(frames({ opcode: Text, rsv: 0x40, payload: 'a' }), withDoubler())).toEqual([
      { error: 'bad-deflate', closeCode: 1007, offset: 0 },
    ]);
  });

  it('lets the first fault win, whatever is behind it in the same chunk', () => {
    // 0xc3 twice is no UTF-8; the corrupt byte comes later.
    const stream = frames({ opcode: Text, rsv: 0x40, payload: hex('61 c3 62 ee') });
    const fault = { error: 'bad-utf8', closeCode: 1007, offset: 6 };
    expect(readAll(stream, withDoubler())).toEqual([fault]);
    expect(readAll(stream, withDoubler({ pieces: true }))).toEqual([
      { pieces: 'text', data: 'aa', complete: false },
      fault,
    ]);
    // Without a report of what came before, the error itself is still right.
    expect(readChunks([stream], { ...server, inflater: new Doubler(false) })).toEqual([
      { error: 'bad-deflate', closeCode: 1007, offset: 0 },
    ]);
  });

  it('gives what was inflated before a fault as a piece', () => {
    const stream = frames({ opcode: Binary, rsv: 0x40, payload: hex('0102ee') });
    expect(readAll(stream, withDoubler({ pieces: true }))).toEqual([
      { pieces: 'binary', data: '01010202', complete: false },
      { error: 'bad-deflate', closeCode: 1007, offset: 0 },
    ]);
  });

  it('validates inflated text, and points to the frame that it came in [RFC 6455 8.1]', () => {
    const stream = frames(
      { opcode: Text, rsv: 0x40, payload: 'a', fin: false },
      { opcode: Continuation, payload: hex('c300') },
    );
    expect(readAll(stream, withDoubler())).toEqual([{ error: 'bad-utf8', closeCode: 1007, offset: 13 }]);
  });
});

describe('MessageReader: what the caller gets wrong', () => {
  it.each([
    ['an option that does not exist', { roel: 'server' }],
    ['RSV bits, which follow from the inflater', { allowedRsv: 0x40 }],
    ['a role that does not exist', { role: 'proxy' }],
    ['a limit that does not exist', { limits: { maxPayload: 1 } }],
    ['an inflater that cannot inflate', { inflater: {} }],
    ['an inflater that is null', { inflater: null }],
    ['text that is no codec', { text: true }],
    ['a switch that is no boolean', { pieces: 1 }],
    ['another switch that is no boolean', { textAsBytes: 'no' }],
    ['a leniency that is no boolean', { allowUnmasked: 'yes' }],
    ['no object', 'server'],
  ])('throws for %s', (_, options) => {
    expect(() => new MessageReader(options as MessageReaderOptions)).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'bad-option' }),
    );
  });

  it('throws for a limit that is no limit', () => {
    for (const maxMessageBytes of [0, -1, 1.5, Number.NaN]) {
      expect(() => new MessageReader({ limits: { maxMessageBytes } })).toThrow(
        expect.objectContaining({ name: 'RangeError', code: 'bad-option' }),
      );
    }
  });

  it('throws for a chunk that is no Uint8Array', () => {
    expect(() => new MessageReader().push('81' as unknown as Uint8Array)).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'bad-argument' }),
    );
  });

  it('gives errors that are FrameErrors and ProtocolErrors, and never throws them', () => {
    for (const [, deliver] of DELIVERIES) {
      const reader = new MessageReader(server);
      for (const chunk of deliver(hex('8100'))) reader.push(chunk);
      const error = reader.next();
      expect(error).toBeInstanceOf(FrameError);
      expect(error).toBeInstanceOf(ProtocolError);
    }
  });
});
