import { describe, expect, test } from 'vitest';
import { Opcode } from '../../../src/frame/opcode.ts';
import { SplitControl } from '../../../src/frame/split-control.ts';

/** What each byte, coming alone, tells of the payload. */
function byteByByte(opcode: Opcode, payload: readonly number[]): Array<Uint8Array | undefined> {
  const control = new SplitControl(opcode, payload.length);
  const told = [];
  for (const byte of payload) {
    told.push(control.add(Uint8Array.of(byte)));
    if (told.at(-1) !== undefined) break;
  }
  return told;
}

describe('SplitControl', () => {
  test('gives the payload when all of it has come', () => {
    const payload = [0xff, 0xff, 0xff];
    expect(byteByByte(Opcode.Ping, payload)).toEqual([undefined, undefined, Uint8Array.from(payload)]);
  });

  test('copies the pieces', () => {
    const control = new SplitControl(Opcode.Pong, 2);
    const piece = Uint8Array.of(1);
    control.add(piece);
    piece[0] = 9;
    expect(control.add(Uint8Array.of(2))).toEqual(Uint8Array.of(1, 2));
  });

  test('a close frame with a code that nobody may send is known at its second byte', () => {
    expect(byteByByte(Opcode.Close, [0x03, 0xed, 0x61])).toEqual([undefined, Uint8Array.of(0x03, 0xed)]);
  });

  test('a reason that is no UTF-8 is known at the bad byte', () => {
    const told = byteByByte(Opcode.Close, [0x03, 0xe8, 0xc3, 0xa9, 0xff, 0x61]);
    expect(told).toEqual([
      ...Array.from({ length: 4 }, () => undefined),
      Uint8Array.of(0x03, 0xe8, 0xc3, 0xa9, 0xff),
    ]);
  });

  test('a character may be cut by a piece', () => {
    const control = new SplitControl(Opcode.Close, 5);
    expect(control.add(Uint8Array.of(0x03, 0xe8, 0xc3))).toBe(undefined);
    expect(control.add(Uint8Array.of(0xa9))).toBe(undefined);
    expect(control.add(Uint8Array.of(0x61))).toEqual(Uint8Array.of(0x03, 0xe8, 0xc3, 0xa9, 0x61));
  });
});
