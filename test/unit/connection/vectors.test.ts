import {
  type ConnectionEvent,
  type ConnectionState,
  WebSocketConnection,
  type WebSocketConnectionOptions,
} from 'sansocket/connection';
import { describe, expect, it } from 'vitest';
import { DELIVERIES, hex, toHex } from '../../support/deliveries.ts';
import { loadVectors, type VectorBytes, vectorBytes } from '../../support/vectors.ts';
import { KEY, readFrames } from '../../support/wire.ts';

type Seen =
  | { readonly text: string }
  | { readonly binary: string }
  | { readonly ping: string }
  | { readonly pong: string; readonly answers?: number; readonly latencyMs?: number }
  | { readonly error: string; readonly closeCode: number }
  | { readonly close: number; readonly reason: string; readonly wasClean: boolean };
type Repeated<Item> = Item | { readonly repeat: Item; readonly times: number };
type Message = { readonly text: string } | { readonly binary: VectorBytes };

interface Step {
  readonly at?: number;
  readonly in?: VectorBytes;
  readonly end?: true;
  readonly tick?: true;
  readonly reading?: boolean;
  readonly sending?: boolean;
  readonly send?: Message;
  readonly sendPiece?: Message & { readonly first: boolean; readonly last: boolean };
  readonly ping?: string;
  readonly pong?: string;
  readonly close?: readonly [code?: number, reason?: string];
  readonly congested?: boolean;
  readonly refused?: true;
  readonly events?: ReadonlyArray<Repeated<Seen>>;
  readonly output?: ReadonlyArray<Repeated<string> | { readonly close: number }>;
}

interface ConnectionVector {
  readonly name: string;
  readonly rule: string;
  readonly refs?: readonly string[];
  readonly role: 'server' | 'client';
  readonly options?: WebSocketConnectionOptions;
  readonly steps: readonly Step[];
  readonly expect: {
    readonly state: ConnectionState;
    readonly outputEnded: boolean;
    readonly dropped: boolean;
    readonly deadline?: number | null;
  };
}

/** What a step does; each has exactly one. */
const ACTIONS = ['in', 'end', 'tick', 'send', 'sendPiece', 'ping', 'pong', 'close', 'congested'];
/** Which further fields an action may have. */
const MORE: Readonly<Record<string, readonly string[]>> = {
  tick: ['reading', 'sending'],
  send: ['refused'],
  sendPiece: ['refused'],
  ping: ['refused'],
  pong: ['refused'],
};

/** Throws for a field that `known` does not name: a vector with a typing error must not pass. */
function allow(what: string, value: object, known: readonly string[]): void {
  const unknown = Object.keys(value).filter((key) => !known.includes(key));
  if (unknown.length > 0) throw new Error(`${what} has the unknown field ${unknown.join(', ')}`);
}

function checkFields(vector: ConnectionVector): void {
  allow('the vector', vector, ['name', 'rule', 'refs', 'role', 'options', 'steps', 'expect']);
  allow('`options`', vector.options ?? {}, [
    'limits',
    'allowUnmasked',
    'allowMasked',
    'allowNonMinimalLength',
  ]);
  allow('`expect`', vector.expect, ['state', 'outputEnded', 'dropped', 'deadline']);
  for (const step of vector.steps) {
    const actions = ACTIONS.filter((action) => action in step);
    if (actions.length !== 1) throw new Error(`A step does one thing, not ${JSON.stringify(step)}`);
    allow('a step', step, ['at', 'events', 'output', ...actions, ...(MORE[actions[0]!] ?? [])]);
  }
}

/** An event as vectors write it. */
function seen(event: ConnectionEvent): Seen {
  switch (event.kind) {
    case 'text':
      return { text: event.data as string };
    case 'binary':
      return { binary: toHex(event.data) };
    case 'ping':
      return { ping: toHex(event.payload) };
    case 'pong': {
      const { answers, latencyMs } = event;
      return { pong: toHex(event.payload), ...(latencyMs !== undefined && { answers, latencyMs }) };
    }
    case 'close':
      return { close: event.code, reason: event.reason, wasClean: event.wasClean };
    case 'error':
      return { error: event.code, closeCode: event.closeCode };
    case 'piece':
      throw new Error('No vector asks for pieces');
  }
}

