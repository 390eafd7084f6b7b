import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { computeAccept } from '../../../src/handshake/accept.ts';

/** RFC 6455 §4.2.2 step 5.4, by node:crypto. */
function acceptBySpec(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`, 'latin1').digest('base64');
}

describe('computeAccept()', () => {
  it('answers the key of the RFC [RFC 6455 1.3, 4.2.2]', () => {
    expect(computeAccept('dGhlIHNhbXBsZSBub25jZQ==')).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  });

  it('answers other published keys', () => {
    expect(computeAccept('x3JJHMbDL1EzLkh9GBhXDw==')).toBe('HSmrc0sMlYUkAGmm5OPpG2HaGWk=');
  });

  it('answers each key on its own: nothing is left over from the one before', () => {
    const keys = Array.from({ length: 50 }, (_, i) => Buffer.alloc(16, i * 5).toString('base64'));
    const answers = keys.map(computeAccept);
    expect(answers).toEqual(keys.map(acceptBySpec));
    expect([...keys].reverse().map(computeAccept).reverse()).toEqual(answers);
  });

  it('hashes a key of any length as text, between two that are well formed', () => {
    for (let length = 0; length < 100; length++) {
      const key = 'k'.repeat(length);
      expect(computeAccept(key), `length ${length}`).toBe(acceptBySpec(key));
      expect(computeAccept('dGhlIHNhbXBsZSBub25jZQ==')).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    }
  });

  it('hashes characters up to U+00FF as one byte, at either path', () => {
    for (const key of ['\xff', `${'\x80\xff\xc3'.repeat(8)}`]) {
      expect(computeAccept(key)).toBe(acceptBySpec(key));
    }
  });

  it.each([
    ['no text', undefined, 'undefined'],
    ['a number', 1, 'number'],
    ['bytes', new Uint8Array(16), 'object'],
  ])('throws where the key is %s', (_what, key, type) => {
    expect(() => computeAccept(key as unknown as string)).toThrow(
      expect.objectContaining({
        name: 'TypeError',
        code: 'bad-argument',
        message: `Cannot compute accept: key is ${type}, expected a string`,
      }),
    );
  });

  it.each(['\u0100', `${'A'.repeat(23)}\u0141`])(
    'throws where the key has a character above U+00FF',
    (key) => {
      expect(() => computeAccept(key)).toThrow(
        expect.objectContaining({
          code: 'bad-argument',
          message: 'Cannot compute accept: key has a character above U+00FF, expected base64',
        }),
      );
    },
  );
});
