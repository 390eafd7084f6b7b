/**
 * Frames: decoded and encoded by ours and by `ws`'s Receiver and Sender, unmasked by ours and by `bufferutil`.
 *
 * Text is turned into strings on both sides, as an app does. `ws` takes `bufferutil` and `utf-8-validate` where they are installed
 * beside it; Node's own unmasking (Node 24 and later) it prefers.
 *
 * @module
 */
import { createRequire } from 'node:module';
import { Writable } from 'node:stream';
import { type NativeBytes, xor64 } from '../../src/bytes/native.ts';
import { Output } from '../../src/bytes/output.ts';
import { FIN_BIT } from '../../src/frame/header.ts';
import { encodeFrame, MessageReader, Opcode } from '../../src/frame/index.ts';
import { packKey, wordView, xor } from '../../src/frame/mask.ts';
import { FrameWriter } from '../../src/frame/writer.ts';
import { nodeTransport } from '../../src/transport/node.ts';
import type { Scenario } from './measure.ts';

interface WsReceiver {
  write(chunk: Buffer): boolean;
  on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
}
interface WsSender {
  send(data: string, options: object): void;
}
interface Ws {
  Receiver: new (options: object) => WsReceiver;
  Sender: new (socket: object, extensions: object) => WsSender;
}
const require = createRequire(import.meta.url);
const ws = require('ws') as Ws;
const text = nodeTransport.text!;
const native: NativeBytes = {
  xor: xor64,
  allocate: (length) => {
    const memory = Buffer.allocUnsafe(length);
    return new Uint8Array(memory.buffer, memory.byteOffset, length);
  },
};
const CHUNK_BYTES = 65_536;

/** As many masked frames with `payload` as fit in a chunk. */
function masked(payload: Uint8Array, opcode: Opcode): { chunk: Uint8Array; frames: number } {
  const length = encodeFrame({ opcode, payload, mask: true }).length;
  const frames = Math.max(1, Math.floor(CHUNK_BYTES / length));
  const chunk = new Uint8Array(frames * length);
  for (let i = 0; i < frames; i++) chunk.set(encodeFrame({ opcode, payload, mask: true }), i * length);
  return { chunk, frames };
}

function receiver(onMessage: (data: Buffer, isBinary: boolean) => void): WsReceiver {
  const receiver = new ws.Receiver({ isServer: true, maxPayload: 100 * 1024 * 1024 });
  receiver.on('message', onMessage);
  receiver.on('error', (error) => {
    throw error;
  });
  return receiver;
}

/** Masked text to strings, many frames a chunk. Decoding writes to the chunks, so each run gets copies. */
function decodeText(name: string, target: number, message: string): Scenario {
  const { chunk, frames } = masked(new TextEncoder().encode(message), Opcode.Text);
  const reader = new MessageReader({ role: 'server', text, native });
  let length = 0;
  const theirs = receiver((data) => {
    length += data.toString().length;
  });
  const runs = Math.max(1, Math.floor(400_000 / chunk.length));
  let chunks: Buffer[] = [];
  const prepare = (): void => {
    chunks = Array.from({ length: runs }, () => Buffer.from(chunk));
  };
  return {
    name,
    target,
    operations: frames * runs,
    contenders: [
      {
        name: 'sansocket',
        prepare,
        run() {
          let sum = 0;
          for (const one of chunks) {
            reader.push(one);
            for (let event = reader.next(); event !== undefined; event = reader.next()) {
              if (event.kind === 'error') throw event;
              if (event.kind === 'text') sum += event.data.length;
            }
          }
          return sum;
        },
      },
      {
        name: 'ws',
        prepare,
        run() {
          length = 0;
          for (const one of chunks) theirs.write(one);
          return length;
        },
      },
    ],
  };
}

/**
 * Masked binary messages, in chunks as a socket gives them. Unmasking twice gives the same bytes back, and any bytes will
 * do, so nothing is copied between runs.
 */
function decodeBinary(name: string, target: number, bytes: number, chunkBytes: number): Scenario {
  const frame = encodeFrame({ opcode: Opcode.Binary, payload: new Uint8Array(bytes).fill(7), mask: true });
  const count = Math.max(1, Math.round((4 * 1024 * 1024) / frame.length));
  const stream = new Uint8Array(frame.length * count);
  for (let i = 0; i < count; i++) stream.set(frame, i * frame.length);
  const chunks: Buffer[] = [];
  for (let at = 0; at < stream.length; at += chunkBytes) {
    chunks.push(Buffer.from(stream.slice(at, at + chunkBytes)));
  }
  const reader = new MessageReader({
    role: 'server',
    text,
    native,
    limits: { maxMessageBytes: 100 * 1024 * 1024 },
  });
  let length = 0;
  const theirs = receiver((data) => {
    length += data.length;
  });
  return {
    name,
    target,
    operations: count,
    contenders: [
      {
        name: 'sansocket',
        run() {
          let sum = 0;
          for (const chunk of chunks) {
            reader.push(chunk);
            for (let event = reader.next(); event !== undefined; event = reader.next()) {
              if (event.kind === 'error') throw event;
              if (event.kind === 'binary') sum += event.data.length;
            }
          }
          return sum;
        },
      },
      {
        name: 'ws',
        run() {
          length = 0;
          for (const chunk of chunks) theirs.write(chunk);
          return length;
        },
      },
    ],
  };
}

