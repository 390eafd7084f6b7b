import { describe, expect, it } from 'vitest';
import { checkBytes, checkText, copyBytes, plainBytes, viewBytes } from '../../../src/bytes/view.ts';

const memory = Uint8Array.from({ length: 32 }, (_, i) => i).buffer;

describe('viewBytes', () => {
  it.each(['x[object ArrayBuffer', 'ArrayBuffer]y'])(
    'takes no object for a buffer that calls itself %s',
    (tag) => {
      expect(() => viewBytes({ [Symbol.toStringTag]: tag }, 'message')).toThrow(
        expect.objectContaining({ code: 'bad-argument' }),
      );
    },
  );

  it('returns a Uint8Array itself', () => {
    const bytes = new Uint8Array(memory, 3, 5);
    expect(viewBytes(bytes, 'x')).toBe(bytes);
  });

  it.each([
    ['Int8Array', new Int8Array(memory, 8, 8)],
    ['Uint8ClampedArray', new Uint8ClampedArray(memory, 8, 8)],
    ['Int16Array', new Int16Array(memory, 8, 4)],
    ['Uint16Array', new Uint16Array(memory, 8, 4)],
    ['Int32Array', new Int32Array(memory, 8, 2)],
    ['Uint32Array', new Uint32Array(memory, 8, 2)],
    ['Float32Array', new Float32Array(memory, 8, 2)],
    ['Float64Array', new Float64Array(memory, 8, 1)],
    ['BigInt64Array', new BigInt64Array(memory, 8, 1)],
    ['BigUint64Array', new BigUint64Array(memory, 8, 1)],
    ['DataView', new DataView(memory, 8, 8)],
  ])('takes exactly the window of a %s, in bytes [CVE-2026-45736]', (_, view) => {
    expect([...viewBytes(view, 'x')]).toEqual([8, 9, 10, 11, 12, 13, 14, 15]);
  });

  it('takes all of an ArrayBuffer and of a SharedArrayBuffer', () => {
    expect(viewBytes(memory, 'x')).toHaveLength(32);
    expect(viewBytes(new SharedArrayBuffer(7), 'x')).toHaveLength(7);
  });

  it('throws for memory that was given to somebody else, and takes what is empty', () => {
    for (const view of [new Uint8Array(4), new Float32Array(1), new DataView(new ArrayBuffer(4), 1)]) {
      const { buffer } = view;
      structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
      for (const given of [view, buffer]) {
        expect(() => viewBytes(given, 'message')).toThrow(
          expect.objectContaining({
            code: 'bad-argument',
            message: 'Cannot use message: its memory was given away',
          }),
        );
      }
    }
    for (const empty of [
      new Uint8Array(0),
      new Uint8Array(memory, 4, 0),
      new ArrayBuffer(0),
      new SharedArrayBuffer(0),
    ]) {
      expect(viewBytes(empty, 'message')).toHaveLength(0);
    }
  });

  it.each([
    [123, 'Number'],
    ['text', 'String'],
    [undefined, 'Undefined'],
    [null, 'Null'],
    [true, 'Boolean'],
    [[1, 2], 'Array'],
    [{ length: 3 }, 'Object'],
    [{ byteLength: 3, buffer: memory }, 'Object'],
    [() => 1, 'Function'],
  ])('throws for %s: nothing else is taken for bytes [CVE-2016-10518]', (data, is) => {
    expect(() => viewBytes(data, 'ping')).toThrow(
      expect.objectContaining({
        name: 'TypeError',
        code: 'bad-argument',
        message: `Cannot use ping: its type is ${is}, expected a Uint8Array, ArrayBuffer or view`,
      }),
    );
  });
});

it('viewBytes says what else its caller takes', () => {
  expect(() => viewBytes({}, 'message', 'a string, ')).toThrow('Object, expected a string, a Uint8Array, ');
});

describe('copyBytes and plainBytes', () => {
  it('copyBytes copies a Buffer too, whose own slice does not', () => {
    const bytes = Buffer.from([1, 2, 3]);
    const copy = copyBytes(bytes);
    bytes.fill(9);
    expect(copy).toEqual(Uint8Array.of(1, 2, 3));
    expect(copy.constructor).toBe(Uint8Array);
  });

  it('plainBytes gives a Uint8Array itself, and the memory of a subclass as one', () => {
    const plain = Uint8Array.of(1);
    expect(plainBytes(plain)).toBe(plain);
    const buffer = Buffer.from([1, 2, 3]).subarray(1);
    const view = plainBytes(buffer);
    expect(view.constructor).toBe(Uint8Array);
    expect([view.buffer, view.byteOffset, view.length]).toEqual([buffer.buffer, buffer.byteOffset, 2]);
  });
});

describe('checkText and checkBytes', () => {
  const refused = (message: string): object =>
    expect.objectContaining({ name: 'TypeError', code: 'bad-argument', message });

  it('let through what it is to be', () => {
    expect(checkText('', 'name')).toBe('');
    expect(checkBytes(new Uint8Array(0), 'mask')).toBeUndefined();
    expect(checkBytes(Buffer.alloc(1), 'mask')).toBeUndefined();
  });

  it('say of anything else what it is, and what it was for', () => {
    expect(() => checkText(null, 'name')).toThrow(refused('Cannot use name: it is null, expected a string'));
    expect(() => checkText(5, 'name')).toThrow(refused('Cannot use name: it is number, expected a string'));
    expect(() => checkBytes('x', 'mask')).toThrow(refused('Cannot mask: the bytes are not a Uint8Array'));
    expect(() => checkBytes(new ArrayBuffer(1), 'mask')).toThrow(
      refused('Cannot mask: the bytes are not a Uint8Array'),
    );
  });
});
