import { Duplex } from 'node:stream';
import { type StreamHandler, streamFromWeb } from 'sansocket/transport';
import { appliesTo, type ContractSetup, TRANSPORT_CONTRACT } from 'sansocket/transport/contract';
import { describe, expect, test } from 'vitest';
import { utf8 } from '../../support/deliveries.ts';
import { createTunnelTransport } from '../../support/tunnel.ts';

const setup: ContractSetup = { transport: createTunnelTransport(), ownAddresses: true };

describe('the contract, kept by a transport of web streams', () => {
  for (const promise of TRANSPORT_CONTRACT.filter((one) => appliesTo(one, setup))) {
    test(promise.name, () => promise.run(setup));
  }
});

/** A handler that writes down what it hears. */
function recorder(): StreamHandler & { readonly log: string[] } {
  const log: string[] = [];
  return {
    log,
    data: (bytes) => void log.push(`data ${new TextDecoder().decode(bytes)}`),
    end: () => void log.push('end'),
    drain: () => void log.push('drain'),
    close: (error) => void log.push(error ? `close ${(error as { code?: string }).code}` : 'close'),
  };
}

describe('streamFromWeb', () => {
  test('says about itself what it is told, and nothing else', () => {
    const plain = streamFromWeb(new TransformStream());
    expect([plain.remoteAddress, plain.remotePort, plain.encrypted, plain.alpnProtocol]).toEqual([
      '',
      0,
      false,
      '',
    ]);
    const facts = { remoteAddress: '::1', remotePort: 7, encrypted: true, alpnProtocol: 'http/1.1' };
    expect(streamFromWeb(new TransformStream(), facts)).toMatchObject(facts);
  });

  test('reads nothing before start, and start works once', async () => {
    let pulled = 0;
    const readable = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulled++;
          controller.enqueue(utf8('x'));
          controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    const stream = streamFromWeb({ readable, writable: new WritableStream() });
    await Promise.resolve();
    expect(pulled).toBe(0);
    const handler = recorder();
    stream.start(handler);
    expect(() => stream.start(handler)).toThrow(expect.objectContaining({ code: 'bad-state' }));
    await expect.poll(() => handler.log).toEqual(['data x', 'end']);
    stream.end();
    await expect.poll(() => handler.log).toEqual(['data x', 'end', 'close']);
  });

  test('hands over copies: a producer that uses its chunk again does not change what was heard', async () => {
    const memory = utf8('one');
    const readable = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(memory);
      },
    });
    const stream = streamFromWeb({ readable, writable: new WritableStream() });
    const chunk = await new Promise<Uint8Array>((resolve) => stream.start({ ...recorder(), data: resolve }));
    memory.fill(0);
    expect(chunk).toEqual(utf8('one'));
  });

  test('hands over copies of a Buffer too, whose slice is none, as a plain Uint8Array', async () => {
    const chunk = Buffer.from('abc');
    const readable = new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(chunk) });
    const heard = await new Promise<Uint8Array>((data) => {
      streamFromWeb({ readable, writable: new WritableStream() }).start({ ...recorder(), data });
    });
    heard.fill(0);
    expect(chunk.toString()).toBe('abc');
    expect(heard.constructor).toBe(Uint8Array);
  });

  test('a chunk that is no bytes fails the stream, with a cause that says so', async () => {
    const readable = new ReadableStream<never>({
      start: (controller) => controller.enqueue('text' as never),
    });
    const error = await new Promise<Error | undefined>((close) => {
      streamFromWeb({ readable, writable: new WritableStream() }).start({ ...recorder(), close });
    });
    expect(error?.cause).toMatchObject({
      code: 'bad-argument',
      message: expect.stringContaining('type is String'),
    });
  });

  test('takes what Node’s types call web streams, with the DOM’s in place too', async () => {
    const handler = recorder();
    const { readable, writable } = Duplex.toWeb(Duplex.from([Buffer.from('from Node')]));
    streamFromWeb({ readable, writable }).start(handler);
    await expect.poll(() => handler.log[0]).toBe('data from Node');
  });

  test('an error of either stream is a lost connection, with its cause', async () => {
    for (const side of ['readable', 'writable'] as const) {
      const cause = new Error('the wire was cut');
      const readable = new ReadableStream<Uint8Array>({
        start: (controller) => void (side === 'readable' && controller.error(cause)),
      });
      const writable = new WritableStream<Uint8Array>({
        start: (controller) => void (side === 'writable' && controller.error(cause)),
      });
      const stream = streamFromWeb({ readable, writable });
      const error = new Promise((resolve) => stream.start({ ...recorder(), close: resolve }));
      stream.write(utf8('x'));
      expect(await error).toMatchObject({ code: 'connection-reset', cause });
    }
  });

  test('destroy cancels the one stream and aborts the other', async () => {
    const heard: string[] = [];
    const readable = new ReadableStream<Uint8Array>({ cancel: () => void heard.push('cancel') });
    const writable = new WritableStream<Uint8Array>({ abort: () => void heard.push('abort') });
    const stream = streamFromWeb({ readable, writable });
    const handler = recorder();
    stream.start(handler);
    stream.destroy();
    await expect.poll(() => handler.log).toEqual(['close']);
    expect(heard.sort()).toEqual(['abort', 'cancel']);
  });

  test('refuses streams that are locked, and what is no stream', () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    readable.getReader();
    const code = expect.objectContaining({ name: 'TypeError', code: 'bad-argument' });
    expect(() => streamFromWeb({ readable, writable })).toThrow(code);
    expect(() => streamFromWeb({ readable: new ReadableStream() } as never)).toThrow(code);
    expect(() => streamFromWeb(undefined as never)).toThrow(code);
  });
});