/** A list with its runs spelled out. */
function spelledOut<Item>(items: ReadonlyArray<Repeated<Item>> = []): Item[] {
  return items.flatMap((item) =>
    typeof item === 'object' && item !== null && 'repeat' in item
      ? Array.from({ length: item.times }, () => item.repeat)
      : [item as Item],
  );
}

function title({ name, rule, refs = [] }: ConnectionVector): string {
  return `${name} [${[rule, ...refs].join(', ')}]`;
}

function data(message: Message): string | Uint8Array {
  return 'text' in message ? message.text : vectorBytes(message.binary);
}

/** Plays a vector, with the peer's bytes cut by `deliver`. */
class Player {
  readonly #vector: ConnectionVector;
  readonly #connection: WebSocketConnection;
  readonly #deliver: (bytes: Uint8Array) => Uint8Array[];
  #now = 0;

  constructor(vector: ConnectionVector, deliver: (bytes: Uint8Array) => Uint8Array[]) {
    this.#vector = vector;
    this.#deliver = deliver;
    this.#connection = new WebSocketConnection({
      ...vector.options,
      role: vector.role,
      random: (bytes) => bytes.map((_, i) => KEY[i & 3]!),
    });
  }

  play(): void {
    for (const [i, step] of this.#vector.steps.entries()) {
      const where = `step ${i + 1}`;
      this.#now = step.at ?? this.#now;
      const { events, did } = this.#perform(step);
      expect(did, `${where}: whether it does anything`).toBe(step.refused !== true);
      expect(events, `${where}: events`).toEqual(spelledOut(step.events));
      this.#checkOutput(where, spelledOut<string | { close: number }>(step.output));
    }
    const { state, outputEnded, dropped, deadline } = this.#connection;
    const { deadline: until, ...rest } = this.#vector.expect;
    expect({ state, outputEnded, dropped }).toEqual(rest);
    if (until !== undefined) expect(deadline, 'deadline').toBe(until ?? Number.POSITIVE_INFINITY);
  }

  #perform(step: Step): { events: Seen[]; did: boolean } {
    const connection = this.#connection;
    const now = this.#now;
    const events: Seen[] = [];
    let did = true;
    if (step.in !== undefined) {
      for (const chunk of this.#deliver(vectorBytes(step.in))) {
        connection.receive(chunk, now);
        events.push(...this.#events());
      }
    } else if (step.end) connection.receiveEnd(now);
    else if (step.tick) connection.tick(now, step.reading, step.sending);
    else if (step.send !== undefined) did = connection.send(data(step.send));
    else if (step.sendPiece !== undefined) {
      const { first, last } = step.sendPiece;
      did = connection.sendPiece(
        'text' in step.sendPiece ? 'text' : 'binary',
        data(step.sendPiece),
        first,
        last,
      );
    } else if (step.ping !== undefined) did = connection.ping(hex(step.ping), now) >= 0;
    else if (step.pong !== undefined) did = connection.pong(hex(step.pong));
    else if (step.close !== undefined) connection.close(step.close[0], step.close[1], now);
    else connection.congested = step.congested!;
    events.push(...this.#events());
    return { events, did };
  }

  #events(): Seen[] {
    const events: Seen[] = [];
    for (let event = this.#connection.next(); event !== undefined; event = this.#connection.next())
      events.push(seen(event));
    return events;
  }

  /** The output is exactly the frames of `expected`. */
  #checkOutput(where: string, expected: ReadonlyArray<string | { close: number }>): void {
    let output = this.#connection.takeOutput() ?? new Uint8Array(0);
    const actual = expected.map((item) => {
      if (typeof item === 'string') {
        const bytes = output.subarray(0, item.length / 2);
        output = output.subarray(item.length / 2);
        return toHex(bytes);
      }
      const { frames, rest } = readFrames(output, 1);
      output = rest;
      const { opcode, fin, rsv, masked, payload } = frames[0] ?? {};
      expect({ opcode, fin, rsv, masked }, `${where}: a close frame`).toEqual({
        opcode: 8,
        fin: true,
        rsv: 0,
        masked: this.#vector.role === 'client',
      });
      return { close: (payload![0]! << 8) | payload![1]! };
    });
    expect([...actual, toHex(output)], `${where}: output, and nothing behind it`).toEqual([...expected, '']);
  }
}

