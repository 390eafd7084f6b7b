/**
 * The client's opening handshake without I/O: the request out, the answer in, a verdict (RFC 6455 §4.1).
 *
 * Owns: the order of things between the request and the first frame, and how much of a refusal is kept. Does not own: the
 * request and the checks (`handshake/`), parsing (`http/`), sockets and time, what comes after (`websocket.ts`).
 *
 * @module
 */
import { Collector } from '../bytes/collector.ts';
import type { RandomSource } from '../bytes/random.ts';
import type { TextCodec } from '../bytes/text.ts';
import type { DeflateEngine } from '../deflate/engine.ts';
import { HANDSHAKE_ERRORS, HTTP_ERRORS, ProtocolError } from '../errors.ts';
import { type UpgradeSent, writeUpgradeRequest } from '../handshake/client-request.ts';
import { readUpgradeResponse } from '../handshake/client-response.ts';
import type { Extension } from '../handshake/extensions.ts';
import type { HeaderEntries, HttpHeaders } from '../http/headers.ts';
import { type ResponseHead, ResponseParser } from '../http/response-parser.ts';
import { type Limits, resolveLimits } from '../limits.ts';
import { checkOptions, readSwitch } from '../options.ts';
import type { MessageCompression } from './compression.ts';
import { HandshakeError, type HandshakeResponse } from './handshake-error.ts';
import { type CompressionOffer, type CompressionOptions, offerCompression } from './permessage.ts';

/** Most bytes of a refusal's body that an error carries. */
export const MAX_REFUSAL_BYTES = 4096;

/** What a client asks for, and how it reads the answer. */
export interface ClientOpeningOptions {
  /** The subprotocols on offer, best first. Default: none. */
  readonly protocols?: string | readonly string[] | undefined;
  /** Refuse a server that chooses none of the `protocols`, as browsers do. Default: false, as RFC 6455 allows. */
  readonly requireProtocol?: boolean | undefined;
  /** More headers, such as Authorization or Cookie; none of those that the handshake writes. Host replaces the URL's. */
  readonly headers?: HeaderEntries | undefined;
  /** The value of Origin. Default: no such header. */
  readonly origin?: string | undefined;
  /** Offer permessage-deflate: `true`, or how. Default: false. */
  readonly compression?: boolean | CompressionOptions<never> | undefined;
  /** Of these, `maxHeadBytes` and `maxHeaders` count here. */
  readonly limits?: Partial<Limits> | undefined;
  /** Converts text. Default: the portable one. */
  readonly text?: TextCodec | undefined;
  /** What compresses, where `compression` does not say. Default: the portable engine. */
  readonly deflate?: DeflateEngine | undefined;
  /** Where the key comes from. Default: `crypto.getRandomValues`. */
  readonly random?: RandomSource | undefined;
}

/** The server said yes. */
export interface ClientOpened {
  /** Tells it from an error. */
  readonly kind: 'opened';
  /** The subprotocol in use; '' for none. */
  readonly protocol: string;
  /** The extensions in use. */
  readonly extensions: readonly Extension[];
  /** The header of the answer. */
  readonly headers: HttpHeaders;
  /** What permessage-deflate was agreed to do, for the `WebSocketConnection`; `undefined` where it was not. */
  readonly compression: MessageCompression | undefined;
  /** What came behind the answer: the first bytes for the `WebSocketConnection`. Often empty. */
  readonly rest: Uint8Array;
}

const NAMES: readonly string[] = [
  'protocols',
  'requireProtocol',
  'headers',
  'origin',
  'compression',
  'limits',
  'text',
  'deflate',
  'random',
];
const NOTHING: Uint8Array = /* @__PURE__ */ new Uint8Array(0);

/**
 * One opening handshake, from the client's side: send {@link request}, feed it with {@link receive} and {@link receiveEnd},
 * and take the verdict from {@link next}. After an error, drop the transport.
 *
 * @example With a first message right behind the answer
 * ```ts
 * import { deepEqual } from 'node:assert/strict';
 * import { ClientOpening, WebSocketConnection } from 'sansocket/connection';
 * import { computeAccept } from 'sansocket/handshake';
 *
 * const opening = new ClientOpening('ws://localhost/chat');
 * const answer = [
 *   'HTTP/1.1 101 Switching Protocols',
 *   'Upgrade: websocket',
 *   'Connection: Upgrade',
 *   `Sec-WebSocket-Accept: ${computeAccept(opening.sent.key)}`,
 * ].join('\r\n');
 * opening.receive(new TextEncoder().encode(`${answer}\r\n\r\n`));
 * opening.receive(Uint8Array.of(0x81, 2, 0x68, 0x69));
 *
 * const opened = opening.next();
 * if (opened?.kind !== 'opened') throw opened;
 * const connection = new WebSocketConnection({ role: 'client', compression: opened.compression });
 * connection.receive(opened.rest);
 * deepEqual(connection.next(), { kind: 'text', data: 'hi' });
 * ```
 */
export class ClientOpening {
  /** What was written, and what the answer is checked against. */
  readonly sent: UpgradeSent;
  readonly #parser: ResponseParser;
  readonly #offer: CompressionOffer | undefined;
  readonly #requireProtocol: boolean;
  #refusal: ResponseHead | undefined;
  #body: Collector | undefined;
  #ended = false;
  #done = false;

