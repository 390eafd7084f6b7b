/**
 * The server's decision on one upgrade request: refuse, or accept with what.
 *
 * Owns: the order of checks (the request itself, host, origin, the app), and what follows from a yes. Does not own: the
 * checks (`handshake/`), sending the answer (`connection.ts`).
 *
 * @module
 */
import type { Output } from '../bytes/output.ts';
import type { MessageCompression } from '../connection/compression.ts';
import { WebSocketConnection } from '../connection/websocket.ts';
import { ProtocolError, UsageTypeError } from '../errors.ts';
import { acceptUpgrade, formatAccept } from '../handshake/answer.ts';
import { type Extension, formatExtensions } from '../handshake/extensions.ts';
import { checkHost } from '../handshake/host-policy.ts';
import { checkOrigin } from '../handshake/origin.ts';
import { selectProtocol } from '../handshake/protocols.ts';
import { readUpgrade, refuseUpgrade, type UpgradeRequest } from '../handshake/request.ts';
import { HttpHeaders } from '../http/headers.ts';
import type { RequestHead } from '../http/request-parser.ts';
import { checkOptions } from '../options.ts';
import { asPromise, isThenable } from '../socket/host.ts';
import type { SocketInfo } from '../socket/socket.ts';
import type { App, Authorization } from './app.ts';
import { Refusal, showKind } from './refusal.ts';
import type { HttpRequest } from './request.ts';

/** What {@link Authorization} has. */
const AUTHORIZATION = ['protocol', 'headers', 'data'];

/** How to refuse. */
interface Answer {
  readonly status: number;
  readonly headers: HttpHeaders;
  readonly body: string;
  /** The peer's fault; `undefined` where the app refused. */
  readonly error: ProtocolError | undefined;
}

/** One upgrade request, from reading it to the engine that takes over. */
export class Opening<Data> {
  /** How to refuse; `undefined` after a yes. */
  refusal: Answer | undefined;
  /** The head of the 101, after a yes. */
  head = '';
  readonly #app: App<Data>;
  readonly #source: RequestHead;
  readonly #request: HttpRequest;
  readonly #secure: boolean;
  #upgrade: UpgradeRequest | undefined;
  #protocol: string | undefined;
  #extensions: readonly Extension[] | undefined;
  #compression: MessageCompression | undefined;
  #data: Data | undefined;

  /** @param secure Whether it came over TLS. */
  constructor(app: App<Data>, source: RequestHead, request: HttpRequest, secure: boolean) {
    this.#app = app;
    this.#source = source;
    this.#request = request;
    this.#secure = secure;
  }

  /** Decide. Throws, or rejects, with what the app's `authorize` does; and for an answer of its that cannot be. */
  decide(): void | Promise<void> {
    const upgrade = readUpgrade(this.#source);
    if (upgrade.kind === 'refusal') {
      this.#refuse(upgrade);
      return;
    }
    const { hosts, origins } = this.#app;
    const fault =
      (hosts && checkHost(upgrade.host, hosts)) ??
      (origins && checkOrigin(upgrade.origin, upgrade.host, origins, { secure: this.#secure }));
    if (fault !== undefined) {
      this.#refuse(refuseUpgrade(fault));
      return;
    }
    this.#upgrade = upgrade;
    const { authorize } = this.#app.websockets!;
    if (authorize === undefined) {
      this.#accept(undefined);
      return;
    }
    let answer: unknown;
    try {
      answer = authorize.call(this.#app.websockets, this.#request);
    } catch (error) {
      answer = thrownRefusal(error);
    }
    if (isThenable(answer)) {
      return asPromise(answer)
        .catch(thrownRefusal)
        .then((value) => this.#authorized(value));
    }
    this.#authorized(answer);
  }

  /** What was settled. */
  get info(): SocketInfo<Data> {
    return {
      protocol: this.#protocol ?? '',
      extensions: this.#extensions === undefined ? '' : formatExtensions(this.#extensions),
      request: this.#request,
      data: this.#data as Data,
    };
  }

  /** The engine that takes over. */
  connect(output: Output, now: number): WebSocketConnection {
    const { host, websockets, lenient, textAsBytes } = this.#app;
    // Each name for itself: a spread in front of them makes V8 look every one of them up anew, for every connection.
    return new WebSocketConnection({
      role: 'server',
      limits: host.limits,
      text: host.text,
      native: host.native,
      output,
      now,
      compression: this.#compression,
      pieces: websockets!.stream !== undefined,
      textAsBytes,
      allowUnmasked: lenient.allowUnmasked,
      allowNonMinimalLength: lenient.allowNonMinimalLength,
    });
  }

  #authorized(answer: unknown): void {
    if (answer instanceof Refusal) {
      this.refusal = { status: answer.status, headers: answer.headers, body: answer.body, error: undefined };
      if (answer.body !== '' && !answer.headers.has('content-type')) {
        answer.headers.set('Content-Type', 'text/plain; charset=utf-8');
      }
      return;
    }
    if (answer !== undefined && !isAuthorization(answer)) {
      throw new UsageTypeError(
        'bad-argument',
        `Cannot authorize: the answer is ${showKind(answer)}, expected nothing for a yes, { protocol, headers, data } for a yes with more, or refuse(status, why)`,
      );
    }
    if (answer !== undefined) checkOptions('authorize', answer, AUTHORIZATION);
    this.#accept(answer as Authorization<Data> | undefined);
  }

  #accept(answer: Authorization<Data> | undefined): void {
    const upgrade = this.#upgrade!;
    const { protocols } = this.#app.websockets!;
    this.#protocol = answer?.protocol;
    if (this.#protocol === undefined && protocols !== undefined) {
      this.#protocol = selectProtocol(upgrade.protocols, protocols);
    }
    this.#data = answer?.data;
    const agreed = this.#app.negotiate?.(upgrade.extensions, this.#request);
    if (agreed instanceof ProtocolError) {
      this.#refuse(refuseUpgrade(agreed));
      return;
    }
    this.#extensions = agreed && [agreed.extension];
    this.#compression = agreed?.compression;
    // This checks what the app answered, while it still can be told.
    const accepted = acceptUpgrade(upgrade, {
      protocol: this.#protocol,
      headers: answer?.headers,
      extensions: this.#extensions,
    });
    this.head = formatAccept(accepted);
  }

  #refuse(refusal: {
    readonly status: number;
    readonly headers: ReadonlyArray<readonly [string, string]>;
    readonly reason: string;
    readonly error: ProtocolError;
  }): void {
    const headers = new HttpHeaders(refusal.headers);
    headers.set('Content-Type', 'text/plain; charset=utf-8');
    this.refusal = { status: refusal.status, headers, body: `${refusal.reason}\n`, error: refusal.error };
  }
}

/**
 * Whether an answer is a yes with more: an object that was written down, or one of a class that has something to say. What says nothing that
 * we know, an `Error` or a `Response` that was returned, was meant for a no.
 */
function isAuthorization(answer: unknown): answer is object {
  if (typeof answer !== 'object' || answer === null || answer instanceof Error || answer instanceof Response)
    return false;
  const prototype: unknown = Object.getPrototypeOf(answer);
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return true;
  return AUTHORIZATION.some((name) => name in answer);
}

/** A refusal that was thrown, from deep inside of `authorize`, is a refusal all the same; anything else is thrown on. */
function thrownRefusal(thrown: unknown): Refusal {
  if (thrown instanceof Refusal) return thrown;
  throw thrown;
}
