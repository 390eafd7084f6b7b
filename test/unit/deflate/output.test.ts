import { expect, it } from 'vitest';
import { Output } from '../../../src/deflate/output.ts';

const KIBIBYTE = 1024;

/** An output that was begun, with these bytes. */
function outputOf(length: number, limit = Number.POSITIVE_INFINITY): Output {
  const output = new Output();
  output.start();
  output.reserve(length, limit);
  output.bytes.fill(7, 0, length);
  output.length = length;
  return output;
}

it('Output begins with 64 KiB, and takes them again for the next call', () => {
  const output = outputOf(10);
  expect(output.bytes).toHaveLength(64 * KIBIBYTE);
  const { bytes } = output;
  expect(output.finish()).toEqual(new Uint8Array(10).fill(7));
  output.start();
  expect(output.length).toBe(0);
  expect(output.bytes).toBe(bytes);
});

it('Output stays where it is as long as there is room, to the last byte', () => {
  const output = outputOf(10);
  const { bytes } = output;
  output.reserve(64 * KIBIBYTE - 10, 1e6);
  expect(output.bytes).toBe(bytes);
});

it('Output doubles, keeps what it has, and grows no further than the limit', () => {
  const output = outputOf(64 * KIBIBYTE);
  output.reserve(1, 1e6);
  expect(output.bytes).toHaveLength(128 * KIBIBYTE);
  expect(output.bytes.subarray(0, output.length).every((byte) => byte === 7)).toBe(true);
  const near = outputOf(64 * KIBIBYTE);
  near.reserve(1, 70_000);
  expect(near.bytes).toHaveLength(70_000);
  const far = outputOf(64 * KIBIBYTE);
  far.reserve(200_000, 1e6);
  expect(far.bytes).toHaveLength(64 * KIBIBYTE + 200_000);
});

it('Output hands out memory of its own, of which at most an eighth is lost', () => {
  for (const length of [1, 64 * KIBIBYTE, 100_000, 114_687, 114_688, 114_689, 131_072]) {
    const output = outputOf(64 * KIBIBYTE);
    output.reserve(1, 131_072);
    output.length = length;
    const { bytes } = output;
    const result = output.finish();
    expect(result).toHaveLength(length);
    expect(result.buffer.byteLength).toBeLessThanOrEqual(Math.ceil((length * 8) / 7));
    output.start();
    output.bytes.fill(0);
    expect(bytes.subarray(0, 3)).toEqual(new Uint8Array(3).fill(7));
  }
});

it('Output lends what it keeps', () => {
  const output = outputOf(10);
  expect(output.finish(true).buffer).toBe(output.bytes.buffer);
  expect(outputOf(10).finish(false).buffer.byteLength).toBe(10);
});

it('Output gives what it does not keep, if that is seven eighths full, and copies it else', () => {
  for (const [length, given] of [
    [114_688, true],
    [114_687, false],
  ] as const) {
    const output = outputOf(128 * KIBIBYTE);
    output.length = length;
    const { bytes } = output;
    expect(output.finish().buffer === bytes.buffer).toBe(given);
    expect(output.bytes).toHaveLength(0);
  }
});
