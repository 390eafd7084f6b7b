/**
 * What linear.test.ts counts the steps of. Runs in a worker, so it imports the sources by path.
 *
 * @module
 */
import { Output, Slab } from '../../../src/bytes/output.ts';
import { portableText } from '../../../src/bytes/text.ts';
import type { ProtocolError } from '../../../src/errors.ts';
import { encodeFrame } from '../../../src/frame/encode.ts';
import { MessageReader, type MessageReaderOptions } from '../../../src/frame/message.ts';
import { Opcode } from '../../../src/frame/opcode.ts';

const MASK = Uint8Array.of(1, 2, 3, 4);
const limits = { maxMessageBytes: 2 ** 30, maxFragments: 2 ** 30 };

function frame(opcode: Opcode, payload: Uint8Array | string, fin = true, rsv = 0): Uint8Array {
  return encodeFrame({ opcode, payload, fin, rsv, mask: MASK });
}

function repeat(one: Uint8Array, times: number): Uint8Array {
  const all = new Uint8Array(one.length * times);
  for (let i = 0; i < times; i++) all.set(one, i * one.length);
  return all;
}

function inChunks(bytes: Uint8Array, size: number): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
  return chunks;
}

function drain(reader: MessageReader): void {
  for (let event = reader.next(); event !== undefined; event = reader.next()) {
    if (event.kind === 'error') throw event;
  }
}

/** Push a chunk, take all events, and so on. */
function read(chunks: readonly Uint8Array[], options: MessageReaderOptions = {}): () => void {
  const reader = new MessageReader({ role: 'server', limits, ...options });
  return () => {
    for (const chunk of chunks) {
      reader.push(chunk);
      drain(reader);
    }
  };
}

const inflater = {
  inflate: (bytes: Uint8Array): Uint8Array | ProtocolError => new Uint8Array(bytes),
};
const withNative = {
  ...portableText,
  isUtf8: (bytes: Uint8Array, start: number, end: number) =>
    portableText.utf8(bytes, start, end) !== undefined,
};

/** By name: what prepares a run of about `size` bytes, and returns it. */
export const scenarios: Record<string, (size: number) => () => void> = {
  'one binary message in chunks of one byte': (size) =>
    read(inChunks(frame(Opcode.Binary, new Uint8Array(size)), 1)),
  'one ASCII message in chunks of one byte': (size) =>
    read(inChunks(frame(Opcode.Text, 'a'.repeat(size)), 1)),
  'one message of 4-byte characters in chunks of one byte': (size) =>
    read(inChunks(frame(Opcode.Text, '😀'.repeat(size / 4)), 1)),
  'the same, as pieces': (size) =>
    read(inChunks(frame(Opcode.Text, '😀'.repeat(size / 4)), 1), { pieces: true }),
  'the same, as bytes': (size) =>
    read(inChunks(frame(Opcode.Text, '😀'.repeat(size / 4)), 1), { textAsBytes: true }),
  'one message in chunks of 100 bytes, with a native check': (size) =>
    read(inChunks(frame(Opcode.Text, '€'.repeat(size / 3)), 100), { text: withNative }),
  'one binary message in chunks of 5000 bytes': (size) =>
    read(inChunks(frame(Opcode.Binary, new Uint8Array(size)), 5000)),
  'one whole text': (size) => read([frame(Opcode.Text, 'é'.repeat(size / 2))]),
  'fragments of one byte': (size) =>
    read([frame(Opcode.Text, 'a', false), repeat(frame(Opcode.Continuation, 'a', false), size)]),
  'empty fragments': (size) =>
    read([frame(Opcode.Text, '', false), repeat(frame(Opcode.Continuation, '', false), size)]),
  'fragments of one byte, compressed': (size) =>
    read([frame(Opcode.Text, 'a', false, 0x40), repeat(frame(Opcode.Continuation, 'a', false), size)], {
      inflater,
    }),
  'fragments of one byte and pings between, byte by byte': (size) => {
    const pair = Uint8Array.from([...frame(Opcode.Continuation, 'a', false), ...frame(Opcode.Ping, 'p')]);
    return read(inChunks(Uint8Array.from([...frame(Opcode.Text, '', false), ...repeat(pair, size / 14)]), 1));
  },
  'pings in one chunk': (size) => read([repeat(frame(Opcode.Ping, 'p'), size / 7)]),
  'small and large pieces in turn': (size) => {
    const one = repeat(Uint8Array.of(7), 5000);
    const parts: Uint8Array[] = [frame(Opcode.Binary, '', false)];
    for (let i = 0; i < size / 5000; i++) {
      parts.push(frame(Opcode.Continuation, 'a', false), frame(Opcode.Continuation, one, false));
    }
    return read(parts);
  },
  'all chunks before the first event': (size) => {
    const chunks = inChunks(repeat(frame(Opcode.Binary, 'abc'), size / 9), 1);
    const reader = new MessageReader({ role: 'server' });
    return () => {
      for (const chunk of chunks) reader.push(chunk);
      drain(reader);
    };
  },
  'two chunks in, one event out': (size) => {
    const chunks = inChunks(repeat(frame(Opcode.Binary, 'abc'), size / 9), 9);
    const reader = new MessageReader({ role: 'server' });
    return () => {
      for (let i = 0; i < chunks.length; i++) {
        reader.push(chunks[i]!);
        if (i % 2 === 1) reader.next();
      }
      drain(reader);
    };
  },
  'two outputs that take turns in one slab': (size) => {
    const slab = new Slab();
    const outputs = [new Output(slab), new Output(slab)] as const;
    const piece = new Uint8Array(10);
    return () => {
      for (let i = 0; i < size / 10; i++) outputs[i % 2]!.append(piece);
    };
  },
  'a quadratic loop': (size) => () => {
    const list: number[] = [];
    for (let i = 0; i < size / 100; i++) {
      let at = 0;
      while (at < list.length) at++;
      list.push(at);
    }
  },
};
