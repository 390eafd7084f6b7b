import * as zlib from 'node:zlib';
import { expect, it, vi } from 'vitest';
import { createPureEngine } from '../../../src/deflate/pure-engine.ts';
import { ProtocolError } from '../../../src/errors.ts';
import { nodeTransport } from '../../../src/transport/node.ts';
import { zlibEngine } from '../../../src/transport/zlib-engine.ts';
import type { ZlibHandle, ZlibModule, ZlibStream } from '../../../src/transport/zlib-handle.ts';
import {
  engineContract,
  expectBytes,
  inflateAll,
  zlibInflate,
  zlibMessage,
} from '../../support/deflate-contract.ts';
import { compareEngines } from '../../support/deflate-differential.ts';
import { sample } from '../../support/deflate-samples.ts';
import { concat, DELIVERIES, hex } from '../../support/deliveries.ts';
import { loadVectors, type VectorBytes, vectorBytes } from '../../support/vectors.ts';

/** All that can be is done by zlib. */
const EVERYTHING = { deflateFrom: 1, levelForOne: 1 } as const;
const WHOLE = { windowBits: 15, contextTakeover: false };

engineContract(zlibEngine(EVERYTHING, () => zlib));

interface Options {
  readonly windowBits?: number;
  readonly contextTakeover?: boolean;
  readonly maxOutputBytes?: number;
  readonly before?: readonly string[];
}
type Expect = { readonly output: VectorBytes } | { readonly error: string; readonly offset: number };
const { vectors } = loadVectors<Options, Expect>('deflate-inflate');

it.each(DELIVERIES)(
  'zlibEngine gives what the published vectors say, delivered %s [RFC 7692 7.2.2]',
  (_, deliver) => {
    const engine = zlibEngine(EVERYTHING, () => zlib);
    for (const { name, options = {}, bytes, expect: expected } of vectors) {
      const { windowBits = 15, contextTakeover = false, maxOutputBytes, before = [] } = options;
      const inflater = engine.createInflater({ windowBits, contextTakeover });
      for (const message of before) inflateAll(inflater, deliver(hex(message)));
      const output = inflateAll(inflater, deliver(vectorBytes(bytes)), maxOutputBytes);
      if ('output' in expected) expectBytes(output, vectorBytes(expected.output), name);
      else expect(output, name).toMatchObject({ code: expected.error, offset: expected.offset });
    }
  },
);

it('zlibEngine answers every message as the portable engine does, healthy or not, whole or in pieces [RFC 7692 7.2]', () => {
  const { differences, faults, tried } = compareEngines(
    zlibEngine(EVERYTHING, () => zlib),
    createPureEngine(),
  );
  expect(differences).toEqual([]);
  expect(tried).toBeGreaterThan(8_000);
  expect(faults).toBeGreaterThan(3_000);
});

/** node:zlib, with what a test does to its handles, and how often these were asked to work. */
function watched(change: (handle: ZlibHandle, stream: ZlibStream) => void = () => {}): {
  readonly module: ZlibModule;
  readonly calls: { inflate: number; deflate: number; closed: number; opened: number };
} {
  const calls = { inflate: 0, deflate: 0, closed: 0, opened: 0 };
  const watch = (stream: ZlibStream, kind: 'inflate' | 'deflate'): ZlibStream => {
    calls.opened++;
    const handle = stream._handle as ZlibHandle;
    const { writeSync } = handle;
    handle.writeSync = (...args) => {
      calls[kind]++;
      writeSync.apply(handle, args);
    };
    const { close } = stream;
    stream.close = () => {
      calls.closed++;
      close.call(stream);
    };
    change(handle, stream);
    return stream;
  };
  const module: ZlibModule = {
    constants: zlib.constants,
    createInflateRaw: (options) => watch(zlib.createInflateRaw(options) as unknown as ZlibStream, 'inflate'),
    createDeflateRaw: (options) => watch(zlib.createDeflateRaw(options) as unknown as ZlibStream, 'deflate'),
  };
  return { module, calls };
}

