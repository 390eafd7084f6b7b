/**
 * The verdicts of MessageReader and of `ws`'s Receiver on the same bytes. docs/differences.md explains each difference
 * that is let through here; there must be no other, and each must occur.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { frameBytes, hostileFrames, hostileMessages, messageStreams, mutated } from 'sansocket/arbitraries';
import { MessageReader } from 'sansocket/frame';
import { describe, expect, it } from 'vitest';
import * as ws from 'ws';
import { hex, toHex } from '../support/deliveries.ts';

type Role = 'server' | 'client';
interface Limits {
  readonly maxMessageBytes: number;
  readonly maxFragments: number;
}
/** Events as text, and how it ended, if it did. */
interface Verdict {
  readonly events: string[];
  error: number | undefined;
  code: string | undefined;
  closed: boolean;
}
/** Either implementation, fed bit by bit. */
interface Judge {
  feed(bytes: Uint8Array): void;
  readonly verdict: Verdict;
}

function ours(role: Role, limits: Limits): Judge {
  const reader = new MessageReader({ role, limits, textAsBytes: true });
  const verdict: Verdict = { events: [], error: undefined, code: undefined, closed: false };
  return {
    verdict,
    feed(bytes) {
      reader.push(bytes.slice());
      for (let event = reader.next(); event !== undefined; event = reader.next()) {
        if (event.kind === 'error') {
          verdict.error = event.closeCode;
          verdict.code = event.code;
        } else if (event.kind === 'close') {
          verdict.closed = true;
          verdict.events.push(`close ${event.code} ${event.reason}`);
        } else {
          const data = 'payload' in event ? event.payload : (event.data as Uint8Array);
          verdict.events.push(`${event.kind} ${toHex(data)}`);
        }
      }
    },
  };
}

interface WsReceiver {
  write(chunk: Buffer): void;
  on(event: string, listener: (...args: never[]) => void): void;
}
const { Receiver } = ws as unknown as { Receiver: new (options: object) => WsReceiver };

function theirs(role: Role, { maxMessageBytes, maxFragments }: Limits): Judge {
  const receiver = new Receiver({ isServer: role === 'server', maxPayload: maxMessageBytes, maxFragments });
  const verdict: Verdict = { events: [], error: undefined, code: undefined, closed: false };
  const over = (): boolean => verdict.error !== undefined || verdict.closed;
  receiver.on('message', (data: Buffer, isBinary: boolean) => {
    verdict.events.push(`${isBinary ? 'binary' : 'text'} ${data.toString('hex')}`);
  });
  receiver.on('ping', (data: Buffer) => verdict.events.push(`ping ${data.toString('hex')}`));
  receiver.on('pong', (data: Buffer) => verdict.events.push(`pong ${data.toString('hex')}`));
  receiver.on('conclude', (code: number, reason: Buffer) => {
    verdict.closed = true;
    verdict.events.push(`close ${code} ${reason.toString()}`);
  });
  receiver.on('error', (error: Error & Record<symbol, number>) => {
    const status = Object.getOwnPropertySymbols(error).find((symbol) => symbol.description === 'status-code');
    verdict.error = status === undefined ? -1 : error[status];
  });
  return {
    verdict,
    feed(bytes) {
      if (!over()) receiver.write(Buffer.from(bytes));
    },
  };
}

/** The differences, by the names that the table of the docs has. */
type Difference = 'earlier' | 'later' | 'non-minimal' | 'top-bit' | 'fail-fast';
const DIFFERENCES = [undefined, 'earlier', 'later', 'non-minimal', 'top-bit', 'fail-fast'];

