/**
 * A message that is sent in pieces.
 *
 * Owns: whether it is compressed (RFC 7692 §6.1), and what its next frame begins with. Does not own: whether a piece may be sent, or
 * writing frames (`frame/writer.ts`).
 *
 * @module
 */
import { FIN_BIT, RSV1 } from '../frame/header.ts';
import { Opcode } from '../frame/opcode.ts';
import type { MessageCompression } from './compression.ts';

/** One message, from its first piece to its last. */
export class StreamedMessage {
  /** What it is. */
  readonly type: 'text' | 'binary';
  /** `undefined` where it goes plain. */
  #compression: MessageCompression | undefined;
  /** The opcode and RSV1 of its next frame. */
  #bits: number;

  /** @param compression Without it, it goes plain. */
  constructor(type: 'text' | 'binary', compression: MessageCompression | undefined) {
    this.type = type;
    this.#compression = compression;
    this.#bits = type === 'text' ? Opcode.Text : Opcode.Binary;
  }

  /** Whether it is compressed; the first piece decides. */
  get compressed(): boolean {
    return this.#compression !== undefined;
  }

  /** The payload that a piece makes; `undefined` where it needs no frame. */
  payload(piece: string | Uint8Array, last: boolean): string | Uint8Array | undefined {
    if (this.#compression === undefined) return piece;
    const compressed = this.#compression.compressPiece(piece, last);
    if (compressed === undefined) {
      this.#compression = undefined;
      return piece;
    }
    if (this.#bits !== Opcode.Continuation) this.#bits |= RSV1;
    return compressed.length === 0 ? undefined : compressed;
  }

  /** The first byte of its next frame, which is written then. */
  nextBits(last: boolean): number {
    const bits = this.#bits | (last ? FIN_BIT : 0);
    this.#bits = Opcode.Continuation;
    return bits;
  }
}
