/**
 * permessage-deflate for both ends: from the `compression` option, by way of the two headers, to the
 * `MessageCompression` of one connection.
 *
 * Owns: where the agreement of `deflate/` and the headers of `handshake/` meet. Does not own: either of them.
 *
 * @module
 */

import type { DeflateEngine } from '../deflate/engine.ts';
import { acceptOffer, checkAnswer, createOffer, PERMESSAGE_DEFLATE } from '../deflate/negotiate.ts';
import { type CompressionOptions, type ResolvedCompression, resolveCompression } from '../deflate/options.ts';
import { PerMessageDeflate } from '../deflate/permessage.ts';
import { ProtocolError, UsageTypeError } from '../errors.ts';
import type { Extension } from '../handshake/extensions.ts';
import type { MessageCompression } from './compression.ts';

export type { CompressionOptions };

/** What a server and a client agreed on. */
export interface AgreedCompression {
  /** What the answer says of it. */
  readonly extension: Extension;
  /** What it does. */
  readonly compression: MessageCompression;
}

/**
 * A server's answer to the extensions that one request offers: the agreement; `undefined`, to go without; or
 * `bad-deflate-parameters` (400), to refuse.
 */
export type CompressionAcceptor<Request> = (
  offers: readonly Extension[],
  request: Request,
) => AgreedCompression | ProtocolError | undefined;

/**
 * The server's half.
 *
 * @param option The `compression` option of a server.
 * @param engine What does the work, where the option does not say. Default: the portable engine.
 * @returns What answers each request; `undefined` where compression is off. It throws what the option's `accept` throws, and a
 *   `UsageTypeError` (`bad-argument`) when that answers with neither true nor false.
 * @throws A `UsageTypeError` or `UsageRangeError` (`bad-option`), as `resolveCompression`.
 */
export function acceptCompression<Request>(
  option: boolean | CompressionOptions<Request> | undefined,
  engine?: DeflateEngine,
): CompressionAcceptor<Request> | undefined {
  const options = readOption(option, engine);
  if (options === undefined) return undefined;
  const { accept } = options;
  return (offers, request) => {
    if (!offers.some(({ name }) => name === PERMESSAGE_DEFLATE)) return undefined;
    if (accept !== undefined && !readAnswer(accept(request))) return undefined;
    const accepted = acceptOffer(offers, options);
    if (accepted === undefined || accepted instanceof ProtocolError) return accepted;
    return {
      extension: accepted.response,
      compression: new PerMessageDeflate(accepted.params, 'server', options),
    };
  };
}

/** What `accept` answered. A promise would be taken for a yes, whatever comes of it. */
function readAnswer(answer: unknown): boolean {
  if (typeof answer === 'boolean') return answer;
  // What a promise comes to is nobody's to handle: this error is told instead.
  Promise.resolve(answer).catch(() => {});
  throw new UsageTypeError(
    'bad-argument',
    'Cannot negotiate compression: compression.accept answered with neither true nor false; it cannot be async',
  );
}

/** The client's half: what to offer, and what to make of the answer. */
export interface CompressionOffer {
  /** For `Sec-WebSocket-Extensions` of the request. */
  readonly extensions: readonly Extension[];
  /**
   * Check the answer.
   *
   * @param answered The extensions that the server chose.
   * @returns What was agreed on; `undefined` when the server declined; or what is wrong with the answer
   *   (`bad-deflate-parameters`), which fails the connection.
   */
  read(answered: readonly Extension[]): MessageCompression | ProtocolError | undefined;
}

/**
 * The client's half.
 *
 * @param option The `compression` option of a client.
 * @param engine What does the work, where the option does not say. Default: the portable engine.
 * @returns `undefined` where compression is off.
 * @throws A `UsageTypeError` or `UsageRangeError` (`bad-option`), as `resolveCompression`.
 */
export function offerCompression(
  option: boolean | CompressionOptions<never> | undefined,
  engine?: DeflateEngine,
): CompressionOffer | undefined {
  const options = readOption(option, engine);
  if (options === undefined) return undefined;
  const extensions = createOffer(options);
  return {
    extensions,
    read(answered) {
      const params = checkAnswer(answered, extensions);
      if (params === undefined || params instanceof ProtocolError) return params;
      return new PerMessageDeflate(params, 'client', options);
    },
  };
}

function readOption<Request>(
  option: boolean | CompressionOptions<Request> | undefined,
  engine: DeflateEngine | undefined,
): ResolvedCompression<Request> | undefined {
  return option === undefined || option === false ? undefined : resolveCompression<Request>(option, engine);
}
