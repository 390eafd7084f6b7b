/**
 * Fuzzes somebody else's parser: the Receiver of `ws`. Healthy streams must be read as they were meant, in any cut; hostile
 * ones must fail with the close code that the RFC asks for. What it finds in version 8 is in docs/differences.md.
 *
 *     node examples/fuzz-your-parser.ts       (Node 22.18 or later, or deno run -A; Bun has a `ws` of its own)
 *
 * @module
 */
import * as fc from 'fast-check';
import {
  chunksOf,
  type ExpectedEvent,
  hostileFrames,
  hostileMessages,
  messageStreams,
} from 'sansocket/arbitraries';
import * as ws from 'ws';

/** What the parser under test made of the bytes. Replace this function to fuzz yours. */
function parse(
  chunks: readonly Uint8Array[],
): Promise<{ events: ExpectedEvent[]; closeCode: number | undefined }> {
  const { Receiver } = ws as unknown as { Receiver: new (options: object) => import('node:stream').Writable };
  const receiver = new Receiver({ isServer: true });
  const events: ExpectedEvent[] = [];
  let closeCode: number | undefined;
  const bytes = (data: Buffer): Uint8Array => new Uint8Array(data);
  receiver.on('message', (data: Buffer, isBinary: boolean) => {
    events.push(isBinary ? { kind: 'binary', data: bytes(data) } : { kind: 'text', data: data.toString() });
  });
  receiver.on('ping', (data: Buffer) => events.push({ kind: 'ping', payload: bytes(data) }));
  receiver.on('pong', (data: Buffer) => events.push({ kind: 'pong', payload: bytes(data) }));
  receiver.on('conclude', (code: number, reason: Buffer) => {
    events.push({ kind: 'close', code, reason: reason.toString() });
  });
  receiver.on('error', (error: object) => {
    const status = Object.getOwnPropertySymbols(error).find((symbol) => symbol.description === 'status-code');
    closeCode = (error as Record<symbol, number>)[status!];
  });
  for (const chunk of chunks) receiver.write(Buffer.from(chunk));
  return new Promise((resolve) => setImmediate(() => resolve({ events, closeCode })));
}

const same = (a: unknown, b: unknown): boolean => {
  const plain = (_: string, value: unknown): unknown => (value instanceof Uint8Array ? [...value] : value);
  return JSON.stringify(a, plain) === JSON.stringify(b, plain);
};

const healthy = await fc.check(
  fc.asyncProperty(messageStreams({ sender: 'client' }), chunksOf(), async (stream, cut) => {
    return same((await parse(cut(stream.bytes))).events, stream.events);
  }),
  { numRuns: 300 },
);
console.log(
  `healthy streams: ${healthy.failed ? fc.defaultReportMessage(healthy) : 'all read as they were meant'}`,
);

const found = new Map<string, number>();
const hostile = fc.oneof(hostileFrames({ sender: 'client' }), hostileMessages({ sender: 'client' }));
await fc.assert(
  fc.asyncProperty(hostile, async ({ bytes, why, rule, closeCode }) => {
    // What follows may be needed before the fault is seen; it is only waited for, never read as a message.
    const { closeCode: actual } = await parse([bytes, new Uint8Array(70_000)]);
    if (actual === closeCode) return;
    const what = `${why} (${rule}): expected ${closeCode}, ${actual === undefined ? 'taken' : `failed with ${actual}`}`;
    found.set(what, (found.get(what) ?? 0) + 1);
  }),
  { numRuns: 2000 },
);
for (const [what, times] of found) console.log(`${what}, ${times} times`);
