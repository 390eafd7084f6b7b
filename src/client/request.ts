/**
 * The request that a client sent, for its app to look at.
 *
 * @module
 */
import type { UpgradeSent } from '../handshake/client-request.ts';
import { HttpHeaders } from '../http/headers.ts';
import { showAs } from '../inspect.ts';
import type { SocketRequest } from '../socket/socket.ts';

/** What `socket.request` is on a client. It is read out of the bytes that were sent when somebody asks. */
export class SentRequest implements SocketRequest {
  readonly target: string;
  readonly #head: Uint8Array;
  #headers: HttpHeaders | undefined;
  #query: URLSearchParams | undefined;

  static {
    showAs(this, ({ target, headers }) => ({ target, headers }));
  }

  /** @param sent As it was written. */
  constructor(sent: UpgradeSent) {
    this.target = sent.url.target;
    this.#head = sent.bytes;
  }

  /** The path of the target. */
  get path(): string {
    return this.target.split('?', 1)[0]!;
  }

  /** The query of the target. */
  get query(): URLSearchParams {
    this.#query ??= new URLSearchParams(this.target.slice(this.path.length + 1));
    return this.#query;
  }

  /** The header, as sent. */
  get headers(): HttpHeaders {
    if (this.#headers === undefined) {
      const headers = new HttpHeaders();
      // One character a byte, as it was written.
      const lines = Array.from(this.#head, (byte) => String.fromCharCode(byte))
        .join('')
        .split('\r\n');
      for (const line of lines.slice(1, -2)) {
        const colon = line.indexOf(': ');
        headers.append(line.slice(0, colon), line.slice(colon + 2));
      }
      this.#headers = headers;
    }
    return this.#headers;
  }
}
