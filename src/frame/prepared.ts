/**
 * Messages that are encoded once and sent to many.
 *
 * Owns: keeping the encoded forms. Does not own: who they are sent to.
 *
 * @module
 */
import { portableText } from '../bytes/text.ts';
import { type BytesLike, checkText, copyBytes, viewBytes } from '../bytes/view.ts';
import { UsageTypeError } from '../errors.ts';
import { encodeFrame } from './encode.ts';
import { RSV1 } from './header.ts';
import { Opcode } from './opcode.ts';

/**
 * A message of which every encoded form is made once, on first use. Servers send it as it stands; a client must mask
 * each frame anew. What was passed is copied.
 *
 * @example
 * ```ts
 * import { equal } from 'node:assert/strict';
 * import { PreparedMessage } from 'sansocket/frame';
 *
 * const news = new PreparedMessage('to everyone');
 * equal(news.frame(), news.frame()); // the same bytes, made once
 * ```
 */
export class PreparedMessage {
  /** What it is. */
  readonly type: 'text' | 'binary';
  /** The payload, as sent without compression. Never write to it. */
  readonly payload: Uint8Array;
  #plain: Uint8Array | undefined;
  #compressed: Map<string, Uint8Array> | undefined;

  /**
   * @param type What bytes are: `binary` by default; as `text` they must be UTF-8, unchecked. A string is text.
   * @throws A `UsageTypeError` (`bad-argument`) for anything but a string or bytes, and for a string as `binary`.
   */
  constructor(data: string | BytesLike, type?: 'text' | 'binary') {
    if (type !== undefined && type !== 'text' && (type !== 'binary' || typeof data === 'string')) {
      throw new UsageTypeError('bad-argument', `Cannot prepare a ${typeof data} as ${String(type)}`);
    }
    if (typeof data === 'string') {
      this.type = 'text';
      this.payload = new Uint8Array(portableText.byteLength(data));
      portableText.write(data, this.payload, 0);
    } else {
      this.type = type ?? 'binary';
      this.payload = copyBytes(viewBytes(data, 'message', 'a string, '));
    }
  }

  /** The frame of the server's role, not compressed. Shared by all receivers: never write to it. */
  frame(): Uint8Array {
    this.#plain ??= encodeFrame({ opcode: this.#opcode, payload: this.payload });
    return this.#plain;
  }

  /**
   * The frame of the server's role, compressed; or not, where that makes nothing smaller.
   *
   * @param key Names the parameters: receivers with the same key share the bytes.
   * @param compress Makes the compressed payload, without context takeover, or `undefined` for a plain one; called once a key.
   */
  compressedFrame(key: string, compress: (payload: Uint8Array) => Uint8Array | undefined): Uint8Array {
    checkText(key, 'key');
    this.#compressed ??= new Map();
    let frame = this.#compressed.get(key);
    if (frame === undefined) {
      const payload = compress(this.payload);
      frame =
        payload === undefined ? this.frame() : encodeFrame({ opcode: this.#opcode, payload, rsv: RSV1 });
      this.#compressed.set(key, frame);
    }
    return frame;
  }

  get #opcode(): Opcode {
    return this.type === 'text' ? Opcode.Text : Opcode.Binary;
  }
}
