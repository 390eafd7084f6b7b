import fc from 'fast-check';
import {
  chunksOf,
  hostileFrames,
  hostileMessages,
  hostileRequests,
  messageStreams,
  mutated,
  requests,
} from 'sansocket/arbitraries';
import {
  type ConnectionEvent,
  HttpConnection,
  PreparedMessage,
  WebSocketConnection,
  type WebSocketConnectionOptions,
} from 'sansocket/connection';
import { describe, expect, test } from 'vitest';
import { concat, toHex } from '../support/deliveries.ts';
import { readResponses } from '../support/http-wire.ts';
import { closing, frame, KEY, readFrames } from '../support/wire.ts';

/** What an app can do. */
type Action =
  | { readonly do: 'send'; readonly data: string | Uint8Array; readonly prepared: boolean }
  | { readonly do: 'stream'; readonly pieces: readonly string[] }
  | { readonly do: 'ping'; readonly payload: string }
  | { readonly do: 'tick'; readonly ms: number }
  | { readonly do: 'deliver'; readonly bytes: number }
  | { readonly do: 'congest'; readonly full: boolean };

/** Sizes on both sides of every threshold of the header and of the writer. */
const size = fc.oneof(
  fc.nat(20),
  fc.constantFrom(124, 125, 126, 127, 1023, 1024, 1025, 65_535, 65_536, 70_000),
);
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 50 }),
  size.map((count) => 'ab'.repeat(count >> 1)),
  size.map((count) => 'ä€😀'.repeat(count >> 3)),
);
const bytes = size.map((count) => Uint8Array.from({ length: count }, (_, i) => i * 7));
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      data: fc.oneof(text, bytes),
      prepared: fc.boolean(),
    }),
  },
  fc.record({ do: fc.constant('stream' as const), pieces: fc.array(text, { minLength: 2, maxLength: 4 }) }),
  fc.record({ do: fc.constant('ping' as const), payload: fc.string({ maxLength: 30 }) }),
  fc.record({ do: fc.constant('tick' as const), ms: fc.nat(25_000) }),
  { weight: 4, arbitrary: fc.record({ do: fc.constant('deliver' as const), bytes: size }) },
  fc.record({ do: fc.constant('congest' as const), full: fc.boolean() }),
);

/** One end, and the bytes on their way to it. */
class End {
  readonly connection: WebSocketConnection;
  readonly received: Array<string | Uint8Array> = [];
  readonly sent: Array<string | Uint8Array> = [];
  readonly closes: Array<Extract<ConnectionEvent, { kind: 'close' }>> = [];
  readonly errors: string[] = [];
  /** Bytes of the other end that have not arrived. */
  arriving: Uint8Array[] = [];
  #ended = false;

  constructor(options: WebSocketConnectionOptions) {
    this.connection = new WebSocketConnection(options);
  }

  /** Let at most so many bytes arrive. */
  deliver(most: number, now: number): void {
    const waiting = concat(this.arriving);
    const piece = waiting.slice(0, most);
    this.arriving = most < waiting.length ? [waiting.slice(most)] : [];
    if (piece.length > 0) this.connection.receive(piece, now);
    this.take();
  }

  take(): void {
    for (let event = this.connection.next(); event !== undefined; event = this.connection.next()) {
      expect(this.closes, 'nothing comes after close').toHaveLength(0);
      if (event.kind === 'text' || event.kind === 'binary') this.received.push(event.data);
      else if (event.kind === 'close') this.closes.push(event);
      else if (event.kind === 'error') this.errors.push(event.code);
    }
  }

