/**
 * The contract's cases about the end: half-closes, resets, handlers that throw, calls that come too late.
 *
 * @module
 */
import { ascii, type ContractCase, check, joined, pattern, pause, same } from './support.ts';

const MIB = 1024 * 1024;

/** How a stream ends. */
export const ENDING_CASES: readonly ContractCase[] = [
  {
    name: 'the client half-closes: the server hears end after all bytes, and can go on writing',
    run: (setup) =>
      joined(setup, async ({ client, server }) => {
        client.write(ascii('question'));
        client.call((stream) => stream.end());
        await server.until(() => server.ended, 'end');
        same(server.text(), 'question', 'what the server heard');
        await pause(20);
        check(!server.closed && !client.closed, 'the half-close closed the stream');
        same(server.write(ascii('answer')), true, 'the answer of a write after the peer’s end');
        await client.until(() => client.received === 6, 'the answer');
        server.call((stream) => stream.end());
        await client.closedInOrder();
        await server.closedInOrder();
        same(client.text(), 'answer', 'what the client heard');
        check(client.ended, 'the client did not hear end');
      }),
  },
  {
    name: 'the server half-closes: the client hears end after all bytes, and can go on writing',
    run: (setup) =>
      joined(setup, async ({ client, server }) => {
        server.write(ascii('greeting'));
        server.call((stream) => stream.end());
        await client.until(() => client.ended, 'end');
        same(client.text(), 'greeting', 'what the client heard');
        await pause(20);
        check(!server.closed && !client.closed, 'the half-close closed the stream');
        same(client.write(ascii('thanks')), true, 'the answer of a write after the peer’s end');
        await server.until(() => server.received === 6, 'the thanks');
        client.call((stream) => stream.end());
        await client.closedInOrder();
        await server.closedInOrder();
        check(server.ended, 'the server did not hear end');
      }),
  },
  {
    name: 'both half-close at the same time: each hears end, then close without an error, once',
    run: (setup) =>
      joined(setup, async ({ client, server }) => {
        client.call((stream) => stream.end());
        server.call((stream) => stream.end());
        await client.closedInOrder();
        await server.closedInOrder();
        check(client.ended && server.ended, 'an end was not heard');
        await pause(20);
      }),
  },
  {
    name: 'end inside the callback end closes both',
    run: (setup) =>
      joined(setup, async ({ client, server }) => {
        server.onEnd = () => server.call((stream) => stream.end());
        client.call((stream) => stream.end());
        await server.closedInOrder();
        await client.closedInOrder();
      }),
  },
  {
    name: 'end sends all that was written before it, also what the reader has no room for yet',
    run: (setup) =>
      joined(setup, async ({ client, server }) => {
        server.keep = false;
        server.call((stream) => stream.pause());
        client.write(pattern(0, 16 * MIB));
        client.write(pattern(0, 3));
        client.call((stream) => stream.end());
        await pause(10);
        server.call((stream) => stream.resume());
        await server.until(() => server.ended, 'end');
        same(server.received, 16 * MIB + 3, 'bytes received');
        server.call((stream) => stream.end());
        await client.closedInOrder();
        await server.closedInOrder();
      }),
  },
  {
    name: 'the peer’s end is not heard while paused, and comes after the bytes',
    run: (setup) =>
      joined(setup, async ({ client, server }) => {
        server.call((stream) => stream.pause());
        client.write(ascii('last words'));
        client.call((stream) => stream.end());
        await pause(30);
        same(server.ended, false, 'whether end came while paused');
        server.call((stream) => stream.resume());
        await server.until(() => server.ended, 'end');
        same(server.text(), 'last words', 'what arrived');
      }),
  },
  {
    name: 'after end, write answers false and sends nothing; end again is harmless',
    run: (setup) =>
      joined(setup, async ({ client, server }) => {
        client.write(ascii('a'));
        client.call((stream) => stream.end());
        same(client.write(ascii('b')), false, 'the answer of a write after end');
        client.call((stream) => stream.end());
        await server.until(() => server.ended, 'end');
        same(server.text(), 'a', 'what arrived');
        server.write(ascii('still there'));
        await client.until(() => client.received === 11, 'the server’s bytes');
      }),
  },
  {
    name: 'destroy closes its own end without an error, later and once, and the other end hears of it',
    run: (setup) =>
      joined(setup, async ({ client, server }) => {
        client.call((stream) => {
          stream.destroy();
          stream.destroy();
        });
        await client.closedInOrder();
        // A bare close and a reset look different; that the peer has gone must show in either case.
        await server.until(() => server.ended || server.closed, 'end or close');
        await pause(20);
      }),
  },
  {
    name: 'after destroy, nothing is heard but close, and nothing is kept',
    run: (setup) =>
      joined(setup, async ({ client, server }) => {
        server.onData = () => {
          server.call((stream) => stream.destroy());
          server.onData = () => {
            server.violation ??= 'data was called after destroy';
          };
          server.onEnd = () => {
            server.violation ??= 'end was called after destroy';
          };
        };
        server.call((stream) => stream.write(pattern(0, 8 * MIB)));
        client.call((stream) => stream.pause());
        for (let round = 0; round < 20; round++) client.write(pattern(0, 60_000));
        await server.closedInOrder();
        same(server.stream.bufferedBytes, 0, 'bufferedBytes after destroy');
        same(server.write(ascii('x')), false, 'the answer of a write after destroy');
      }),
  },
  {
    name: 'a peer that drops the connection with bytes unread resets it: close with connection-reset',
    run: (setup) =>
      joined(setup, async ({ client, server }) => {
        client.call((stream) => stream.pause());
        client.write(ascii('x'));
        await server.until(() => server.received === 1, '1 byte');
        for (let round = 0; round < 40; round++) server.write(pattern(0, 65_536));
        await pause(20);
        client.call((stream) => stream.destroy());
        // Some runtimes send FIN ahead of the reset; then it is heard at the next write.
        await server.until(() => server.ended || server.closed, 'end or close');
        for (let round = 0; round < 100 && !server.closed; round++) {
          server.write(ascii('anybody there?'));
          await pause(1);
        }
        await server.closedWith('connection-reset');
        await client.closedInOrder();
      }),
  },
  {
    name: 'writing to a peer that has gone ends in close, once, and never throws',
    run: (setup) =>
      joined(setup, async ({ client, server }) => {
        client.call((stream) => stream.destroy());
        for (let round = 0; round < 500 && !server.closed; round++) {
          server.write(ascii('anybody there?'));
          await pause(1);
        }
        await server.closedWith('connection-reset');
        same(server.write(ascii('x')), false, 'the answer of a write after close');
      }),
  },
  {
    name: 'whom a stream was with is known when it is gone, also where nobody asked before',
    run: (setup) =>
      joined(setup, async ({ listener, client, server }) => {
        client.call((stream) => stream.pause());
        for (let round = 0; round < 40; round++) server.write(pattern(0, 65_536));
        await pause(20);
        client.call((stream) => stream.destroy());
        for (let round = 0; round < 500 && !server.closed; round++) {
          server.write(ascii('anybody there?'));
          await pause(1);
        }
        await client.closedInOrder();
        await server.closedWith('connection-reset');
        same(client.stream.remoteAddress, '127.0.0.1', 'the client’s remoteAddress');
        same(client.stream.remotePort, listener.address.port, 'the client’s remotePort');
        same(server.stream.remoteAddress, '127.0.0.1', 'the server’s remoteAddress');
        check(server.stream.remotePort > 0, `the server’s remotePort is ${server.stream.remotePort}`);
      }),
  },
  {
    name: 'after close, every method is harmless',
    run: (setup) =>
      joined(setup, async ({ client, server }) => {
        client.call((stream) => stream.end());
        server.call((stream) => stream.end());
        for (const probe of [client, server]) {
          await probe.closedInOrder();
          same(probe.write(ascii('x')), false, 'the answer of a write after close');
          probe.call((stream) => {
            stream.end();
            stream.pause();
            stream.resume();
            stream.destroy();
          });
          same(probe.stream.bufferedBytes, 0, 'bufferedBytes after close');
        }
        await pause(20);
      }),
  },
  {
    name: 'a handler that throws loses its stream, with transport-failed and the cause, and no other',
    run: (setup) =>
      joined(setup, async (bystander) => {
        const bug = new Error('the handler’s bug');
        for (const callback of ['onData', 'onEnd', 'onDrain'] as const) {
          await joined(setup, async ({ client, server }) => {
            server[callback] = () => {
              throw bug;
            };
            if (callback === 'onDrain') {
              client.call((stream) => stream.pause());
              while (server.write(pattern(0, 65_536)));
              client.call((stream) => stream.resume());
            }
            if (callback === 'onData') client.write(ascii('x'));
            if (callback === 'onEnd') client.call((stream) => stream.end());
            await server.closedWith('transport-failed');
            same(server.error?.cause, bug, 'the cause');
            await client.until(() => client.ended || client.closed, 'end or close');
          });
        }
        bystander.client.write(ascii('fine'));
        await bystander.server.until(() => bystander.server.received === 4, '4 bytes');
      }),
  },
];
