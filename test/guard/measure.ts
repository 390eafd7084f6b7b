// Runs as a process of its own, with --expose-gc and a young generation that holds all of a run: what is allocated per
// operation is then the growth of the heap, to the byte, and no clock is asked. Prints one JSON object.
import { HttpConnection, WebSocketConnection } from '../../src/connection/index.ts';
import { encodeFrame, MessageReader, Opcode } from '../../src/frame/index.ts';
import { RequestParser } from '../../src/http/index.ts';
import { nodeTransport } from '../../src/transport/node.ts';

declare const gc: () => void;

const { text, native } = nodeTransport;
const ROUNDS = 2000;
const PER_CHUNK = 32;

/** Bytes of heap that one operation leaves behind for the collector. */
function allocated(operations: number, run: () => void): number {
  // Optimised code allocates less: let it be compiled first.
  for (let i = 0; i < 3 * ROUNDS; i++) run();
  gc();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < ROUNDS; i++) run();
  const after = process.memoryUsage().heapUsed;
  return (after - before) / (ROUNDS * operations);
}

function frames(opcode: Opcode, size: number): Uint8Array {
  const payload = new Uint8Array(size).fill(0x61);
  const mask = Uint8Array.of(1, 2, 3, 4);
  const frame = encodeFrame({ opcode, payload, mask });
  const chunk = new Uint8Array(frame.length * PER_CHUNK);
  for (let i = 0; i < PER_CHUNK; i++) chunk.set(frame, i * frame.length);
  return chunk;
}

/** Reads one chunk of frames, again and again: lent, as a transport's one buffer is. */
function reading(opcode: Opcode, size: number): () => void {
  const chunk = frames(opcode, size);
  const buffer = new Uint8Array(chunk.length);
  const reader = new MessageReader({ role: 'server', text, native });
  return () => {
    buffer.set(chunk);
    reader.lend(buffer);
    for (let i = 0; i < PER_CHUNK; i++) {
      const event = reader.next();
      if (event === undefined || event.kind === 'error') throw new Error('not read');
    }
    reader.keep();
  };
}

function echoing(size: number): () => void {
  const chunk = frames(Opcode.Text, size);
  const buffer = new Uint8Array(chunk.length);
  const connection = new WebSocketConnection({ role: 'server', text, native });
  return () => {
    buffer.set(chunk);
    connection.lend(buffer, 0);
    for (let i = 0; i < PER_CHUNK; i++) {
      const event = connection.next();
      if (event?.kind !== 'text') throw new Error('not read');
      connection.send(event.data);
    }
    connection.keep();
    connection.recycleOutput(connection.takeOutput()!);
  };
}

const GET = new TextEncoder().encode('GET /path?a=1 HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n');

function parsing(): () => void {
  const parser = new RequestParser({ text });
  return () => {
    parser.push(GET.slice());
    if (parser.next()?.kind !== 'head' || parser.next()?.kind !== 'end') throw new Error('not parsed');
  };
}

function answering(): () => void {
  const connection = new HttpConnection({ text });
  return () => {
    connection.receive(GET.slice(), 0);
    if (connection.next()?.kind !== 'request') throw new Error('not parsed');
    connection.response.send(200, [], 'hello');
    connection.next();
    connection.recycleOutput(connection.takeOutput()!);
  };
}

console.log(
  JSON.stringify({
    'read a text of 20 bytes': allocated(PER_CHUNK, reading(Opcode.Text, 20)),
    'read a text of 125 bytes': allocated(PER_CHUNK, reading(Opcode.Text, 125)),
    'read 125 bytes': allocated(PER_CHUNK, reading(Opcode.Binary, 125)),
    'echo a text of 20 bytes': allocated(PER_CHUNK, echoing(20)),
    'echo a text of 1024 bytes': allocated(PER_CHUNK, echoing(1024)),
    'parse a request': allocated(1, parsing()),
    'answer a request': allocated(1, answering()),
  }),
);
