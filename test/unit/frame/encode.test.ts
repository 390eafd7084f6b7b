import { encodeFrame, encodeFrameInto, type Frame, frameLength, Opcode } from 'sansocket/frame';
import { describe, expect, it } from 'vitest';
import { hex, toHex, utf8 } from '../../support/deliveries.ts';
import { decodeAll } from './support.ts';

describe('encodeFrame', () => {
  it.each([
    ['a text', { opcode: Opcode.Text, payload: 'Hello' }, '81 05 48 65 6c 6c 6f'],
    [
      'a masked text',
      { opcode: Opcode.Text, payload: 'Hello', mask: hex('37fa213d') },
      '81 85 37 fa 21 3d 7f 9f 4d 51 58',
    ],
    ['a first fragment', { opcode: Opcode.Text, payload: 'Hel', fin: false }, '01 03 48 65 6c'],
    ['a last fragment', { opcode: Opcode.Continuation, payload: 'lo' }, '80 02 6c 6f'],
    ['a ping', { opcode: Opcode.Ping, payload: 'Hello' }, '89 05 48 65 6c 6c 6f'],
    [
      'a masked pong',
      { opcode: Opcode.Pong, payload: 'Hello', mask: hex('37fa213d') },
      '8a 85 37 fa 21 3d 7f 9f 4d 51 58',
    ],
  ] as ReadonlyArray<readonly [string, Frame, string]>)(
    'encodes %s of the examples [RFC 6455 5.7]',
    (_, frame, bytes) => {
      expect(toHex(encodeFrame(frame))).toBe(toHex(hex(bytes)));
      const asBytes = { ...frame, payload: utf8(frame.payload as string) };
      expect(toHex(encodeFrame(asBytes))).toBe(toHex(hex(bytes)));
    },
  );

  it('encodes 256 bytes and 64 KiB of binary with the headers of the examples [RFC 6455 5.7]', () => {
    const header = (length: number, size: number): string =>
      toHex(encodeFrame({ opcode: Opcode.Binary, payload: new Uint8Array(length) }).subarray(0, size));
    expect(header(256, 4)).toBe('827e0100');
    expect(header(65_536, 10)).toBe('827f0000000000010000');
  });

  it('encodes an empty frame, and one with RSV bits', () => {
    expect(toHex(encodeFrame({ opcode: Opcode.Binary }))).toBe('8200');
    expect(toHex(encodeFrame({ opcode: Opcode.Text, rsv: 0x40, payload: '' }))).toBe('c100');
  });

  it('masks with a key of its own for each frame when mask is true [RFC 6455 5.3]', () => {
    const keys = new Set<string>();
    for (let i = 0; i < 100; i++) {
      const frame = encodeFrame({ opcode: Opcode.Binary, mask: true });
      expect(frame).toHaveLength(6);
      keys.add(toHex(frame.subarray(2)));
    }
    expect(keys.size).toBeGreaterThan(95);
    const fixed = encodeFrame({ opcode: Opcode.Binary, mask: true }, (bytes) => bytes.fill(9));
    expect(toHex(fixed)).toBe('828009090909');
  });

  it('only reads the payload, and what it returns is memory of its own', () => {
    const payload = new Uint8Array(300).fill(5);
    const frame = encodeFrame({ opcode: Opcode.Binary, payload, mask: hex('01020304') });
    expect(payload).toEqual(new Uint8Array(300).fill(5));
    expect(frame.buffer).not.toBe(payload.buffer);
    expect(decodeAll(frame)).toMatchObject([{ payload: '05'.repeat(300), complete: true }]);
  });

  it('sends exactly the window of a view [CVE-2026-45736]', () => {
    const memory = new Uint8Array(16).fill(0xee);
    const payload = memory.subarray(4, 6);
    expect(toHex(encodeFrame({ opcode: Opcode.Binary, payload }))).toBe('8202eeee');
  });

  it('encodes text as UTF-8, a lone surrogate as U+FFFD', () => {
    expect(toHex(encodeFrame({ opcode: Opcode.Text, payload: 'é😀' }))).toBe('8106c3a9f09f9880');
    expect(toHex(encodeFrame({ opcode: Opcode.Text, payload: '\ud83d' }))).toBe('8103efbfbd');
  });

  it.each([
    ['a reserved opcode', { opcode: 3 }],
    ['an opcode that is no number', { opcode: '1' }],
    ['no opcode', {}],
    ['a fragmented control frame', { opcode: Opcode.Ping, fin: false }],
    ['RSV bits on a control frame', { opcode: Opcode.Pong, rsv: 0x40 }],
    ['RSV bits that are none', { opcode: Opcode.Text, rsv: 0x80 }],
    ['RSV bits that are no number', { opcode: Opcode.Text, rsv: 0.5 }],
    ['a payload that is a number [CVE-2016-10518]', { opcode: Opcode.Ping, payload: 123 }],
    ['a payload that is another view', { opcode: Opcode.Binary, payload: new Float32Array(2) }],
    ['a FIN that is no boolean', { opcode: Opcode.Text, fin: 1 }],
    ['a key of 3 bytes', { opcode: Opcode.Text, mask: new Uint8Array(3) }],
    ['a key that is an array', { opcode: Opcode.Text, mask: [1, 2, 3, 4] }],
    ['a field that does not exist', { opcode: Opcode.Text, final: true }],
    ['no object', 7],
    ['null', null],
  ])('throws for %s', (_, frame) => {
    expect(() => encodeFrame(frame as unknown as Frame)).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'bad-argument' }),
    );
  });

  it('throws for a control frame of 126 bytes, bytes or text [RFC 6455 5.5]', () => {
    const tooLong = expect.objectContaining({ name: 'RangeError', code: 'bad-argument' });
    expect(() => encodeFrame({ opcode: Opcode.Ping, payload: new Uint8Array(126) })).toThrow(tooLong);
    expect(() => encodeFrame({ opcode: Opcode.Pong, payload: 'é'.repeat(63) })).toThrow(tooLong);
    expect(encodeFrame({ opcode: Opcode.Ping, payload: new Uint8Array(125) })).toHaveLength(127);
  });
});

