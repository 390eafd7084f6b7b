/**
 * How a connection ended.
 *
 * Owns: what is known of it, the promise of it, and what calls are told that come too late. Does not own: noticing it.
 *
 * @module
 */
import { CONNECTION_ERRORS, ProtocolError } from '../errors.ts';
import type { SocketCloseInfo } from './socket.ts';

/** The end of one socket; made when it comes, or somebody wants to know of it. */
export class Ending {
  /** Why it is over, where nobody said goodbye: the `cause` of what calls are told from then on. */
  fault: Error | undefined;
  #info: SocketCloseInfo | undefined;
  #closed: Promise<SocketCloseInfo> | undefined;
  #resolve: ((info: SocketCloseInfo) => void) | undefined;

  /** Whether it has come. */
  get over(): boolean {
    return this.#info !== undefined;
  }

  /** See `Socket.closed`. */
  get closed(): Promise<SocketCloseInfo> {
    this.#closed ??=
      this.#info === undefined
        ? new Promise((resolve) => {
            this.#resolve = resolve;
          })
        : Promise.resolve(this.#info);
    return this.#closed;
  }

  /** It has come. */
  settle(info: SocketCloseInfo): void {
    this.#info = info;
    this.#resolve?.(info);
  }

  /** What a call is told that comes too late. @param what The call. */
  notOpen(what: string): ProtocolError {
    const how = this.#info === undefined ? 'is closing' : `was closed with ${this.#info.code}`;
    return new ProtocolError(
      'not-open',
      CONNECTION_ERRORS['not-open'],
      `Cannot ${what}: the connection ${how}`,
      0,
      this.fault === undefined ? undefined : { cause: this.fault },
    );
  }
}