const file = loadVectors('connection');
const vectors = file.vectors as unknown as readonly ConnectionVector[];

describe('test/vectors/connection.json', () => {
  it('is for this runner, and no two vectors have one name', () => {
    allow('the file', file, ['format', 'target', 'about', 'vectors']);
    expect(file.format).toBe(1);
    expect(file.target).toBe('connection');
    expect(new Set(vectors.map(({ name }) => name)).size).toBe(vectors.length);
  });

  it('masks with the key that the file names', () => {
    expect(file.about).toContain(`the key ${toHex(Uint8Array.from(KEY))}`);
  });

  it.each(vectors.map((vector) => [title(vector), vector] as const))('%s', (_, vector) => {
    checkFields(vector);
    for (const [, deliver] of DELIVERIES) new Player(vector, deliver).play();
  });

  it('ends in every state, for both roles', () => {
    const ends = new Set(vectors.map(({ role, expect: { state } }) => `${role} ${state}`));
    for (const role of ['server', 'client']) {
      for (const state of ['open', 'closing', 'failing', 'ending', 'closed']) {
        expect(ends).toContain(`${role} ${state}`);
      }
    }
  });

  it('has every close code that a fault is answered with', () => {
    const sent = new Set(
      vectors.flatMap(({ steps }) => steps.flatMap(({ output }) => spelledOut<unknown>(output))),
    );
    const codes = new Set([...sent].map((item) => (item as { close?: number }).close));
    expect([1002, 1007, 1008, 1009, 1011].filter((code) => !codes.has(code))).toEqual([]);
  });
});

describe('the runner of connection.json', () => {
  const sample: ConnectionVector = {
    name: 'a ping',
    rule: 'RFC 6455 §5.5.3',
    role: 'client',
    steps: [{ in: '890161', events: [{ ping: '61' }], output: ['8a8137fa213d56'] }],
    expect: { state: 'open', outputEnded: false, dropped: false, deadline: 30_000 },
  };
  const play = (change: object, step: object = {}): void => {
    const vector = { ...sample, steps: [{ ...sample.steps[0], ...step }], ...change } as ConnectionVector;
    checkFields(vector);
    new Player(vector, (bytes) => [bytes.slice()]).play();
  };

  it('takes a vector that is right', () => {
    expect(() => play({})).not.toThrow();
  });

  it.each<[string, object, object?]>([
    ['a field of the vector', { bytes: '' }],
    ['an option', { options: { maxMessageBytes: 5 } }],
    ['a limit', { options: { limits: { maxMessages: 5 } } }],
    ['a field of what is expected', { expect: { ...sample.expect, closed: false } }],
    ['a field of a step', {}, { event: [] }],
    ['a field of another action', {}, { reading: false }],
    ['a second action', {}, { end: true }],
  ])('refuses %s that it does not know', (_, change, step) => {
    expect(() => play(change, step)).toThrow(/unknown field|one thing|Cannot set limit/);
  });

  it.each<[string, object, object?]>([
    ['no event where there is one', {}, { events: undefined }],
    ['another event', {}, { events: [{ ping: '62' }] }],
    ['no output where there is some', {}, { output: undefined }],
    ['too little output', {}, { output: ['8a8137fa213d'] }],
    ['too much output', {}, { output: ['8a8137fa213d56', '8a8037fa213d'] }],
    ['a close frame', {}, { output: [{ close: 1002 }] }],
    ['another state', { expect: { ...sample.expect, state: 'closing' } }],
    ['another end of the output', { expect: { ...sample.expect, outputEnded: true } }],
    ['another deadline', { expect: { ...sample.expect, deadline: null } }],
  ])('fails where a vector expects %s', (_, change, step) => {
    expect(() => play(change, step)).toThrow(/expected/);
  });
});