  /** Put what is to be sent on its way to the other end, and its end behind it. */
  flush(other: End, now: number): void {
    const output = this.connection.takeOutput();
    if (output !== undefined) other.arriving.push(output.slice());
    if (!this.connection.outputEnded || this.#ended) return;
    if (other.arriving.length > 0) return;
    this.#ended = true;
    other.connection.receiveEnd(now);
    other.take();
  }
}

function perform(end: End, step: Action, now: number): void {
  const { connection } = end;
  switch (step.do) {
    case 'send': {
      const sent = step.prepared
        ? connection.sendPrepared(new PreparedMessage(step.data))
        : connection.send(step.data);
      if (sent) end.sent.push(step.data);
      break;
    }
    case 'stream':
      step.pieces.forEach((piece, i) => {
        connection.sendPiece('text', piece, i === 0, i === step.pieces.length - 1);
      });
      if (connection.state === 'open') end.sent.push(step.pieces.join(''));
      break;
    case 'ping':
      connection.ping(step.payload, now);
      break;
    case 'congest':
      connection.congested = step.full;
      break;
    default:
  }
}

describe('two WebSocketConnections, joined', () => {
  test('whatever both ends do and however the bytes are cut, all messages arrive in order, and both end closed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), action), { maxLength: 40 }),
        fc.record({ client: fc.boolean(), server: fc.boolean() }),
        fc.nat(10),
        (steps, closers, closeAfter) => {
          const client = new End({ role: 'client', limits: { maxMessageBytes: 1e6 } });
          const server = new End({ role: 'server', limits: { maxMessageBytes: 1e6 } });
          const ends = [client, server] as const;
          let now = 0;
          const flush = (): void => {
            client.flush(server, now);
            server.flush(client, now);
          };
          const settle = (): void => {
            for (let rounds = 0; rounds < 6; rounds++) {
              flush();
              for (const each of ends) each.deliver(Number.POSITIVE_INFINITY, now);
            }
          };
          const close = (): void => {
            if (closers.client || !closers.server) client.connection.close(1000, 'client', now);
            if (closers.server) server.connection.close(3000, 'server', now);
          };
          steps.forEach(([atClient, step], i) => {
            if (i === steps.length - closeAfter) close();
            const end = atClient ? client : server;
            if (step.do === 'deliver') end.deliver(step.bytes, now);
            else if (step.do === 'tick') {
              // Nobody is away: what is on its way arrives before the time is up.
              for (let left = step.ms; left > 0; left -= 4000) {
                now += Math.min(left, 4000);
                for (const each of ends) {
                  each.connection.congested = false;
                  each.connection.tick(now);
                  each.take();
                }
                settle();
              }
            } else perform(end, step, now);
            flush();
          });
          close();
          for (const each of ends) each.connection.congested = false;
          settle();
          expect(server.received).toEqual(client.sent.map(wellFormed));
          expect(client.received).toEqual(server.sent.map(wellFormed));
          for (const { closes, errors, connection } of ends) {
            expect(errors).toEqual([]);
            expect(closes).toMatchObject([{ wasClean: true }]);
            expect(connection.state).toBe('closed');
            expect(connection.deadline).toBe(Number.POSITIVE_INFINITY);
            expect(connection.dropped).toBe(false);
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});

/** What a string becomes on the wire: lone surrogates cannot travel. */
function wellFormed(data: string | Uint8Array): string | Uint8Array {
  return typeof data === 'string'
    ? new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(data))
    : data;
}

/** Frames that are nearly right, and noise. */
const hostile = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc
    .record({
      opcode: fc.nat(15),
      fin: fc.boolean(),
      rsv: fc.constantFrom(0, 0, 0, 1, 4),
      payload: fc.oneof(
        fc.uint8Array({ maxLength: 130 }),
        fc.constantFrom(1000, 1005, 4999).map((code) => closing(code)),
      ),
      key: fc.constantFrom(undefined, KEY),
      lengthBytes: fc.constantFrom(undefined, undefined, 2 as const, 8 as const),
      declared: fc.constantFrom(undefined, undefined, undefined, 5, 2n ** 31n, 2n ** 53n, 2n ** 63n),
    })
    .map(({ lengthBytes, declared, ...rest }) =>
      frame({
        ...rest,
        ...(lengthBytes === undefined ? {} : { lengthBytes }),
        ...(declared === undefined ? {} : { declared }),
      }),
    ),
);

describe('a WebSocketConnection and any bytes', () => {
  test.each(['server', 'client'] as const)(
    'as a %s: it never throws, closes once at most, and answers with whole frames alone',
    (role) => {
      fc.assert(
        fc.property(
          fc.array(hostile, { maxLength: 12 }),
          fc.boolean(),
          fc.nat(50_000),
          (chunks, pieces, now) => {
            const connection = new WebSocketConnection({ role, pieces });
            let closes = 0;
            const out: Uint8Array[] = [];
            const take = (): void => {
              for (let event = connection.next(); event !== undefined; event = connection.next()) {
                if (event.kind === 'close') closes++;
                else expect(closes, `${event.kind} after close`).toBe(0);
              }
              const output = connection.takeOutput();
              if (output !== undefined) out.push(output.slice());
            };
            for (const chunk of chunks) {
              connection.receive(chunk.slice());
              take();
            }
            connection.tick(now);
            take();
            connection.receiveEnd();
            take();
            expect(closes).toBe(1);
            expect(connection.state).toBe('closed');
            const { frames, rest } = readFrames(concat(out));
            expect(rest).toHaveLength(0);
            const kinds = frames.map(({ opcode }) => opcode);
            expect(kinds.every((opcode) => opcode === 8 || opcode === 9 || opcode === 10)).toBe(true);
            expect(kinds.filter((opcode) => opcode === 8).length).toBeLessThanOrEqual(1);
            if (kinds.includes(8)) expect(kinds.at(-1)).toBe(8);
            expect(
              frames.every(({ masked, rsv, fin }) => masked === (role === 'client') && rsv === 0 && fin),
            ).toBe(true);
          },
        ),
        { numRuns: 400 },
      );
    },
  );
});

describe('a WebSocketConnection and the ways that bytes come', () => {
  test.each(['server', 'client'] as const)(
    'as a %s: any cut gives the same events, the same output and the same state',
    (role) => {
      const sender = role === 'server' ? 'client' : 'server';
      const healthy = messageStreams({ sender, maxPayloadBytes: 200 }).map(({ bytes }) => bytes);
      const wrong = fc
        .oneof(hostileFrames({ sender }), hostileMessages({ sender }))
        .map(({ bytes }) => bytes);
      const run = (chunks: readonly Uint8Array[]): string => {
        const connection = new WebSocketConnection({ role, random: (bytes) => bytes.fill(7) });
        const seen: string[] = [];
        const out: Uint8Array[] = [];
        for (const chunk of [...chunks, undefined]) {
          if (chunk === undefined) connection.receiveEnd();
          else connection.receive(chunk);
          for (let event = connection.next(); event !== undefined; event = connection.next()) {
            seen.push(
              JSON.stringify(event, (_, value) => (value instanceof Uint8Array ? toHex(value) : value)),
            );
          }
          const output = connection.takeOutput();
          if (output !== undefined) out.push(output.slice());
        }
        const { state, outputEnded, dropped } = connection;
        return [...seen, toHex(concat(out)), state, outputEnded, dropped].join('\n');
      };
      fc.assert(
        fc.property(fc.oneof(healthy, wrong, mutated(healthy), mutated(wrong)), chunksOf(), (bytes, cut) => {
          expect(run(cut(bytes))).toBe(run([bytes.slice()]));
        }),
        { numRuns: 500 },
      );
    },
  );
});

/** Requests that are nearly right, and noise. */
const request = fc.oneof(
  fc
    .uint8Array({ maxLength: 60 })
    .map((noise) => Array.from(noise, (byte) => String.fromCharCode(byte)).join('')),
  fc
    .record({
      method: fc.constantFrom('GET', 'POST', 'HEAD', 'g', ''),
      version: fc.constantFrom('HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'HTTP/1'),
      headers: fc.array(
        fc.constantFrom(
          'Host: x',
          'Content-Length: 3',
          'Content-Length: 99999999999',
          'Transfer-Encoding: chunked',
          'Expect: 100-continue',
          'Connection: close',
          'Upgrade: websocket',
          'bad header',
          ' folded',
        ),
        { maxLength: 4 },
      ),
      body: fc.constantFrom('', 'abc', '3\r\nabc\r\n0\r\n\r\n', '3\r\nab'),
      eol: fc.constantFrom('\r\n', '\r\n', '\r\n', '\n'),
    })
    .map(({ method, version, headers, body, eol }) =>
      [`${method} / ${version}`, 'Host: y', ...headers, '', body].join(eol),
    ),
);

describe('an HttpConnection and any bytes', () => {
  test('it never throws, whatever the app answers; what goes out is whole responses alone, one for each request and fault', () => {
    fc.assert(
      fc.property(
        fc.array(request, { maxLength: 6 }),
        fc.nat(3),
        fc.nat(40_000),
        fc.boolean(),
        (texts, app, now, end) => {
          const connection = new HttpConnection();
          const methods: string[] = [];
          const out: Uint8Array[] = [];
          let errors = 0;
          const take = (): void => {
            for (let event = connection.next(); event !== undefined; event = connection.next()) {
              if (event.kind === 'error') errors++;
              else expect(errors, `${event.kind} after an error`).toBe(0);
              if (event.kind !== 'request') continue;
              methods.push(event.request.method);
              if (app === 1) connection.awaitBody();
              if (app !== 2) connection.response.send(200, [], 'answer');
              else {
                connection.response.start(200, []);
                connection.response.write(Uint8Array.of(0x61));
                connection.response.end();
              }
            }
            const output = connection.takeOutput();
            if (output !== undefined) out.push(output.slice());
          };
          for (const text of texts) {
            connection.receive(Uint8Array.from(text, (character) => character.charCodeAt(0)));
            take();
          }
          connection.tick(now);
          take();
          if (end) connection.receiveEnd();
          take();
          const sent = new TextDecoder('latin1').decode(concat(out));
          const responses = readResponses(sent, methods, connection.outputEnded).filter(
            ({ status }) => status >= 200,
          );
          const beyond = responses.length - methods.length;
          expect(beyond === 0 || beyond === 1).toBe(true);
          if (beyond === 1) expect(connection.outputEnded).toBe(true);
          expect(connection.dropped && !connection.outputEnded).toBe(false);
        },
      ),
      { numRuns: 600 },
    );
  });

  test('any cut gives the same events, and the same responses', () => {
    const run = (chunks: readonly Uint8Array[]): string => {
      const connection = new HttpConnection();
      const seen: string[] = [];
      let body = 0;
      const out: Uint8Array[] = [];
      for (const chunk of [...chunks, undefined]) {
        if (chunk === undefined) connection.receiveEnd();
        else connection.receive(chunk);
        for (let event = connection.next(); event !== undefined; event = connection.next()) {
          if (event.kind === 'body') body += event.bytes.length;
          else if (event.kind === 'error') seen.push(`${event.code} ${event.offset}`);
          else if (event.kind === 'request') seen.push(`${event.request.method} ${event.request.target}`);
          else {
            seen.push(`end after ${body}`);
            connection.response.send(200, [], 'answer');
          }
        }
        const output = connection.takeOutput();
        if (output !== undefined) out.push(output.slice());
      }
      const text = new TextDecoder('latin1').decode(concat(out)).replace(/^Date: .*$/gm, 'Date');
      return [...seen, text, connection.outputEnded, connection.dropped].join('\n');
    };
    const wires = fc.oneof(
      fc.array(requests(100), { maxLength: 3 }).map((list) => concat(list.map(({ bytes }) => bytes))),
      hostileRequests().map(({ bytes }) => bytes),
      fc
        .array(request, { maxLength: 3 })
        .map((texts) => Uint8Array.from(texts.join(''), (character) => character.charCodeAt(0))),
    );
    fc.assert(
      fc.property(fc.oneof(wires, mutated(wires)), chunksOf(), (bytes, cut) => {
        expect(run(cut(bytes))).toBe(run([bytes.slice()]));
      }),
      { numRuns: 1000 },
    );
  });
});
