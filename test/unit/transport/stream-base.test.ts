import type { StreamHandler } from 'sansocket/transport';
import { describe, expect, test } from 'vitest';
import { CLOSED, DESTROYED, ENDED, FULL, StreamBase } from '../../../src/transport/stream-base.ts';

/** A stream with no socket: what the adapter would report is called by hand. */
class Bare extends StreamBase {
  released = 0;
  readonly log: string[] = [];

  constructor(overrides: Partial<StreamHandler> = {}) {
    super();
    this.handler = {
      data: (bytes) => void this.log.push(`data ${bytes.length}`),
      end: () => void this.log.push('end'),
      drain: () => void this.log.push('drain'),
      close: (error) => void this.log.push(error ? `close ${error.message}` : 'close'),
      ...overrides,
    };
  }

  protected release(): void {
    this.released++;
  }
}

const bytes = Uint8Array.of(1, 2);

describe('StreamBase', () => {
  test('passes on what is reported, in order', () => {
    const stream = new Bare();
    stream.emitData(bytes);
    stream.state |= FULL;
    stream.emitDrain();
    stream.emitEnd();
    stream.emitClose();
    expect(stream.log).toEqual(['data 2', 'drain', 'end', 'close']);
  });

  test('reports drain only where write answered false, and once for it', () => {
    const stream = new Bare();
    stream.emitDrain();
    stream.state |= FULL;
    stream.emitDrain();
    stream.emitDrain();
    expect(stream.log).toEqual(['drain']);
  });

  test.each([
    ['end()', ENDED],
    ['destroy()', DESTROYED],
    ['close', CLOSED],
  ])('reports no drain after %s: nothing can be written any more', (_, bit) => {
    const stream = new Bare();
    stream.state |= FULL | bit;
    stream.emitDrain();
    expect(stream.log).toEqual([]);
  });

  test('after the peer’s end, no data and no second end', () => {
    const stream = new Bare();
    stream.emitEnd();
    stream.emitData(bytes);
    stream.emitEnd();
    expect(stream.log).toEqual(['end']);
  });

  test('after destroy, nothing but close, without an error', () => {
    const stream = new Bare();
    stream.destroy();
    stream.destroy();
    stream.broken(new Error('reset'));
    stream.emitData(bytes);
    stream.emitEnd();
    stream.emitClose();
    expect([stream.released, stream.log]).toEqual([1, ['close']]);
  });

  test('close is reported once, with the first error, and destroy after it does nothing', () => {
    const stream = new Bare();
    stream.broken(new Error('first'));
    stream.broken(new Error('second'));
    stream.emitClose();
    stream.emitClose();
    stream.emitData(bytes);
    stream.emitEnd();
    stream.destroy();
    expect([stream.released, stream.log]).toEqual([0, ['close first']]);
  });

  test.each(['data', 'end', 'drain'] as const)(
    'a handler that throws in %s drops the stream, once',
    (name) => {
      const bug = new Error('bug');
      const stream = new Bare({
        [name]: () => {
          throw bug;
        },
      });
      stream.state |= FULL;
      if (name === 'data') stream.emitData(bytes);
      if (name === 'end') stream.emitEnd();
      if (name === 'drain') stream.emitDrain();
      stream.emitData(bytes);
      expect([stream.released, stream.error]).toEqual([1, expect.objectContaining({ cause: bug })]);
    },
  );

  test('a handler that destroys the stream and then throws has closed it in order', () => {
    const stream: Bare = new Bare({
      data: () => {
        stream.destroy();
        throw new Error('bug');
      },
    });
    stream.emitData(bytes);
    stream.emitClose();
    expect([stream.released, stream.log]).toEqual([1, ['close']]);
  });

  test('a handler that throws in close, and a stream without a handler, harm nobody', () => {
    const stream = new Bare({
      close: () => {
        throw new Error('bug');
      },
    });
    stream.emitClose();
    const nobody = new Bare();
    nobody.handler = undefined;
    nobody.emitClose();
    expect([stream.state & CLOSED, nobody.state & CLOSED]).toEqual([CLOSED, CLOSED]);
  });
});
