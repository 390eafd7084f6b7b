import fc from 'fast-check';
import { connect } from 'sansocket/client';
import { type ClientOpened, ClientOpening, type HandshakeError } from 'sansocket/connection';
import { Server } from 'sansocket/server';
import { createMemoryTransport, type MemoryFaults } from 'sansocket/transport';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../support/deliveries.ts';
import { switching, turns } from '../unit/client/support.ts';

/** What comes of an answer that arrives in these chunks, in words. */
function verdict(opening: ClientOpening, chunks: readonly Uint8Array[]): string {
  let found: ClientOpened | HandshakeError | undefined;
  const behind: number[] = [];
  for (const chunk of chunks) {
    if (found === undefined) {
      if (chunk.length > 0) opening.receive(chunk);
      found = opening.next();
      if (found?.kind === 'opened') behind.push(...found.rest);
    } else behind.push(...chunk);
  }
  opening.receiveEnd();
  found ??= opening.next();
  if (found === undefined) return 'nothing';
  if (found.kind === 'opened') return `opened ${found.protocol} ${behind.join()}`;
  return `${found.code} at ${found.offset}: ${found.message} ${found.status} ${found.text}`;
}

function cutAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  const chunks: Uint8Array[] = [];
  let from = 0;
  for (const place of [...places, bytes.length]) {
    chunks.push(bytes.slice(from, place));
    from = place;
  }
  return chunks;
}

/** Answers that are right, nearly right, and anything. */
const answers = fc.oneof(
  fc.record({
    status: fc.constantFrom(
      '101 Switching Protocols',
      '101',
      '200 OK',
      '302 ',
      '1o1 x',
      '099 x',
      '100 Continue',
    ),
    accept: fc.boolean(),
    lines: fc.array(
      fc.constantFrom(
        'Content-Length: 3',
        'Content-Length: 3, 4',
        'Transfer-Encoding: chunked',
        'Sec-WebSocket-Protocol: a',
        'Sec-WebSocket-Protocol: constructor',
        'Sec-WebSocket-Extensions: permessage-deflate',
        'Sec-WebSocket-Extensions: __proto__; a="\\b"',
        'Upgrade: h2c',
        ' folded',
        'no colon',
        'X: \u0000',
      ),
      { maxLength: 3 },
    ),
    tail: fc.uint8Array({ maxLength: 20 }),
  }),
  fc.uint8Array({ maxLength: 200 }),
);

function bytesOf(answer: unknown, key: string): Uint8Array {
  if (answer instanceof Uint8Array) return answer;
  const { status, accept, lines, tail } = answer as {
    status: string;
    accept: boolean;
    lines: string[];
    tail: Uint8Array;
  };
  const head = switching(accept ? key : 'AAAA', ...lines).replace('101 Switching Protocols', status);
  return Uint8Array.from([...utf8(head), ...tail]);
}

describe('ClientOpening', () => {
  it('says the same of any bytes, however they are cut, and never throws', () => {
    fc.assert(
      fc.property(answers, fc.array(fc.nat(), { maxLength: 8 }), (answer, cuts) => {
        const random = (bytes: Uint8Array): Uint8Array => bytes.fill(7);
        const open = (): ClientOpening =>
          new ClientOpening('ws://localhost/', { protocols: ['a'], compression: true, random });
        const bytes = bytesOf(answer, open().sent.key);
        const whole = verdict(open(), [bytes.slice()]);
        expect(verdict(open(), cutAt(bytes, cuts))).toBe(whole);
        expect(
          verdict(
            open(),
            Array.from(bytes, (byte) => Uint8Array.of(byte)),
          ),
        ).toBe(whole);
        expect(whole).not.toBe('nothing');
      }),
      { numRuns: 300 },
    );
  });
});

describe('connect()', () => {
  const faults: fc.Arbitrary<MemoryFaults> = fc.record(
    {
      pieceBytes: fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 4 }),
      resetAfterBytes: fc.nat(2500),
      endAfterBytes: fc.nat(2500),
    },
    { requiredKeys: [] },
  );

  it('settles over any network, gives back a prefix of what was echoed, and leaves nothing behind', async () => {
    await fc.assert(
      fc.asyncProperty(
        faults,
        faults,
        fc.array(fc.string({ maxLength: 300 }), { maxLength: 6 }),
        async (there, back, texts) => {
          const transport = createMemoryTransport({ toServer: there, toClient: back });
          const server = new Server(transport);
          server.useWebSockets((socket, message) => socket.send(message));
          await server.start(8080);
          const echoed: unknown[] = [];
          try {
            const socket = await connect(transport, 'ws://localhost:8080/');
            for (const text of texts) void socket.send(text);
            if (texts.length > 0)
              for await (const message of socket) if (echoed.push(message) === texts.length) break;
            await socket.close(1000);
            expect(echoed).toEqual(texts);
          } catch (error) {
            expect(error).toHaveProperty(
              'code',
              expect.stringMatching(/^(not-open|connection-reset|unexpected-end|unexpected-status)$/),
            );
            expect(echoed).toEqual(texts.slice(0, echoed.length));
          }
          for (const pair of transport.pairs) pair.reset();
          await server.stop();
          await turns(2);
          expect([transport.pairs.size, server.connectionCount]).toEqual([0, 0]);
        },
      ),
      { numRuns: 150 },
    );
  });
});
