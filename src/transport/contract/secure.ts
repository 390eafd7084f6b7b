/**
 * The contract's cases about TLS: trust, names, client certificates, a new certificate without a restart.
 *
 * @module
 */
import type { ByteStream, ConnectOptions, ListenOptions, TlsServerOptions } from '../transport.ts';
import {
  ascii,
  type ContractCase,
  type ContractSetup,
  type ContractTls,
  check,
  type Joined,
  joined,
  mismatch,
  Probe,
  pattern,
  pause,
  rejects,
  same,
  within,
} from './support.ts';

const MIB = 1024 * 1024;

/** The certificates; a case that needs them does not run without. */
function certificates(setup: ContractSetup): ContractTls {
  check(setup.tls !== undefined, 'the setup has no certificates');
  return setup.tls;
}

/** Both ends over TLS. */
function securely(
  setup: ContractSetup,
  body: (both: Joined) => Promise<void>,
  listen: Partial<TlsServerOptions> = {},
  connect: Partial<ConnectOptions> & { readonly tls?: object } = {},
): Promise<void> {
  const { ca, server } = certificates(setup);
  const where: ListenOptions = { hostname: '127.0.0.1', tls: { ...server, ...listen } };
  return joined(setup, body, { listen: where, connect: { ...connect, tls: { ca, ...connect.tls } } });
}

/** A listener with TLS, to which `connects` are all tried. */
async function refusing(
  setup: ContractSetup,
  tls: TlsServerOptions,
  body: (to: { hostname: string; port: number }) => Promise<void>,
): Promise<void> {
  let accepted = 0;
  const accept = (): Probe => {
    accepted++;
    return new Probe('server');
  };
  const listener = await within(setup.transport.listen({ hostname: '127.0.0.1', tls }, accept), 'listen');
  try {
    await body({ hostname: 'localhost', port: listener.address.port });
    await pause(10);
    same(accepted, 0, 'connections that were accepted though their TLS failed');
  } finally {
    await within(listener.close(), 'the listener’s close');
  }
}

