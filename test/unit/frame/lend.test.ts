import { describe, expect, it } from 'vitest';
import {
  type MessageEvent,
  MessageReader,
  type MessageReaderOptions,
  MessageWriter,
} from '../../../src/frame/index.ts';
import { concat } from '../../support/deliveries.ts';

/** Messages of every kind and many sizes, as a client sends them. */
function stream(): Uint8Array {
  const writer = new MessageWriter({ role: 'client' });
  const parts: Uint8Array[] = [];
  for (const size of [0, 1, 5, 125, 126, 300, 5000]) {
    parts.push(writer.text('é'.repeat(size)).slice(), writer.binary(new Uint8Array(size).fill(size)).slice());
    parts.push(writer.ping(`ping ${size}`).slice(), writer.text('a'.repeat(size), { fin: false }).slice());
    parts.push(writer.pong('pong').slice(), writer.continue('日本'.repeat(size)).slice());
  }
  parts.push(writer.close(1000, 'bye').slice());
  return concat(parts);
}

function drain(reader: MessageReader, events: MessageEvent[]): void {
  for (let event = reader.next(); event !== undefined; event = reader.next()) events.push(event);
}

const OPTIONS: ReadonlyArray<readonly [string, MessageReaderOptions]> = [
  ['whole messages', { role: 'server' }],
  ['text as bytes', { role: 'server', textAsBytes: true }],
  ['pieces', { role: 'server', pieces: true }],
];

describe.each(OPTIONS)('MessageReader.lend(), %s', (_what, options) => {
  it.each([1, 2, 7, 64, 1000, 65_536])(
    'gives what push() gives when the buffer is written to again, %i bytes at a time',
    (size) => {
      const bytes = stream();
      const expected: MessageEvent[] = [];
      const pushed = new MessageReader(options);
      const events: MessageEvent[] = [];
      const lent = new MessageReader(options);
      const buffer = new Uint8Array(size);
      for (let at = 0; at < bytes.length; at += size) {
        const chunk = bytes.slice(at, at + size);
        buffer.set(chunk);
        lent.lend(buffer.subarray(0, chunk.length));
        drain(lent, events);
        lent.keep();
        buffer.fill(0xff);
        pushed.push(chunk);
        drain(pushed, expected);
      }
      expect(expected.at(-1)).toMatchObject({ kind: 'close', code: 1000 });
      expect(events).toEqual(expected);
      expect(lent.position).toBe(pushed.position);
    },
  );

  it('keeps what was not taken, and what comes before it is', () => {
    const bytes = stream();
    const expected: MessageEvent[] = [];
    const pushed = new MessageReader(options);
    pushed.push(bytes.slice());
    drain(pushed, expected);

    const reader = new MessageReader(options);
    const events: MessageEvent[] = [];
    const buffer = new Uint8Array(997);
    for (let at = 0; at < bytes.length; at += buffer.length) {
      const chunk = bytes.slice(at, at + buffer.length);
      buffer.set(chunk);
      reader.lend(buffer.subarray(0, chunk.length));
      // One event a chunk: the reader falls behind, as one does whose app holds back.
      const event = reader.next();
      if (event !== undefined) events.push(event);
      reader.keep();
      buffer.fill(0xff);
    }
    drain(reader, events);
    const join = (all: MessageEvent[]): unknown =>
      options.pieces === true ? all.flatMap((each) => (each.kind === 'piece' ? each.data : each)) : all;
    if (options.pieces !== true) expect(join(events)).toEqual(join(expected));
    expect(events.filter(({ kind }) => kind !== 'piece')).toEqual(
      expected.filter(({ kind }) => kind !== 'piece'),
    );
  });

  it('keeps what was not taken of one chunk when another one is lent before keep()', () => {
    const bytes = stream();
    const expected: MessageEvent[] = [];
    const pushed = new MessageReader(options);
    pushed.push(bytes.slice(0, 3000));
    drain(pushed, expected);

    const reader = new MessageReader(options);
    const events: MessageEvent[] = [];
    const first = bytes.slice(0, 1000);
    const second = bytes.slice(1000, 3000);
    reader.lend(first);
    const event = reader.next();
    if (event !== undefined) events.push(event);
    reader.lend(second);
    reader.keep();
    first.fill(0xff);
    second.fill(0xff);
    drain(reader, events);
    if (options.pieces !== true) expect(events).toEqual(expected);
    else expect(events.some(({ kind }) => kind === 'error')).toBe(false);
  });
});
