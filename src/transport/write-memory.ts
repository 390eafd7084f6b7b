/**
 * Memory that outgoing bytes wait in, for sockets that are written to by promises.
 *
 * Owns: which of it is free. Does not own: when bytes are sent (`pump-stream.ts`).
 *
 * Until such a write is done its memory must stay as it is; a copy lets the writer use its own at once again. That, and
 * using the copy's memory again, is several times as cheap as new memory for each write: on Deno, an echo of 16 KiB takes
 * a third less time (`npm run bench -- echo-16k --runtime=deno`).
 *
 * @module
 */

/** Less is not worth a copy; nor is more than the largest piece has room for. */
const LEAST_BYTES = 8192;
/** Pieces of memory are of these sizes, and have room for a header besides. */
const SIZES: readonly number[] = [16_384, 65_536];
const HEADER_BYTES = 4096;
/** Kept for later; more is left to the collector. */
const MOST_KEPT_BYTES = 4 * 1024 * 1024;

/** Memory for all streams of a transport. */
export class WriteMemory {
  readonly #free: readonly Uint8Array[][] = SIZES.map(() => []);
  #keptBytes = 0;

  /** Memory for so many bytes, or more; `undefined` where a copy does not pay. Give it back when it is written. */
  take(bytes: number): Uint8Array | undefined {
    if (bytes < LEAST_BYTES) return undefined;
    const index = SIZES.findIndex((size) => bytes <= size + HEADER_BYTES);
    if (index < 0) return undefined;
    const memory = this.#free[index]!.pop();
    if (memory === undefined) return new Uint8Array(SIZES[index]! + HEADER_BYTES);
    this.#keptBytes -= memory.length;
    return memory;
  }

  /** Nobody reads `memory` any more. */
  give(memory: Uint8Array): void {
    const capacity = memory.length;
    if (this.#keptBytes + capacity > MOST_KEPT_BYTES) return;
    this.#free[SIZES.indexOf(capacity - HEADER_BYTES)]!.push(memory);
    this.#keptBytes += capacity;
  }
}
