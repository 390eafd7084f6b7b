/**
 * Holds the DEFLATE engine of Bun's or Deno's transport to the portable one, on that runtime, and prints what came of it as JSON.
 *
 * @module
 */
import process from 'node:process';
import * as zlib from 'node:zlib';
import { createPureEngine } from '../../src/deflate/pure-engine.ts';
import { bunTransport } from '../../src/transport/bun.ts';
import { denoTransport } from '../../src/transport/deno.ts';
import { zlibEngine } from '../../src/transport/zlib-engine.ts';
import type { ZlibModule, ZlibStream } from '../../src/transport/zlib-handle.ts';
import { compareEngines } from '../support/deflate-differential.ts';

const transport = 'Bun' in globalThis ? bunTransport : denoTransport;
const options = { windowBits: 15, contextTakeover: false, level: 1 };

/** The runtime's zlib, with what a later version of it could do to a stream. */
function changed(change: (stream: ZlibStream) => unknown): ZlibModule {
  const apply = (stream: unknown): ZlibStream => {
    change(stream as ZlibStream);
    return stream as ZlibStream;
  };
  return {
    constants: zlib.constants,
    createDeflateRaw: (given) => apply(zlib.createDeflateRaw(given)),
    createInflateRaw: (given) => apply(zlib.createInflateRaw(given)),
  };
}

const CHANGES: Readonly<Record<string, (stream: ZlibStream) => unknown>> = {
  nothing: () => {},
  'no handle': (stream) => Object.assign(stream, { _handle: undefined }),
  'no state': (stream) => Object.assign(stream, { _writeState: undefined }),
  'no writeSync': (stream) => Object.assign(stream._handle!, { writeSync: undefined }),
  'a reset that does nothing': (stream) => Object.assign(stream._handle!, { reset() {} }),
  'a writeSync that does nothing': (stream) => Object.assign(stream._handle!, { writeSync() {} }),
};

/** Which engine does the work then; and whether a message comes through. */
function madeOf(change: (stream: ZlibStream) => unknown): string {
  const engine = zlibEngine({ deflateFrom: 1, levelForOne: 1 }, () => changed(change));
  const deflater = engine.createDeflater(options);
  const message = new TextEncoder().encode('hello '.repeat(200));
  const back = engine.createInflater(options).inflate(deflater.deflate(message, true), true, 1200);
  return `${deflater.constructor.name} ${back instanceof Uint8Array && String(back) === String(message)}`;
}

const result = {
  name: transport.deflate?.name,
  // The classes are not exported: this is the one way to see from outside whether the self-check was passed.
  usesZlib: transport.deflate?.createDeflater(options).constructor.name === 'ZlibDeflater',
  changed: Object.fromEntries(Object.entries(CHANGES).map(([name, change]) => [name, madeOf(change)])),
  asTuned: compareEngines(transport.deflate!, createPureEngine()),
  all: compareEngines(
    zlibEngine({ deflateFrom: 1, levelForOne: 1 }, () => zlib),
    createPureEngine(),
  ),
};
console.log(JSON.stringify(result));
process.exit(0);
