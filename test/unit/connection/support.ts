/**
 * A WebSocketConnection with a stranger at the other end.
 *
 * @module
 */
import {
  type ConnectionEvent,
  WebSocketConnection,
  type WebSocketConnectionOptions,
} from 'sansocket/connection';
import { closing, masked, plain, readFrames, tellAll, type WireFrame } from '../../support/wire.ts';

/** The two roles. */
export const ROLES = ['server', 'client'] as const;
export type Role = (typeof ROLES)[number];

/** A frame of the peer of `role`. */
export function fromPeer(
  role: Role,
  opcode: number,
  payload: string | Uint8Array = '',
  more: WireFrame = {},
): Uint8Array {
  return role === 'server' ? masked(opcode, payload, more) : plain(opcode, payload, more);
}

/** A close frame of the peer. */
export function closeFromPeer(role: Role, code?: number, reason?: string): Uint8Array {
  return fromPeer(role, 8, code === undefined ? '' : closing(code, reason));
}

/** An event, without what is hard to compare. */
export function tellEvent(event: ConnectionEvent): string {
  switch (event.kind) {
    case 'text':
    case 'binary':
      return `${event.kind} ${typeof event.data === 'string' ? event.data : `[${event.data}]`}`;
    case 'piece':
      return `piece ${typeof event.data === 'string' ? event.data : `[${event.data}]`}${event.first ? ' first' : ''}${event.last ? ' last' : ''}`;
    case 'ping':
      return `ping ${new TextDecoder().decode(event.payload)}`;
    case 'pong':
      return `pong answers ${event.answers} after ${event.latencyMs}`;
    case 'close':
      return `close ${event.code}${event.reason === '' ? '' : ` ${event.reason}`} ${event.wasClean ? 'clean' : 'unclean'}`;
    default:
      return `error ${event.code}`;
  }
}

/** Drives a connection, and says what happened in words. */
export class Bench {
  readonly role: Role;
  readonly connection: WebSocketConnection;
  now = 0;

  constructor(role: Role, options: Omit<WebSocketConnectionOptions, 'role'> = {}) {
    this.role = role;
    this.connection = new WebSocketConnection({ role, ...options });
  }

  /** All events there are. */
  events(): string[] {
    const seen: string[] = [];
    for (let event = this.connection.next(); event !== undefined; event = this.connection.next()) {
      seen.push(tellEvent(event));
    }
    return seen;
  }

  /** Bytes come in; the events that follow. */
  receive(...chunks: Uint8Array[]): string[] {
    return chunks.flatMap((chunk) => {
      this.connection.receive(chunk.slice(), this.now);
      return this.events();
    });
  }

  /** The stream ends; the events that follow. */
  receiveEnd(): string[] {
    this.connection.receiveEnd(this.now);
    return this.events();
  }

  /** Time passes; the events that follow. */
  tick(now: number, reading?: boolean, sending?: boolean): string[] {
    this.now = now;
    this.connection.tick(now, reading, sending);
    return this.events();
  }

  /** What went out, frame by frame; every one masked as the role says. */
  sent(): string[] {
    const output = this.connection.takeOutput();
    if (output !== undefined) {
      for (const { masked: isMasked } of readFrames(output).frames) {
        if (isMasked !== (this.role === 'client')) throw new Error(`A ${this.role} must not send this mask`);
      }
    }
    return tellAll(output);
  }

  /** State and verdicts about the transport, in words. */
  get where(): string {
    const { state, outputEnded, dropped, deadline } = this.connection;
    return `${state}${outputEnded ? ', ended' : ''}${dropped ? ', dropped' : ''}, ${deadline}`;
  }
}