/**
 * Strings to frames of the server's role, behind each other in one buffer: ours is given back when it is "sent", as the
 * adapters do. What `ws` writes to is a socket; the nearest to one without a system behind it is a `Writable` that puts
 * behind each other what it is given. `bare` spares it that stream, which no connection can.
 */
function encodeText(name: string, target: number, message: string, bare = false): Scenario {
  const operations = Math.max(16, Math.floor(CHUNK_BYTES / (message.length + 4)));
  const output = new Output();
  const writer = new FrameWriter({ role: 'server', text, native }, output);
  const gathered = Buffer.alloc(2 * CHUNK_BYTES);
  let written = 0;
  const gather = (chunk: Buffer | string): void => {
    if (typeof chunk === 'string') written += gathered.write(chunk, written);
    else written += chunk.copy(gathered, written);
  };
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: Buffer | string, _encoding, done) {
      gather(chunk);
      done();
    },
    writev(chunks: Array<{ chunk: Buffer | string }>, done) {
      for (const { chunk } of chunks) gather(chunk);
      done();
    },
  });
  const sink = bare ? { cork() {}, uncork() {}, write: gather } : stream;
  const sender = new ws.Sender(sink, {});
  const options = { fin: true, binary: false, compress: false, mask: false };
  return {
    name,
    target,
    operations,
    contenders: [
      {
        name: 'sansocket',
        run() {
          for (let i = 0; i < operations; i++) writer.text(FIN_BIT | Opcode.Text, message);
          const run = output.take()!;
          output.recycle(run);
          return run.length;
        },
      },
      {
        name: 'ws',
        async run() {
          written = 0;
          for (let i = 0; i < operations; i++) sender.send(message, options);
          if (!bare) await new Promise(process.nextTick);
          return written;
        },
      },
    ],
  };
}

/**
 * In-place XOR of payloads that lie behind each other in a chunk, as the decoder does it (one word view a chunk, the
 * runtime's bulk XOR where it pays), against `bufferutil`, which is native. Unmasking twice gives the same bytes back.
 */
function unmask(bytes: number, target: number): Scenario | undefined {
  let bufferutil: { unmask(bytes: Buffer, key: Buffer): void };
  try {
    bufferutil = require('bufferutil') as typeof bufferutil;
  } catch {
    return undefined;
  }
  const chunk = new Uint8Array(CHUNK_BYTES + 14).fill(7);
  // Headers of 6 or 8 bytes between payloads: every alignment has its turn.
  const step = bytes + (bytes < 126 ? 6 : 8);
  const starts: number[] = [];
  for (let at = 6; at + bytes <= chunk.length; at += step) starts.push(at);
  const payloads = starts.map((at) => Buffer.from(chunk.buffer, at, bytes));
  const key = Buffer.from([1, 2, 3, 4]);
  const packed = packKey(key, 0);
  const repeat = Math.max(1, Math.floor(1_000_000 / (starts.length * (bytes + 50))));
  return {
    name: `unmask ${bytes} B`,
    target,
    operations: starts.length * repeat,
    contenders: [
      {
        name: 'sansocket',
        run() {
          let or = 0;
          for (let i = 0; i < repeat; i++) {
            const words = wordView(chunk);
            for (const at of starts) or |= xor(chunk, at, at + bytes, packed, words, native.xor);
          }
          return or;
        },
      },
      {
        name: 'bufferutil',
        run() {
          for (let i = 0; i < repeat; i++) for (const payload of payloads) bufferutil.unmask(payload, key);
          return 0;
        },
      },
    ],
  };
}

/** All rows of the table, in order. */
export function frameScenarios(): Scenario[] {
  const ascii = (length: number): string =>
    'The quick brown fox jumps over the lazy dog. '.repeat(99).slice(0, length);
  const scenarios = [
    decodeText('decode 20 B text', 4, ascii(20)),
    decodeText('decode 125 B text', 4, ascii(125)),
    decodeText('decode 1 KiB text', 1, ascii(1024)),
    decodeText('decode 125 B text, not ASCII', 1, 'Grüße, Κόσμε, 世界! '.repeat(9).slice(0, 62)),
    decodeBinary('decode 64 KiB binary, whole', 1.5, 65_536, 65_536 + 14),
    decodeBinary('decode 64 KiB binary, 64 KiB chunks', 1.5, 65_536, CHUNK_BYTES),
    decodeBinary('decode 1 MiB binary, whole', 1.5, 1_048_576, 1_048_576 + 14),
    decodeBinary('decode 1 MiB binary, 64 KiB chunks', 1.5, 1_048_576, CHUNK_BYTES),
    encodeText('encode 20 B text', 5, ascii(20)),
    encodeText('encode 125 B text', 5, ascii(125)),
    encodeText('encode 1 KiB text', 5, ascii(1024)),
    encodeText('encode 20 B text, ws without a stream', 1, ascii(20), true),
    encodeText('encode 125 B text, ws without a stream', 1, ascii(125), true),
    encodeText('encode 1 KiB text, ws without a stream', 1, ascii(1024), true),
    unmask(8, 1),
    unmask(20, 1),
    unmask(64, 1),
    unmask(125, 1),
    unmask(256, 1),
    unmask(512, 1),
    unmask(1024, 1),
    unmask(65_536, 0.5),
  ];
  return scenarios.filter((scenario) => scenario !== undefined);
}
