import { describe, expect, it } from 'vitest';
import { Output, SLAB_BYTES, Slab } from '../../../src/bytes/output.ts';

function run(length: number, byte: number): Uint8Array {
  return new Uint8Array(length).fill(byte);
}

describe('Output', () => {
  it('take returns undefined when nothing was written, also after room was reserved', () => {
    const output = new Output();
    expect(output.take()).toBeUndefined();
    output.reserve(100);
    expect(output.length).toBe(0);
    expect(output.take()).toBeUndefined();
  });

  it('take returns all that was appended, in order, as one run', () => {
    const output = new Output();
    for (let i = 0; i < 300; i++) output.append(run(i, i));
    expect(output.length).toBe((299 * 300) / 2);
    const whole = output.take()!;
    let at = 0;
    for (let i = 0; i < 300; i++) {
      expect(whole.subarray(at, at + i)).toEqual(run(i, i));
      at += i;
    }
    expect(output.length).toBe(0);
    expect(output.take()).toBeUndefined();
  });

  it('reserve then writing at end and moving end appends without a copy', () => {
    const output = new Output();
    output.reserve(10);
    output.bytes[output.end++] = 1;
    output.bytes[output.end++] = 2;
    expect(output.take()).toEqual(Uint8Array.of(1, 2));
  });

  it('a run that was taken is never written to again', () => {
    const output = new Output();
    const taken: Uint8Array[] = [];
    for (let i = 0; i < 2000; i++) {
      output.append(run(100, i));
      taken.push(output.take()!);
    }
    taken.forEach((bytes, i) => {
      expect(bytes).toEqual(run(100, i));
    });
  });

  it('cuts many runs from one slab, and gives back what was reserved and not written', () => {
    const slab = new Slab();
    const output = new Output(slab);
    output.append(run(1, 1));
    const memory = output.take()!.buffer;
    for (let i = 0; i < 100; i++) {
      output.reserve(20_000);
      output.bytes[output.end++] = 7;
      expect(output.take()!.buffer).toBe(memory);
    }
    expect(slab.used).toBe(101);
  });

  it('starts a new slab when the old one has no room', () => {
    const output = new Output();
    output.append(run(30_000, 1));
    const first = output.take()!;
    output.append(run(30_000, 2));
    const second = output.take()!;
    output.append(run(30_000, 3));
    const third = output.take()!;
    expect(second.buffer).toBe(first.buffer);
    expect(third.buffer).not.toBe(first.buffer);
    expect([first, second, third]).toEqual([run(30_000, 1), run(30_000, 2), run(30_000, 3)]);
  });

  it('gives a run of more than half a slab memory of its own', () => {
    const slab = new Slab();
    const output = new Output(slab);
    output.append(run(SLAB_BYTES, 1));
    expect(slab.used).toBe(0);
    expect(output.take()!.buffer.byteLength).toBe(SLAB_BYTES);
  });

  it('grows in place while nobody else cuts from the slab', () => {
    const output = new Output();
    output.append(run(1000, 1));
    const { bytes, start } = output;
    output.append(run(1000, 2));
    expect(output.bytes).toBe(bytes);
    expect(output.start).toBe(start);
  });

  it('two outputs of one slab do not write into each other, however they take turns', () => {
    const slab = new Slab();
    const one = new Output(slab);
    const two = new Output(slab);
    for (let i = 0; i < 400; i++) {
      one.append(run(37, 1));
      two.append(run(53, 2));
      if (i % 7 === 0) two.reserve(500);
    }
    expect(one.take()).toEqual(run(400 * 37, 1));
    expect(two.take()).toEqual(run(400 * 53, 2));
  });

  it('moves each byte a constant number of times when others cut from the slab in between', () => {
    const slab = new Slab();
    const one = new Output(slab);
    const two = new Output(slab);
    let moved = 0;
    for (let i = 0; i < 2000; i++) {
      const before = one.bytes;
      const had = one.length;
      one.append(run(10, 1));
      if (one.bytes !== before || one.length !== had + 10) moved += had;
      two.append(run(1, 2));
      two.take();
    }
    expect(moved).toBeLessThan(2 * 20_000);
  });

  it('appendShared gives a run that goes out alone as it is, and does not copy it', () => {
    const output = new Output();
    const shared = run(10, 9);
    output.appendShared(shared);
    expect(output.length).toBe(10);
    expect(output.take()).toBe(shared);
    expect(output.take()).toBeUndefined();
  });

  it('appendShared copies when something came before or comes after, and never writes to what is shared', () => {
    const output = new Output();
    const shared = run(3, 9);
    output.append(run(1, 1));
    output.appendShared(shared);
    expect(output.take()).toEqual(Uint8Array.of(1, 9, 9, 9));
    output.appendShared(shared);
    output.appendShared(shared);
    output.append(run(1, 2));
    expect(output.length).toBe(7);
    expect(output.take()).toEqual(Uint8Array.of(9, 9, 9, 9, 9, 9, 2));
    expect(shared).toEqual(run(3, 9));
  });

  it('recycle lets the memory of the last run be written again', () => {
    const slab = new Slab();
    const output = new Output(slab);
    output.append(run(10, 1));
    const first = output.take()!;
    output.recycle(first);
    expect(slab.used).toBe(0);
    output.append(run(10, 2));
    expect(output.take()!.byteOffset).toBe(first.byteOffset);
    expect(first).toEqual(run(10, 2));
  });

  it('recycle leaves alone what is not the last run, what is not the newest cut, and what was given back', () => {
    const slab = new Slab();
    const one = new Output(slab);
    const two = new Output(slab);
    one.append(run(10, 1));
    const first = one.take()!;
    two.append(run(10, 2));
    const second = two.take()!;
    one.recycle(first); // another cut lies behind it
    expect(slab.used).toBe(20);
    two.recycle(run(10, 3)); // not from here
    expect(slab.used).toBe(20);
    two.recycle(second); // too late: the call before used the right up
    expect(slab.used).toBe(20);
  });

  it('recycle leaves alone a run that was shared, however long', () => {
    const slab = new Slab();
    const output = new Output(slab);
    const shared = run(2 * SLAB_BYTES, 9);
    output.appendShared(shared);
    output.recycle(output.take()!);
    expect(slab.bytes).toHaveLength(0);
  });

  it('recycle makes the memory of a long run the slab, all of it, within a bound', () => {
    const slab = new Slab();
    const output = new Output(slab);
    output.append(run(SLAB_BYTES, 1));
    output.append(run(10, 2));
    const long = output.take()!;
    output.recycle(long);
    expect(slab.bytes.buffer).toBe(long.buffer);
    expect(slab.bytes.length).toBe(long.buffer.byteLength);
    output.append(run(2 * SLAB_BYTES, 3));
    expect(output.take()!.buffer).toBe(long.buffer);

    output.append(run(5 * 1024 * 1024, 4));
    output.recycle(output.take()!);
    expect(slab.bytes.buffer).toBe(long.buffer);
  });
});