/** How the two differ on these bytes; `undefined` where they do not. Throws for a difference that nobody explained. */
async function difference(role: Role, limits: Limits, bytes: Uint8Array): Promise<Difference | undefined> {
  const us = ours(role, limits);
  const them = theirs(role, limits);
  us.feed(bytes);
  them.feed(bytes);
  // An error of a Writable is told in the next tick.
  await new Promise(setImmediate);
  const a = us.verdict;
  const b = them.verdict;
  const samePrefix = a.events.every((event, i) => b.events[i] === event);
  const explain = (): never => {
    throw new Error(`unexplained: ${JSON.stringify({ role, limits, bytes: toHex(bytes), us: a, them: b })}`);
  };
  const same = a.events.join() === b.events.join();
  if (same && a.error === b.error && a.closed === b.closed) return undefined;

  // We refuse what the RFC says must not be; from there on they may see anything.
  if (a.code === 'non-minimal-length' && samePrefix) return 'non-minimal';
  // The most significant bit: a broken rule to us (1002), a big length to them (1009), once all 8 bytes are there.
  if (a.code === 'length-overflow' && same && (b.error === 1009 || b.error === undefined)) return 'top-bit';
  // We fail on the bad byte; they fail at the end of the message, and see control frames and other faults before it.
  if (a.code === 'bad-utf8' && samePrefix) {
    const later = b.events.slice(a.events.length);
    if (later.every((event) => /^(ping|pong|close) /.test(event))) return 'fail-fast';
    return explain();
  }
  // One of us knows already, the other when the frame is whole: then it must be the same fault.
  if (!same) return explain();
  const [known, waiting, judge] = a.error === undefined ? ([b, a, us] as const) : ([a, b, them] as const);
  if (waiting.error !== undefined || waiting.closed) return explain();
  judge.feed(new Uint8Array(70_000));
  await new Promise(setImmediate);
  if (waiting.error !== known.error) return explain();
  return known === a ? 'earlier' : 'later';
}

describe('MessageReader and the Receiver of ws', () => {
  const roles = fc.constantFrom<Role>('server', 'client');
  const limits = fc.record({
    maxMessageBytes: fc.integer({ min: 1, max: 400 }),
    maxFragments: fc.integer({ min: 1, max: 6 }),
  });
  const streams = (role: Role): fc.Arbitrary<Uint8Array> => {
    const sender = role === 'server' ? 'client' : 'server';
    const healthy = messageStreams({ sender, maxPayloadBytes: 200 }).map(({ bytes }) => bytes);
    const hostile = fc
      .oneof(hostileFrames({ sender }), hostileMessages({ sender }))
      .map(({ bytes }) => bytes);
    // ws 8 says no more than this about a length that is not minimal, so it takes a part of its own.
    const longForms = fc
      .tuple(fc.uint8Array({ maxLength: 20 }), fc.constantFrom(2 as const, 8 as const))
      .map(([payload, lengthBytes]) => {
        const maskKey = sender === 'client' ? Uint8Array.of(1, 2, 3, 4) : undefined;
        return frameBytes({ fin: true, rsv: 0, opcode: 2, maskKey, payload, lengthBytes });
      });
    const cutShort = fc
      .tuple(fc.oneof(healthy, hostile), fc.double({ min: 0, max: 1, noNaN: true }))
      .map(([bytes, fraction]) => bytes.slice(0, Math.floor(fraction * bytes.length)));
    return fc.oneof(healthy, hostile, cutShort, mutated(healthy), mutated(hostile), longForms);
  };

  it('differ in nothing but what docs/differences.md lists, over random, hostile and damaged streams', async () => {
    await fc.assert(
      fc.asyncProperty(
        roles.chain((role) => fc.tuple(fc.constant(role), streams(role))),
        limits,
        async ([role, bytes], some) => {
          // It throws where nothing in the table explains what it sees.
          expect(DIFFERENCES).toContain(await difference(role, some, bytes));
        },
      ),
      { numRuns: 4000 },
    );
  });

  const examples = [
    ['earlier', 'client', '83'],
    ['later', 'server', '8881 01020304'],
    ['non-minimal', 'client', '827e0001 07'],
    ['top-bit', 'client', '827f8000000000000000'],
    ['fail-fast', 'client', '0102 61ff'],
  ] as const;

  it.each(examples)('the difference "%s" occurs, as a %s that receives %s', async (name, role, bytes) => {
    expect(await difference(role, { maxMessageBytes: 100, maxFragments: 10 }, hex(bytes))).toBe(name);
  });

  it('the table of docs/differences.md has a row for each that is let through, and no other', () => {
    const page = readFileSync(new URL('../../docs/differences.md', import.meta.url), 'utf8');
    const [, section = ''] = page.split('\n## Frames: ');
    const [table = ''] = section.split('\n## ');
    const rows = [...table.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name);
    expect(rows.sort()).toEqual(DIFFERENCES.filter((name) => name !== undefined).sort());
    expect(rows).toEqual(examples.map(([name]) => name as string).sort());
  });
});
