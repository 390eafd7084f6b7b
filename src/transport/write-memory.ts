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

/** Less is not worth a copy. */
const LEAST_BYTES = 8192;
/** The smallest piece of memory; each of the others is 4 times as large as the one before. All have room for a header besides. */
const SMALLEST_BYTES = 16_384;
const CLASSES = 5;
const HEADER_BYTES = 4096;
/** Kept for later; more is left to the collector. */
const MOST_KEPT_BYTES = 16 * 1024 * 1024;

/** Memory for all streams of a transport. */
export class WriteMemory {
  readonly #free: Uint8Array[][] = Array.from({ length: CLASSES }, () => []);
  #keptBytes = 0;

  /** Memory for so many bytes, or more; `undefined` where a copy does not pay. Give it back when it is written. */
  take(bytes: number): Uint8Array | undefined {
    if (bytes < LEAST_BYTES) return undefined;
    let size = SMALLEST_BYTES;
    for (const free of this.#free) {
      const capacity = size + HEADER_BYTES;
      if (bytes <= capacity) {
        const memory = free.pop();
        if (memory === undefined) return new Uint8Array(capacity);
        this.#keptBytes -= capacity;
        return memory;
      }
      size *= 4;
    }
    return undefined;
  }

  /** Nobody reads `memory` any more. */
  give(memory: Uint8Array): void {
    const capacity = memory.length;
    if (this.#keptBytes + capacity > MOST_KEPT_BYTES) return;
    const index = Math.log2((capacity - HEADER_BYTES) / SMALLEST_BYTES) / 2;
    this.#free[index]?.push(memory);
    this.#keptBytes += capacity;
  }
}
