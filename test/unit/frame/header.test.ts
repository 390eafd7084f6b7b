import { decodeFrameHeader, type HeaderRules, headerLength, MAX_HEADER_BYTES } from 'sansocket/frame';
import { describe, expect, it } from 'vitest';
import { writeHeader } from '../../../src/frame/header.ts';
import { hex, toHex } from '../../support/deliveries.ts';

/** The verdict on a header, and the same on every longer prefix; shorter ones must ask for more. */
function judge(bytes: Uint8Array, rules?: HeaderRules): unknown {
  let verdict: unknown;
  for (let length = 0; length <= bytes.length; length++) {
    const header = decodeFrameHeader(bytes.subarray(0, length), 0, rules);
    if (header === undefined) {
      expect(verdict, `${length} bytes of ${toHex(bytes)}`).toBeUndefined();
      continue;
    }
    const plain =
      header.kind === 'error'
        ? { error: header.code, closeCode: header.closeCode, offset: header.offset, rule: header.rule }
        : { ...header, maskKey: header.maskKey && toHex(header.maskKey) };
    if (verdict === undefined) verdict = plain;
    else expect(plain).toEqual(verdict);
  }
  return verdict;
}
const fault = (error: string, offset: number, rule = 'RFC 6455 §5.2') => ({
  error,
  closeCode: 1002,
  offset,
  rule,
});

