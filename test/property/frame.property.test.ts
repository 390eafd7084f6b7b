import * as fc from 'fast-check';
import {
  chunksOf,
  frameBytes,
  frames,
  hostileFrames,
  hostileMessages,
  lengths,
  messageStreams,
  messages,
  mutated,
  texts,
} from 'sansocket/arbitraries';
import {
  decodeFrameHeader,
  encodeFrame,
  FrameDecoder,
  type MessageEvent,
  MessageReader,
  type MessageReaderOptions,
  MessageWriter,
  type Opcode,
  ProtocolError,
  portableText,
  xor64,
} from 'sansocket/frame';
import { describe, expect, it } from 'vitest';
import { concat, toHex } from '../support/deliveries.ts';
import { type NaiveEvent, naiveDecode } from '../support/naive-frames.ts';
import { decodeChunks, readChunks, seeAll } from '../unit/frame/support.ts';

const ROLES = { server: 'client', client: 'server' } as const;

/** What the reader sees, in the naive decoder's words. */
function read(chunks: readonly Uint8Array[], options: MessageReaderOptions): NaiveEvent[] {
  const reader = new MessageReader(options);
  const seen: NaiveEvent[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let event = reader.next(); event !== undefined; event = reader.next()) seen.push(plain(event));
  }
  return seen;
}
function plain(event: MessageEvent): NaiveEvent {
  if (event.kind === 'error') return { kind: 'error', code: event.code, closeCode: event.closeCode };
  if (event.kind === 'ping' || event.kind === 'pong') return { kind: event.kind, data: [...event.payload] };
  if (event.kind === 'binary') return { kind: 'binary', data: [...event.data] };
  return event as NaiveEvent;
}

