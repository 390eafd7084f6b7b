import {
  encodeClose,
  encodeFrame,
  FrameWriter,
  MessageReader,
  MessageWriter,
  Opcode,
  Output,
  PreparedMessage,
  portableText,
  Slab,
  type WriterOptions,
  xor64,
} from 'sansocket/frame';
import { describe, expect, it } from 'vitest';
import { concat, hex, toHex, utf8 } from '../../support/deliveries.ts';
import { readAll } from './support.ts';

const server = { role: 'server' } as const;
const type = expect.objectContaining({ name: 'TypeError', code: 'bad-argument' });
const state = expect.objectContaining({ name: 'TypeError', code: 'bad-state' });
const option = expect.objectContaining({ name: 'TypeError', code: 'bad-option' });

describe('MessageWriter', () => {
  it('writes whole messages, unmasked as a server [RFC 6455 5.1]', () => {
    const writer = new MessageWriter(server);
    expect(toHex(writer.text('Hello'))).toBe('810548656c6c6f');
    expect(toHex(writer.binary(hex('0102')))).toBe('82020102');
    expect(toHex(writer.text(''))).toBe('8100');
    expect(toHex(writer.binary(new ArrayBuffer(0)))).toBe('8200');
  });

  it('masks every frame with a new key as a client [RFC 6455 5.3, 10.3]', () => {
    let next = 0;
    const writer = new MessageWriter({ role: 'client', random: (bytes) => bytes.map(() => next++) });
    expect(toHex(writer.text('Hello'))).toBe(
      toHex(encodeFrame({ opcode: Opcode.Text, payload: 'Hello', mask: hex('00010203') })),
    );
    expect(toHex(writer.ping())).toBe('898004050607');
    const secure = new MessageWriter({ role: 'client' });
    const keys = new Set(
      Array.from({ length: 100 }, () => toHex(secure.binary(new Uint8Array(0)).subarray(2))),
    );
    expect(keys.size).toBeGreaterThan(95);
  });

  it('ends the message where options do not say whether', () => {
    const writer = new MessageWriter(server);
    expect(toHex(writer.text('a', {}))).toBe('810161');
    expect(toHex(writer.binary(hex('01'), { fin: undefined }))).toBe('820101');
  });

  it('writes fragments with control frames between [RFC 6455 5.4]', () => {
    const writer = new MessageWriter(server);
    const stream = concat([
      writer.text('Hel', { fin: false }),
      writer.ping('?'),
      writer.continue('', { fin: false }),
      writer.pong(hex('21')),
      writer.continue('lo'),
      writer.binary(hex('01'), { fin: false }),
      writer.continue(hex('02'), { fin: true }),
      writer.close(1000, 'bye'),
    ]);
    expect(toHex(stream)).toBe(
      `010348656c 89013f 0000 8a0121 80026c6f 020101 800102 880503e8627965`.replaceAll(' ', ''),
    );
    expect(readAll(stream, { role: 'client' })).toEqual([
      { ping: '3f' },
      { pong: '21' },
      { text: 'Hello' },
      { binary: '0102' },
      { close: 1000, reason: 'bye' },
    ]);
  });

  it('refuses what would break the order of frames [RFC 6455 5.4, 5.5.1]', () => {
    const writer = new MessageWriter(server);
    expect(() => writer.continue('x')).toThrow(state);
    writer.text('a', { fin: false });
    expect(() => writer.text('b')).toThrow(state);
    expect(() => writer.binary(hex('00'))).toThrow(state);
    writer.continue('c');
    expect(() => writer.continue('d')).toThrow(state);
    writer.close();
    expect(() => writer.text('e')).toThrow(state);
    expect(() => writer.continue('f')).toThrow(state);
    expect(() => writer.close()).toThrow(state);
  });

  it('writes pings and pongs behind a close frame: pings that come before the peer’s are to be answered [RFC 6455 5.5.2]', () => {
    const writer = new MessageWriter(server);
    writer.close();
    expect(toHex(writer.pong('a'))).toBe('8a0161');
    expect(toHex(writer.ping())).toBe('8900');
  });

  it('a call that throws changes nothing', () => {
    const writer = new MessageWriter(server);
    expect(() => writer.text(7 as unknown as string, { fin: false })).toThrow(type);
    expect(() => writer.text('a', { fin: 0 as unknown as boolean })).toThrow(option);
    expect(() => writer.binary([1] as unknown as Uint8Array, { fin: false })).toThrow(type);
    expect(() => writer.close(1005)).toThrow(expect.objectContaining({ code: 'bad-argument' }));
    expect(() => writer.ping(new Uint8Array(126))).toThrow(expect.objectContaining({ name: 'RangeError' }));
    expect(toHex(writer.text('a'))).toBe('810161');
  });

  it.each([
    ['text', 123],
    ['text', hex('61')],
    ['text', undefined],
    ['binary', 123],
    ['binary', 'text'],
    ['binary', undefined],
    ['ping', 123],
    ['ping', null],
    ['pong', {}],
  ] as const)('%s(%s) throws a TypeError [CVE-2016-10518]', (method, data) => {
    expect(() => new MessageWriter(server)[method](data as never)).toThrow(type);
  });

  it.each([
    ['Int16Array', new Int16Array(hex('0102030405060708').buffer, 2, 2)],
    ['Float32Array', new Float32Array(hex('0102030405060708').buffer, 4, 1)],
    ['BigInt64Array', new BigInt64Array(hex('0102030405060708').buffer)],
    ['DataView', new DataView(hex('0102030405060708').buffer, 1, 3)],
    ['Uint8ClampedArray', new Uint8ClampedArray(hex('0102030405060708').buffer, 7)],
  ])('sends exactly the bytes of a %s, as data, fragment, ping and pong [CVE-2026-45736]', (_, view) => {
    const bytes = toHex(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
    const length = view.byteLength.toString(16).padStart(2, '0');
    const writer = new MessageWriter(server);
    expect(toHex(writer.binary(view, { fin: false }))).toBe(`02${length}${bytes}`);
    expect(toHex(writer.continue(view))).toBe(`80${length}${bytes}`);
    expect(toHex(writer.ping(view))).toBe(`89${length}${bytes}`);
    expect(toHex(writer.pong(view))).toBe(`8a${length}${bytes}`);
  });

  it('takes control payloads of 125 bytes of UTF-8, and none of 126 [RFC 6455 5.5]', () => {
    const writer = new MessageWriter(server);
    expect(writer.ping('a'.repeat(125))).toHaveLength(127);
    const range = expect.objectContaining({ name: 'RangeError', code: 'bad-argument' });
    expect(() => writer.ping('é'.repeat(63))).toThrow(range);
    expect(() => writer.pong(new Uint8Array(126))).toThrow(range);
  });

  it('what it returns is never written to again', () => {
    const writer = new MessageWriter(server);
    const written = Array.from({ length: 300 }, (_, i) => writer.binary(new Uint8Array(500).fill(i)));
    written.forEach((bytes, i) => {
      expect(bytes.subarray(4)).toEqual(new Uint8Array(500).fill(i));
    });
  });

  it('throws for options that do not exist', () => {
    for (const options of [
      { role: 'proxy' },
      {},
      { role: 'server', mask: true },
      { role: 'server', text: 'utf-8' },
      null,
    ]) {
      expect(() => new MessageWriter(options as WriterOptions)).toThrow(option);
    }
    expect(() => new MessageWriter(server).text('a', { final: true } as object)).toThrow(option);
  });
});

describe('MessageWriter, where the source of keys throws', () => {
  it('has written nothing: what was open is open, what was not is not', () => {
    let broken = true;
    const random = (bytes: Uint8Array): Uint8Array => {
      if (broken) throw new Error('no entropy');
      return bytes.fill(0);
    };
    const writer = new MessageWriter({ role: 'client', random });
    expect(() => writer.text('a', { fin: false })).toThrow('no entropy');
    expect(() => writer.close(1000)).toThrow('no entropy');
    expect(() => writer.continue('b')).toThrow(expect.objectContaining({ code: 'bad-state' }));
    broken = false;
    expect(toHex(writer.text('a'))).toBe('81810000000061');
  });
});

describe('FrameWriter', () => {
  it.each([
    ['no options', undefined, new Output(), 'bad-option'],
    ['null', null, new Output(), 'bad-option'],
    ['a role that does not exist', { role: 'proxy' }, new Output(), 'bad-option'],
    ['no output', server, undefined, 'bad-argument'],
    ['an output that is none', server, {}, 'bad-argument'],
  ])('throws for %s', (_, options, output, code) => {
    expect(() => new FrameWriter(options as WriterOptions, output as Output)).toThrow(
      expect.objectContaining({ name: 'TypeError', code }),
    );
  });

  it('masks says whether frames are masked: those of a client [RFC 6455 5.1]', () => {
    expect(new FrameWriter({ role: 'client' }, new Output()).masks).toBe(true);
    expect(new FrameWriter(server, new Output()).masks).toBe(false);
  });

  const samples = [
    '',
    'a',
    'é',
    'x'.repeat(125),
    'x'.repeat(126),
    'é'.repeat(62),
    'é'.repeat(63),
    `${'x'.repeat(124)}é`,
  ];
  for (const length of [4095, 4096, 21_845, 21_846, 65_535, 65_536]) {
    samples.push('y'.repeat(length), `${'y'.repeat(length - 1)}€`, 'é'.repeat(length), '€'.repeat(length));
  }
  samples.push('\ud83d', `${'z'.repeat(5000)}\ud83d`);

  it.each(['server', 'client'] as const)(
    'text has the shortest header whatever the text, as a %s',
    (role) => {
      for (const native of [undefined, { xor: xor64 }]) {
        const output = new Output();
        const writer = new FrameWriter({ role, native, random: (bytes) => bytes.fill(0x5a) }, output);
        expect(writer.masks).toBe(role === 'client');
        const mask = role === 'client' ? new Uint8Array(4).fill(0x5a) : false;
        for (const text of samples) {
          writer.text(0x81, text);
          const expected = encodeFrame({ opcode: Opcode.Text, payload: utf8(text), mask });
          expect(toHex(output.take()!) === toHex(expected), `${text.length} of ${text.at(0)}`).toBe(true);
        }
      }
    },
  );

  it('asks for room for the worst case of text, and from 4096 units on for what it comes to', () => {
    const asked: number[] = [];
    const output = new Output();
    const reserve = output.reserve.bind(output);
    output.reserve = (count) => {
      asked.push(count);
      reserve(count);
    };
    const counted: number[] = [];
    const text = {
      ...portableText,
      byteLength: (of: string) => counted.push(of.length) && portableText.byteLength(of),
    };
    const writer = new FrameWriter({ role: 'server', text }, output);
    for (const length of [4095, 4096]) writer.text(0x81, 'x'.repeat(length));
    writer.bytes(0x82, new Uint8Array(100));
    expect(asked).toEqual([14 + 3 * 4095, 14 + 4096, 14 + 100]);
    expect(counted).toEqual([4096]);
  });

  it('puts frames behind each other in one run, small and large', () => {
    const output = new Output(new Slab());
    const writer = new FrameWriter(server, output);
    const expected: Uint8Array[] = [];
    for (const length of [0, 1, 31, 32, 33, 5000, 70_000, 3]) {
      const payload = new Uint8Array(length).fill(length);
      writer.bytes(0x82, payload);
      writer.text(0x81, 'é'.repeat(length));
      expected.push(
        encodeFrame({ opcode: Opcode.Binary, payload }),
        encodeFrame({ opcode: Opcode.Text, payload: 'é'.repeat(length) }),
      );
    }
    expect(toHex(output.take()!) === toHex(concat(expected))).toBe(true);
  });

  it('throws for a role that does not exist', () => {
    expect(() => new FrameWriter({ role: 'proxy' } as never, new Output())).toThrow(option);
  });
});

describe('PreparedMessage', () => {
  it('encodes once, on first use, as a server would', () => {
    const text = new PreparedMessage('é');
    expect(text.type).toBe('text');
    expect(toHex(text.frame())).toBe('8102c3a9');
    expect(text.frame()).toBe(text.frame());
    const binary = new PreparedMessage(new Uint16Array([0x0101]));
    expect(binary.type).toBe('binary');
    expect(toHex(binary.frame())).toBe('82020101');
  });

  it('takes bytes for text where it is told to, and no string for binary', () => {
    expect(toHex(new PreparedMessage(hex('c3a9'), 'text').frame())).toBe('8102c3a9');
    expect(toHex(new PreparedMessage(hex('01'), 'binary').frame())).toBe('820101');
    expect(new PreparedMessage('a', 'text').type).toBe('text');
    expect(() => new PreparedMessage('a', 'binary')).toThrow(type);
    expect(() => new PreparedMessage('a', 'txt' as 'text')).toThrow(type);
    expect(() => new PreparedMessage(hex('01'), 'txt' as 'text')).toThrow(type);
  });

  it('copies what it is given', () => {
    const data = hex('0102');
    const message = new PreparedMessage(data);
    data.fill(0xff);
    expect(toHex(message.frame())).toBe('82020102');
    expect(toHex(message.payload)).toBe('0102');
  });

  it('compresses once a key, and sets RSV1 [RFC 7692 6]', () => {
    const message = new PreparedMessage('abc');
    let calls = 0;
    const compress = (payload: Uint8Array): Uint8Array => {
      calls++;
      return payload.subarray(0, calls);
    };
    expect(toHex(message.compressedFrame('a', compress))).toBe('c10161');
    expect(message.compressedFrame('a', compress)).toBe(message.compressedFrame('a', compress));
    expect(toHex(message.compressedFrame('__proto__', compress))).toBe('c1026162');
    expect(toHex(new PreparedMessage(hex('01')).compressedFrame('a', (bytes) => bytes))).toBe('c20101');
    expect(calls).toBe(2);
    expect(message.compressedFrame('b', () => undefined)).toBe(message.frame());
  });

  it('throws for what is neither text nor bytes, and for a key that is no string', () => {
    expect(() => new PreparedMessage(7 as unknown as string)).toThrow(type);
    expect(() => new PreparedMessage('a').compressedFrame(7 as unknown as string, (bytes) => bytes)).toThrow(
      type,
    );
  });
});

describe('what is written can be read', () => {
  it('whole, by the other role', () => {
    for (const role of ['server', 'client'] as const) {
      const writer = new MessageWriter({ role });
      const reader = new MessageReader({ role: role === 'server' ? 'client' : 'server' });
      for (const chunk of [
        writer.text('é'),
        writer.ping(),
        writer.binary(hex('00')),
        writer.close(1001, 'x'),
      ]) {
        reader.push(chunk);
      }
      expect(reader.next()).toEqual({ kind: 'text', data: 'é' });
      expect(reader.next()).toMatchObject({ kind: 'ping' });
      expect(reader.next()).toMatchObject({ kind: 'binary', data: hex('00') });
      expect(reader.next()).toEqual({ kind: 'close', code: 1001, reason: 'x' });
      expect(encodeClose(1001, 'x')).toHaveLength(3);
    }
  });
});

it('FrameWriter.text and bytes: a source of keys that writes frames itself leaves both of them whole', () => {
  const output = new Output();
  let isInner = false;
  const random = (bytes: Uint8Array): Uint8Array => {
    if (!isInner) {
      isInner = true;
      writer.text(0x81, 'inner');
      writer.bytes(0x82, hex('0102'));
    }
    return bytes.fill(7);
  };
  const writer = new FrameWriter({ role: 'client', random }, output);
  writer.text(0x81, 'outer');
  const reader = new MessageReader({ role: 'server' });
  reader.push(output.take()!);
  expect([reader.next(), reader.next(), reader.next()]).toEqual([
    { kind: 'text', data: 'inner' },
    { kind: 'binary', data: hex('0102') },
    { kind: 'text', data: 'outer' },
  ]);
});
