/**
 * An HttpConnection with a stranger at the other end.
 *
 * @module
 */
import { HttpConnection, type HttpConnectionEvent, type HttpConnectionOptions } from 'sansocket/connection';
import { bytesOf, latin1, readResponses, type WireResponse } from '../../support/http-wire.ts';

/** An event in words. */
export function tellEvent(event: HttpConnectionEvent): string {
  switch (event.kind) {
    case 'request':
      return `${event.request.method} ${event.request.target}`;
    case 'body':
      return `body ${latin1(event.bytes)}`;
    case 'end':
      return 'end';
    default:
      return `error ${event.code} ${event.status}`;
  }
}

/** A request's head. */
export function head(line: string, ...headers: string[]): string {
  return [`${line} HTTP/1.1`, 'Host: x', ...headers, '', ''].join('\r\n');
}

/** Drives a connection, and says what happened in words. */
export class HttpBench {
  readonly connection: HttpConnection;
  now = 0;

  constructor(options: HttpConnectionOptions = {}) {
    this.connection = new HttpConnection(options);
  }

  get response(): HttpConnection['response'] {
    return this.connection.response;
  }

  events(): string[] {
    const seen: string[] = [];
    for (let event = this.connection.next(); event !== undefined; event = this.connection.next()) {
      seen.push(tellEvent(event));
    }
    return seen;
  }

  /** Bytes come in (one a character); the events that follow. */
  receive(...texts: Array<string | Uint8Array>): string[] {
    return texts.flatMap((text) => {
      this.connection.receive(typeof text === 'string' ? bytesOf(text) : text, this.now);
      return this.events();
    });
  }

  receiveEnd(): string[] {
    this.connection.receiveEnd(this.now);
    return this.events();
  }

  /** The code of what was given up, where something was. */
  tick(now: number, reading?: boolean, sending?: boolean): string | undefined {
    this.now = now;
    return this.connection.tick(now, reading, sending)?.code;
  }

  /** What went out. */
  sent(): string {
    return latin1(this.connection.takeOutput() ?? new Uint8Array(0));
  }

  /** The responses that went out. */
  responses(...methods: string[]): WireResponse[] {
    return readResponses(this.sent(), methods, this.connection.outputEnded);
  }

  /** Status and body of each response that went out. */
  answers(...methods: string[]): string[] {
    return this.responses(...methods).map(({ status, body }) => `${status} ${body}`);
  }

  get where(): string {
    const { outputEnded, dropped, deadline } = this.connection;
    return `${outputEnded ? 'ended, ' : ''}${dropped ? 'dropped, ' : ''}${deadline}`;
  }
}