it('zlibEngine leaves to zlib whole messages without context takeover, from the tuned size on, and to portable code the rest', () => {
  const { module, calls } = watched();
  const load = vi.fn(() => module);
  const engine = zlibEngine({ deflateFrom: 512, levelForOne: 1 }, load);
  expect(load).not.toHaveBeenCalled();
  const deflater = engine.createDeflater({ ...WHOLE, level: 1 });
  const inflater = engine.createInflater(WHOLE);
  const tried = { ...calls };
  const since = (): [number, number] => [calls.deflate - tried.deflate, calls.inflate - tried.inflate];
  const bytes = sample('json', 600);

  const message = deflater.deflate(bytes, true);
  expectBytes(inflater.inflate(message, true, 600), bytes);
  expect(since()).toEqual([1, 1]);
  deflater.deflate(bytes.subarray(0, 511), true);
  for (const last of [false, true]) {
    expectBytes(inflater.inflate(deflater.deflate(bytes, last), last, 600), bytes);
  }
  inflateAll(inflater, [message.subarray(0, 9), message.subarray(9)]);
  expect(since()).toEqual([1, 1]);

  // Kept and small windows, and level 0.
  engine.createDeflater({ ...WHOLE, contextTakeover: true, level: 1 }).deflate(bytes, true);
  engine.createDeflater({ ...WHOLE, windowBits: 9, level: 1 }).deflate(bytes, true);
  engine.createDeflater({ ...WHOLE, level: 0 }).deflate(bytes, true);
  engine.createInflater({ ...WHOLE, contextTakeover: true }).inflate(message, true, 600);
  engine.createInflater({ ...WHOLE, windowBits: 14 }).inflate(message, true, 600);
  expect(since()).toEqual([1, 1]);
  // A message that its window holds whole.
  engine.createDeflater({ ...WHOLE, windowBits: 10, level: 1 }).deflate(bytes, true);
  expect(since()).toEqual([2, 1]);
  // All share one handle of each kind.
  expect(calls.opened).toBe(2);
  expect(load).toHaveBeenCalledOnce();
});

it('zlibEngine of nodeTransport passes its self-check on this version of Node', () => {
  expect(nodeTransport.deflate?.name).toBe('zlib');
  const deflater = nodeTransport.deflate?.createDeflater({ ...WHOLE, level: 1 });
  expect(deflater?.constructor.name).toBe('ZlibDeflater');
});

it('zlibEngine counts the offset of a fault from the first byte of the first message, whoever inflated it', () => {
  const message = zlibMessage(sample('text', 300));
  const bad = hex('07');
  for (const before of [[message], [message, message.subarray(0, 20), message.subarray(20)]]) {
    const [mine, portable] = [zlibEngine(EVERYTHING, () => zlib), createPureEngine()].map((engine) => {
      const inflater = engine.createInflater(WHOLE);
      for (const [i, piece] of before.entries()) inflater.inflate(piece, i !== 1, 1000);
      return inflater.inflate(bad, true, 1000) as ProtocolError;
    });
    expect(mine).toBeInstanceOf(ProtocolError);
    expect(mine!.offset).toBe(portable!.offset);
  }
});

/** What a zlib could be like that we do not know. */
const STRANGE: ReadonlyArray<readonly [what: string, load: () => ZlibModule]> = [
  [
    'cannot be loaded',
    () => {
      throw new Error('no such module');
    },
  ],
  [
    'has streams without a handle',
    () => changed((_, stream) => Object.assign(stream, { _handle: undefined })),
  ],
  [
    'has a handle without writeSync',
    () => changed((handle) => Object.assign(handle, { writeSync: undefined })),
  ],
  [
    'says nowhere what is left',
    () => changed((_, stream) => Object.assign(stream, { _writeState: undefined })),
  ],
  ['does not work at once', () => changed((handle) => Object.assign(handle, { writeSync() {} }))],
  [
    'throws',
    () =>
      changed((handle) => {
        handle.writeSync = () => {
          throw new Error('not like this');
        };
      }),
  ],
  ['cannot start afresh', () => changed((handle) => Object.assign(handle, { reset() {} }))],
  [
    'claims to have written more than there is room for',
    () =>
      changed((handle, stream) => {
        handle.writeSync = () => stream._writeState!.fill(0xffff_ffff);
      }),
  ],
];

function changed(change: (handle: ZlibHandle, stream: ZlibStream) => void): ZlibModule {
  return watched(change).module;
}

