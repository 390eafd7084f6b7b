import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { encodeFrame, FrameCursor, FrameDecoder, Opcode, Step, xor64 } from 'sansocket/frame';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { VIEW_FROM, WORDS_FROM } from '../../../src/frame/mask.ts';
import { concat, DELIVERIES, hex, toHex, utf8 } from '../../support/deliveries.ts';
import { decodeAll, decodeChunks } from './support.ts';

const KEY = hex('37fa213d');

let gc: () => void;
beforeAll(() => {
  setFlagsFromString('--expose-gc');
  gc = runInNewContext('gc') as () => void;
});

describe('FrameDecoder', () => {
  it('decodes a stream of frames of every kind the same in every delivery [RFC 6455 5.2]', () => {
    const stream = concat([
      encodeFrame({ opcode: Opcode.Text, payload: 'Hel', fin: false, mask: KEY }),
      encodeFrame({ opcode: Opcode.Ping, payload: 'are you there', mask: KEY }),
      encodeFrame({ opcode: Opcode.Continuation, payload: 'lo', mask: KEY }),
      encodeFrame({ opcode: Opcode.Binary, payload: new Uint8Array(300).fill(7), mask: KEY }),
      encodeFrame({ opcode: Opcode.Binary }),
      encodeFrame({ opcode: Opcode.Close, payload: hex('03e8'), mask: KEY }),
    ]);
    const frame = { fin: true, rsv: 0, key: '37fa213d', headerLength: 6, complete: true };
    expect(decodeAll(stream)).toEqual([
      { ...frame, opcode: 1, fin: false, payloadLength: 3, payload: toHex(utf8('Hel')) },
      { ...frame, opcode: 9, payloadLength: 13, payload: toHex(utf8('are you there')) },
      { ...frame, opcode: 0, payloadLength: 2, payload: toHex(utf8('lo')) },
      { ...frame, opcode: 2, headerLength: 8, payloadLength: 300, payload: '07'.repeat(300) },
      { ...frame, opcode: 2, headerLength: 2, key: undefined, payloadLength: 0, payload: '' },
      { ...frame, opcode: 8, payloadLength: 2, payload: '03e8' },
    ]);
  });

  it('does not care for the order of frames: that is the message reader’s business', () => {
    expect(decodeAll(hex('8000 0100 0200'))).toMatchObject([{ opcode: 0 }, { opcode: 1 }, { opcode: 2 }]);
  });

  it('lets a frame of 2^53 - 1 bytes through in the pieces that it comes in', () => {
    const decoder = new FrameDecoder();
    decoder.push(hex('82 7f 001fffffffffffff aabb'));
    expect(decoder.next()).toMatchObject({ payloadLength: 2 ** 53 - 1 });
    expect(decoder.next()).toEqual({ kind: 'payload', bytes: hex('aabb'), offset: 0, last: false });
    expect(decoder.next()).toBeUndefined();
    decoder.push(hex('cc'));
    expect(decoder.next()).toEqual({ kind: 'payload', bytes: hex('cc'), offset: 2, last: false });
  });

  it('gives an empty frame one empty, last payload', () => {
    const decoder = new FrameDecoder();
    decoder.push(hex('8200'));
    expect(decoder.next()).toMatchObject({ kind: 'header' });
    expect(decoder.next()).toEqual({ kind: 'payload', bytes: hex(''), offset: 0, last: true });
    expect(decoder.next()).toBeUndefined();
  });

  it('keeps the phase of the mask over any split, at every offset [RFC 6455 5.3]', () => {
    const payload = Uint8Array.from({ length: 3 * VIEW_FROM }, (_, i) => i);
    const frame = encodeFrame({ opcode: Opcode.Binary, payload, mask: KEY });
    const wrong: number[] = [];
    for (let cut = 0; cut <= frame.length; cut++) {
      const [seen] = decodeChunks([frame.slice(0, cut), frame.slice(cut)]);
      if (seen === undefined || 'error' in seen || seen.payload !== toHex(payload)) wrong.push(cut);
    }
    expect(wrong).toEqual([]);
  });

  it('unmasks the same with what the runtime hands in', () => {
    const payload = Uint8Array.from({ length: 2100 }, (_, i) => i * 3);
    const frame = encodeFrame({ opcode: Opcode.Binary, payload, mask: KEY });
    for (const [, deliver] of DELIVERIES) {
      expect(decodeChunks(deliver(frame), { native: { xor: xor64 } })).toMatchObject([
        { payload: toHex(payload) },
      ]);
      expect(decodeChunks(deliver(frame), { native: {} })).toMatchObject([{ payload: toHex(payload) }]);
    }
  });

  it('decodes what lies anywhere in a larger buffer, and writes nothing outside', () => {
    const payload = new Uint8Array(500).fill(3);
    const frame = encodeFrame({ opcode: Opcode.Binary, payload, mask: KEY });
    for (let offset = 0; offset < 9; offset++) {
      const memory = new Uint8Array(frame.length + 20).fill(0xee);
      memory.set(frame, offset);
      const chunk = memory.subarray(offset, offset + frame.length);
      expect(decodeChunks([chunk])).toMatchObject([{ payload: '03'.repeat(500) }]);
      expect(memory.subarray(0, offset)).toEqual(new Uint8Array(offset).fill(0xee));
      expect(memory.subarray(offset + frame.length)).toEqual(new Uint8Array(20 - offset).fill(0xee));
    }
  });

  it('decodes from shared memory', () => {
    const chunk = new Uint8Array(new SharedArrayBuffer(7));
    chunk.set(hex('8105 48656c6c6f'));
    expect(decodeChunks([chunk])).toMatchObject([{ payload: '48656c6c6f' }]);
  });

  it('says at most one error, then nothing, whatever comes [RFC 6455 7.1.7]', () => {
    const decoder = new FrameDecoder();
    decoder.push(hex('8200 83'));
    decoder.push(hex('8200'));
    decoder.next();
    decoder.next();
    expect(decoder.next()).toMatchObject({ kind: 'error', code: 'reserved-opcode', offset: 2 });
    expect(decoder.next()).toBeUndefined();
    decoder.push(hex('8200'));
    expect(decoder.next()).toBeUndefined();
    expect(decoder.atBoundary).toBe(true);
  });

  it('counts the offset of an error over all that came before', () => {
    const good = encodeFrame({ opcode: Opcode.Binary, payload: new Uint8Array(200), mask: KEY });
    expect(decodeAll(concat([good, good, hex('82 7e 0001')])).at(-1)).toEqual({
      error: 'non-minimal-length',
      closeCode: 1002,
      offset: 2 * good.length + 2,
    });
  });

  it('position counts what was consumed, and atBoundary says whether the end cuts something off', () => {
    const decoder = new FrameDecoder();
    const state = (): [number, boolean] => [decoder.position, decoder.atBoundary];
    const drain = (): void => {
      while (decoder.next() !== undefined);
    };
    expect(state()).toEqual([0, true]);
    decoder.push(hex('82'));
    expect(state()).toEqual([0, false]);
    drain();
    expect(state()).toEqual([1, false]); // half a header
    decoder.push(hex('02 aa'));
    drain();
    expect(state()).toEqual([3, false]); // half a payload
    decoder.push(hex('bb'));
    expect(decoder.next()).toMatchObject({ last: true });
    expect(state()).toEqual([4, true]);
    decoder.push(hex('8200'));
    decoder.push(hex('8200'));
    decoder.next();
    decoder.next();
    expect(state()).toEqual([6, false]); // a chunk waits
    drain();
    expect(state()).toEqual([8, true]);
  });

  it('takes chunks that were pushed before the last one was used up, in order', () => {
    const decoder = new FrameDecoder();
    const seen: number[] = [];
    let pushed = 0;
    // Two in, one out: the queue grows, is cut, and grows again.
    for (let round = 0; round < 1000; round++) {
      for (let i = 0; i < 2; i++) decoder.push(Uint8Array.of(0x82, 1, pushed++ & 0x7f));
      for (let i = 0; i < 2; i++) {
        const event = decoder.next();
        if (event?.kind === 'payload') seen.push(event.bytes[0]!);
      }
    }
    for (let event = decoder.next(); event !== undefined; event = decoder.next()) {
      if (event.kind === 'payload') seen.push(event.bytes[0]!);
    }
    expect(seen).toEqual(Array.from({ length: 2000 }, (_, i) => i & 0x7f));
  });

  it('throws for options and chunks that cannot be', () => {
    const option = expect.objectContaining({ name: 'TypeError', code: 'bad-option' });
    for (const options of [{ role: 'x' }, { roel: 'server' }, { allowedRsv: 7 }, null]) {
      expect(() => new FrameDecoder(options as object)).toThrow(option);
    }
    const decoder = new FrameDecoder({ role: 'server', allowUnmasked: true, allowNonMinimalLength: true });
    for (const chunk of ['8200', [0x82, 0], new ArrayBuffer(2), undefined, 7]) {
      expect(() => decoder.push(chunk as unknown as Uint8Array)).toThrow(
        expect.objectContaining({ name: 'TypeError', code: 'bad-argument' }),
      );
    }
    decoder.push(hex('82 7e 0000'));
    expect(decoder.next()).toMatchObject({ kind: 'header', payloadLength: 0 });
  });
});

