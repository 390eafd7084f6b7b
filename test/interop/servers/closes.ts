/**
 * How connections ended, for whoever asks before or after.
 *
 * @module
 */

/** What a server saw. */
export interface Close {
  readonly code: number;
  readonly reason: string;
}

/** Keeps the ends of connections by the id in their URL. */
export class Closes {
  readonly #entries = new Map<string, { readonly seen: Promise<Close>; see(close: Close): void }>();

  /** The end of this one: waits until it has. */
  of(id: string): Promise<Close> {
    return this.#entry(id).seen;
  }

  /** It ended. */
  see(id: string | null, close: Close): void {
    if (id !== null) this.#entry(id).see(close);
  }

  #entry(id: string): { readonly seen: Promise<Close>; see(close: Close): void } {
    let entry = this.#entries.get(id);
    if (entry === undefined) {
      let see: (close: Close) => void = () => {};
      const seen = new Promise<Close>((resolve) => {
        see = resolve;
      });
      entry = { seen, see };
      this.#entries.set(id, entry);
    }
    return entry;
  }
}
