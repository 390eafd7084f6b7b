/**
 * The parameters of permessage-deflate: offered, accepted, checked, in both roles (RFC 7692 §5, §7.1).
 *
 * Owns: what each parameter may be and what follows from it. Does not own: the grammar of `Sec-WebSocket-Extensions`
 * (`handshake/extensions.ts`); what comes in here is parsed, and what goes out is still to be written.
 *
 * @module
 */
import { type ErrorRow, HANDSHAKE_ERRORS, ProtocolError, UsageTypeError } from '../errors.ts';
import { MAX_WINDOW_BITS, MIN_WINDOW_BITS } from './engine.ts';
import type { ResolvedCompression } from './options.ts';

/** The extension's name. Case counts, as in every extension token that is registered. */
export const PERMESSAGE_DEFLATE = 'permessage-deflate';

const SERVER_NO_TAKEOVER = 'server_no_context_takeover';
const CLIENT_NO_TAKEOVER = 'client_no_context_takeover';
const SERVER_BITS = 'server_max_window_bits';
const CLIENT_BITS = 'client_max_window_bits';

/** An extension as a header names it; a value without `=` is undefined. */
export interface DeflateExtension {
  /** A token. */
  readonly name: string;
  /** In the order they were sent in, repeated ones too; values without the quotes that they may have had. */
  readonly params: ReadonlyArray<readonly [name: string, value: string | undefined]>;
}

/** What both ends have agreed on. */
export interface DeflateParams {
  /** The server forgets its window after each message (RFC 7692 §7.1.1.1). */
  readonly serverNoContextTakeover: boolean;
  /** The client does (RFC 7692 §7.1.1.2). */
  readonly clientNoContextTakeover: boolean;
  /** Window of what the server sends, as a power of two (RFC 7692 §7.1.2.1). */
  readonly serverMaxWindowBits: number;
  /** Window of what the client sends, as a power of two (RFC 7692 §7.1.2.2). */
  readonly clientMaxWindowBits: number;
}

/** An offer that the server takes. */
export interface AcceptedOffer {
  /** Tells it from an error. */
  readonly kind: 'accepted';
  /** What holds from now on. */
  readonly params: DeflateParams;
  /** What to put into the answer. */
  readonly response: DeflateExtension;
}

/** The parameters as they were sent; `clientBits` is true where it came without a value. */
interface Sent {
  serverNoTakeover: boolean;
  clientNoTakeover: boolean;
  serverBits: number | undefined;
  clientBits: number | true | undefined;
}

/**
 * Server: take the first offer that can be taken.
 *
 * RFC 7692 §7.1 has a server decline an offer with a parameter that is unknown, repeated or out of range, and go on to the
 * next: so does this. Only where no offer is left and one was malformed, the options decide between refusing the handshake
 * and going on without compression.
 *
 * @param offers The client's extensions in its order of preference; others than permessage-deflate are passed over.
 * @returns The agreement and the answer; or undefined, when there is no offer, or none that the options allow; or
 *   `bad-deflate-parameters` (400).
 *
 * @example
 * ```ts
 * import { deepStrictEqual } from 'node:assert/strict';
 * import { acceptOffer, resolveCompression } from 'sansocket/deflate';
 *
 * const offers = [{ name: 'permessage-deflate', params: [['client_max_window_bits', undefined]] as const }];
 * const accepted = acceptOffer(offers, resolveCompression({ windowBits: { incoming: 12 } }));
 * deepStrictEqual(accepted?.kind === 'accepted' && accepted.response.params, [
 *   ['server_no_context_takeover', undefined],
 *   ['client_no_context_takeover', undefined],
 *   ['client_max_window_bits', '12'],
 * ]);
 * ```
 */
export function acceptOffer(
  offers: readonly DeflateExtension[],
  options: ResolvedCompression<never>,
): AcceptedOffer | ProtocolError | undefined {
  checkExtensions('what is offered', offers);
  checkResolved(options);
  let malformed: string | undefined;
  for (const offer of offers) {
    if (offer.name !== PERMESSAGE_DEFLATE) continue;
    const sent = readParams(offer, true);
    if (typeof sent === 'string') {
      malformed ??= sent;
      continue;
    }
    const accepted = accept(sent, options);
    if (accepted !== undefined) return accepted;
  }
  if (malformed === undefined || options.malformedOffers === 'decline') return undefined;
  const row = HANDSHAKE_ERRORS['bad-deflate-parameters'];
  return new ProtocolError(
    'bad-deflate-parameters',
    row,
    `Cannot accept permessage-deflate: ${malformed}`,
    0,
  );
}

