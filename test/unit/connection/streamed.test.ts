import { describe, expect, test } from 'vitest';
import type { MessageCompression } from '../../../src/connection/compression.ts';
import { StreamedMessage } from '../../../src/connection/streamed.ts';

const FIN = 0x80;
const RSV1 = 0x40;

/** Makes of each piece what is next on the list. */
function compression(...made: Array<Uint8Array | undefined>): MessageCompression {
  return { compressPiece: () => made.shift() } as unknown as MessageCompression;
}

describe('StreamedMessage', () => {
  test('plain, pieces go as they are; the first frame has the opcode, the last one FIN', () => {
    const message = new StreamedMessage('text', undefined);
    expect([message.payload('a', false), message.nextBits(false)]).toEqual(['a', 0x01]);
    expect([message.payload('b', false), message.nextBits(false)]).toEqual(['b', 0x00]);
    expect([message.payload('c', true), message.nextBits(true)]).toEqual(['c', FIN]);
    expect(message.compressed).toBe(false);
  });

  test('compressed, RSV1 is set on the first frame alone', () => {
    const message = new StreamedMessage('binary', compression(Uint8Array.of(1), Uint8Array.of(2)));
    expect([message.payload('a', false), message.nextBits(false)]).toEqual([Uint8Array.of(1), 0x02 | RSV1]);
    expect([message.payload('b', true), message.nextBits(true)]).toEqual([Uint8Array.of(2), FIN]);
    expect(message.compressed).toBe(true);
  });

  test('a first piece of which compression makes nothing leaves the opcode and RSV1 to the next one', () => {
    const message = new StreamedMessage('text', compression(new Uint8Array(0), Uint8Array.of(2)));
    expect(message.payload('', false)).toBe(undefined);
    expect([message.payload('b', false), message.nextBits(false)]).toEqual([Uint8Array.of(2), 0x01 | RSV1]);
  });

  test('where compression wants nothing to do with it, all of it goes plain', () => {
    const message = new StreamedMessage('text', compression(undefined));
    expect([message.payload('a', false), message.nextBits(false)]).toEqual(['a', 0x01]);
    expect([message.payload('b', true), message.nextBits(true)]).toEqual(['b', FIN]);
    expect(message.compressed).toBe(false);
  });
});