  /**
   * @param url `ws:` or `wss:`, as `parseWebSocketUrl` takes it.
   * @throws A `UsageTypeError` or `UsageRangeError`: `bad-option` for an option that does not exist or cannot have its value,
   *   `bad-argument` for a URL, a subprotocol or a header that cannot be sent.
   */
  constructor(url: string | { readonly href: string }, options: ClientOpeningOptions = {}) {
    const call = 'open WebSocket';
    checkOptions(call, options, NAMES);
    const limits = resolveLimits(options.limits);
    this.#requireProtocol = readSwitch(call, 'requireProtocol', options.requireProtocol, false);
    this.#offer = offerCompression(options.compression, options.deflate);
    this.sent = writeUpgradeRequest(url, {
      protocols: options.protocols,
      extensions: this.#offer?.extensions,
      origin: options.origin,
      headers: options.headers,
      random: options.random,
    });
    this.#parser = new ResponseParser({
      // However long a refusal's body is going to be, what it begins with is worth having.
      limits: { ...limits, maxBodyBytes: Number.POSITIVE_INFINITY },
      text: options.text,
    });
    this.#parser.expect('GET');
  }

  /** The bytes to send, once. */
  get request(): Uint8Array {
    return this.sent.bytes;
  }

  /** Whether the server has refused, and the body that says why is still coming: wait for it briefly, then {@link giveUp}. */
  get refused(): boolean {
    return this.#refusal !== undefined && !this.#done;
  }

  /** Bytes came in; they belong to the opening from then on. Dropped after the verdict. */
  receive(bytes: Uint8Array): void {
    if (!this.#done && !this.#ended) this.#parser.push(bytes);
  }

  /** The server ended its stream: no more bytes will come. */
  receiveEnd(): void {
    this.#ended = true;
    this.#parser.receiveEnd();
  }

  /** The verdict, once; `undefined` while more bytes are needed, and after it. */
  next(): ClientOpened | HandshakeError | undefined {
    while (!this.#done) {
      const event = this.#parser.next();
      if (event === undefined) return this.#ended ? this.#endedEarly() : undefined;
      switch (event.kind) {
        case 'head':
          // "The client MUST be able to parse one or more 1xx responses received prior to a final response" (RFC 9110 §15.2).
          if (event.interim) break;
          if (event.status === 101) return this.#switched(event);
          this.#refusal = event;
          break;
        case 'body':
          if (this.#keep(event.bytes)) return this.giveUp();
          break;
        case 'end':
          return this.#refused(true);
        case 'error':
          return this.#refusal === undefined ? this.#malformed(event) : this.giveUp();
      }
    }
    return undefined;
  }

  /** The time for a refusal's body is up: the verdict, with what has come. `undefined` where {@link refused} is false. */
  giveUp(): HandshakeError | undefined {
    return this.refused ? this.#refused(false) : undefined;
  }

  /** Keep the start of a refusal's body. Returns whether that is enough. */
  #keep(bytes: Uint8Array): boolean {
    this.#body ??= new Collector();
    const room = MAX_REFUSAL_BYTES - this.#body.length;
    this.#body.append(bytes, 0, Math.min(bytes.length, room), 0);
    return bytes.length > room;
  }

  #switched(head: ResponseHead): ClientOpened | HandshakeError {
    this.#done = true;
    const verdict = readUpgradeResponse(head, this.sent);
    if (verdict.kind === 'error') return this.#wrong(verdict, head);
    const { protocol, extensions } = verdict;
    if (this.#requireProtocol && protocol === '' && this.sent.protocols.length > 0) {
      const rule = HANDSHAKE_ERRORS['missing-protocol'][1];
      const message = this.#named(
        'Cannot open WebSocket: the server chose none of the subprotocols on offer',
      );
      return new HandshakeError('missing-protocol', rule, message, 0, describe(head, NOTHING, true));
    }
    const compression = this.#offer?.read(extensions);
    if (compression instanceof ProtocolError) return this.#wrong(compression, head);
    return {
      kind: 'opened',
      protocol,
      extensions,
      headers: head.headers,
      compression,
      rest: this.#parser.takeRest(),
    };
  }

  #refused(complete: boolean): HandshakeError {
    this.#done = true;
    const head = this.#refusal!;
    const error = readUpgradeResponse(head, this.sent) as ProtocolError;
    return this.#wrong(error, head, this.#body?.take(), complete);
  }

  /** Of a refusal that is cut off, the parser says so itself. */
  #endedEarly(): HandshakeError {
    this.#done = true;
    const message = this.#named('Cannot open WebSocket: the server ended the connection without an answer');
    return new HandshakeError('unexpected-end', HTTP_ERRORS['unexpected-end'][1], message, 0);
  }

  #malformed(error: ProtocolError): HandshakeError {
    this.#done = true;
    const message = this.#named(`Cannot open WebSocket: the answer is malformed; ${sentence(error)}`);
    return new HandshakeError(error.code, error.rule, message, error.offset, undefined, { cause: error });
  }

  #wrong(error: ProtocolError, head: ResponseHead, body = NOTHING, complete = true): HandshakeError {
    const { code, rule, offset } = error;
    return new HandshakeError(
      code,
      rule,
      this.#named(sentence(error)),
      offset,
      describe(head, body, complete),
    );
  }

  /** A message that says which server: in a log, nobody would know. The path and the query may be secret. */
  #named(message: string): string {
    return message.replace('WebSocket:', `WebSocket at ${this.sent.url.hostHeader}:`);
  }
}

function describe(head: ResponseHead, body: Uint8Array, complete: boolean): HandshakeResponse {
  return { status: head.status, reason: head.reason, headers: head.headers, body, complete };
}

/** The message without the rule, which the next error adds again. */
function sentence({ message, rule }: ProtocolError): string {
  return message.slice(0, -` (${rule})`.length);
}