function accept(sent: Sent, options: ResolvedCompression<never>): AcceptedOffer | undefined {
  const { windowBits, contextTakeover } = options;
  // §7.1.2.2: without client_max_window_bits in the offer, the answer must not have it: the client uses 15 bits.
  if (sent.clientBits === undefined && windowBits.incoming < MAX_WINDOW_BITS) return undefined;
  const clientLimit = typeof sent.clientBits === 'number' ? sent.clientBits : MAX_WINDOW_BITS;
  const params: DeflateParams = {
    // A server may promise this and ask for it whether or not it was offered (§7.1.1); offered, it must promise it, and it is
    // glad to hear it from the client.
    serverNoContextTakeover: sent.serverNoTakeover || !contextTakeover.outgoing,
    clientNoContextTakeover: sent.clientNoTakeover || !contextTakeover.incoming,
    serverMaxWindowBits: Math.min(sent.serverBits ?? MAX_WINDOW_BITS, windowBits.outgoing),
    clientMaxWindowBits: Math.min(clientLimit, windowBits.incoming),
  };
  const response: [string, string | undefined][] = [];
  if (params.serverNoContextTakeover) response.push([SERVER_NO_TAKEOVER, undefined]);
  if (params.clientNoContextTakeover) response.push([CLIENT_NO_TAKEOVER, undefined]);
  if (sent.serverBits !== undefined || params.serverMaxWindowBits < MAX_WINDOW_BITS) {
    response.push([SERVER_BITS, String(params.serverMaxWindowBits)]);
  }
  if (params.clientMaxWindowBits < MAX_WINDOW_BITS) {
    response.push([CLIENT_BITS, String(params.clientMaxWindowBits)]);
  }
  return { kind: 'accepted', params, response: { name: PERMESSAGE_DEFLATE, params: response } };
}

/** Client: what to offer. A list, as the header is one; it has one element. */
export function createOffer(options: ResolvedCompression<never>): readonly DeflateExtension[] {
  checkResolved(options);
  const { windowBits, contextTakeover } = options;
  const params: [string, string | undefined][] = [];
  if (!contextTakeover.incoming) params.push([SERVER_NO_TAKEOVER, undefined]);
  if (!contextTakeover.outgoing) params.push([CLIENT_NO_TAKEOVER, undefined]);
  if (windowBits.incoming < MAX_WINDOW_BITS) params.push([SERVER_BITS, String(windowBits.incoming)]);
  const ownBits = windowBits.outgoing < MAX_WINDOW_BITS ? String(windowBits.outgoing) : undefined;
  params.push([CLIENT_BITS, ownBits]);
  return [{ name: PERMESSAGE_DEFLATE, params }];
}

/**
 * Client: check what the server has made of the offer.
 *
 * @param answered The extensions of the answer; others than permessage-deflate are passed over.
 * @param offer What {@link createOffer} gave for this request; empty when nothing was offered.
 * @returns The agreement; or undefined, when the server declined; or an error that fails the connection (RFC 7692 §7.1):
 *   `unasked-extension`, or `bad-deflate-parameters` for an answer that is malformed or grants less than was asked for.
 */
