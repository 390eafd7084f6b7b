import { portableText } from 'sansocket/frame';
import { describe, expect, it } from 'vitest';
import { IncomingText } from '../../../src/frame/incoming-text.ts';
import { utf8 } from '../../support/deliveries.ts';

const UNKNOWN = 0xff;

describe('IncomingText', () => {
  it('knows that a text is ASCII while the OR of its bytes says so, and looks anew at the next', () => {
    const text = new IncomingText(portableText);
    const check = (piece: string, or: number): boolean => {
      expect(text.check(utf8(piece), 0, utf8(piece).length, or, true)).toBe(-1);
      return text.ascii;
    };
    expect(text.ascii).toBe(true);
    expect(check('plain', 0x7f)).toBe(true);
    expect(check('may be anything', UNKNOWN)).toBe(false);
    expect(check('plain', 0x7f)).toBe(false);
    text.reset();
    expect(text.ascii).toBe(true);
    expect(check('\u00e9', UNKNOWN)).toBe(false);
  });

  it('looks at a piece of ASCII that comes inside a character [RFC 6455 8.1]', () => {
    const text = new IncomingText(portableText);
    expect(text.check(Uint8Array.of(0xc3), 0, 1, UNKNOWN, false)).toBe(-1);
    expect(text.check(utf8('a'), 0, 1, 0x61, true)).toBe(0);
  });

  it('asks the runtime about UTF-8 from 64 bytes on', () => {
    const asked: number[] = [];
    const text = new IncomingText({
      ...portableText,
      isUtf8(_bytes, start, end) {
        asked.push(end - start);
        return true;
      },
    });
    const bytes = new Uint8Array(1000).fill(0x61);
    for (const length of [1, 63, 64, 65]) text.check(bytes, 100, 100 + length, UNKNOWN, false);
    expect(asked).toEqual([64, 65]);
  });
});
