/**
 * Runs bytes through the decoders in every delivery, and insists that no delivery makes a difference.
 *
 * @module
 */
import {
  type DecoderOptions,
  FrameDecoder,
  type FrameEvent,
  type MessageEvent,
  MessageReader,
  type MessageReaderOptions,
} from 'sansocket/frame';
import { expect } from 'vitest';
import { concat, DELIVERIES, toHex } from '../../support/deliveries.ts';

/** An error, as far as tests compare it. */
export interface Fault {
  readonly error: string;
  readonly closeCode: number;
  readonly offset: number;
}

/** A frame with its payload put together, or an error. */
export type SeenFrame =
  | {
      readonly opcode: number;
      readonly fin: boolean;
      readonly rsv: number;
      readonly key: string | undefined;
      readonly headerLength: number;
      readonly payloadLength: number;
      /** In hex; all that came, also of a frame that is not complete. */
      readonly payload: string;
      readonly complete: boolean;
    }
  | Fault;

/** A message, a control frame or an error; binary and payloads in hex. */
export type SeenMessage =
  | { readonly text: string }
  | { readonly binary: string }
  | { readonly pieces: 'text' | 'binary'; readonly data: string; readonly complete: boolean }
  | { readonly ping: string }
  | { readonly pong: string }
  | { readonly close: number; readonly reason: string }
  | Fault;

/** What `FrameDecoder` makes of chunks. */
export function decodeChunks(chunks: readonly Uint8Array[], options?: DecoderOptions): SeenFrame[] {
  const decoder = new FrameDecoder(options);
  const seen: SeenFrame[] = [];
  let payload: Uint8Array[] = [];
  let header: Extract<FrameEvent, { kind: 'header' }> | undefined;
  const close = (complete: boolean): void => {
    if (header === undefined) return;
    const { opcode, fin, rsv, maskKey, headerLength, payloadLength } = header;
    const key = maskKey && toHex(maskKey);
    seen.push({
      opcode,
      fin,
      rsv,
      key,
      headerLength,
      payloadLength,
      payload: toHex(concat(payload)),
      complete,
    });
    header = undefined;
  };
  for (const chunk of chunks) {
    decoder.push(chunk);
    for (let event = decoder.next(); event !== undefined; event = decoder.next()) {
      if (event.kind === 'header') {
        header = event;
        payload = [];
      } else if (event.kind === 'payload') {
        expect(event.offset).toBe(payload.reduce((sum, part) => sum + part.length, 0));
        payload.push(event.bytes.slice());
        if (event.last) close(true);
      } else {
        seen.push({ error: event.code, closeCode: event.closeCode, offset: event.offset });
      }
    }
  }
  close(false);
  return seen;
}

/** What `MessageReader` makes of chunks; pieces of one message in a row are put together. */
export function readChunks(chunks: readonly Uint8Array[], options?: MessageReaderOptions): SeenMessage[] {
  const reader = new MessageReader(options);
  const seen: SeenMessage[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let event = reader.next(); event !== undefined; event = reader.next()) see(seen, event);
  }
  return seen;
}

/** Events as `readChunks` shows them. */
export function seeAll(events: readonly MessageEvent[]): SeenMessage[] {
  const seen: SeenMessage[] = [];
  for (const event of events) see(seen, event);
  return seen;
}

function see(seen: SeenMessage[], event: MessageEvent): void {
  switch (event.kind) {
    case 'text':
      seen.push({ text: typeof event.data === 'string' ? event.data : toHex(event.data) });
      break;
    case 'binary':
      seen.push({ binary: toHex(event.data) });
      break;
    case 'piece': {
      const data = typeof event.data === 'string' ? event.data : toHex(event.data);
      let at = seen.length - 1;
      while (at >= 0 && !('pieces' in seen[at]!)) at--;
      const open = seen[at];
      if (event.first) seen.push({ pieces: event.type, data, complete: event.last });
      else if (open === undefined || !('pieces' in open)) throw new Error('a later piece of no message');
      else seen[at] = { ...open, data: open.data + data, complete: event.last };
      break;
    }
    case 'ping':
      seen.push({ ping: toHex(event.payload) });
      break;
    case 'pong':
      seen.push({ pong: toHex(event.payload) });
      break;
    case 'close':
      seen.push({ close: event.code, reason: event.reason });
      break;
    default:
      seen.push({ error: event.code, closeCode: event.closeCode, offset: event.offset });
  }
}

/** What `FrameDecoder` makes of the bytes, in every delivery. */
export function decodeAll(bytes: Uint8Array, options?: DecoderOptions): SeenFrame[] {
  return inEveryDelivery(bytes, (chunks) => decodeChunks(chunks, options));
}

/** What `MessageReader` makes of the bytes, in every delivery. `options` may be made anew each time. */
export function readAll(
  bytes: Uint8Array,
  options?: MessageReaderOptions | (() => MessageReaderOptions),
): SeenMessage[] {
  return inEveryDelivery(bytes, (chunks) =>
    readChunks(chunks, typeof options === 'function' ? options() : options),
  );
}

function inEveryDelivery<Seen>(bytes: Uint8Array, run: (chunks: Uint8Array[]) => Seen): Seen {
  const [[, whole], ...others] = DELIVERIES as readonly [
    (typeof DELIVERIES)[number],
    ...(typeof DELIVERIES)[number][],
  ];
  const seen = run(whole(bytes));
  for (const [name, deliver] of others) expect(run(deliver(bytes)), name).toEqual(seen);
  return seen;
}
