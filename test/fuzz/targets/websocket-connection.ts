import {
  acceptCompression,
  type ConnectionEvent,
  offerCompression,
  WebSocketConnection,
} from 'sansocket/connection';
import { CONNECTION_ERRORS, FRAME_ERRORS } from '../../../src/errors.ts';
import { readFrames, tell } from '../../support/wire.ts';
import { bytesOf, type FuzzTarget, holds, latin1, same, traceError } from '../target.ts';

const ALLOWED = new Set([
  ...Object.keys(FRAME_ERRORS),
  ...Object.keys(CONNECTION_ERRORS),
  'bad-deflate',
  'inflated-too-big',
]);

const CLIENT = 1;
const PIECES = 2;
const COMPRESSION = 4;
const TIGHT = 8;
const CONGESTED = 16;
/** The app sends each message back. */
const ECHO = 32;
/** We close first. */
const CLOSING = 64;
/** The stream ends behind the last byte. */
const END = 128;

const LIMIT = 1 << 16;

function make(flags: number): WebSocketConnection {
  const role = (flags & CLIENT) !== 0 ? 'client' : 'server';
  const offer = offerCompression({ contextTakeover: true, threshold: 1 })!;
  const agreed = acceptCompression({ contextTakeover: true, threshold: 1 })!(offer.extensions, undefined);
  holds(agreed !== undefined && 'compression' in agreed, 'no compression');
  const client = offer.read([agreed.extension]);
  holds(client !== undefined && 'compress' in client, 'no compression');
  return new WebSocketConnection({
    role,
    pieces: (flags & PIECES) !== 0,
    limits: (flags & TIGHT) !== 0 ? { maxMessageBytes: 40, maxFragments: 3 } : { maxMessageBytes: LIMIT },
    compression: (flags & COMPRESSION) === 0 ? undefined : role === 'client' ? client : agreed.compression,
    random: (bytes) => bytes.fill(0x55),
  });
}

/** Events, and then the frames that went out. */
function trace(chunks: readonly Uint8Array[], flags: number): string {
  const connection = make(flags);
  const wireBytes = chunks.reduce((sum, { length }) => sum + length, 0);
  const seen: string[] = [];
  let open: { at: number; data: string } | undefined;
  let closes = 0;
  let echoed = 0;
  const see = (event: ConnectionEvent): void => {
    holds(closes === 0, `${event.kind} after close`);
    switch (event.kind) {
      case 'text':
      case 'binary':
        seen.push(
          `${event.kind} ${typeof event.data === 'string' ? JSON.stringify(event.data) : latin1(event.data)}`,
        );
        if ((flags & ECHO) !== 0 && connection.send(event.data)) echoed += event.data.length;
        break;
      case 'piece':
        open ??= { at: seen.push('') - 1, data: '' };
        open.data += typeof event.data === 'string' ? event.data : latin1(event.data);
        seen[open.at] = `${event.type} ${JSON.stringify(open.data)}${event.last ? '' : '…'}`;
        if (event.last) open = undefined;
        break;
      case 'close':
        closes++;
        seen.push(`close ${event.code} ${event.reason} ${event.wasClean}`);
        break;
      case 'error':
        seen.push(traceError(event, ALLOWED, wireBytes));
        break;
      default:
        seen.push(`${event.kind} ${latin1(event.payload)}`);
    }
  };
  const take = (): void => {
    for (let event = connection.next(); event !== undefined; event = connection.next()) see(event);
  };
  connection.congested = (flags & CONGESTED) !== 0;
  if ((flags & CLOSING) !== 0) connection.close(1000, 'ours');
  for (const chunk of chunks) {
    connection.receive(chunk);
    take();
  }
  connection.congested = false;
  const output = connection.takeOutput();
  if ((flags & END) !== 0) connection.receiveEnd();
  take();
  const { state, outputEnded } = connection;
  seen.push(`${state} ${outputEnded}`);

  if (output !== undefined) {
    // A pong, masked, is four bytes longer than its ping; an echo grows by its header, and by three bytes a bad character.
    holds(
      output.length <= 3 * wireBytes + 4 * echoed + 200,
      `${output.length} bytes go out for ${wireBytes}`,
    );
    const { frames, rest } = readFrames(output);
    holds(rest.length === 0, 'half a frame went out');
    const closing = frames.findIndex(({ opcode }) => opcode === 8);
    const behind = closing < 0 ? [] : frames.slice(closing + 1);
    holds((flags & CLOSING) === 0 || closing === 0, 'a frame went out before we closed');
    holds(
      behind.length === 0 || ((flags & CLOSING) !== 0 && behind.every(({ opcode }) => opcode === 10)),
      'a frame went out behind a close frame',
    );
    for (const frame of frames) {
      holds(frame.masked === ((flags & CLIENT) !== 0), 'masked the wrong way');
      seen.push(tell(frame));
    }
  }
  // Whatever came, time ends it.
  for (let now = 100_000; now <= 300_000; now += 100_000) {
    connection.tick(now);
    take();
  }
  holds(connection.state === 'closed', `it is ${connection.state} for ever`);
  holds(closes === 1, `${closes} close events`);
  holds(connection.deadline === Number.POSITIVE_INFINITY, 'a deadline after the end');
  connection.receive(Uint8Array.of(0x81, 0));
  holds(connection.next() === undefined && !connection.send('x'), 'life after the end');
  return seen.join('\n');
}

export const webSocketConnection: FuzzTarget = {
  name: 'websocket-connection',
  about:
    'Bytes to a WebSocketConnection in either role, compressed or not, congested or not, with an app that echoes or closes first. Out: messages, ' +
    'pings, pongs, at most one error, exactly one close, which is last; whole frames, masked as the role asks, behind a close frame ' +
    'of our own pongs at most, and no more of them than what came in accounts for. In any split the same. Silence ends each state.',
  words: [
    '\x81\x85\0\0\0\0Hello',
    '\x81\x05Hello',
    '\x01\x83\0\0\0\0Hel',
    '\x80\x82\0\0\0\0lo',
    '\x01\x03Hel',
    '\x80\x02lo',
    '\x88\x80\0\0\0\0',
    '\x88\x82\0\0\0\0\x03\xe8',
    '\x88\x02\x03\xe8',
    '\x88\x00',
    '\x89\x80\0\0\0\0',
    '\x89\x01a',
    '\x8a\x80\0\0\0\0',
    '\x8a\x00',
    '\xc1\x87\0\0\0\0\xf2\x48\xcd\xc9\xc9\x07\x00',
    '\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00',
  ],
  maxBytes: 1024,
  vectors: ['frame'],
  flagsOf: ({ role, options }) =>
    (role === 'client' ? CLIENT : 0) | (options?.['limits'] !== undefined ? TIGHT : 0) | ECHO,
  run({ flags, whole, pieces }) {
    same(trace(pieces(), flags), trace(whole(), flags), 'cut, the events are others');
  },
  good() {
    same(
      trace([bytesOf('\x81\x85\0\0\0\0Hello\x88\x82\0\0\0\0\x03\xe8')], ECHO),
      'text "Hello"\nclose 1000  true\nending true\ntext "Hello"\nclose 1000',
      'a good input',
    );
  },
};