describe('FrameCursor', () => {
  it('unmasks chunks on both sides of 2 GiB of a buffer', () => {
    const frame = encodeFrame({ opcode: Opcode.Binary, payload: new Uint8Array(500).fill(7), mask: KEY });
    const buffer = new ArrayBuffer(2 ** 31 + 4096);
    for (const at of [2 ** 31 - frame.length, 2 ** 31 - 100, 2 ** 31, 2 ** 31 + 3]) {
      const chunk = new Uint8Array(buffer, at, frame.length);
      chunk.set(frame);
      const cursor = new FrameCursor({ role: 'server' });
      cursor.push(chunk);
      expect([cursor.step(), cursor.step()]).toEqual([Step.Header, Step.Payload]);
      expect(toHex(cursor.chunk.subarray(cursor.from, cursor.to))).toBe('07'.repeat(500));
    }
  });

  it.each([[undefined], [null], ['server'], [7]])('throws for %j in the place of options', (options) => {
    expect(() => new FrameCursor(options as never)).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'bad-option' }),
    );
  });

  it('holds what the last step found, and knows ASCII where unmasking tells for free', () => {
    const cursor = new FrameCursor({ role: 'server' });
    cursor.push(encodeFrame({ opcode: Opcode.Text, payload: 'Hi', mask: KEY }));
    expect(cursor.step()).toBe(Step.Header);
    expect(cursor.fields).toMatchObject({ fin: true, opcode: 1, payloadLength: 2, masked: true });
    expect(cursor.headerLength).toBe(6);
    expect(cursor.step()).toBe(Step.Payload);
    expect(toHex(cursor.chunk.subarray(cursor.from, cursor.to))).toBe('4869');
    expect(cursor.or).toBe(0x48 | 0x69);
    expect(cursor.remaining).toBe(0);
    expect(cursor.step()).toBe(Step.More);
    expect(cursor.position).toBe(8);
  });

  it('has no key for a frame that is not masked, whatever came before it [RFC 6455 5.3]', () => {
    const masked = encodeFrame({ opcode: Opcode.Text, payload: 'Hi', mask: KEY });
    const bytes = concat([masked, hex('8101 21'), hex('82 7e 0080'), new Uint8Array(128), masked]);
    for (const [name, deliver] of DELIVERIES) {
      const cursor = new FrameCursor({});
      const seen: Array<[boolean, number]> = [];
      for (const chunk of deliver(bytes)) {
        cursor.push(chunk);
        for (let step = cursor.step(); step !== Step.More; step = cursor.step()) {
          if (step === Step.Header) seen.push([cursor.fields.masked, cursor.fields.key]);
        }
      }
      const key = cursor.fields.key;
      expect(key, name).not.toBe(0);
      expect(seen, name).toEqual([
        [true, key],
        [false, 0],
        [false, 0],
        [true, key],
      ]);
    }
  });

  it('does not look at a payload that is not masked: it may be anything', () => {
    const cursor = new FrameCursor({ role: 'client' });
    cursor.push(hex('8101 21'));
    cursor.step();
    cursor.step();
    expect(cursor.or).toBe(0xff);
  });

  it('makes one view of the words for all frames of a chunk, and none where a loop over bytes is faster', () => {
    let views = 0;
    class CountedView extends Int32Array {
      constructor(...args: [ArrayBuffer, number, number]) {
        super(...args);
        views++;
      }
    }
    vi.stubGlobal('Int32Array', CountedView);
    const viewsFor = (payloadLengths: number[], chunkLength?: number): number => {
      const frame = (length: number): Uint8Array =>
        encodeFrame({ opcode: Opcode.Binary, payload: new Uint8Array(length), mask: KEY });
      const chunk = concat(payloadLengths.map(frame));
      const cursor = new FrameCursor({});
      views = 0;
      cursor.push(chunk.slice(0, chunkLength));
      while (cursor.step() !== Step.More);
      return views;
    };
    try {
      expect(viewsFor([WORDS_FROM, VIEW_FROM, 2 * VIEW_FROM])).toBe(1);
      expect(viewsFor([WORDS_FROM - 1, WORDS_FROM - 1, VIEW_FROM])).toBe(1);
      expect(viewsFor(Array(20).fill(WORDS_FROM - 1))).toBe(0);
      // A frame with just as many bytes left in its chunk as make a view worth it, and one less.
      expect(viewsFor([WORDS_FROM, VIEW_FROM], 6 + VIEW_FROM)).toBe(1);
      expect(viewsFor([WORDS_FROM, VIEW_FROM], 6 + VIEW_FROM - 1)).toBe(0);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it.each([
    [20, 20],
    [128, 64],
    [200, 100],
  ])(
    'of %i chunks that wait, lets go of those used up when they are %i: half, and 64',
    async (waiting, used) => {
      const cursor = new FrameCursor({});
      const chunks = Array.from({ length: 1 + waiting }, () => {
        const chunk = hex('8200');
        cursor.push(chunk);
        return new WeakRef(chunk);
      });
      const heldAt = async (frame: number): Promise<number> => {
        while (cursor.step() !== Step.Payload || cursor.position !== 2 * frame);
        await new Promise(setImmediate); // until then, a WeakRef holds what it was made of
        gc();
        return chunks.filter((each) => each.deref() !== undefined).length;
      };
      expect(await heldAt(used)).toBe(waiting);
      expect(await heldAt(used + 1)).toBe(1 + waiting - used);
    },
  );

  it('holds on to no chunk once it is used up', () => {
    const cursor = new FrameCursor({});
    const chunk = hex('8100');
    cursor.push(chunk);
    while (cursor.step() !== Step.More);
    expect(cursor.chunk).not.toBe(chunk);
    expect(cursor.chunk).toHaveLength(0);
  });

  it('takes what is lent as it is where nothing waits, else a copy, which nobody wants back', () => {
    const cursor = new FrameCursor({});
    expect(cursor.lent).toBe(false);
    const first = hex('8100 81');
    cursor.lend(first);
    expect([cursor.chunk === first, cursor.lent]).toEqual([true, true]);
    cursor.step();
    cursor.keep();
    expect([cursor.chunk === first, cursor.lent]).toEqual([false, false]);
    const kept = cursor.chunk;
    cursor.lend(hex('00'));
    expect(cursor.lent).toBe(false);
    cursor.keep();
    expect(cursor.chunk).toBe(kept);
  });

  it('is between two frames when nothing but empty chunks wait', () => {
    const cursor = new FrameCursor({});
    cursor.push(hex('8200'));
    cursor.push(hex(''));
    expect([cursor.step(), cursor.step()]).toEqual([Step.Header, Step.Payload]);
    expect(cursor.atBoundary).toBe(true);
  });

  it('counts bytes that were lent, and not taken when they were kept, once', () => {
    const cursor = new FrameCursor({});
    cursor.lend(hex('8101 61 8101 62 83'));
    expect(cursor.step()).toBe(Step.Header);
    expect(cursor.step()).toBe(Step.Payload);
    cursor.keep();
    expect(cursor.position).toBe(3);
    while (cursor.step() !== Step.Error);
    expect(cursor.error).toMatchObject({ code: 'reserved-opcode', offset: 6 });
  });

  it('goes on saying error after an error', () => {
    const cursor = new FrameCursor({ role: 'server' });
    cursor.push(hex('8100'));
    expect(cursor.step()).toBe(Step.Error);
    expect(cursor.step()).toBe(Step.Error);
    expect(cursor.error).toMatchObject({ code: 'unmasked-frame' });
  });
});
