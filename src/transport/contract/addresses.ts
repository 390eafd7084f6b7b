/**
 * The contract's cases about listening and connecting: addresses, refusals, time limits, many connections.
 *
 * @module
 */
import type { ByteStream, ConnectOptions, Listener, StreamHandler } from '../transport.ts';
import {
  ascii,
  type ContractCase,
  type ContractSetup,
  check,
  joined,
  Probe,
  pause,
  rejects,
  same,
  within,
} from './support.ts';

const LOOPBACK = { hostname: '127.0.0.1' };

/** Listen, with a handler that ends when its peer does; `body` gets the listener. */
async function listening(
  { transport }: ContractSetup,
  body: (listener: Listener) => Promise<void>,
  accept: (stream: ByteStream) => StreamHandler = echo,
): Promise<void> {
  const listener = await within(transport.listen(LOOPBACK, accept), 'listen');
  try {
    await body(listener);
  } finally {
    await within(listener.close(), 'the listener’s close');
  }
}

/** A handler that sends everything back. */
function echo(stream: ByteStream): StreamHandler {
  return {
    data: (bytes) => void stream.write(bytes),
    end: () => stream.end(),
    drain() {},
    close() {},
  };
}

/** One connection that sends a byte, hears it back, and closes in order. */
async function visit({ transport }: ContractSetup, to: ConnectOptions): Promise<void> {
  const client = new Probe('client');
  client.stream = await within(transport.connect(to, client), 'connect');
  client.write(ascii('?'));
  client.call((stream) => stream.end());
  await client.closedInOrder();
  same(client.text(), '?', 'the echo');
}

