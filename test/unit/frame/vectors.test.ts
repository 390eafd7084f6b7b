import {
  decodeFrameHeader,
  FrameDecoder,
  type FrameError,
  type FrameHeader,
  type HeaderRules,
  type Limits,
  MessageReader,
  type MessageReaderOptions,
} from 'sansocket/frame';
import { describe, expect, it } from 'vitest';
import { concat, DELIVERIES, toHex, utf8 } from '../../support/deliveries.ts';
import { loadVectors, type Vector, type VectorBytes, vectorBytes } from '../../support/vectors.ts';
import { readChunks, type SeenMessage } from './support.ts';

interface FrameOptions {
  readonly limits?: Partial<Limits>;
  readonly allowUnmasked?: boolean;
  readonly allowMasked?: boolean;
  readonly allowNonMinimalLength?: boolean;
}
type ExpectedEvent =
  | { readonly text: string | { readonly repeat: string; readonly times: number } }
  | { readonly binary: VectorBytes }
  | { readonly ping: string }
  | { readonly pong: string }
  | { readonly close: number; readonly reason: string }
  | { readonly error: string; readonly closeCode: number; readonly offset: number; readonly after: number };

type FrameVector = Vector<FrameOptions, { readonly events: readonly ExpectedEvent[] }>;

/** An expected event, as `readChunks` shows what it saw. */
function spelledOut(event: ExpectedEvent): SeenMessage {
  if ('text' in event && typeof event.text !== 'string')
    return { text: event.text.repeat.repeat(event.text.times) };
  if ('binary' in event) return { binary: toHex(vectorBytes(event.binary)) };
  if ('error' in event) return { error: event.error, closeCode: event.closeCode, offset: event.offset };
  return event as SeenMessage;
}

function title({ name, rule, refs = [] }: Vector<unknown, unknown>): string {
  return `${name} [${[rule, ...refs].join(', ')}]`;
}

describe('test/vectors/frame.json', () => {
  const { target, vectors } = loadVectors<FrameOptions, FrameVector['expect']>('frame');

  it('is for this runner, and no two vectors have one name', () => {
    expect(target).toBe('frame');
    expect(new Set(vectors.map(({ name }) => name)).size).toBe(vectors.length);
  });

  it.each(vectors.map((vector) => [title(vector), vector] as const))('%s', (_, vector) => {
    const bytes = vectorBytes(vector.bytes);
    const options: MessageReaderOptions = { role: vector.role, ...vector.options };
    const expected = vector.expect.events.map(spelledOut);
    for (const [name, deliver] of DELIVERIES) {
      const seen = readChunks(deliver(bytes), options);
      expect(seen, name).toEqual(expected);
    }
    checkEarly(vector, bytes, options);
  });

  /** The error comes with byte number `after`, and not before. */
  function checkEarly(vector: FrameVector, bytes: Uint8Array, options: MessageReaderOptions): void {
    const last = vector.expect.events.at(-1);
    if (last === undefined || !('error' in last)) return;
    const reader = new MessageReader(options);
    const isError = (): boolean => {
      for (let event = reader.next(); event !== undefined; event = reader.next()) {
        if (event.kind === 'error') return true;
      }
      return false;
    };
    reader.push(bytes.slice(0, last.after - 1));
    expect(isError(), `no error after ${last.after - 1} bytes`).toBe(false);
    reader.push(bytes.slice(last.after - 1, last.after));
    expect(isError(), `an error after ${last.after} bytes`).toBe(true);
  }

  it('carries the rows of the attack list that frames can say', () => {
    const refs = new Set(vectors.flatMap((vector) => vector.refs ?? []));
    for (const ref of [
      'CVE-2016-10542',
      'CVE-2026-48779',
      'ws #2329',
      'ws #2331',
      'CVE-2026-12151',
      'undici b4c287b38',
      'fastwebsockets #140',
      'CVE-2026-1528',
      'CVE-2026-54466',
      'CVE-2020-27813',
      'CVE-2020-13935',
      'websocket-driver 0.7.4',
      'Bun #33010',
      'python-websockets f729dc4f',
    ]) {
      expect(refs, ref).toContain(ref);
    }
  });
});

describe('test/vectors/frame-header.json', () => {
  interface ExpectedHeader {
    readonly header?: {
      readonly fin: boolean;
      readonly rsv: number;
      readonly opcode: number;
      readonly maskKey: string | null;
      readonly headerLength: number;
      readonly payloadLength: number;
    };
    readonly more?: true;
    readonly error?: string;
    readonly closeCode?: number;
    readonly offset?: number;
  }
  const { target, vectors } = loadVectors<HeaderRules, ExpectedHeader>('frame-header');

  it('is for this runner', () => {
    expect(target).toBe('frame-header');
  });

  it.each(vectors.map((vector) => [title(vector), vector] as const))(
    '%s',
    (_, { bytes, options, expect: expected }) => {
      for (const after of ['', 'the payload, or the next frame']) {
        // What follows a header that is whole, or wrong, is not looked at.
        if (after !== '' && expected.more === true) continue;
        const header = decodeFrameHeader(
          Uint8Array.from([...vectorBytes(bytes), ...utf8(after)]),
          0,
          options,
        );
        expect(shown(header)).toEqual(expected);
      }
    },
  );

  describe.each(DELIVERIES)('delivered %s', (_how, deliver) => {
    it.each(vectors.map((vector) => [title(vector), vector] as const))(
      '%s',
      (_, { bytes, options, expect: expected }) => {
        const decoder = new FrameDecoder(options);
        let soFar: Uint8Array = new Uint8Array(0);
        for (const chunk of deliver(vectorBytes(bytes))) {
          soFar = concat([soFar, chunk]);
          decoder.push(chunk);
          const header = shown(decodeFrameHeader(soFar, 0, options));
          const event = decoder.next();
          expect(shown(event as FrameHeader | FrameError | undefined)).toEqual(header);
          if (header.more === true) continue;
          expect(header).toEqual(expected);
          return;
        }
        expect({ more: true }).toEqual(expected);
      },
    );
  });

  function shown(header: FrameHeader | FrameError | undefined): ExpectedHeader {
    if (header === undefined) return { more: true };
    if (header.kind === 'error') {
      return { error: header.code, closeCode: header.closeCode, offset: header.offset };
    }
    const { kind: _kind, ...fields } = header;
    return { header: { ...fields, maskKey: header.maskKey === undefined ? null : toHex(header.maskKey) } };
  }
});
