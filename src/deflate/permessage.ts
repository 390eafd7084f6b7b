/**
 * permessage-deflate on one connection: its messages in both directions, as the two ends agreed (RFC 7692 §7.2).
 *
 * Owns: which window is kept and when it is dropped, and what is worth compressing. Does not own: frames and RSV1 (the
 * connection's), DEFLATE itself (the engine's), the agreement (`negotiate.ts`).
 *
 * @module
 */
import { type ProtocolError, UsageTypeError } from '../errors.ts';
import type { CodecOptions, DeflateEngine, Deflater, DeflaterOptions, Inflater } from './engine.ts';
import type { DeflateParams } from './negotiate.ts';
import { type ResolvedCompression, resolveCompression } from './options.ts';

const NOTHING: Uint8Array = /* @__PURE__ */ new Uint8Array(0);
const encoder = /* @__PURE__ */ new TextEncoder();
/** Text that needs no more than this in UTF-8 is encoded into memory that is kept: memory of its own takes longer to make. */
const KEPT_TEXT = 64 * 1024;
let keptText: Uint8Array | undefined;

/**
 * Compresses what one end sends and inflates what it receives. Windows are made when they are first needed.
 *
 * @example
 * ```ts
 * import { deepStrictEqual, equal, ok } from 'node:assert/strict';
 * import { acceptOffer, createOffer, PerMessageDeflate, resolveCompression } from 'sansocket/deflate';
 *
 * const options = resolveCompression(true);
 * const accepted = acceptOffer(createOffer(options), options);
 * ok(accepted?.kind === 'accepted');
 * const server = new PerMessageDeflate(accepted.params, 'server', options);
 * const client = new PerMessageDeflate(accepted.params, 'client', options);
 *
 * const payload = new TextEncoder().encode('all work and no play '.repeat(50));
 * const compressed = server.compress(payload); // undefined would mean: send it plain
 * ok(compressed !== undefined && compressed.length < 60);
 * deepStrictEqual(client.inflate(compressed, true, 1 << 20), payload);
 * equal(server.retainedBytes + client.retainedBytes, 0); // no context takeover: nothing is kept
 * ```
 */
export class PerMessageDeflate {
  /**
   * Names what {@link compressShared} depends on: connections with the same key can send the same bytes. Undefined with
   * context takeover, where what is sent depends on what was sent before.
   */
  readonly sharedKey: string | undefined;
  /** How long the connection should keep what it does not use; then it calls {@link releaseIdle}. In ms, or `Infinity`. */
  readonly idleMs: number;
  readonly #engine: DeflateEngine;
  readonly #threshold: number;
  readonly #outgoing: DeflaterOptions;
  readonly #incoming: CodecOptions;
  /** Largest window of a message in pieces; 0: none. */
  readonly #pieceWindowBits: number;
  #deflater: Deflater | undefined;
  #shared: Deflater | undefined;
  /** For messages in pieces, where no context is kept. */
  #piecewise: Deflater | undefined;
  #inflater: Inflater | undefined;
  /** A message that is sent in pieces has begun and not ended. */
  #inPieces = false;

