/**
 * The events of the WHATWG `WebSocket`, where a runtime has none of its own.
 *
 * @module
 */
import { showAs } from '../inspect.ts';

/** What a `CloseEvent` says. */
export interface CloseEventInit {
  /** The close code. */
  readonly code?: number | undefined;
  /** The reason. */
  readonly reason?: string | undefined;
  /** Whether both ends said goodbye. */
  readonly wasClean?: boolean | undefined;
}

/** The event `close`: the standard's `CloseEvent`, which not every supported runtime has. */
export class SocketCloseEvent extends Event {
  /** The peer's close code (1005: it gave none); 1006 when the connection broke or was never open. */
  readonly code: number;
  /** The reason that came with the code. */
  readonly reason: string;
  /** Whether both ends said goodbye. */
  readonly wasClean: boolean;

  static {
    const fields = ({ type, code, reason, wasClean }: SocketCloseEvent): object => ({
      type,
      code,
      reason,
      wasClean,
    });
    showAs(this, fields);
  }

  /** Made by the socket. */
  constructor(type: string, init: CloseEventInit = {}) {
    super(type);
    this.code = init.code ?? 0;
    this.reason = init.reason ?? '';
    this.wasClean = init.wasClean ?? false;
  }
}

/** A `CloseEvent`: the runtime's own where it has one. */
export function closeEvent(init: CloseEventInit): SocketCloseEvent {
  const { CloseEvent } = globalThis as {
    readonly CloseEvent?: new (type: string, init: object) => SocketCloseEvent;
  };
  return CloseEvent === undefined ? new SocketCloseEvent('close', init) : new CloseEvent('close', init);
}

/** The event `error`. The standard has it say nothing, lest a page learns about other hosts; there are no pages here. */
export class SocketErrorEvent extends Event {
  /** What went wrong. */
  readonly error: unknown;
  /** The same in words. */
  readonly message: string;

  static {
    showAs(this, ({ type, message, error }) => ({ type, message, error }));
  }

  /** Made by the socket. */
  constructor(type: string, error: unknown) {
    super(type);
    this.error = error;
    this.message = error instanceof Error ? error.message : String(error);
  }
}

/** The events by name, for `addEventListener`. */
export interface WebSocketEventMap {
  /** The connection is open. */
  readonly open: Event;
  /** A message came. */
  readonly message: MessageEvent;
  /** Something went wrong; `close` follows. */
  readonly error: SocketErrorEvent;
  /** It is over. The last event. */
  readonly close: SocketCloseEvent;
}

/** A function that is called with events of one kind; what `onopen` and the others hold. */
export type WebSocketEventHandler<E extends Event> = ((event: E) => unknown) | null;

/** What `addEventListener` takes besides a function: the platform's own types are not there without its library. */
export interface WebSocketListener {
  /** Called with each event. */
  handleEvent(event: Event): unknown;
}

/** The options of `addEventListener`. */
export interface WebSocketListenerOptions {
  /** As the platform has it; these events have no way down. */
  capture?: boolean;
  /** Be gone after the first event. */
  once?: boolean;
  /** As the platform has it; there is nothing to prevent. */
  passive?: boolean;
  /** Be gone when it is aborted. */
  signal?: AbortSignal;
}