describe('decodeFrameHeader', () => {
  it.each([
    ['an unmasked text', '81 05', { opcode: 1, payloadLength: 5, headerLength: 2 }],
    [
      'a masked text',
      '81 85 37 fa 21 3d',
      { opcode: 1, payloadLength: 5, headerLength: 6, maskKey: '37fa213d' },
    ],
    ['the first fragment', '01 03', { opcode: 1, fin: false, payloadLength: 3, headerLength: 2 }],
    ['the last fragment', '80 02', { opcode: 0, payloadLength: 2, headerLength: 2 }],
    ['a ping', '89 05', { opcode: 9, payloadLength: 5, headerLength: 2 }],
    ['a pong', '8a 85 37 fa 21 3d', { opcode: 10, payloadLength: 5, headerLength: 6, maskKey: '37fa213d' }],
    ['256 bytes of binary', '82 7e 01 00', { opcode: 2, payloadLength: 256, headerLength: 4 }],
    ['64 KiB of binary', '82 7f 0000000000010000', { opcode: 2, payloadLength: 65_536, headerLength: 10 }],
  ])('reads %s of the examples [RFC 6455 5.7]', (_, bytes, fields) => {
    expect(judge(hex(bytes))).toEqual({ kind: 'header', fin: true, rsv: 0, maskKey: undefined, ...fields });
  });

  it.each([
    [0, '82 00', 2],
    [1, '82 01', 2],
    [125, '82 7d', 2],
    [126, '82 7e 00 7e', 4],
    [127, '82 7e 00 7f', 4],
    [65_535, '82 7e ff ff', 4],
    [65_536, '82 7f 00 00 00 00 00 01 00 00', 10],
    [2 ** 31 - 1, '82 7f 00 00 00 00 7f ff ff ff', 10],
    [2 ** 31, '82 7f 00 00 00 00 80 00 00 00', 10],
    [2 ** 32 - 1, '82 7f 00 00 00 00 ff ff ff ff', 10],
    [2 ** 32, '82 7f 00 00 00 01 00 00 00 00', 10],
    [2 ** 53 - 1, '82 7f 00 1f ff ff ff ff ff ff', 10],
  ])('reads a length of %d exactly [RFC 6455 5.2]', (length, bytes, size) => {
    expect(judge(hex(bytes))).toMatchObject({ payloadLength: length, headerLength: size });
  });

  it.each([
    ['2^53', '82 7f 00 20 00 00 00 00 00 00'],
    ['2^63 - 1', '82 7f 7f ff ff ff ff ff ff ff'],
  ])('refuses a length of %s with 1009 and never rounds it [CVE-2026-1528, CVE-2026-54466]', (_, bytes) => {
    expect(judge(hex(bytes))).toMatchObject({ error: 'message-too-big', closeCode: 1009, offset: 2 });
  });

  it.each([
    ['2^63', '82 7f 80 00 00 00 00 00 00 00'],
    ['2^64 - 1', '82 ff ff ff ff ff ff ff ff ff 00 00 00 00'],
  ])('refuses a length of %s on the byte with the top bit [RFC 6455 5.2] [CVE-2020-27813]', (_, bytes) => {
    expect(judge(hex(bytes))).toEqual(fault('length-overflow', 2));
  });

  it.each([
    ['0 in 2 bytes', '82 7e 00 00'],
    ['125 in 2 bytes', '82 7e 00 7d'],
    ['0 in 8 bytes', '82 7f 00 00 00 00 00 00 00 00'],
    ['126 in 8 bytes', '82 7f 00 00 00 00 00 00 00 7e'],
    ['65 535 in 8 bytes', '82 7f 00 00 00 00 00 00 ff ff'],
  ])('refuses %s: the minimal number of bytes must be used [RFC 6455 5.2]', (_, bytes) => {
    expect(judge(hex(bytes))).toEqual(fault('non-minimal-length', 2));
    expect(judge(hex(bytes), { allowNonMinimalLength: true })).toMatchObject({ kind: 'header' });
  });

  it('refuses each reserved opcode on its first byte, with and without FIN [RFC 6455 5.2]', () => {
    for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) {
      expect(judge(Uint8Array.of(0x80 | opcode, 0))).toEqual(fault('reserved-opcode', 0));
      expect(judge(Uint8Array.of(opcode, 0))).toEqual(fault('reserved-opcode', 0));
    }
  });

  it('refuses each RSV bit that is not allowed, on its first byte [RFC 6455 5.2]', () => {
    for (const allowedRsv of [0, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70]) {
      for (let rsv = 0x10; rsv <= 0x70; rsv += 0x10) {
        const verdict = judge(Uint8Array.of(0x82 | rsv, 0), { allowedRsv });
        if ((rsv & ~allowedRsv) !== 0) expect(verdict).toEqual(fault('reserved-bit', 0));
        else expect(verdict).toMatchObject({ kind: 'header', rsv });
      }
    }
  });

  it('refuses allowed RSV bits on a control frame all the same [RFC 7692 6]', () => {
    for (const opcode of [8, 9, 10]) {
      expect(judge(Uint8Array.of(0xc0 | opcode, 0), { allowedRsv: 0x40 })).toEqual(fault('reserved-bit', 0));
    }
  });

  it('refuses a control frame without FIN [RFC 6455 5.5]', () => {
    for (const opcode of [8, 9, 10]) {
      expect(judge(Uint8Array.of(opcode, 0))).toEqual(fault('fragmented-control', 0, 'RFC 6455 §5.5'));
    }
  });

  it('refuses a control frame with a longer length form, and takes 125 bytes [RFC 6455 5.5]', () => {
    for (const opcode of [8, 9, 10]) {
      expect(judge(Uint8Array.of(0x80 | opcode, 125))).toMatchObject({ payloadLength: 125 });
      for (const length of [126, 127]) {
        expect(judge(Uint8Array.of(0x80 | opcode, length))).toEqual(
          fault('control-too-long', 1, 'RFC 6455 §5.5'),
        );
      }
    }
  });

  it('a server refuses unmasked frames, a client masked ones, each with a switch [RFC 6455 5.1]', () => {
    const unmasked = hex('82 00');
    const masked = hex('82 80 01 02 03 04');
    expect(judge(unmasked, { role: 'server' })).toEqual(fault('unmasked-frame', 1, 'RFC 6455 §5.1'));
    expect(judge(masked, { role: 'client' })).toEqual(fault('masked-frame', 1, 'RFC 6455 §5.1'));
    for (const rules of [
      { role: 'server', allowUnmasked: true },
      { role: 'client', allowMasked: true },
      {},
    ] as const) {
      expect(judge(unmasked, rules)).toMatchObject({ maskKey: undefined });
      expect(judge(masked, rules)).toMatchObject({ maskKey: '01020304' });
    }
    expect(judge(unmasked, { role: 'server', allowMasked: true })).toMatchObject({ error: 'unmasked-frame' });
    expect(judge(masked, { role: 'client', allowUnmasked: true })).toMatchObject({ error: 'masked-frame' });
  });

  it('reads at an offset, and counts the offset of an error from the start of the bytes', () => {
    expect(decodeFrameHeader(hex('00 00 00 82 01'), 3)).toMatchObject({ payloadLength: 1 });
    expect(decodeFrameHeader(hex('00 00 00 82 7e 00 01'), 3)).toMatchObject({ offset: 5 });
    expect(decodeFrameHeader(hex('82 00'), 2)).toBeUndefined();
  });

  it('returns a copy of the key', () => {
    const bytes = hex('82 80 01 02 03 04');
    const header = decodeFrameHeader(bytes);
    bytes.fill(0);
    expect(header).toMatchObject({ maskKey: hex('01020304') });
  });

  it('says which bits and which opcode it saw, and never shows a payload', () => {
    const message = (bytes: string, rules?: HeaderRules): string => {
      const error = decodeFrameHeader(hex(bytes), 0, rules);
      return error?.kind === 'error' ? error.message : '';
    };
    expect(message('b2 00')).toBe(
      'Cannot read frame: RSV bits are 0x30, expected only bits of 0x0 (RFC 6455 §5.2)',
    );
    expect(message('c9 00', { allowedRsv: 0x40 })).toBe(
      'Cannot read frame: RSV bits are 0x40, expected none on a control frame (RFC 6455 §5.2)',
    );
    expect(message('83 00')).toBe(
      'Cannot read frame: opcode is 0x3, expected 0x0-0x2 or 0x8-0xA (RFC 6455 §5.2)',
    );
    expect(message('82 7e 00 05')).toBe(
      'Cannot read frame: the length is in more bytes than it needs, expected the shortest form (RFC 6455 §5.2)',
    );
  });

  it('throws for what the caller got wrong, and for nothing else', () => {
    const bytes = new Uint8Array(4);
    const range = expect.objectContaining({ name: 'RangeError', code: 'bad-argument' });
    for (const offset of [-1, 5, 0.5, Number.NaN])
      expect(() => decodeFrameHeader(bytes, offset)).toThrow(range);
    const option = expect.objectContaining({ name: 'TypeError', code: 'bad-option' });
    for (const rules of [
      { role: 'proxy' },
      { role: null },
      { roel: 'server' },
      { allowedRsv: 0x80 },
      { allowedRsv: 1 },
      { allowedRsv: '64' },
      { allowedRsv: 16.5 },
      { allowUnmasked: 'yes' },
      { allowMasked: 1 },
      { allowNonMinimalLength: null },
      null,
    ]) {
      expect(() => decodeFrameHeader(bytes, 0, rules as HeaderRules), JSON.stringify(rules)).toThrow(option);
    }
    expect(() => decodeFrameHeader('81' as unknown as Uint8Array)).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'bad-argument' }),
    );
  });
});

describe('headerLength and writeHeader', () => {
  it('lay out every length in its shortest form, and decodeFrameHeader reads it back [RFC 6455 5.2]', () => {
    for (const length of [
      0,
      1,
      125,
      126,
      127,
      65_535,
      65_536,
      2 ** 31,
      2 ** 32 - 1,
      2 ** 32,
      2 ** 40 + 7,
      2 ** 53 - 1,
    ]) {
      for (const masked of [false, true]) {
        const target = new Uint8Array(MAX_HEADER_BYTES + 3);
        const end = writeHeader(target, 3, 0xc2, length, masked, 0x04030201 | 0);
        expect(end - 3).toBe(headerLength(length, masked));
        expect(decodeFrameHeader(target.subarray(3, end), 0, { allowedRsv: 0x40 })).toEqual({
          kind: 'header',
          fin: true,
          rsv: 0x40,
          opcode: 2,
          maskKey: masked ? Uint8Array.of(1, 2, 3, 4) : undefined,
          headerLength: end - 3,
          payloadLength: length,
        });
      }
    }
  });
});
