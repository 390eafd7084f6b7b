/**
 * The two DEFLATE engines of a runtime: its own zlib, and the portable one, on messages that differ from one another.
 *
 * @module
 */
import * as zlib from 'node:zlib';
import { pureEngine } from '../../src/deflate/pure-engine.ts';
import { zlibEngine } from '../../src/transport/zlib-engine.ts';
import { messagesOf } from './deflate.ts';
import type { Scenario } from './measure.ts';

const OPTIONS = { windowBits: 15, contextTakeover: false };

/** zlib for messages of any size. What stands for level 1 is as in the adapters. */
const ZLIB = zlibEngine(
  { deflateFrom: 0, levelForOne: 'Bun' in globalThis || 'Deno' in globalThis ? 2 : 1 },
  () => zlib,
);

function both(size: number, what: 'deflate' | 'inflate', level = 1, same = false): Scenario {
  const all = messagesOf(size);
  // As in a benchmark through a server: branch predictors know it by heart.
  const messages = same ? all.map(() => all[0]!) : all;
  const engines = [
    ['zlib', ZLIB],
    ['portable', pureEngine],
  ] as const;
  const [first, second] = engines.map(([name, engine]) => {
    const deflater = engine.createDeflater({ ...OPTIONS, level });
    const inflater = engine.createInflater(OPTIONS);
    const deflated = messages.map((message) => deflater.deflate(message, true));
    const run = (): number => {
      let bytes = 0;
      if (what === 'deflate') {
        for (const message of messages) bytes += deflater.deflate(message, true, true).length;
        return bytes;
      }
      for (const message of deflated) {
        // A limit as a server has it: close to it, each byte is looked at by itself.
        const output = inflater.inflate(message, true, 1 << 20, true);
        if (output instanceof Error) throw output;
        bytes += output.length;
      }
      return bytes;
    };
    return { name, run };
  });
  const name = `${what} ${size} B${level === 1 ? '' : `, level ${level}`}${same ? ', always the same' : ''}`;
  return { name, target: 0, operations: messages.length, contenders: [first!, second!] };
}

/** All rows of the table, in order. */
export function engineScenarios(): Scenario[] {
  const sizes = [128, 256, 512, 1024, 2048, 4096, 16_384];
  return [
    ...sizes.flatMap((size) => [both(size, 'deflate'), both(size, 'inflate')]),
    ...[256, 1024].flatMap((size) => [both(size, 'deflate', 1, true), both(size, 'inflate', 1, true)]),
    ...[1024, 16_384].flatMap((size) => [2, 4, 6, 9].map((level) => both(size, 'deflate', level))),
  ];
}