it.each(STRANGE)('zlibEngine is the portable engine where zlib %s', (_, load) => {
  const engine = zlibEngine(EVERYTHING, load);
  const deflater = engine.createDeflater({ ...WHOLE, level: 1 });
  const inflater = engine.createInflater(WHOLE);
  expect([deflater, inflater].map((each) => each.constructor.name)).toEqual(['PureDeflater', 'PureInflater']);
  for (let round = 0; round < 3; round++) {
    const bytes = sample('json', 3000, round);
    expectBytes(inflater.inflate(deflater.deflate(bytes, true), true, 3000), bytes);
  }
  expect(inflater.inflate(hex('07'), true, 100)).toMatchObject({ code: 'bad-deflate' });
});

it('zlibEngine finds corrupt data also where zlib does not call back', () => {
  const { module, calls } = watched((handle) => {
    Object.defineProperty(handle, 'onerror', { get: () => () => {}, set() {} });
  });
  const inflater = zlibEngine(EVERYTHING, () => module).createInflater(WHOLE);
  const tried = calls.inflate;
  expect(inflater.inflate(hex('f2 00 11 00 00'), true, 100)).toMatchObject({ code: 'bad-deflate' });
  expect(calls.inflate).toBe(tried + 1);
});

it('zlibEngine goes on with portable code, and gives its handles back, when zlib throws later on', () => {
  let broken = false;
  const { module, calls } = watched((handle) => {
    const { writeSync } = handle;
    handle.writeSync = (...args) => {
      if (broken) throw new Error('out of order');
      writeSync(...args);
    };
  });
  const engine = zlibEngine(EVERYTHING, () => module);
  const deflater = engine.createDeflater({ ...WHOLE, level: 1 });
  const inflater = engine.createInflater(WHOLE);
  const bytes = sample('json', 3000);
  for (broken of [false, true, false]) {
    const message = deflater.deflate(bytes, true);
    expectBytes(zlibInflate(message), bytes);
    expectBytes(inflater.inflate(message, true, 3000), bytes);
  }
  expect(calls.closed).toBe(calls.opened);
});

it('zlibEngine stands in with another level for level 1 where it is told to', () => {
  const bytes = sample('json', 20_000);
  const sizes = ([1, 2] as const).map((levelForOne) => {
    const engine = zlibEngine({ deflateFrom: 1, levelForOne }, () => zlib);
    return [1, 2].map((level) => engine.createDeflater({ ...WHOLE, level }).deflate(bytes, true).length);
  });
  expect(sizes[1]).toEqual([sizes[0]![1], sizes[0]![1]]);
  expect(sizes[0]![0]).toBeGreaterThan(sizes[0]![1]!);
});

it('zlibEngine holds on to nothing when a piece of a message was its last, or failed', () => {
  const inflater = zlibEngine(EVERYTHING, () => zlib).createInflater(WHOLE);
  const message = zlibMessage(sample('text', 40_000));
  inflater.inflate(message.subarray(0, 5000), false, 1e6);
  expect(inflater.retainedBytes).toBeGreaterThan(0);
  inflater.inflate(message.subarray(5000), true, 1e6);
  expect(inflater.retainedBytes).toBe(0);
  inflater.inflate(message.subarray(0, 5000), false, 1e6);
  inflater.dispose();
  expect(inflater.retainedBytes).toBe(0);
});

it('zlibEngine takes Node buffers, views into larger memory and shared memory for what they are', () => {
  const engine = zlibEngine(EVERYTHING, () => zlib);
  const bytes = sample('text', 3000);
  const message = zlibMessage(bytes);
  const around = concat([Uint8Array.of(1, 2, 3), message, Uint8Array.of(4)]);
  const shared = new Uint8Array(new SharedArrayBuffer(message.length));
  shared.set(message);
  for (const input of [Buffer.from(message), around.subarray(3, 3 + message.length), shared]) {
    const output = engine.createInflater(WHOLE).inflate(input, true, 5000) as Uint8Array;
    expectBytes(output, bytes);
    expect(Object.getPrototypeOf(output)).toBe(Uint8Array.prototype);
    const whole = new Uint8Array(new SharedArrayBuffer(bytes.length));
    whole.set(bytes);
    expectBytes(zlibInflate(engine.createDeflater({ ...WHOLE, level: 1 }).deflate(whole, true)), bytes);
  }
});