export function checkAnswer(
  answered: readonly DeflateExtension[],
  offer: readonly DeflateExtension[],
): DeflateParams | ProtocolError | undefined {
  checkExtensions('the answer', answered);
  checkExtensions('the offer', offer);
  const answers = answered.filter((extension) => extension.name === PERMESSAGE_DEFLATE);
  const [answer] = answers;
  if (answer === undefined) return undefined;
  const offered = offer.find((extension) => extension.name === PERMESSAGE_DEFLATE);
  if (offered === undefined) {
    return refuse('unasked-extension', 'permessage-deflate was not offered');
  }
  if (answers.length > 1) return refuse('bad-deflate-parameters', 'the server accepted it twice');
  const asked = readParams(offered, true);
  if (typeof asked === 'string') return refuse('bad-deflate-parameters', `of the offer: ${asked}`);
  const got = readParams(answer, false);
  if (typeof got === 'string') return refuse('bad-deflate-parameters', got);

  if (asked.serverNoTakeover && !got.serverNoTakeover) {
    return refuse('bad-deflate-parameters', `the answer lacks the ${SERVER_NO_TAKEOVER} that was asked for`);
  }
  if (asked.serverBits !== undefined && (got.serverBits ?? MAX_WINDOW_BITS) > asked.serverBits) {
    return refuse(
      'bad-deflate-parameters',
      `${SERVER_BITS} is ${got.serverBits ?? 'missing'}, expected ${asked.serverBits} at most`,
    );
  }
  if (got.clientBits !== undefined && asked.clientBits === undefined) {
    return refuse('bad-deflate-parameters', `the server set ${CLIENT_BITS}, which was not offered`);
  }
  const ownBits = typeof asked.clientBits === 'number' ? asked.clientBits : MAX_WINDOW_BITS;
  const clientBits = typeof got.clientBits === 'number' ? got.clientBits : ownBits;
  if (clientBits > ownBits) {
    return refuse('bad-deflate-parameters', `${CLIENT_BITS} is ${clientBits}, expected ${ownBits} at most`);
  }
  return {
    serverNoContextTakeover: got.serverNoTakeover,
    clientNoContextTakeover: got.clientNoTakeover || asked.clientNoTakeover,
    serverMaxWindowBits: got.serverBits ?? MAX_WINDOW_BITS,
    clientMaxWindowBits: clientBits,
  };
}

/** What the parameters say, or what is wrong with them. In an offer, `client_max_window_bits` needs no value. */
function readParams(extension: DeflateExtension, isOffer: boolean): Sent | string {
  const sent: Sent = {
    serverNoTakeover: false,
    clientNoTakeover: false,
    serverBits: undefined,
    clientBits: undefined,
  };
  const seen = new Set<string>();
  for (const [name, value] of extension.params) {
    if (seen.has(name)) return `a parameter is there twice`;
    seen.add(name);
    if (name === SERVER_NO_TAKEOVER || name === CLIENT_NO_TAKEOVER) {
      if (value !== undefined) return `${name} has a value, expected none`;
      if (name === SERVER_NO_TAKEOVER) sent.serverNoTakeover = true;
      else sent.clientNoTakeover = true;
    } else if (name === SERVER_BITS || name === CLIENT_BITS) {
      const bits = value === undefined ? undefined : readBits(value);
      if (bits === undefined && !(value === undefined && isOffer && name === CLIENT_BITS)) {
        return `${name} is ${value === undefined ? 'without a value' : 'malformed'}, expected ${MIN_WINDOW_BITS} to ${MAX_WINDOW_BITS}`;
      }
      if (name === SERVER_BITS) sent.serverBits = bits;
      else sent.clientBits = bits ?? true;
    } else {
      return 'a parameter is unknown';
    }
  }
  return sent;
}

/** §7.1.2: "a decimal integer value without leading zeroes between 8 to 15, inclusive". */
function readBits(value: string): number | undefined {
  return /^(?:[89]|1[0-5])$/.test(value) ? Number(value) : undefined;
}

/** The server is at fault: there is no status to answer with. */
function refuse(code: 'unasked-extension' | 'bad-deflate-parameters', what: string): ProtocolError {
  const row: ErrorRow = [0, HANDSHAKE_ERRORS[code][1]];
  return new ProtocolError(code, row, `Cannot use permessage-deflate: ${what}`, 0);
}

/** Refuse what is no list: a header that was not parsed would have no extension in it, and one that could not be is an error. */
function checkExtensions(what: string, extensions: unknown): void {
  if (Array.isArray(extensions)) return;
  throw new UsageTypeError(
    'bad-argument',
    `Cannot negotiate compression: ${what} is no list of extensions, expected what parseExtensions gives`,
  );
}

/** Refuse options as an app writes them. */
function checkResolved(options: Partial<ResolvedCompression<never>> | undefined | null): void {
  if (typeof options?.windowBits === 'object' && typeof options.contextTakeover === 'object') return;
  throw new UsageTypeError(
    'bad-argument',
    'Cannot negotiate compression: the options are incomplete, expected what resolveCompression gives',
  );
}
