/**
 * How an app says no to an upgrade.
 *
 * @module
 */
import { checkText } from '../bytes/view.ts';
import { UsageTypeError } from '../errors.ts';
import { type HeaderEntries, HttpHeaders } from '../http/headers.ts';
import { show } from '../options.ts';

/** What `authorize` returns to refuse. Made by {@link refuse}. */
export class Refusal {
  /** The status, 400 to 599 (or a redirect, 300 to 399). */
  readonly status: number;
  /** The body of the answer. */
  readonly body: string;
  /** More headers. */
  readonly headers: HttpHeaders;

  /** See {@link refuse}. */
  constructor(status: number, body: string, headers: HeaderEntries | undefined) {
    if (!Number.isInteger(status) || status < 300 || status > 599) {
      throw new UsageTypeError(
        'bad-argument',
        `Cannot refuse: the status is ${show(status)}, expected a number from 300 to 599`,
      );
    }
    this.status = status;
    this.body = checkText(body, 'the body of a refusal');
    this.headers = new HttpHeaders(headers);
  }
}

/**
 * What `authorize` returns to refuse an upgrade.
 *
 * @param status The status of the answer, 300 to 599: 401, 403, 503…
 * @param body A sentence for the peer. Default: ''.
 * @param headers More headers, such as `WWW-Authenticate`.
 * @throws A `UsageTypeError` (`bad-argument`).
 */
export function refuse(status: number, body = '', headers?: HeaderEntries): Refusal {
  return new Refusal(status, body, headers);
}
