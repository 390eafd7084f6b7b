/**
 * The server's opening handshake: 101 (RFC 6455 §4.2.2, step 5).
 *
 * Owns: the head of the answer, and that it says nothing the client did not ask for. Does not own: choosing a
 * subprotocol or negotiating an extension.
 *
 * @module
 */
import { UsageTypeError } from '../errors.ts';
import { type HeaderEntries, HttpHeaders } from '../http/headers.ts';
import { checkOptions } from '../options.ts';
import { type Extension, formatExtensions } from './extensions.ts';
import { collectHeaders } from './fields.ts';
import type { UpgradeRequest } from './request.ts';

/** What a server says with its yes. */
export interface AcceptOptions {
  /** The subprotocol, one of those on offer. Default: none. */
  readonly protocol?: string | undefined;
  /** The extensions that are in use from now on, each by a name that is on offer. Default: none. */
  readonly extensions?: readonly Extension[] | undefined;
  /** More headers, such as Set-Cookie; none of those that the handshake writes, and none that frames a body. */
  readonly headers?: HeaderEntries | undefined;
}

/** The head of a 101. */
export interface UpgradeAnswer {
  /** 101, Switching Protocols. */
  readonly status: 101;
  /** All headers, in order. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
}

/**
 * Accept an upgrade.
 *
 * @param upgrade As `readUpgrade` returned it.
 * @returns The head to answer with; `formatAccept` writes it.
 * @throws A `UsageTypeError`: `bad-option` for an unknown option; `bad-argument` for a refusal, a subprotocol or an extension
 *   that is not on offer, an extension that comes twice, or a header that is malformed or not the app's to set.
 *
 * @example
 * ```ts
 * import { deepEqual } from 'node:assert/strict';
 * import { acceptUpgrade } from 'sansocket/handshake';
 *
 * const upgrade = {
 *   kind: 'upgrade',
 *   key: 'dGhlIHNhbXBsZSBub25jZQ==',
 *   accept: 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
 *   protocols: ['chat', 'superchat'],
 *   extensions: [],
 *   origin: 'http://example.com',
 *   host: 'server.example.com',
 * } as const;
 * deepEqual(acceptUpgrade(upgrade, { protocol: 'chat' }).headers, [
 *   ['Upgrade', 'websocket'],
 *   ['Connection', 'Upgrade'],
 *   ['Sec-WebSocket-Accept', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='],
 *   ['Sec-WebSocket-Protocol', 'chat'],
 * ]);
 * ```
 */
export function acceptUpgrade(upgrade: UpgradeRequest, options: AcceptOptions = {}): UpgradeAnswer {
  checkOptions('accept upgrade', options, ['protocol', 'extensions', 'headers']);
  if (upgrade?.kind !== 'upgrade') {
    throw new UsageTypeError('bad-argument', 'Cannot accept upgrade: it is none, or is refused');
  }
  const { protocol, extensions, headers } = options;
  const lines: Array<readonly [string, string]> = [
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Accept', upgrade.accept],
  ];
  if (protocol !== undefined) {
    // "The value chosen MUST be derived from the client's handshake"; each one there is known to be a token.
    if (!upgrade.protocols.includes(protocol)) {
      throw new UsageTypeError(
        'bad-argument',
        `Cannot accept upgrade: the client did not offer subprotocol ${JSON.stringify(protocol)}, expected ${
          upgrade.protocols.join(', ') || 'none'
        }`,
      );
    }
    lines.push(['Sec-WebSocket-Protocol', protocol]);
  }
  if (extensions !== undefined) {
    const line = formatExtensions(extensions);
    checkExtensions(upgrade, extensions);
    if (line !== '') lines.push(['Sec-WebSocket-Extensions', line]);
  }
  if (headers !== undefined) lines.push(...collectHeaders('accept upgrade', headers));
  return { status: 101, headers: lines };
}

/**
 * The head of a 101 as text, one character a byte, with the empty line that ends it.
 *
 * @param answer As `acceptUpgrade` returned it, or with more headers.
 * @throws A `UsageTypeError` (`bad-argument`) for a name that is no token, or a value that would break out of its line.
 *
 * @example
 * ```ts
 * import { equal } from 'node:assert/strict';
 * import { formatAccept } from 'sansocket/handshake';
 *
 * equal(
 *   formatAccept({ status: 101, headers: [['Upgrade', 'websocket'], ['Connection', 'Upgrade']] }),
 *   'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
 * );
 * ```
 */
export function formatAccept(answer: UpgradeAnswer): string {
  if (!Array.isArray(answer?.headers)) {
    throw new UsageTypeError('bad-argument', 'Cannot write answer: it has no list of headers');
  }
  let text = 'HTTP/1.1 101 Switching Protocols\r\n';
  // Once more: whoever adds a line by hand must not be able to add two.
  for (const [name, value] of new HttpHeaders([...answer.headers])) text += `${name}: ${value}\r\n`;
  return `${text}\r\n`;
}

/** "Extensions not listed by the client MUST NOT be listed." */
function checkExtensions(upgrade: UpgradeRequest, extensions: readonly Extension[]): void {
  const used = new Set<string>();
  for (const { name } of extensions) {
    if (!upgrade.extensions.some((offer) => offer.name === name)) {
      throw new UsageTypeError(
        'bad-argument',
        `Cannot accept upgrade: the client did not offer extension ${JSON.stringify(name)}`,
      );
    }
    if (used.has(name)) {
      throw new UsageTypeError(
        'bad-argument',
        `Cannot accept upgrade: extension ${JSON.stringify(name)} comes twice`,
      );
    }
    used.add(name);
  }
}
