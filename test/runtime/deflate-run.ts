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
import { compareEngines } from '../support/deflate-differential.ts';

const transport = 'Bun' in globalThis ? bunTransport : denoTransport;
const options = { windowBits: 15, contextTakeover: false, level: 1 };

const result = {
  name: transport.deflate?.name,
  // The classes are not exported: this is the one way to see from outside whether the self-check was passed.
  usesZlib: transport.deflate?.createDeflater(options).constructor.name === 'ZlibDeflater',
  asTuned: compareEngines(transport.deflate!, createPureEngine()),
  all: compareEngines(
    zlibEngine({ deflateFrom: 1, levelForOne: 1 }, () => zlib),
    createPureEngine(),
  ),
};
console.log(JSON.stringify(result));
process.exit(0);
