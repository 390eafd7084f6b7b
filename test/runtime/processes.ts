/**
 * What a transport promises and a case of the contract cannot see from inside of one process: sharing a port with another
 * process, connections that nobody has accepted yet, whether a listener stays open, whom a runtime trusts by itself.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { connect as connectTls, rootCertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import type { ConnectOptions, ListenOptions } from '../../src/transport/transport.ts';
import { Program } from '../interop/support/program.ts';
import { commandFor, type Runtime } from '../interop/support/runtimes.ts';
import { certificates } from './setup.ts';

/** A promise, tried on one runtime. */
export interface ProcessCase {
  /** A sentence that says what must hold. */
  readonly name: string;
  /** Looks where only Linux lets one look. */
  readonly linux?: true;
  /** Resolves when it holds; rejects with what did not. */
  run(runtime: Runtime): Promise<void>;
}

/** Run `probe.ts` for as long as `use` runs. @param flags False leaves out the flags of Deno that are not its default. */
async function probing(
  runtime: Runtime,
  args: readonly [what: string, options: object],
  use: (program: Program) => Promise<void>,
  { flags = true, env = {} }: { flags?: boolean; env?: Readonly<Record<string, string>> } = {},
): Promise<void> {
  const command = commandFor(runtime, '../runtime/probe.ts').filter(
    (each) => flags || !each.startsWith('--unstable'),
  );
  const set = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const program = new Program(`the probe on ${runtime}`, [
    ...(set.length > 0 ? ['env', ...set] : []),
    ...command,
    args[0],
    JSON.stringify(args[1]),
  ]);
  try {
    await use(program);
  } finally {
    program.kill();
    await program.exited;
  }
}

async function answerOf<Answer>(program: Program): Promise<Answer> {
  return JSON.parse(await program.line('answer')) as Answer;
}

/** What a listener says first. */
interface Listening {
  readonly port: number;
  readonly pid: number;
  readonly error?: string;
}

/** Which process answers a connection. */
function reached(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = '';
    createConnection({ host: '127.0.0.1', port })
      .setEncoding('utf8')
      .on('data', (more) => {
        text += more;
      })
      .on('end', () => resolve(Number(text)))
      .on('error', reject);
  });
}

/** Two processes listen on a port, and each of them is reached. */
async function share(runtime: Runtime, flags: boolean): Promise<void> {
  const where: ListenOptions = { hostname: '127.0.0.1', reusePort: true };
  const listening = (port: number, use: (first: Listening) => Promise<void>): Promise<void> =>
    probing(
      runtime,
      ['listen', { ...where, port }],
      async (program) => {
        const answer = await answerOf<Listening>(program);
        if (answer.error !== undefined) throw new Error(`listen was refused: ${answer.error}`);
        await use(answer);
      },
      { flags },
    );
  await listening(0, ({ port, pid }) =>
    listening(port, async (second) => {
      // The kernel takes one of the two by a hash of addresses: after so many, one that was never taken is not listened to.
      const missing = new Set([pid, second.pid]);
      for (let i = 0; i < 200 && missing.size > 0; i++) missing.delete(await reached(port));
      if (missing.size > 0) throw new Error('one of the processes was never reached');
    }),
  );
}

/** The inode of the socket that listens on a port of 127.0.0.1: another number is another socket. */
function listenerInode(port: number): string | undefined {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n');
  const fields = lines.map((line) => line.trim().split(/\s+/));
  return fields.find(([, address, , state]) => address === local && state === '0A')?.[9];
}

/** The name in the certificate that a port shows. */
function certificateOn(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    }).on('error', reject);
  });
}

const caFile = fileURLToPath(new URL('../fixtures/tls/ca.pem', import.meta.url));

