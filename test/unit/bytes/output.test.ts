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

  it('stays where it is as long as what was reserved has room, to the last byte, whoever cuts behind it', () => {
    const slab = new Slab();
    const one = new Output(slab);
    const two = new Output(slab);
    one.reserve(10);
    two.append(run(5, 2));
    const { bytes, start } = one;
    one.append(run(10, 1));
    expect([one.bytes, one.start, slab.used]).toEqual([bytes, start, 15]);
    expect([one.take(), two.take()]).toEqual([run(10, 1), run(5, 2)]);
  });

  it('grows in place to the last byte of the slab', () => {
    const slab = new Slab();
    const output = new Output(slab);
    output.append(run(30_000, 1));
    output.append(run(SLAB_BYTES - 30_000, 2));
    expect(slab.used).toBe(SLAB_BYTES);
    expect(output.take()!.buffer).toBe(slab.bytes.buffer);
  });

  it('has room for all that it was asked for when it moves, however much more that is', () => {
    const slab = new Slab();
    const one = new Output(slab);
    const two = new Output(slab);
    one.append(run(10, 1));
    two.append(run(1, 2));
    one.append(run(1000, 1));
    two.append(run(1000, 2));
    expect([one.take(), two.take()]).toEqual([run(1010, 1), run(1001, 2)]);
  });

  it('cuts a run of half a slab from a slab still', () => {
    const slab = new Slab();
    const output = new Output(slab);
    output.append(run(SLAB_BYTES / 2, 1));
    expect(output.take()!.buffer).toBe(slab.bytes.buffer);
    expect(slab.used).toBe(SLAB_BYTES / 2);
  });

  it('take gives nothing back that others have cut behind, and nothing of a slab for memory of its own', () => {
    const slab = new Slab();
    const one = new Output(slab);
    const two = new Output(slab);
    one.reserve(100);
    one.bytes[one.end++] = 1;
    two.append(run(10, 2));
    expect(one.take()).toEqual(run(1, 1));
    expect(slab.used).toBe(110);
    two.take();

    two.append(run(39_890, 2));
    two.take();
    expect(slab.used).toBe(40_000);
    one.reserve(40_000); // no room: memory of its own, as long as what the slab has handed out
    one.bytes[one.end++] = 1;
    expect(one.take()!.buffer).not.toBe(slab.bytes.buffer);
    expect(slab.used).toBe(40_000);
  });

  it('recycle leaves alone a cut of a slab that has been replaced', () => {
    const slab = new Slab();
    const one = new Output(slab);
    const two = new Output(slab);
    const cut = (length: number): void => {
      two.append(run(length, 2));
      two.take();
    };
    one.append(run(10, 1));
    const old = one.take()!;
    for (const length of [30_000, 30_000, 5520, 10]) cut(length);
    expect(slab.bytes.buffer).not.toBe(old.buffer);
    expect(slab.used).toBe(10);
    one.recycle(old);
    expect(slab.used).toBe(10);
  });

  it('recycle makes no slab of memory that is no longer than the one there is, nor of a part of some memory', () => {
    const slab = new Slab();
    const output = new Output(slab);
    output.append(run(10, 1));
    output.take();
    const { bytes } = slab;
    for (const length of [SLAB_BYTES - 1, SLAB_BYTES]) {
      output.append(run(length, 2));
      output.recycle(output.take()!);
      expect([slab.bytes === bytes, slab.used]).toEqual([true, 10]);
    }
    output.append(run(2 * SLAB_BYTES, 3));
    output.take();
    output.recycle(run(2 * SLAB_BYTES, 4).subarray(1));
    expect([slab.bytes === bytes, slab.used]).toEqual([true, 10]);
  });

  it('recycle makes a slab of up to 4 MiB', () => {
    const slab = new Slab();
    const output = new Output(slab);
    output.append(run(4 * 1024 * 1024, 1));
    output.recycle(output.take()!);
    expect(slab.bytes).toHaveLength(4 * 1024 * 1024);
    output.append(run(4 * 1024 * 1024 + 1, 1));
    output.recycle(output.take()!);
    expect(slab.bytes).toHaveLength(4 * 1024 * 1024);
  });
});
