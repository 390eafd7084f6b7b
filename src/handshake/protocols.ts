/**
 * Subprotocols: `Sec-WebSocket-Protocol` (RFC 6455 §1.9, §4.1 item 10, §11.3.4).
 *
 * Owns: the list that a client offers, and choosing from it. Does not own: choosing without being asked. A server
 * that answers with the first subprotocol on offer claims to speak it, so nothing is chosen unless the app does.
 *
 * @module
 */

import { isToken, trimOws } from '../bytes/ascii.ts';
import { checkText } from '../bytes/view.ts';
import { type ProtocolError, UsageTypeError } from '../errors.ts';
import { requestFault } from './faults.ts';

/**
 * Read the subprotocols that a client offers, best first.
 *
 * "The elements that comprise this value MUST be non-empty strings […] and MUST all be unique strings" (§4.1).
 * They are compared with regard to case.
 *
 * @param lines The value of the header, or the values of all its lines in order; none: nothing is offered.
 * @returns The list, or a {@link ProtocolError} value (`bad-protocol`) for an empty element, one that is no token, or
 *   one that comes twice; its `offset` counts from the first line's first character, lines joined by `, `.
 * @throws A `UsageTypeError` (`bad-argument`) for what is no text, such as the `undefined` of a header that is not there.
 *
 * @example
 * ```ts
 * import { deepEqual } from 'node:assert/strict';
 * import { parseProtocols } from 'sansocket/handshake';
 *
 * deepEqual(parseProtocols('chat, superchat'), ['chat', 'superchat']);
 * ```
 */
export function parseProtocols(lines: string | readonly string[]): readonly string[] | ProtocolError {
  const protocols = new Set<string>();
  let offset = 0;
  for (const line of Array.isArray(lines) ? lines : [lines]) {
    for (const element of checkText(line, 'Sec-WebSocket-Protocol').split(',')) {
      const protocol = trimOws(element);
      if (!isToken(protocol)) {
        const what = protocol === '' ? 'has an empty element' : 'has an element that is no token';
        return requestFault('bad-protocol', `Cannot read Sec-WebSocket-Protocol: it ${what}`, offset);
      }
      if (protocols.has(protocol)) {
        return requestFault('bad-protocol', 'Cannot read Sec-WebSocket-Protocol: it names one twice', offset);
      }
      protocols.add(protocol);
      offset += element.length + 1;
    }
    offset += 1;
  }
  return [...protocols];
}

/**
 * The first of the offered subprotocols that is also supported: the client's order is its preference.
 *
 * @param offered What the client offers, best first, such as `UpgradeRequest.protocols`.
 * @param supported What the server speaks: one, or any number in any order.
 * @returns `undefined` where there is none; a server then answers without one.
 * @throws A `UsageTypeError` (`bad-argument`) where `offered` is no list.
 *
 * @example
 * ```ts
 * import { equal } from 'node:assert/strict';
 * import { selectProtocol } from 'sansocket/handshake';
 *
 * equal(selectProtocol(['v2.chat', 'v1.chat'], ['v1.chat', 'v2.chat']), 'v2.chat');
 * equal(selectProtocol(['v3.chat'], ['v1.chat', 'v2.chat']), undefined);
 * ```
 */
export function selectProtocol(
  offered: readonly string[],
  supported: string | Iterable<string>,
): string | undefined {
  if (!Array.isArray(offered) || supported?.[Symbol.iterator] === undefined) {
    throw new UsageTypeError('bad-argument', 'Cannot select protocol: expected two lists');
  }
  const known = new Set(typeof supported === 'string' ? [supported] : supported);
  return offered.find((protocol) => known.has(protocol));
}