/** The cases. */
export const PROCESS_CASES: readonly ProcessCase[] = [
  {
    name: 'reusePort: two processes share a port, and both are given connections',
    run: (runtime) => share(runtime, true),
  },
  {
    name: 'reusePort: the same without any flag of the runtime',
    run: (runtime) => share(runtime, false),
  },
  {
    name: 'backlog: so many connections wait to be accepted, and no more',
    linux: true,
    run: (runtime) =>
      probing(runtime, ['listen', { hostname: '127.0.0.1', backlog: 1 }], async (program) => {
        const { port } = await answerOf<Listening>(program);
        program.tell(JSON.stringify({ block: true }));
        await answerOf(program);
        let connected = 0;
        let atLeastOne: () => void = () => {};
        const first = new Promise<void>((resolve) => {
          atLeastOne = resolve;
        });
        const sockets = Array.from(
          { length: 8 },
          (): Socket =>
            createConnection({ host: '127.0.0.1', port }, () => {
              connected++;
              atLeastOne();
            }).on('error', () => {}),
        );
        try {
          await first;
          // Those that found no room try again after a second; those that found some are there by now.
          await new Promise((resolve) => setTimeout(resolve, 400));
          // Linux lets one more wait than it is told.
          if (connected > 2) throw new Error(`${connected} connections wait, with a backlog of 1`);
        } finally {
          for (const socket of sockets) socket.destroy();
        }
      }),
  },
  {
    name: 'TLS: setTls changes the certificate without closing the listener',
    linux: true,
    run: (runtime) =>
      probing(runtime, ['listen', { hostname: '127.0.0.1', tls: certificates.server }], async (program) => {
        const { port } = await answerOf<Listening>(program);
        const before = listenerInode(port);
        if (before === undefined) throw new Error(`nobody listens on ${port}`);
        program.tell(JSON.stringify({ tls: certificates.reloaded }));
        await answerOf(program);
        const name = await certificateOn(port);
        if (name !== 'reloaded.test') throw new Error(`the certificate is still that of ${name}`);
        if (listenerInode(port) !== before) throw new Error('another socket listens than before');
      }),
  },
  {
    name: 'TLS: a handshake that is under way keeps no process alive once its listener is closed',
    run: (runtime) =>
      probing(runtime, ['listen', { hostname: '127.0.0.1', tls: certificates.server }], async (program) => {
        const { port } = await answerOf<Listening>(program);
        const silent = createConnection({ host: '127.0.0.1', port }).on('error', () => {});
        try {
          await new Promise((resolve) => silent.once('connect', resolve));
          await new Promise((resolve) => setTimeout(resolve, 200));
          program.tell(JSON.stringify({ stop: true }));
          // Its own time would be 10 s.
          await program.exit(6000);
        } finally {
          silent.destroy();
        }
      }),
  },
  {
    name: 'TLS: ca is trusted in the place of the authorities that the runtime trusts',
    run: (runtime) =>
      probing(runtime, ['listen', { hostname: 'localhost', tls: certificates.server }], async (server) => {
        const { port } = await answerOf<Listening>(server);
        const attempt = async (tls: ConnectOptions['tls']): Promise<string> => {
          let result = '';
          await probing(
            runtime,
            ['trust', { hostname: 'localhost', port, tls }],
            async (program) => {
              result = (await answerOf<{ error?: string }>(program)).error ?? 'connected';
            },
            // Our authority is one of the runtime's own, for once.
            { env: { NODE_EXTRA_CA_CERTS: caFile, DENO_CERT: caFile } },
          );
          return result;
        };
        const usual = await attempt(true);
        if (usual !== 'connected') throw new Error(`the runtime does not trust our authority: ${usual}`);
        const other = await attempt({ ca: rootCertificates[0]! });
        if (other !== 'tls-failed') throw new Error(`with another authority, too, it is ${other}`);
      }),
  },
  {
    name: 'TLS: TCP_NODELAY can be set on an accepted connection',
    run: (runtime) =>
      probing(runtime, ['nodelay', { ...certificates.server, ca: certificates.ca }], async (program) => {
        const { has } = await answerOf<{ has: boolean }>(program);
        if (!has) throw new Error('there is no setNoDelay');
      }),
  },
];
