import {
  type AgreedCompression,
  acceptCompression,
  type CompressionOptions,
  offerCompression,
  PreparedMessage,
  WebSocketConnection,
} from 'sansocket/connection';
import { ProtocolError, parseExtensions } from 'sansocket/handshake';
import { describe, expect, test } from 'vitest';
import { concat, utf8 } from '../../support/deliveries.ts';
import { readFrames } from '../../support/wire.ts';

const LONG = 'all work and no play makes Jack a dull boy '.repeat(20);
const offered = (value: string): never => parseExtensions(value) as never;

function agreement(options: CompressionOptions<never> = {}): {
  readonly client: WebSocketConnection;
  readonly server: WebSocketConnection;
} {
  const offer = offerCompression(options)!;
  const agreed = acceptCompression(options)!(offer.extensions, undefined as never) as AgreedCompression;
  const compression = offer.read([agreed.extension]);
  if (compression === undefined || compression instanceof ProtocolError) throw new Error('no agreement');
  return {
    client: new WebSocketConnection({ role: 'client', compression }),
    server: new WebSocketConnection({ role: 'server', compression: agreed.compression }),
  };
}

/** The RSV1 bits of what was sent, and what the other end makes of it. */
function pass(
  from: WebSocketConnection,
  to: WebSocketConnection,
): { readonly rsv: number[]; readonly data: unknown[] } {
  const output = from.takeOutput() ?? new Uint8Array(0);
  const rsv = readFrames(output).frames.map((frame) => frame.rsv);
  to.receive(output.slice());
  const data: unknown[] = [];
  for (let event = to.next(); event !== undefined; event = to.next()) {
    data.push('data' in event ? event.data : event.kind);
  }
  return { rsv, data };
}

describe('acceptCompression', () => {
  const accept = acceptCompression<string>({ accept: (request) => request !== 'no' })!;

  test('is nothing where compression is off', () => {
    expect(acceptCompression(undefined)).toBeUndefined();
    expect(acceptCompression(false)).toBeUndefined();
    expect(offerCompression(false)).toBeUndefined();
  });

  test('goes without where it is not offered, where the app says so, and where no offer can be taken [RFC 7692 5.1]', () => {
    expect(accept(offered('x-webkit-deflate-frame'), 'yes')).toBeUndefined();
    expect(accept(offered('permessage-deflate'), 'no')).toBeUndefined();
    const narrow = acceptCompression({ windowBits: { incoming: 9 } })!;
    expect(narrow(offered('permessage-deflate'), undefined)).toBeUndefined();
  });

  test('refuses parameters that are none [RFC 7692 7.1]', () => {
    const refused = accept(offered('permessage-deflate; server_max_window_bits=1000'), 'yes');
    expect(refused).toMatchObject({ code: 'bad-deflate-parameters', status: 400 });
  });

  test('asks the app nothing about requests that offer nothing', () => {
    const never = acceptCompression({
      accept: () => {
        throw new Error('asked');
      },
    })!;
    expect(never([], undefined)).toBeUndefined();
    expect(() => never(offered('permessage-deflate'), undefined)).toThrow('asked');
  });
});

describe('offerCompression', () => {
  test('reads an answer: none, a wrong one, a right one [RFC 7692 5.1]', () => {
    const offer = offerCompression(true)!;
    expect(offer.read([])).toBeUndefined();
    expect(offer.read(offered('permessage-deflate; foo'))).toMatchObject({ code: 'bad-deflate-parameters' });
    expect(
      offer.read(
        offer.extensions.map(({ name }) => ({
          name,
          params: [
            ['server_no_context_takeover', undefined],
            ['client_no_context_takeover', undefined],
          ],
        })),
      ),
    ).toMatchObject({ sharedKey: expect.any(String) });
  });
});

describe('WebSocketConnection with permessage-deflate', () => {
  test.each([true, false])('compresses both ways, contextTakeover %s [RFC 7692 7.2]', (contextTakeover) => {
    const { client, server } = agreement({ contextTakeover, threshold: 10 });
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      expect(from.send(LONG)).toBe(true);
      expect(from.send(utf8(LONG))).toBe(true);
      expect(from.bufferedBytes).toBeLessThan(LONG.length);
      expect(pass(from, to)).toEqual({ rsv: [4, 4], data: [LONG, utf8(LONG)] });
    }
  });

  test('sends plain what is below the threshold, and what the app wants so', () => {
    const { client, server } = agreement({ threshold: 10 });
    server.send('short');
    server.send(LONG, { compress: false });
    expect(pass(server, client)).toEqual({ rsv: [0, 0], data: ['short', LONG] });
  });

  test('sends a prepared message compressed once for all, where no context is kept', () => {
    const message = new PreparedMessage(LONG);
    const short = new PreparedMessage('short');
    const outputs: Uint8Array[] = [];
    for (let i = 0; i < 2; i++) {
      const { client, server } = agreement({ threshold: 10 });
      server.sendPrepared(message);
      outputs.push(server.takeOutput()!);
      client.receive(outputs[i]!.slice());
      expect(client.next()).toEqual({ kind: 'text', data: LONG });
      server.sendPrepared(short);
      server.sendPrepared(message, { compress: false });
      expect(pass(server, client)).toEqual({ rsv: [0, 0], data: ['short', LONG] });
    }
    expect(outputs[0]).toEqual(outputs[1]);
  });

  test('compresses a prepared message for each receiver, where a context is kept', () => {
    const { client, server } = agreement({ contextTakeover: true, threshold: 10 });
    const message = new PreparedMessage(utf8(LONG));
    server.sendPrepared(message);
    const first = server.bufferedBytes;
    server.sendPrepared(message);
    // The second is little more than a reference to the first.
    expect(server.bufferedBytes - first).toBeLessThan(first / 2);
    expect(pass(server, client)).toEqual({ rsv: [4, 4], data: [utf8(LONG), utf8(LONG)] });
  });

  test('gives the windows back at the close, and never compresses again', () => {
    const { client, server } = agreement({ contextTakeover: true, threshold: 10 });
    server.send(LONG);
    server.close(1000);
    expect(server.send(LONG)).toBe(false);
    expect(pass(server, client)).toEqual({ rsv: [4, 0], data: [LONG, 'close'] });
    expect(pass(client, server).data).toEqual(['close']);
  });
});

describe('WebSocketConnection.lend', () => {
  test.each([1, 3, 7, 64])('reads messages out of %i lent bytes at a time that are written over', (size) => {
    const { client, server } = agreement({ threshold: 10 });
    for (const message of ['hello', LONG, utf8('bytes'), 'ünïcödé']) client.send(message);
    client.ping('p');
    const wire = concat([client.takeOutput()!]);
    const seen: unknown[] = [];
    const lent = new Uint8Array(size);
    for (let at = 0; at < wire.length; at += size) {
      const part = wire.subarray(at, at + size);
      lent.set(part);
      server.lend(lent.subarray(0, part.length), 1);
      for (let event = server.next(); event !== undefined; event = server.next())
        seen.push('data' in event ? event.data : event.kind);
      server.keep();
      lent.fill(0xa5);
    }
    expect(seen).toEqual(['hello', LONG, utf8('bytes'), 'ünïcödé', 'ping']);
  });

  test('drops what comes after the end', () => {
    const server = new WebSocketConnection({ role: 'server' });
    server.receiveEnd();
    expect(server.next()).toMatchObject({ kind: 'close', code: 1006 });
    server.lend(Uint8Array.of(0x81, 0x80, 0, 0, 0, 0));
    server.keep();
    expect(server.next()).toBeUndefined();
  });
});
