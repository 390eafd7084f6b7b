import { describe, expect, it } from 'vitest';
import { PumpStream } from '../../../src/transport/pump-stream.ts';
import { WriteMemory } from '../../../src/transport/write-memory.ts';

describe('WriteMemory', () => {
  it('has memory for 8 to 64 KiB and a header, and none where a copy does not pay', () => {
    const memory = new WriteMemory();
    expect(memory.take(8191)).toBeUndefined();
    for (const bytes of [8192, 16_384 + 14, 32_768, 65_536 + 14]) {
      const taken = memory.take(bytes)!;
      expect(taken.length).toBeGreaterThanOrEqual(bytes);
      expect(taken.length).toBeLessThan(4 * bytes);
    }
    expect(memory.take(65_536 + 4097)).toBeUndefined();
  });

  it('hands out again what was given back, each to one at a time, by size', () => {
    const memory = new WriteMemory();
    const small = memory.take(9000)!;
    const other = memory.take(9000)!;
    const large = memory.take(50_000)!;
    expect(other).not.toBe(small);
    for (const each of [small, large]) memory.give(each);
    expect(memory.take(60_000)).toBe(large);
    expect(memory.take(16_000)).toBe(small);
    expect([small, other]).not.toContain(memory.take(16_000));
  });

  it('keeps 4 MiB at most', () => {
    const memory = new WriteMemory();
    const all = Array.from({ length: 100 }, () => memory.take(60_000)!);
    for (const each of all) memory.give(each);
    const again = new Set(Array.from({ length: 100 }, () => memory.take(60_000)!));
    expect(all.filter((each) => again.has(each))).toHaveLength(Math.floor((4 << 20) / 69_632));
  });
});

/** A socket whose writes are done when the test says so. */
class Held extends PumpStream {
  readonly remoteAddress = '';
  readonly remotePort = 0;
  readonly encrypted = false;
  readonly alpnProtocol = '';
  /** What is being written. */
  pushing: Uint8Array[] = [];

  constructor(memory: WriteMemory) {
    super(memory);
    this.run({ data() {}, end() {}, drain() {}, close() {} });
  }

  /** The write under way took so many bytes. */
  took(count: number): Uint8Array {
    const bytes = this.pushing.shift()!.slice(0, count);
    this.pushed(count);
    return bytes;
  }

  protected pull(): void {}
  protected push(bytes: Uint8Array): void {
    this.pushing.push(bytes);
  }
  protected halfClose(): void {}
  protected shut(): void {}
  protected explain(thrown: unknown): Error {
    return thrown as Error;
  }
}

describe('PumpStream with memory to write from', () => {
  const filled = (length: number, value: number) => new Uint8Array(length).fill(value);

  it('says that it has copied what is in flight: the memory it came in may be written to again', () => {
    const stream = new Held(new WriteMemory());
    const bytes = filled(10_000, 7);
    stream.write(bytes);
    expect(stream.copied).toBe(true);
    bytes.fill(0);
    expect(stream.took(3000)).toEqual(filled(3000, 7));
    expect(stream.took(7000)).toEqual(filled(7000, 7));
    expect(stream.bufferedBytes).toBe(0);
  });

  it('does not say so of what waits behind it, nor of what is too short to be copied', () => {
    const stream = new Held(new WriteMemory());
    stream.write(filled(10_000, 1));
    stream.write(filled(10_000, 2));
    expect(stream.copied).toBe(false);
    stream.took(10_000);
    expect(stream.took(10_000)).toEqual(filled(10_000, 2));
    stream.write(filled(100, 3));
    expect(stream.copied).toBe(false);
    expect(stream.took(100)).toEqual(filled(100, 3));
  });

  it('uses memory again when all of it is written, and not while a part is in flight', () => {
    const memory = new WriteMemory();
    const [one, two] = [new Held(memory), new Held(memory)];
    one.write(filled(10_000, 1));
    const { buffer } = one.pushing[0]!;
    one.took(4000);
    two.write(filled(10_000, 2));
    expect(two.pushing[0]!.buffer).not.toBe(buffer);
    expect(one.took(6000)).toEqual(filled(6000, 1));
    one.write(filled(10_000, 3));
    expect(one.pushing[0]!.buffer).toBe(buffer);
  });

  it('never uses memory again that a socket held when it was dropped', () => {
    const memory = new WriteMemory();
    const one = new Held(memory);
    one.write(filled(10_000, 1));
    const [held] = one.pushing;
    one.destroy();
    one.took(10_000); // the operation ends after all
    const two = new Held(memory);
    two.write(filled(10_000, 2));
    expect(two.pushing[0]!.buffer).not.toBe(held!.buffer);
  });
});
