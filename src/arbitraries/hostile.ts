/**
 * What a generator of hostile input gives.
 *
 * @module
 */

/** Bytes with one fault. */
export interface Hostile {
  /** What a peer sends. */
  readonly bytes: Uint8Array;
  /** What is wrong, in words. */
  readonly why: string;
  /** The section that says so. */
  readonly rule: string;
}