/** TLS. */
export const TLS_CASES: readonly ContractCase[] = [
  {
    name: 'TLS: bytes go both ways, both ends know that they are encrypted, and ALPN chose http/1.1',
    needs: ['tls'],
    run: (setup) =>
      securely(setup, async ({ client, server }) => {
        for (const { stream } of [client, server]) {
          same(stream.encrypted, true, 'encrypted');
          same(stream.alpnProtocol, 'http/1.1', 'alpnProtocol');
          same(stream.remoteAddress, '127.0.0.1', 'remoteAddress');
        }
        client.write(ascii('ping'));
        await server.until(() => server.received === 4, '4 bytes');
        server.write(ascii('pong'));
        await client.until(() => client.received === 4, '4 bytes');
        same(client.text() + server.text(), 'pongping', 'what arrived');
      }),
  },
  {
    name: 'TLS: ALPN chooses what both have, as the server likes it best; with nothing in common it is tls-failed [RFC 7301 3.2]',
    needs: ['tls'],
    run: async (setup) => {
      const cases: ReadonlyArray<readonly [server: string[], client: string[], chosen: string | undefined]> =
        [
          [['b', 'a'], ['a', 'b'], 'b'],
          [['http/1.1'], ['h2', 'http/1.1'], 'http/1.1'],
          [['a'], [], ''],
          [[], ['a'], ''],
          [['a'], ['b'], undefined],
        ];
      for (const [listen, connect, chosen] of cases) {
        const run = securely(
          setup,
          async ({ client, server }) => {
            same(server.stream.alpnProtocol, chosen, `the server’s, of ${listen} and ${connect}`);
            same(client.stream.alpnProtocol, chosen, `the client’s, of ${listen} and ${connect}`);
          },
          { alpnProtocols: listen },
          { tls: { alpnProtocols: connect } },
        );
        if (chosen === undefined) await rejects(run, 'tls-failed', `connect with ${connect} to ${listen}`);
        else await run;
      }
    },
  },
  {
    name: 'TLS: what the server writes as it accepts arrives',
    needs: ['tls'],
    run: async (setup) => {
      const { ca, server } = certificates(setup);
      await joined(
        setup,
        async ({ client }) => {
          await client.until(() => client.received === 5, '5 bytes');
          same(client.text(), 'hello', 'what arrived');
        },
        {
          listen: { hostname: '127.0.0.1', tls: server },
          connect: { tls: { ca } },
          accepted: (probe) => {
            probe.write(ascii('hello'));
          },
        },
      );
    },
  },
  {
    name: 'TLS: 8 MiB each way at once, with backpressure, in order',
    needs: ['tls'],
    run: (setup) =>
      securely(setup, async ({ client, server }) => {
        for (const probe of [client, server]) {
          probe.keep = false;
          probe.onData = (bytes) => {
            const at = mismatch(bytes, probe.received - bytes.length);
            if (at >= 0)
              probe.violation ??= `byte ${probe.received - bytes.length + at} is not the one that was sent`;
          };
          let sent = 0;
          const push = (): void => {
            while (sent < 8 * MIB) {
              const more = probe.write(pattern(sent, 65_536));
              sent += 65_536;
              if (!more) return;
            }
          };
          probe.onDrain = push;
          push();
        }
        await client.until(() => client.received === 8 * MIB, '8 MiB');
        await server.until(() => server.received === 8 * MIB, '8 MiB');
      }),
  },
  {
    name: 'TLS: pause holds bytes back, and resume loses none',
    needs: ['tls'],
    run: (setup) =>
      securely(setup, async ({ client, server }) => {
        server.call((stream) => stream.pause());
        let written = 0;
        while (written < 64 * MIB && client.write(pattern(written, 65_536))) written += 65_536;
        check(written < 64 * MIB, 'the sender was never told to wait');
        server.keep = false;
        server.call((stream) => stream.resume());
        await client.until(() => client.drains > 0, 'drain');
        await server.until(() => server.received === written + 65_536, 'all bytes');
      }),
  },
  {
    name: 'TLS: the client half-closes, and the server still answers',
    needs: ['tls'],
    run: (setup) =>
      securely(setup, async ({ client, server }) => {
        client.write(ascii('question'));
        client.call((stream) => stream.end());
        await server.until(() => server.ended, 'end');
        same(server.text(), 'question', 'what the server heard');
        server.write(ascii('answer'));
        server.call((stream) => stream.end());
        await client.closedInOrder();
        await server.closedInOrder();
        same(client.text(), 'answer', 'what the client heard');
      }),
  },
  {
    name: 'TLS: the server half-closes, and the client still answers',
    needs: ['tls'],
    run: (setup) =>
      securely(setup, async ({ client, server }) => {
        server.write(ascii('greeting'));
        server.call((stream) => stream.end());
        await client.until(() => client.ended, 'end');
        client.write(ascii('thanks'));
        client.call((stream) => stream.end());
        await server.closedInOrder();
        await client.closedInOrder();
        same(server.text(), 'thanks', 'what the server heard');
      }),
  },
  {
    name: 'TLS: destroy closes its own end without an error, and the other end hears of it',
    needs: ['tls'],
    run: (setup) =>
      securely(setup, async ({ client, server }) => {
        server.call((stream) => stream.destroy());
        await server.closedInOrder();
        await client.until(() => client.ended || client.closed, 'end or close');
      }),
  },
  {
    name: 'TLS: rejectUnauthorized: false takes any certificate',
    needs: ['tls'],
    run: (setup) =>
      joined(setup, async () => {}, {
        listen: { hostname: '127.0.0.1', tls: certificates(setup).server },
        connect: { tls: { rejectUnauthorized: false } },
      }),
  },
  {
    name: 'TLS: a certificate that no trusted authority signed is tls-failed',
    needs: ['tls'],
    run: async (setup) => {
      const { server } = certificates(setup);
      const probe = new Probe('client');
      const listener = await setup.transport.listen(
        { hostname: '127.0.0.1', tls: server },
        () => new Probe('server'),
      );
      try {
        const { port } = listener.address;
        const connecting = setup.transport.connect({ hostname: 'localhost', port, tls: true }, probe);
        await rejects(within(connecting, 'connect'), 'tls-failed', 'connect without the authority');
      } finally {
        await listener.close();
      }
    },
  },
  {
    name: 'TLS: a certificate for another name is tls-failed, and serverName says which name to expect',
    needs: ['tls'],
    run: async (setup) => {
      const { ca, reloaded } = certificates(setup);
      const listener = await setup.transport.listen(
        { hostname: '127.0.0.1', tls: reloaded },
        () => new Probe('server'),
      );
      try {
        const to = { hostname: 'localhost', port: listener.address.port };
        const wrong = setup.transport.connect({ ...to, tls: { ca } }, new Probe('client'));
        await rejects(within(wrong, 'connect'), 'tls-failed', 'connect by the wrong name');
        const tls = { ca, serverName: 'reloaded.test' };
        const stream = await within(setup.transport.connect({ ...to, tls }, new Probe('client')), 'connect');
        stream.destroy();
      } finally {
        await listener.close();
      }
    },
  },
  {
    name: 'TLS: a server that asks for a client’s certificate takes one that it trusts',
    needs: ['tls'],
    run: async (setup) => {
      const { ca, client: tls } = certificates(setup);
      await securely(
        setup,
        async ({ client, server }) => {
          client.write(ascii('x'));
          await server.until(() => server.received === 1, '1 byte');
        },
        { requestCert: true, ca },
        { tls },
      );
    },
  },
  {
    name: 'TLS: a server that asks for a client’s certificate accepts nobody without one',
    needs: ['tls'],
    run: async (setup) => {
      const { ca, server } = certificates(setup);
      await refusing(setup, { ...server, requestCert: true, ca }, async (to) => {
        const client = new Probe('client');
        try {
          client.stream = await within(setup.transport.connect({ ...to, tls: { ca } }, client), 'connect');
        } catch (error) {
          same((error as { readonly code?: unknown }).code, 'tls-failed', 'code of connect’s error');
          return;
        }
        // In TLS 1.3 the client is done before the server has looked.
        await client.until(() => client.closed || client.ended, 'end or close');
        client.stream.destroy();
      });
    },
  },
  {
    name: 'TLS: a client’s certificate goes with a serverName of its own',
    needs: ['tls'],
    run: async (setup) => {
      const { ca, client, reloaded } = certificates(setup);
      const where = { hostname: '127.0.0.1', tls: reloaded };
      const listener = await within(
        setup.transport.listen(where, () => new Probe('server')),
        'listen',
      );
      try {
        const to = { hostname: 'localhost', port: listener.address.port };
        const tls = { ca, ...client, serverName: 'reloaded.test' };
        const stream = await within(setup.transport.connect({ ...to, tls }, new Probe('client')), 'connect');
        stream.destroy();
      } finally {
        await listener.close();
      }
    },
  },
  {
    name: 'TLS: a key that has a pass phrase is read with it, and not without',
    needs: ['tls', 'passphrase'],
    run: (setup) => {
      const { locked } = certificates(setup);
      return securely(
        setup,
        async ({ client, server }) => {
          client.write(ascii('x'));
          await server.until(() => server.received === 1, '1 byte');
          for (const passphrase of [undefined, 'another one']) {
            const where = { hostname: '127.0.0.1', tls: { ...locked!, passphrase } };
            const listens = setup.transport.listen(where, () => new Probe('server'));
            await rejects(within(listens, 'listen'), 'tls-failed', `listen with pass phrase ${passphrase}`);
          }
        },
        locked,
      );
    },
  },
  {
    name: 'TLS: a peer that ends the connection below TLS, without a word, is heard as an end',
    needs: ['tls', 'network'],
    run: async (setup) => {
      const { ca, server: tls } = certificates(setup);
      const server = new Probe('server');
      const hostname = '127.0.0.1';
      const { transport } = setup;
      const target = await transport.listen({ hostname, tls }, (stream) => {
        server.stream = stream;
        return server;
      });
      // A wire between the two that can be cut.
      const far = new Probe('the wire’s far end');
      const wire = await transport.listen({ hostname }, (stream) => {
        const near = new Probe('the wire’s near end');
        near.stream = stream;
        const waiting: Uint8Array[] = [];
        const opening = transport.connect({ hostname, port: target.address.port }, far);
        opening.then((other) => {
          far.stream = other;
          for (const bytes of waiting) other.write(bytes);
        });
        near.onData = (bytes) => void (far.stream ? far.stream.write(bytes) : waiting.push(bytes));
        far.onData = (bytes) => void stream.write(bytes);
        return near;
      });
      const client = new Probe('client');
      try {
        const { port } = wire.address;
        client.stream = await within(transport.connect({ hostname, port, tls: { ca } }, client), 'connect');
        client.write(ascii('hello'));
        await server.until(() => server.received === 5, '5 bytes');
        far.stream.end();
        await server.until(() => server.ended, 'end');
        server.call((stream) => stream.end());
        await server.closedInOrder();
      } finally {
        for (const { stream } of [client, server, far]) (stream as ByteStream | undefined)?.destroy();
        await wire.close();
        await target.close();
      }
    },
  },
  {
    name: 'TLS: somebody who speaks no TLS is dropped, and the next is served',
    needs: ['tls'],
    run: (setup) =>
      securely(setup, async ({ listener, client, server }) => {
        const rude = new Probe('rude client');
        const { hostname, port } = listener.address;
        const stream = await within(setup.transport.connect({ hostname, port }, rude), 'connect');
        rude.stream = stream;
        rude.write(ascii('GET / HTTP/1.1\r\n\r\n'));
        await rude.until(() => rude.closed || rude.ended, 'end or close');
        stream.destroy();
        client.write(ascii('x'));
        await server.until(() => server.received === 1, '1 byte');
      }),
  },
  {
    name: 'TLS: setTls changes the certificate for new connections, on the same port, and open streams go on',
    needs: ['tls'],
    run: (setup) =>
      securely(setup, async ({ listener, client, server }) => {
        const { ca, reloaded } = certificates(setup);
        await within(listener.setTls(reloaded), 'setTls');
        const to = { hostname: '127.0.0.1', port: listener.address.port };
        const old = setup.transport.connect({ ...to, tls: { ca } }, new Probe('client'));
        await rejects(within(old, 'connect'), 'tls-failed', 'connect by the old name');
        const tls = { ca, serverName: 'reloaded.test' };
        const stream = await within(setup.transport.connect({ ...to, tls }, new Probe('client')), 'connect');
        stream.destroy();
        client.write(ascii('still open'));
        await server.until(() => server.received === 10, '10 bytes');
        await rejects(
          listener.setTls({ cert: 'no', key: 'no' }),
          'tls-failed',
          'setTls with a bad certificate',
        );
        const after = await within(setup.transport.connect({ ...to, tls }, new Probe('client')), 'connect');
        after.destroy();
      }),
  },
  {
    name: 'TLS: of several setTls at once, the last one counts',
    needs: ['tls'],
    run: async (setup) => {
      const { ca, server, reloaded } = certificates(setup);
      const listener = await within(
        setup.transport.listen({ hostname: '127.0.0.1', tls: server }, () => new Probe('server')),
        'listen',
      );
      try {
        const setting = [reloaded, server, reloaded].map((tls) => listener.setTls(tls));
        await within(Promise.all(setting), 'setTls');
        const to = { hostname: '127.0.0.1', port: listener.address.port };
        const tls = { ca, serverName: 'reloaded.test' };
        const stream = await within(
          setup.transport.connect({ ...to, tls }, new Probe('client')),
          'connect to the last certificate',
        );
        stream.destroy();
      } finally {
        await within(listener.close(), 'close');
      }
    },
  },
  {
    name: 'TLS: a certificate or a key that is none rejects listen with tls-failed',
    needs: ['tls'],
    run: async (setup) => {
      const { server } = certificates(setup);
      for (const tls of [
        { ...server, cert: 'nonsense' },
        { ...server, key: 'nonsense' },
      ]) {
        const listens = setup.transport.listen({ hostname: '127.0.0.1', tls }, () => new Probe('server'));
        await rejects(within(listens, 'listen'), 'tls-failed', 'listen');
      }
    },
  },
];
