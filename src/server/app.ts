/**
 * What all connections of one server share: the app's functions, its rules, and who is connected.
 *
 * @module
 */
import type { CompressionAcceptor } from '../connection/permessage.ts';
import type { HostPolicy } from '../handshake/host-policy.ts';
import type { OriginPolicy } from '../handshake/origin.ts';
import { isUpgrade } from '../handshake/request.ts';
import { formatHttpDate } from '../http/date.ts';
import type { HeaderEntries } from '../http/headers.ts';
import type { RequestHead } from '../http/request-parser.ts';
import type { SocketHandlers } from '../socket/handlers.ts';
import type { Host } from '../socket/host.ts';
import type { Socket } from '../socket/socket.ts';
import type { Refusal } from './refusal.ts';
import type { HttpRequest } from './request.ts';
import type { HttpResponse } from './response.ts';

/** Answers a request. It is done when it returns, or when its promise settles. */
export type HttpHandler = (request: HttpRequest, response: HttpResponse) => unknown;

/** What `authorize` returns to accept with more than a yes. */
export interface Authorization<Data> {
  /** The subprotocol, one of those that the client offers. Default: none. */
  readonly protocol?: string | undefined;
  /** More headers for the 101, such as Set-Cookie. */
  readonly headers?: HeaderEntries | undefined;
  /** What `socket.data` is to begin with. */
  readonly data?: Data | undefined;
}

/** What `authorize` may return; a function that returns nothing says yes. */
// biome-ignore lint/suspicious/noConfusingVoidType: it is the type of functions without return
export type AuthorizeAnswer<Data> = Authorization<Data> | Refusal | undefined | void;

/** What the app does with WebSockets. */
export interface WebSocketHandlers<Data = unknown> extends SocketHandlers<Data> {
  /** Subprotocols that the app speaks, in any order; the first one on the client's list that is among them is chosen. Default: none is. */
  readonly protocols?: readonly string[] | undefined;
  /**
   * Decides on an upgrade before it is answered: return nothing to accept, an {@link Authorization} to accept with more, or
   * `refuse(401, 'why')`, which may be thrown as well. It may be async. If it throws anything else, the answer is 500.
   */
  authorize?(request: HttpRequest): AuthorizeAnswer<Data> | Promise<AuthorizeAnswer<Data>>;
}

/** The switches that make a WebSocket less strict. */
export interface WebSocketLeniency {
  /** Take frames that are not masked. */
  readonly allowUnmasked?: boolean | undefined;
  /** Take lengths in a longer form than they need. */
  readonly allowNonMinimalLength?: boolean | undefined;
}

/** A connection, as the server sees it. */
export interface Member {
  /** Take no more requests: close when what is at hand is done. */
  finish(): void;
  /** Drop it now. */
  drop(): void;
}

/** Shared by all connections of a server. */
export class App<Data> {
  /** Timer, memory, limits, errors. */
  readonly host: Host;
  /** Answers plain HTTP; without it, all is 404. */
  http: HttpHandler | undefined;
  /** Takes WebSockets; without it, an upgrade request is plain HTTP. */
  websockets: WebSocketHandlers<Data> | undefined;
  /** Which origins may open WebSockets; without it, any. */
  origins: OriginPolicy | undefined;
  /** Which hosts the server answers upgrade requests for; without it, any. */
  hosts: HostPolicy | undefined;
  /** Less strict than the RFC, by choice. */
  lenient: WebSocketLeniency = {};
  /** Whether text is given as bytes. */
  textAsBytes = false;
  /** Agrees on compression; without it, there is none. */
  negotiate: CompressionAcceptor<HttpRequest> | undefined;
  /** Whether the server takes no more requests. */
  stopping = false;
  /** All connections, also those that are WebSockets. */
  readonly connections: Set<Member> = new Set();
  /** How many of them are only there to be told that they were too many. */
  turnedAway = 0;
  /** All open WebSockets. */
  readonly sockets: Set<Socket<Data>> = new Set();
  /** Called when a WebSocket is gone. */
  readonly socketGone = (driver: { readonly socket: Socket<Data> }): void => {
    this.sockets.delete(driver.socket);
  };
  /** Called when a connection is gone. */
  connectionGone: () => void = () => {};
  #date = '';
  #dateAt = Number.NEGATIVE_INFINITY;

  /** @param host Shared with the sockets. */
  constructor(host: Host) {
    this.host = host;
  }

  /** Whether a request is ours to upgrade. */
  isUpgrade(head: RequestHead): boolean {
    return this.websockets !== undefined && head.headers.has('upgrade') && isUpgrade(head);
  }

  /** The value of `Date`; made once a second. */
  readonly date = (): string => {
    const now = this.host.deadlines.now();
    if (now - this.#dateAt >= 1000) {
      const wall = Date.now();
      this.#date = formatHttpDate(wall);
      // Turn over with the wall clock's second.
      this.#dateAt = now - (wall % 1000);
    }
    return this.#date;
  };
}
