/**
 * What callers may pass for bytes, and for text.
 *
 * @module
 */
import { UsageTypeError } from '../errors.ts';

/** Bytes in any of the forms that the platform has. */
export type BytesLike = Uint8Array | ArrayBufferLike | ArrayBufferView;

/** No bytes. */
export const NO_BYTES: Uint8Array = /* @__PURE__ */ new Uint8Array(0);

/**
 * The same memory as a `Uint8Array`: all of a buffer, exactly the window of a view.
 *
 * @param what How the error calls it.
 * @param or What else the caller takes, for the error: `'a string, '`.
 * @throws A `UsageTypeError` (`bad-argument`) for anything else: numbers and arrays are never taken for bytes, nor is memory that was
 *   given away (to a worker, say) for none.
 */
export function viewBytes(data: unknown, what: string, or = ''): Uint8Array {
  if (data instanceof Uint8Array && data.length > 0) return data;
  if (isDetached(data)) {
    throw new UsageTypeError('bad-argument', `Cannot use ${what}: its memory was given away`);
  }
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const tag = Object.prototype.toString.call(data);
  if (/^\[object (Shared)?ArrayBuffer]$/.test(tag)) {
    return new Uint8Array(data as ArrayBufferLike);
  }
  throw new UsageTypeError(
    'bad-argument',
    `Cannot use ${what}: its type is ${tag.slice(8, -1)}, expected ${or}a Uint8Array, ArrayBuffer or view`,
  );
}

/** Whether something is a buffer, or a view of one, that was transferred: it looks empty. */
export function isDetached(data: unknown): boolean {
  const buffer = ArrayBuffer.isView(data) ? data.buffer : data;
  if (!(buffer instanceof ArrayBuffer) || buffer.byteLength > 0) return false;
  // `buffer.detached` is younger than the oldest runtime.
  try {
    return new Uint8Array(buffer).length > 0;
  } catch {
    return true;
  }
}

/**
 * The string itself.
 *
 * @param what How the error calls it.
 * @throws A `UsageTypeError` (`bad-argument`) for anything else, such as the `undefined` of a header that is not there.
 */
export function checkText(text: unknown, what: string): string {
  if (typeof text === 'string') return text;
  throw new UsageTypeError(
    'bad-argument',
    `Cannot use ${what}: it is ${text === null ? 'null' : typeof text}, expected a string`,
  );
}

/**
 * Refuse what is no `Uint8Array`.
 *
 * @param call What the bytes are for, as in "Cannot `call`".
 * @throws A `UsageTypeError` (`bad-argument`).
 */
export function checkBytes(bytes: unknown, call: string): void {
  if (bytes instanceof Uint8Array) return;
  throw new UsageTypeError('bad-argument', `Cannot ${call}: the bytes are not a Uint8Array`);
}

/** A copy in memory of its own. Not `slice()`: the one of Node's `Buffer`, which is a `Uint8Array` too, copies nothing. */
export function copyBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

/** The same memory as a `Uint8Array` and no subclass: views of Node's `Buffer` are Buffers, whose `slice` copies nothing. */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  if (Object.getPrototypeOf(bytes) === Uint8Array.prototype) return bytes;
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