/** Listening and connecting. */
export const ADDRESS_CASES: readonly ContractCase[] = [
  {
    name: 'port 0 picks a free port, and both ends know their peer',
    run: (setup) =>
      joined(setup, async ({ listener, client, server }) => {
        const { address } = listener;
        check(address.port > 0 && address.port <= 65_535, `the port is ${address.port}`);
        same(address.hostname, '127.0.0.1', 'address.hostname');
        same(address.path, undefined, 'address.path');
        same(client.stream.remoteAddress, '127.0.0.1', 'the client’s remoteAddress');
        same(client.stream.remotePort, address.port, 'the client’s remotePort');
        same(server.stream.remoteAddress, '127.0.0.1', 'the server’s remoteAddress');
        check(server.stream.remotePort > 0, `the server’s remotePort is ${server.stream.remotePort}`);
        for (const { stream } of [client, server]) {
          same(stream.encrypted, false, 'encrypted');
          same(stream.alpnProtocol, '', 'alpnProtocol');
          same(stream.bufferedBytes, 0, 'bufferedBytes');
        }
      }),
  },
  {
    name: 'without a host name it listens on IPv4 and IPv6, and shows IPv4 peers in their own form',
    needs: ['ipv6', 'network'],
    run: async (setup) => {
      for (const hostname of ['127.0.0.1', '::1']) {
        await joined(
          setup,
          async ({ client, server }) => {
            same(client.stream.remoteAddress, hostname, 'the client’s remoteAddress');
            same(server.stream.remoteAddress, hostname, 'the server’s remoteAddress');
          },
          { listen: {}, connect: { hostname } },
        );
      }
    },
  },
  {
    name: 'ipv6Only refuses IPv4',
    needs: ['ipv6', 'network'],
    run: (setup) =>
      joined(
        setup,
        async ({ listener }) => {
          const { port } = listener.address;
          const connecting = setup.transport.connect({ hostname: '127.0.0.1', port }, new Probe('client'));
          await rejects(connecting, 'connection-refused', 'connect by IPv4');
        },
        { listen: { hostname: '::', ipv6Only: true }, connect: { hostname: '::1' } },
      ),
  },
  {
    name: 'an IPv6 address may stand in brackets, as in a URL',
    needs: ['ipv6', 'network'],
    run: (setup) =>
      joined(
        setup,
        async ({ listener }) => {
          same(listener.address.hostname, '::1', 'address.hostname');
        },
        { listen: { hostname: '[::1]' }, connect: { hostname: '[::1]' } },
      ),
  },
  {
    name: 'a name is listened on at an address of its, which is told',
    needs: ['network'],
    run: (setup) =>
      joined(
        setup,
        async ({ listener: { address } }) => {
          check(['127.0.0.1', '::1'].includes(address.hostname), `address.hostname is ${address.hostname}`);
        },
        { listen: { hostname: 'localhost' } },
      ),
  },
  {
    name: 'a name with several addresses finds the one that is listened on',
    needs: ['network'],
    run: (setup) => joined(setup, async () => {}, { connect: { hostname: 'localhost' } }),
  },
  {
    name: 'an address that is listened on already is address-in-use',
    run: (setup) =>
      listening(setup, async ({ address: { hostname, port } }) => {
        const again = setup.transport.listen({ hostname, port }, echo);
        const error = await rejects(again, 'address-in-use', 'the second listen');
        check(error.message.includes(`127.0.0.1:${port}`), `the address is not in "${error.message}"`);
      }),
  },
  {
    name: 'two listeners share a port where both say reusePort',
    needs: ['reusePort'],
    run: async (setup) => {
      const first = await setup.transport.listen({ ...LOOPBACK, reusePort: true }, echo);
      try {
        const { hostname, port } = first.address;
        const second = await setup.transport.listen({ hostname, port, reusePort: true }, echo);
        await second.close();
      } finally {
        await first.close();
      }
    },
  },
  {
    name: 'an address that this machine does not have is address-not-available',
    needs: ['network'],
    run: async ({ transport }) => {
      // TEST-NET-1 (RFC 5737): nobody's.
      const listens = transport.listen({ hostname: '192.0.2.1' }, echo);
      await rejects(listens, 'address-not-available', 'listen on 192.0.2.1');
      const named = transport.listen({ hostname: 'no-such-host.invalid' }, echo);
      await rejects(named, 'address-not-available', 'listen on a name that does not resolve');
    },
  },
  {
    name: 'close frees the address at once; open streams go on; a second close is harmless',
    run: (setup) =>
      joined(setup, async ({ listener, client, server }) => {
        const { hostname, port } = listener.address;
        await within(Promise.all([listener.close(), listener.close()]), 'close while a stream is open');
        const refused = setup.transport.connect({ hostname, port }, new Probe('client'));
        await rejects(refused, 'connection-refused', 'connect after close');
        const again = await setup.transport.listen({ hostname, port }, echo);
        client.write(ascii('still open'));
        await server.until(() => server.received === 10, '10 bytes');
        await again.close();
        await listener.close();
      }),
  },
  {
    name: 'where nobody listens, connect is refused, and the message says where',
    run: async (setup) => {
      let port = 0;
      await listening(setup, async ({ address }) => {
        port = address.port;
      });
      const handler = new Probe('client');
      const error = await rejects(
        setup.transport.connect({ ...LOOPBACK, port }, handler),
        'connection-refused',
        'connect',
      );
      check(error.message.includes(`127.0.0.1:${port}`), `the address is not in "${error.message}"`);
      await pause(10);
      check(!handler.closed, 'the handler was called though connect rejected');
    },
  },
  {
    name: 'a name that does not resolve, or never could, is dns-failed',
    needs: ['network'],
    run: async ({ transport }) => {
      for (const hostname of ['no-such-host.invalid', 'no..host.invalid', 'x'.repeat(300)]) {
        const connecting = transport.connect({ hostname, port: 80 }, new Probe('client'));
        await rejects(connecting, 'dns-failed', `connect to ${hostname}`);
      }
    },
  },
  {
    name: 'timeoutMs is for the whole of connect: connect-timeout',
    needs: ['silent'],
    run: async (setup) => {
      const handler = new Probe('client');
      const wait = async (silent: ConnectOptions): Promise<void> => {
        const connecting = setup.transport.connect({ ...silent, timeoutMs: 50 }, handler);
        await rejects(within(connecting, 'the timeout'), 'connect-timeout', 'connect');
      };
      if (setup.silent !== undefined) await wait(setup.silent);
      else {
        const mute = (): StreamHandler => new MuteHandler();
        await listening(
          setup,
          ({ address: { hostname, port } }) => wait({ hostname, port, tls: true }),
          mute,
        );
      }
      check(!handler.closed, 'the handler was called though connect rejected');
    },
  },
  {
    name: 'a signal that is aborted, before or meanwhile, rejects connect with aborted and its reason',
    run: async (setup) => {
      const reason = new Error('changed my mind');
      await listening(setup, async ({ address: { hostname, port } }) => {
        for (const early of [true, false]) {
          const controller = new AbortController();
          if (early) controller.abort(reason);
          const connecting = setup.transport.connect(
            { hostname, port, signal: controller.signal },
            new Probe('client'),
          );
          if (!early) controller.abort(reason);
          const error = await rejects(connecting, 'aborted', 'connect');
          same(error.cause, reason, 'the cause');
        }
      });
    },
  },
  {
    name: 'a signal that is aborted after connect has resolved does nothing, and neither does its timeout',
    run: async (setup) => {
      const controller = new AbortController();
      await joined(
        setup,
        async ({ client, server }) => {
          controller.abort();
          await pause(120);
          client.write(ascii('x'));
          await server.until(() => server.received === 1, '1 byte');
        },
        { connect: { signal: controller.signal, timeoutMs: 100 } },
      );
    },
  },
  {
    name: 'an accept that throws drops that connection, and the next is served',
    run: async (setup) => {
      let count = 0;
      const accept = (stream: ByteStream): StreamHandler => {
        if (count++ === 0) throw new Error('the app’s bug');
        return echo(stream);
      };
      const body = async ({ address: { hostname, port } }: Listener): Promise<void> => {
        const client = new Probe('client');
        client.stream = await setup.transport.connect({ hostname, port }, client);
        await client.until(() => client.ended || client.closed, 'end or close');
        client.stream.destroy();
        await visit(setup, { hostname, port });
      };
      await listening(setup, body, accept);
    },
  },
  {
    name: '3 000 short connections are each served and closed in order',
    run: (setup) =>
      listening(setup, async ({ address: { hostname, port } }) => {
        let left = 3000;
        const visitor = async (): Promise<void> => {
          while (left-- > 0) await visit(setup, { hostname, port });
        };
        await Promise.all(Array.from({ length: 50 }, visitor));
      }),
  },
  {
    name: 'options that make no sense are refused with bad-option, before anything is opened',
    run: async ({ transport }) => {
      const handler = new Probe('client');
      for (const port of [-1, 65_536, 1.5, Number.NaN, '80' as unknown as number]) {
        await rejects(transport.listen({ port }, echo), 'bad-option', `listen on port ${port}`);
        await rejects(
          transport.connect({ ...LOOPBACK, port }, handler),
          'bad-option',
          `connect to port ${port}`,
        );
      }
      const connects: ConnectOptions[] = [
        {},
        LOOPBACK,
        { port: 0 },
        { hostname: '', port: 1 },
        { path: '' },
        { path: '/x', port: 1 },
        { port: 1, timeoutMs: 0 },
        { port: 1, timeoutMs: Number.NaN },
      ];
      for (const options of connects) {
        await rejects(
          transport.connect(options, handler),
          'bad-option',
          `connect to ${JSON.stringify(options)}`,
        );
      }
      for (const options of [{ hostname: '' }, { path: '/x', hostname: 'y' }, { backlog: 0 }]) {
        await rejects(transport.listen(options, echo), 'bad-option', `listen on ${JSON.stringify(options)}`);
      }
    },
  },
  {
    name: 'setTls on a listener without TLS is a mistake of the caller',
    run: (setup) =>
      listening(setup, async (listener) => {
        await rejects(listener.setTls({ cert: '', key: '' }), 'bad-state', 'setTls');
      }),
  },
];

/** Takes what comes and never answers. */
class MuteHandler implements StreamHandler {
  data(): void {}
  end(): void {}
  drain(): void {}
  close(): void {}
}
