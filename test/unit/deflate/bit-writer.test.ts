import { expect, it } from 'vitest';
import { BitWriter } from '../../../src/deflate/bit-writer.ts';

const KIBIBYTE = 1024;

it('BitWriter puts the lowest bit first, and fills the last byte up with zeros [RFC 1951 3.1.1]', () => {
  const writer = new BitWriter();
  writer.start(100);
  writer.put(0b1, 1);
  writer.put(0b01, 2);
  writer.put(0x1fff, 13);
  writer.put(0xabcd, 16);
  writer.put(0b101, 3);
  writer.align();
  writer.align(); // nothing to fill up
  expect([...writer.finish(false)]).toEqual([0b1111_1011, 0xff, 0xcd, 0xab, 0b101]);
});

it('BitWriter copies a part of other bytes behind its own', () => {
  const writer = new BitWriter();
  writer.start(100);
  writer.put(0x1ff, 9);
  writer.align();
  writer.copy(Uint8Array.of(1, 2, 3, 4), 1, 3);
  writer.put(7, 16);
  expect([...writer.finish(false)]).toEqual([0xff, 1, 2, 3, 7, 0]);
});

it('BitWriter begins anew with each start, whatever was left', () => {
  const writer = new BitWriter();
  writer.start(100);
  writer.put(0x7fff, 15);
  writer.start(100);
  writer.put(0, 8);
  writer.align();
  expect([...writer.finish(false)]).toEqual([0]);
});

it('BitWriter keeps 64 KiB for the next output, and lets go of more', () => {
  const writer = new BitWriter();
  const sizes: number[] = [];
  for (const capacity of [1, 64 * KIBIBYTE, 64 * KIBIBYTE + 1, 1]) {
    writer.start(capacity);
    sizes.push(writer.bytes.length);
    writer.finish(false);
    sizes.push(writer.bytes.length);
  }
  const kept = 64 * KIBIBYTE;
  expect(sizes).toEqual([kept, kept, kept, kept, kept + 1, 0, kept, kept]);
  const { bytes } = writer;
  writer.start(kept);
  expect(writer.bytes).toBe(bytes);
});

it('BitWriter gives its output in memory of its own', () => {
  const writer = new BitWriter();
  writer.start(10);
  writer.put(0x1234, 16);
  const output = writer.finish(false);
  expect(output.buffer.byteLength).toBe(2);
  writer.bytes.fill(0);
  expect([...output]).toEqual([0x34, 0x12]);
});

it('BitWriter lends its output where that is enough', () => {
  const writer = new BitWriter();
  writer.start(10);
  writer.put(0x1234, 16);
  const output = writer.finish(true);
  expect([...output]).toEqual([0x34, 0x12]);
  expect(output.buffer).toBe(writer.bytes.buffer);
});
