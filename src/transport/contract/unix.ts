/**
 * The contract's cases about Unix domain sockets, and the file that each has.
 *
 * @module
 */
import {
  ascii,
  type ContractCase,
  type ContractSetup,
  check,
  joined,
  Probe,
  pattern,
  rejects,
  same,
  within,
} from './support.ts';

let sockets = 0;

/** A path that no case has used. */
function freshPath({ unixFolder }: ContractSetup): string {
  check(unixFolder !== undefined, 'the setup has no folder for sockets');
  return `${unixFolder}/contract-${++sockets}.sock`;
}

/** Unix domain sockets. */
export const UNIX_CASES: readonly ContractCase[] = [
  {
    name: 'Unix: bytes go both ways, streams end in order, and nobody has an address',
    needs: ['unixFolder'],
    run: (setup) => {
      const path = freshPath(setup);
      return joined(
        setup,
        async ({ listener, client, server }) => {
          same(listener.address.path, path, 'address.path');
          same(listener.address.port, 0, 'address.port');
          for (const { stream } of [client, server]) {
            same(stream.remoteAddress, '', 'remoteAddress');
            same(stream.remotePort, 0, 'remotePort');
          }
          client.write(ascii('question'));
          client.call((stream) => stream.end());
          await server.until(() => server.ended, 'end');
          server.write(pattern(0, 1_000_000));
          server.call((stream) => stream.end());
          await client.closedInOrder();
          await server.closedInOrder();
          same(server.text(), 'question', 'what the server heard');
          same(client.received, 1_000_000, 'bytes that the client heard');
        },
        { listen: { path } },
      );
    },
  },
  {
    name: 'Unix: a path that is listened on is address-in-use, and the first listener stays',
    needs: ['unixFolder'],
    run: (setup) => {
      const path = freshPath(setup);
      return joined(
        setup,
        async ({ client, server }) => {
          const again = setup.transport.listen({ path }, () => new Probe('server'));
          const error = await rejects(within(again, 'listen'), 'address-in-use', 'the second listen');
          check(error.message.includes(path), `the path is not in "${error.message}"`);
          client.write(ascii('x'));
          await server.until(() => server.received === 1, '1 byte');
          const stream = await within(setup.transport.connect({ path }, new Probe('client')), 'connect');
          stream.destroy();
        },
        { listen: { path } },
      );
    },
  },
  {
    name: 'Unix: close frees the path at once, and connecting is refused',
    needs: ['unixFolder'],
    run: async (setup) => {
      const path = freshPath(setup);
      for (let round = 0; round < 2; round++) {
        const listener = await within(
          setup.transport.listen({ path }, () => new Probe('server')),
          'listen',
        );
        await within(listener.close(), 'close');
        const refused = setup.transport.connect({ path }, new Probe('client'));
        const error = await rejects(within(refused, 'connect'), 'connection-refused', 'connect');
        check(error.message.includes(path), `the path is not in "${error.message}"`);
      }
    },
  },
  {
    name: 'Unix: a file that a killed process left behind is replaced',
    needs: ['unixFolder', 'leaveStaleSocket'],
    run: async (setup) => {
      const path = freshPath(setup);
      await setup.leaveStaleSocket?.(path);
      const refused = setup.transport.connect({ path }, new Probe('client'));
      await rejects(within(refused, 'connect'), 'connection-refused', 'connect to the stale socket');
      await joined(setup, async () => {}, { listen: { path } });
    },
  },
  {
    name: 'Unix: a path in a folder that does not exist is address-not-available',
    needs: ['unixFolder', 'network'],
    run: async (setup) => {
      const path = `${freshPath(setup)}/no/such/folder`;
      const listens = setup.transport.listen({ path }, () => new Probe('server'));
      await rejects(within(listens, 'listen'), 'address-not-available', 'listen');
    },
  },
  {
    name: 'Unix: a path that is too long, or has a NUL inside, is refused, and not cut',
    needs: ['unixFolder', 'network'],
    run: async (setup) => {
      const { transport } = setup;
      const path = freshPath(setup);
      const listener = await within(
        transport.listen({ path }, () => new Probe('server')),
        'listen',
      );
      const long = `${path}${'x'.repeat(300)}`;
      const cut = `${path}\0x`;
      const listens = (to: string): Promise<unknown> =>
        within(
          transport.listen({ path: to }, () => new Probe('server')),
          'listen',
        );
      const connects = (to: string): Promise<unknown> =>
        within(transport.connect({ path: to }, new Probe('client')), 'connect');
      await rejects(listens(long), 'address-not-available', 'listen on a long path');
      await rejects(listens(cut), 'bad-option', 'listen on a path with a NUL');
      await rejects(connects(long), 'connection-refused', 'connect to a long path');
      await rejects(connects(cut), 'bad-option', 'connect to a path with a NUL');
      await within(listener.close(), 'close');
    },
  },
  {
    name: 'Unix: TLS works over it',
    needs: ['unixFolder', 'tls'],
    run: (setup) => {
      const tls = setup.tls!;
      return joined(
        setup,
        async ({ client, server }) => {
          client.write(ascii('x'));
          await server.until(() => server.received === 1, '1 byte');
          same(server.stream.encrypted, true, 'encrypted');
        },
        { listen: { path: freshPath(setup), tls: tls.server }, connect: { tls: { ca: tls.ca } } },
      );
    },
  },
];