describe('frames, as properties', () => {
  it('what encodeFrame writes is what the RFC draws, and the decoder reads it back in any cut [RFC 6455 5.2]', () => {
    fc.assert(
      fc.property(frames(), chunksOf(), (frame, cut) => {
        const { fin, opcode, payload, maskKey } = frame;
        const bytes = encodeFrame({ fin, opcode: opcode as Opcode, payload, mask: maskKey ?? false });
        expect(Buffer.compare(bytes, frameBytes(frame))).toBe(0);
        for (const native of [undefined, { xor: xor64 }]) {
          const [seen, ...more] = decodeChunks(cut(bytes), { native });
          expect(more).toEqual([]);
          expect(seen).toMatchObject({ fin, opcode, complete: true, key: maskKey && toHex(maskKey) });
          expect(seen !== undefined && 'payload' in seen && seen.payload === toHex(payload)).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('header thresholds: each length takes its shortest form and comes back exactly [RFC 6455 5.2]', () => {
    const declared = fc.oneof(
      lengths(2 ** 17),
      fc.constantFrom(2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1),
      fc.maxSafeNat(),
    );
    fc.assert(
      fc.property(declared, fc.boolean(), (length, masked) => {
        const maskKey = masked ? Uint8Array.of(1, 2, 3, 4) : undefined;
        const empty = { fin: true, rsv: 0, opcode: 2, maskKey, payload: new Uint8Array(0) };
        const header = decodeFrameHeader(frameBytes(empty, BigInt(length)));
        expect(header).toMatchObject({ kind: 'header', payloadLength: length });
        if (length > 125) {
          const form = length < 65_536 ? 8 : 2;
          if (form === 8) {
            const longer = decodeFrameHeader(frameBytes({ ...empty, lengthBytes: 8 }, BigInt(length)));
            expect(longer).toMatchObject({ kind: 'error', code: 'non-minimal-length' });
          }
        }
      }),
    );
  });

  it('any bytes give a header, a wish for more, or a named error, and never a throw', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 20 }),
        fc.record({
          role: fc.constantFrom('server' as const, 'client' as const, undefined),
          allowedRsv: fc.constantFrom(0, 0x40, 0x70),
          allowUnmasked: fc.boolean(),
          allowMasked: fc.boolean(),
          allowNonMinimalLength: fc.boolean(),
        }),
        (bytes, rules) => {
          const header = decodeFrameHeader(bytes, 0, rules);
          if (header === undefined) expect(bytes.length).toBeLessThan(14);
          else if (header.kind === 'error')
            expect(header.closeCode === 1002 || header.closeCode === 1009).toBe(true);
          else {
            expect(header.headerLength).toBeLessThanOrEqual(bytes.length);
            expect(Number.isSafeInteger(header.payloadLength)).toBe(true);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('random frames decode to the same headers and bytes, however they are cut', () => {
    fc.assert(
      fc.property(
        mutated(messageStreams({ maxPayloadBytes: 300 }).map(({ bytes }) => bytes)),
        chunksOf(),
        (bytes, cut) => {
          expect(decodeChunks(cut(bytes))).toEqual(decodeChunks([bytes.slice()]));
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('messages, as properties', () => {
  it('fragments with control frames between come back as the message that they carry [RFC 6455 5.4]', () => {
    fc.assert(
      fc.property(messages({ sender: 'client' }), chunksOf(), (message, cut) => {
        const reader = new MessageReader({ role: 'server' });
        const seen: MessageEvent[] = [];
        for (const chunk of cut(message.bytes)) {
          reader.push(chunk);
          for (let event = reader.next(); event !== undefined; event = reader.next()) seen.push(event);
        }
        expect(seen).toEqual(message.events);
      }),
      { numRuns: 150 },
    );
  });

  it('streams of messages come back in order, in both roles, with every way to be given them', () => {
    const ways = fc.record({
      textAsBytes: fc.boolean(),
      pieces: fc.boolean(),
      native: fc.constantFrom(undefined, { xor: xor64 }),
      text: fc.constantFrom(portableText, {
        ...portableText,
        isUtf8: (bytes: Uint8Array, from: number, to: number) =>
          portableText.utf8(bytes, from, to) !== undefined,
      }),
    });
    fc.assert(
      fc.property(
        fc
          .constantFrom('server' as const, 'client' as const)
          .chain((role) => fc.tuple(fc.constant(role), messageStreams({ sender: ROLES[role] }))),
        ways,
        chunksOf(),
        ([role, stream], options, cut) => {
          const seen = readChunks(cut(stream.bytes), { role, ...options });
          expect(seen).toEqual(readChunks([stream.bytes.slice()], { role, ...options }));
          const plainSeen = seen.map((one) => {
            if ('pieces' in one) return { [one.pieces]: one.data };
            return one;
          });
          const expected = stream.events.map((event) => {
            if (event.kind === 'text') {
              return { text: options.textAsBytes ? toHex(new TextEncoder().encode(event.data)) : event.data };
            }
            if (event.kind === 'binary') return { binary: toHex(event.data) };
            if (event.kind === 'close') return { close: event.code, reason: event.reason };
            return { [event.kind]: toHex(event.payload) };
          });
          // With pieces a message stands where its first byte came, so control frames inside it come later.
          const sorted = (list: object[]): string[] => list.map((one) => JSON.stringify(one)).sort();
          if (options.pieces) expect(sorted(plainSeen)).toEqual(sorted(expected));
          else expect(plainSeen).toEqual(expected);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('agrees with a naive transcription of the RFC on healthy, hostile and damaged streams, in any cut [RFC 6455 5.2-5.6]', () => {
    const stream = fc.constantFrom('server' as const, 'client' as const).chain((role) => {
      const sender = ROLES[role];
      const healthy = messageStreams({ sender, maxPayloadBytes: 150 }).map(({ bytes }) => bytes);
      const hostile = fc
        .oneof(hostileFrames({ sender }), hostileMessages({ sender }))
        .map(({ bytes }) => bytes);
      return fc.tuple(
        fc.constant(role),
        fc.oneof(healthy, hostile, mutated(healthy), mutated(hostile), fc.uint8Array({ maxLength: 60 })),
      );
    });
    const limits = fc.record({
      maxMessageBytes: fc.integer({ min: 1, max: 400 }),
      maxFragments: fc.integer({ min: 1, max: 8 }),
    });
    fc.assert(
      fc.property(stream, limits, chunksOf(), ([role, bytes], some, cut) => {
        expect(read(cut(bytes), { role, limits: some })).toEqual(naiveDecode([...bytes], { role, ...some }));
      }),
      { numRuns: 1500 },
    );
  });

  it.each([
    ['hostileFrames', hostileFrames],
    ['hostileMessages', hostileMessages],
  ] as const)(
    'fails each of %s with the close code of its fault, in any cut, at or after the frame that is wrong',
    (_, make) => {
      fc.assert(
        fc.property(
          fc
            .constantFrom('server' as const, 'client' as const)
            .chain((role) => fc.tuple(fc.constant(role), make({ sender: ROLES[role] }))),
          chunksOf(),
          ([role, hostile], cut) => {
            const seen = readChunks(cut(hostile.bytes), { role });
            const last = seen.at(-1);
            expect(last !== undefined && 'error' in last && last.closeCode, hostile.why).toBe(
              hostile.closeCode,
            );
            expect((last as { offset: number }).offset).toBeGreaterThanOrEqual(hostile.at);
          },
        ),
        { numRuns: 500 },
      );
    },
  );

  it('gives the same events and the same error, offset included, however damaged bytes are cut', () => {
    fc.assert(
      fc.property(
        mutated(messageStreams({ sender: 'client', maxPayloadBytes: 400 }).map(({ bytes }) => bytes)),
        fc.record({ textAsBytes: fc.boolean(), pieces: fc.boolean() }),
        chunksOf(),
        (bytes, options, cut) => {
          const all = {
            role: 'server',
            limits: { maxMessageBytes: 300, maxFragments: 5 },
            ...options,
          } as const;
          expect(readChunks(cut(bytes), all)).toEqual(readChunks([bytes.slice()], all));
        },
      ),
      { numRuns: 600 },
    );
  });

  it('reads lent chunks, written over after each, as it reads chunks of its own', () => {
    const dirty = {
      xor: xor64,
      allocate: (length: number) => new Uint8Array(length).fill(0xee),
    };
    fc.assert(
      fc.property(
        fc.oneof(
          messageStreams({ sender: 'client', maxPayloadBytes: 20_000 }).map(({ bytes }) => bytes),
          mutated(messageStreams({ sender: 'client', maxPayloadBytes: 300 }).map(({ bytes }) => bytes)),
        ),
        fc.record({
          textAsBytes: fc.boolean(),
          pieces: fc.boolean(),
          native: fc.constantFrom(undefined, dirty),
        }),
        chunksOf(),
        fc.boolean(),
        (bytes, options, cut, slow) => {
          const all = { role: 'server', ...options } as const;
          const chunks = cut(bytes);
          const reader = new MessageReader(all);
          const memory = new Uint8Array(Math.max(1, ...chunks.map(({ length }) => length)));
          const events: MessageEvent[] = [];
          const drain = (): void => {
            for (let event = reader.next(); event !== undefined; event = reader.next()) events.push(event);
          };
          for (const chunk of chunks) {
            memory.set(chunk);
            reader.lend(memory.subarray(0, chunk.length));
            // Whoever is slow takes one event a chunk: the rest has to be kept.
            if (slow) {
              const event = reader.next();
              if (event !== undefined) events.push(event);
            } else drain();
            reader.keep();
            memory.fill(0xff);
          }
          drain();
          expect(seeAll(events)).toEqual(readChunks([bytes.slice()], all));
        },
      ),
      { numRuns: 400 },
    );
  });

  it('says at most one error, and nothing after it, whatever comes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, pieces) => {
        const reader = new MessageReader({ role: 'server', allowUnmasked: true, pieces });
        reader.push(bytes);
        let errors = 0;
        for (let event = reader.next(); event !== undefined; event = reader.next()) {
          expect(errors).toBe(0);
          if (event.kind === 'error') {
            errors++;
            expect(event).toBeInstanceOf(ProtocolError);
            expect(event.offset).toBeLessThanOrEqual(bytes.length);
          }
        }
        expect(reader.next()).toBeUndefined();
      }),
      { numRuns: 1000 },
    );
  });

  it('what MessageWriter writes, MessageReader takes, fragments and all [RFC 6455 5.4]', () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({
          do: fc.constant('message' as const),
          text: texts(400),
          fragments: fc.integer({ min: 1, max: 4 }),
        }),
        fc.record({ do: fc.constantFrom('ping' as const, 'pong' as const), text: texts(12) }),
      ),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(
        steps,
        fc.constantFrom('server' as const, 'client' as const),
        chunksOf(),
        (list, role, cut) => {
          const writer = new MessageWriter({ role: ROLES[role] });
          const parts: Uint8Array[] = [];
          const expected: MessageEvent[] = [];
          for (const step of list) {
            if (step.do === 'message') {
              const characters = [...step.text];
              const size = Math.ceil(characters.length / step.fragments);
              for (let i = 0; i < step.fragments; i++) {
                const piece = characters.slice(i * size, (i + 1) * size).join('');
                const options = { fin: i === step.fragments - 1 };
                parts.push(i === 0 ? writer.text(piece, options) : writer.continue(piece, options));
              }
              expected.push({ kind: 'text', data: step.text });
            } else {
              const payload = new TextEncoder().encode(step.text);
              parts.push(writer[step.do](payload));
              expected.push({ kind: step.do, payload });
            }
          }
          const reader = new MessageReader({ role });
          const seen: MessageEvent[] = [];
          for (const chunk of cut(concat(parts))) {
            reader.push(chunk);
            for (let event = reader.next(); event !== undefined; event = reader.next()) seen.push(event);
          }
          expect(seen).toEqual(expected);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('FrameDecoder stands between two frames exactly when the naive cut does', () => {
    fc.assert(
      fc.property(messageStreams({ maxPayloadBytes: 60 }), fc.nat(), ({ bytes }, seed) => {
        const cut = bytes.length === 0 ? 0 : seed % (bytes.length + 1);
        const decoder = new FrameDecoder();
        decoder.push(bytes.slice(0, cut));
        while (decoder.next() !== undefined);
        let at = 0;
        while (at < cut) {
          const header = decodeFrameHeader(bytes, at);
          if (header?.kind !== 'header') throw new Error('a healthy stream');
          at += header.headerLength + header.payloadLength;
        }
        expect(decoder.atBoundary).toBe(at === cut);
        expect(decoder.position).toBe(cut);
      }),
    );
  });
});
