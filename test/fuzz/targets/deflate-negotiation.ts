import {
  acceptOffer,
  type CompressionOptions,
  checkAnswer,
  createOffer,
  PERMESSAGE_DEFLATE,
  resolveCompression,
} from 'sansocket/deflate';
import { parseExtensions } from 'sansocket/handshake';
import { ProtocolError } from '../../../src/errors.ts';
import { type FuzzTarget, holds, latin1, same, traceError } from '../target.ts';

const OFFER_ERRORS = new Set(['bad-deflate-parameters']);
const ANSWER_ERRORS = new Set(['bad-deflate-parameters', 'unasked-extension']);

// The low two bits of the flags choose the options.
const OPTIONS: readonly CompressionOptions<never>[] = [
  {},
  { contextTakeover: true },
  { contextTakeover: true, windowBits: { outgoing: 10, incoming: 9 } },
  { malformedOffers: 'decline', contextTakeover: { incoming: true } },
];
const RESOLVED = OPTIONS.map((each) => resolveCompression(each));

function trace(value: string, flags: number): string {
  const extensions = parseExtensions(value);
  if (extensions instanceof ProtocolError) return 'malformed';
  const options = RESOLVED[flags & 3]!;
  const seen: string[] = [];

  const accepted = acceptOffer(extensions, options);
  if (accepted === undefined) seen.push('declined');
  else if (accepted instanceof ProtocolError) seen.push(traceError(accepted, OFFER_ERRORS, 0));
  else {
    const { params, response } = accepted;
    // The client that made this offer takes the answer, and both understand the same by it.
    const understood = extensions
      .filter(({ name }) => name === PERMESSAGE_DEFLATE)
      .map((offer) => checkAnswer([response], [offer]));
    const wanted = JSON.stringify(params);
    holds(
      understood.some((each) => JSON.stringify(each) === wanted),
      'no offer goes with the answer',
    );
    for (const bits of [params.serverMaxWindowBits, params.clientMaxWindowBits])
      holds(bits >= 8 && bits <= 15, 'a window that is none');
    seen.push(wanted);
  }

  const offer = createOffer(options);
  for (const sent of [offer, []]) {
    const params = checkAnswer(extensions, sent);
    if (params === undefined) seen.push('declined');
    else if (params instanceof ProtocolError) seen.push(traceError(params, ANSWER_ERRORS, 0));
    else {
      holds(sent.length > 0, 'agreed to what was not offered');
      holds(
        params.serverMaxWindowBits >= 8 && params.serverMaxWindowBits <= options.windowBits.incoming,
        'the server may send more than was asked for',
      );
      holds(
        params.clientMaxWindowBits >= 8 && params.clientMaxWindowBits <= options.windowBits.outgoing,
        'the client may send more than it can',
      );
      seen.push(JSON.stringify(params));
    }
  }
  return seen.join('\n');
}

export const deflateNegotiation: FuzzTarget = {
  name: 'deflate-negotiation',
  about:
    "A value of Sec-WebSocket-Extensions as an offer to acceptOffer and as an answer to checkAnswer. Out: an agreement within both ends' " +
    'options, or none, or bad-deflate-parameters, or unasked-extension. The client takes the answer to its offer, and both understand the same by it.',
  words: [
    PERMESSAGE_DEFLATE,
    'server_no_context_takeover',
    'client_no_context_takeover',
    'server_max_window_bits',
    'client_max_window_bits',
    '; ',
    '=',
    ', ',
    '"',
    '8',
    '9',
    '10',
    '15',
    '16',
    '015',
    '=""',
    `${PERMESSAGE_DEFLATE}; client_max_window_bits`,
  ],
  maxBytes: 512,
  vectors: ['deflate-offer', 'deflate-answer', 'handshake-extensions'],
  run({ flags, wire }) {
    const value = latin1(wire);
    same(trace(value, flags), trace(value, flags), 'once more');
  },
  good() {
    const none = JSON.stringify({
      serverNoContextTakeover: true,
      clientNoContextTakeover: true,
      serverMaxWindowBits: 15,
      clientMaxWindowBits: 15,
    });
    const value = `${PERMESSAGE_DEFLATE}; server_no_context_takeover; client_no_context_takeover`;
    same(trace(value, 0), `${none}\n${none}\nerror unasked-extension 0 at 0`, 'a good input');
  },
};