  /**
   * @param params What both ends agreed on.
   * @param role Which end this is.
   * @param options This end's own wishes: threshold, level, and an outgoing window smaller than the agreed one.
   * @param engine What does the work.
   * @throws A `UsageTypeError` (`bad-argument`) for another role.
   */
  constructor(
    params: DeflateParams,
    role: 'server' | 'client',
    options: ResolvedCompression<never> = resolveCompression(),
    engine: DeflateEngine = options.engine,
  ) {
    if (role !== 'server' && role !== 'client') {
      throw new UsageTypeError(
        'bad-argument',
        `Cannot use permessage-deflate: role is ${String(role)}, expected 'server' or 'client'`,
      );
    }
    const server = {
      windowBits: params.serverMaxWindowBits,
      contextTakeover: !params.serverNoContextTakeover,
    };
    const client = {
      windowBits: params.clientMaxWindowBits,
      contextTakeover: !params.clientNoContextTakeover,
    };
    const [outgoing, incoming] = role === 'server' ? [server, client] : [client, server];
    this.#engine = engine;
    this.idleMs = options.idleMs;
    this.#threshold = options.threshold;
    this.#incoming = incoming;
    // The sender may always do with less than it is allowed (§7.1).
    this.#outgoing = {
      windowBits: Math.min(outgoing.windowBits, options.windowBits.outgoing),
      contextTakeover: outgoing.contextTakeover && options.contextTakeover.outgoing,
      level: options.level,
    };
    this.#pieceWindowBits = Math.min(outgoing.windowBits, options.pieceWindowBits);
    this.sharedKey = this.#outgoing.contextTakeover
      ? undefined
      : `${engine.name}/${this.#outgoing.windowBits}/${options.level}`;
  }

  /** Bytes of memory that this connection holds on to for compression at the moment. */
  get retainedBytes(): number {
    return this.releasableBytes + (this.#inflater?.retainedBytes ?? 0);
  }

  /** The part of them that {@link releaseIdle} gives back. */
  get releasableBytes(): number {
    return (this.#deflater?.retainedBytes ?? 0) + (this.#piecewise?.retainedBytes ?? 0);
  }

  /** What the call of {@link inflate} that failed had inflated before the fault. */
  get outputBeforeError(): Uint8Array {
    return this.#inflater?.outputBeforeError ?? NOTHING;
  }

  /**
   * Inflate one piece of a message that came with RSV1.
   *
   * @param bytes The next bytes of its payload, unmasked; read, not kept.
   * @param last Whether the message ends with them.
   * @param maxBytes What is left of `maxMessageBytes`.
   * @param lent Whether the output may lie in memory that is written to again by the next call, of this object or another.
   * @returns All output of this piece, in memory of its own unless `lent`; often empty. Or `bad-deflate` (1007), or
   *   `inflated-too-big` (1009); after that, the same error for every call.
   */
  inflate(bytes: Uint8Array, last: boolean, maxBytes: number, lent = false): Uint8Array | ProtocolError {
    this.#inflater ??= this.#engine.createInflater(this.#incoming);
    return this.#inflater.inflate(bytes, last, maxBytes, lent);
  }

  /** Whether a message of this many bytes is long enough to be compressed. */
  worthwhile(bytes: number): boolean {
    return bytes >= this.#threshold;
  }

  /**
   * Compress a whole message if that is worth it.
   *
   * @param lent Whether it may lie in memory that is written to again by the next call, of this object or another.
   * @returns The payload of a message with RSV1; or undefined, where the message is below the threshold or does not
   *   get smaller, and is to be sent plain. (With context takeover it is compressed all the same once it is in the window.)
   */
  compress(data: string | Uint8Array, lent = false): Uint8Array | undefined {
    // A UTF-16 unit makes 3 bytes at most.
    if (typeof data === 'string' && 3 * data.length < this.#threshold) return undefined;
    const payload = typeof data === 'string' ? encode(data) : data;
    if (payload.length < this.#threshold) return undefined;
    const compressed = this.deflate(payload, lent);
    return compressed.length < payload.length || this.#outgoing.contextTakeover ? compressed : undefined;
  }

  /** Compress a whole message, whatever comes out: at most 5 bytes per 16 000 and 16 bytes longer than the payload. */
  deflate(payload: Uint8Array, lent = false): Uint8Array {
    if (this.#inPieces) {
      throw new UsageTypeError(
        'bad-state',
        'Cannot compress a message: one that is sent in pieces has not ended, expected its last piece',
      );
    }
    this.#deflater ??= this.#engine.createDeflater(this.#outgoing);
    return this.#deflater.deflate(payload, true, lent);
  }

  /**
   * Compress a message that is sent in pieces: what this returns is the payload of one fragment, RSV1 being set on the first.
   *
   * Each piece is flushed: its receiver can inflate all of it. That costs 4 to 5 bytes a piece. While the message lasts, its window
   * is kept, as with context takeover; the memory budget has room for it.
   *
   * @param last Whether the message ends with this piece; it may be empty.
   */
  deflatePiece(bytes: Uint8Array, last: boolean): Uint8Array {
    const deflater = this.#outgoing.contextTakeover
      ? (this.#deflater ??= this.#engine.createDeflater(this.#outgoing))
      : (this.#piecewise ??= this.#engine.createDeflater(this.#forPieces()));
    this.#inPieces = !last;
    return deflater.deflate(bytes, last);
  }

  /** Where the budget has no room for a window, nothing is looked for: that needs none. */
  #forPieces(): DeflaterOptions {
    return this.#pieceWindowBits === 0
      ? { ...this.#outgoing, level: 0 }
      : { ...this.#outgoing, windowBits: this.#pieceWindowBits };
  }

  /**
   * Compress a message that is sent in pieces if that may be worth it; how long it will get, nobody knows.
   *
   * @returns As {@link deflatePiece}; empty for an empty piece that is not the last, which needs no frame. `undefined`, for the
   *   first piece alone, where the message is to be sent plain: at level 0, or where the memory budget has no room for a window.
   */
  compressPiece(data: string | Uint8Array, last: boolean): Uint8Array | undefined {
    if (!this.#inPieces && (this.#pieceWindowBits === 0 || this.#outgoing.level === 0)) return undefined;
    return this.deflatePiece(typeof data === 'string' ? encode(data) : data, last);
  }

  /**
   * Compress a message once for all connections with the same {@link sharedKey}; it refers to no other message.
   *
   * @returns `undefined` where it does not get smaller, and is to be sent plain.
   */
  compressShared(payload: Uint8Array): Uint8Array | undefined {
    // Not the connection's own: that may be in the middle of a message.
    this.#shared ??= this.#engine.createDeflater({ ...this.#outgoing, contextTakeover: false });
    const compressed = this.#shared.deflate(payload, true);
    return compressed.length < payload.length ? compressed : undefined;
  }

  /**
   * Drop what can be done without: the outgoing window, in the middle of a message too, since each piece is flushed. What is
   * compressed next refers to nothing before it, which its receiver does not notice. The incoming window stays: with context
   * takeover the peer may refer to it at any time (RFC 7692 §7.1.1), and without, it is there for as long as a message lasts.
   */
  releaseIdle(): void {
    this.#deflater?.reset();
    this.#piecewise?.reset();
  }

  /** Give everything back: nothing is compressed or inflated any more. */
  dispose(): void {
    this.#deflater?.dispose();
    this.#piecewise?.dispose();
    this.#shared?.dispose();
    this.#inflater?.dispose();
    this.#deflater = undefined;
    this.#piecewise = undefined;
    this.#shared = undefined;
    this.#inflater = undefined;
  }
}

/** Text in UTF-8, until the next call. */
function encode(text: string): Uint8Array {
  if (3 * text.length > KEPT_TEXT) return encoder.encode(text);
  keptText ??= new Uint8Array(KEPT_TEXT);
  return keptText.subarray(0, encoder.encodeInto(text, keptText).written);
}
