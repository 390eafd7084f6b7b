/**
 * Servers for clients to fail on: they say what a test tells them to, byte for byte.
 *
 * @module
 */
import { computeAccept } from 'sansocket/handshake';
import {
  type ByteStream,
  createMemoryTransport,
  type MemoryPairOptions,
  type Transport,
} from 'sansocket/transport';
import { concat, utf8 } from '../../support/deliveries.ts';

/** What a server knows when it answers. */
export interface Asked {
  /** The head of the request, as text. */
  readonly head: string;
  /** `Sec-WebSocket-Key`. */
  readonly key: string;
}

/** A server in one function: called when the head of a request is complete. */
export type Answer = (asked: Asked, stream: ByteStream) => void;

/** What a scripted server saw. */
export interface Seen {
  /** Bytes that came in behind the heads. */
  readonly bytes: number[];
  /** How many connections came. */
  connections: number;
  /** How many of them are gone. */
  closed: number;
}

/** Listen with a server that does what `answer` does. */
export async function scripted(transport: Transport, answer: Answer, port = 8080): Promise<Seen> {
  const seen: Seen = { bytes: [], connections: 0, closed: 0 };
  await transport.listen({ port }, (stream) => {
    seen.connections++;
    let head: string | undefined = '';
    return {
      data(bytes) {
        for (const byte of bytes) {
          if (head === undefined) {
            seen.bytes.push(byte);
            continue;
          }
          head += String.fromCharCode(byte);
          if (!head.endsWith('\r\n\r\n')) continue;
          const key = /^sec-websocket-key: (.*)\r$/im.exec(head)?.[1] ?? '';
          const asked = { head, key };
          head = undefined;
          answer(asked, stream);
        }
      },
      end: () => stream.end(),
      drain() {},
      close() {
        seen.closed++;
      },
    };
  });
  return seen;
}

/** A memory transport with such a server on port 8080. */
export async function network(
  answer: Answer,
  faults: MemoryPairOptions = {},
): Promise<{ readonly transport: ReturnType<typeof createMemoryTransport>; readonly seen: Seen }> {
  const transport = createMemoryTransport(faults);
  return { transport, seen: await scripted(transport, answer) };
}

/** The head of a 101 that is right, with more lines. */
export function switching(key: string, ...lines: readonly string[]): string {
  return [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${computeAccept(key)}`,
    ...lines,
    '\r\n',
  ].join('\r\n');
}

/** Send text as it is, and bytes behind it. */
export function say(stream: ByteStream, text: string, ...more: readonly Uint8Array[]): void {
  stream.write(concat([utf8(text), ...more]));
}

/** Accept, and send bytes behind the head in the same write. */
export function accept(...more: readonly Uint8Array[]): Answer {
  return ({ key }, stream) => say(stream, switching(key), ...more);
}

/** What a promise rejects with; a test fails where it resolves. */
export async function rejection<E = Error & { code: string }>(promise: Promise<unknown>): Promise<E> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error as E;
  }
  throw new Error(`expected a rejection, got ${String(value)}`);
}

/** Let everything happen that needs no time: turns of the event loop. */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}