describe('encodeFrameInto and frameLength', () => {
  it('write frames behind each other into memory of the caller, and nothing around them', () => {
    const target = new Uint8Array(20).fill(0xaa);
    let at = 1;
    at += encodeFrameInto({ opcode: Opcode.Text, payload: 'Hi' }, target, at);
    at += encodeFrameInto({ opcode: Opcode.Ping, mask: hex('01020304'), payload: hex('01') }, target, at);
    expect(at).toBe(12);
    expect(toHex(target)).toBe(`aa81024869898101020304 00${'aa'.repeat(8)}`.replace(' ', ''));
    expect(encodeFrameInto({ opcode: Opcode.Binary }, target)).toBe(2);
  });

  it.each([
    [undefined],
    [null],
    [7],
    [Array.from({ length: 20 }, () => 0)],
    [new Uint16Array(20)],
    [new ArrayBuffer(20)],
  ])('throws for %s in the place of a target, and writes nothing to it', (target) => {
    const before = JSON.stringify(target);
    expect(() => encodeFrameInto({ opcode: Opcode.Text, payload: 'Hi' }, target as never)).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'bad-argument' }),
    );
    expect(JSON.stringify(target)).toBe(before);
  });

  it('frameLength is what the frame takes on the wire', () => {
    expect(frameLength({ opcode: Opcode.Binary, payload: new Uint8Array(125) })).toBe(127);
    expect(frameLength({ opcode: Opcode.Binary, payload: new Uint8Array(126), mask: true })).toBe(134);
    expect(frameLength({ opcode: Opcode.Binary, payload: new Uint8Array(65_536), mask: true })).toBe(65_550);
    expect(frameLength({ opcode: Opcode.Text, payload: '€' })).toBe(5);
  });

  it('throws before it writes when the frame does not fit', () => {
    const target = new Uint8Array(8);
    const range = expect.objectContaining({ name: 'RangeError', code: 'bad-argument' });
    for (const at of [5, 9, -1, 0.5, Number.NaN]) {
      expect(() => encodeFrameInto({ opcode: Opcode.Text, payload: 'Hi' }, target, at)).toThrow(range);
    }
    expect(target).toEqual(new Uint8Array(8));
  });

  it.each([0, 1, 2, 3, 8])('takes a payload that lies in its own target, from byte %i on', (from) => {
    const target = new Uint8Array(140);
    const payload = target.subarray(from, from + 5);
    for (const mask of [false, hex('37fa213d')]) {
      payload.set(utf8('Hello'));
      const expected = encodeFrame({ opcode: Opcode.Text, payload: 'Hello', mask });
      const length = encodeFrameInto({ opcode: Opcode.Text, payload, mask }, target, 2);
      expect(toHex(target.subarray(2, 2 + length))).toBe(toHex(expected));
    }
  });

  it('refuses a random source that does not fill the key: a mask of zeros hides nothing [RFC 6455 10.3]', () => {
    const refused = expect.objectContaining({ name: 'TypeError', code: 'bad-argument' });
    for (const random of [() => new Uint8Array(0), () => undefined, 5] as never[]) {
      expect(() => encodeFrame({ opcode: Opcode.Text, payload: 'Hi', mask: true }, random)).toThrow(refused);
    }
  });
});
