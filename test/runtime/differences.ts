/**
 * Promises that a runtime's own sockets have no way to keep, each with what happens instead, why, and where its makers were told.
 *
 * The tests run these cases as all others, and fail as soon as one is kept, or fails with something else than it should. The tables
 * of docs/runtimes.md are made from them.
 *
 * @module
 */
import type { Runtime } from '../interop/support/runtimes.ts';

/** Something that a runtime cannot do. */
export interface Difference {
  /** Names of cases of the contract and of `processes.ts` that are not kept. */
  readonly cases: readonly string[];
  /** What happens instead, in few words. */
  readonly instead: string;
  /** What the cases fail with. */
  readonly shows: RegExp;
  /** Why, as a sentence. */
  readonly reason: string;
  /** An issue or a pull request of the runtime. */
  readonly upstream: string;
}

/** Stands, with what happens instead, behind the names of those cases in the titles of tests. */
export const DIFFERS = 'not kept: ';

/** Refused by the adapter, by name. */
const refused = (option: RegExp): RegExp => new RegExp(`^TypeError: Cannot .* have no .*${option.source}`);

/** All of them. */
export const DIFFERENCES: Readonly<Record<Runtime, readonly Difference[]>> = {
  node: [
    {
      cases: [
        'two listeners share a port where both say reusePort',
        'reusePort: two processes share a port, and both are given connections',
        'reusePort: the same without any flag of the runtime',
      ],
      instead: 'from 22.12; ignored before',
      shows: /address-in-use|another socket listens there already/,
      reason: 'Node 20 has no such option; 23.0 has not, either.',
      upstream: 'https://github.com/nodejs/node/pull/55408',
    },
  ],
  bun: [
    {
      cases: ['backlog: so many connections wait to be accepted, and no more'],
      instead: 'ignored: 512',
      shows: /8 connections wait, with a backlog of 1/,
      reason: '`Bun.listen` has no such option.',
      upstream: 'https://github.com/oven-sh/bun/pull/33786',
    },
    {
      cases: ['TLS: setTls changes the certificate without closing the listener'],
      instead: 'opened again',
      shows: /another socket listens than before/,
      reason:
        'A listener of Bun keeps the certificate that it was made with. It is opened again on its port: who connects in that moment may be refused.',
      upstream: 'https://github.com/oven-sh/bun/issues/43815',
    },
  ],
  deno: [
    {
      cases: ['ipv6Only refuses IPv4'],
      instead: 'refused',
      shows: refused(/ipv6Only/),
      reason: '`Deno.listen` has no such option.',
      upstream: 'https://github.com/denoland/deno/issues/34714',
    },
    {
      cases: ['reusePort: the same without any flag of the runtime'],
      instead: 'with `--unstable-net`; ignored without',
      shows: /address-in-use/,
      reason: 'Without the flag, Deno ends the whole process for the option.',
      upstream: 'https://github.com/denoland/deno/pull/16398',
    },
    {
      cases: [
        'TLS: a server that asks for a client’s certificate takes one that it trusts',
        'TLS: a server that asks for a client’s certificate accepts nobody without one',
      ],
      instead: 'refused',
      shows: refused(/requestCert/),
      reason: '`Deno.listenTls` does not ask clients for certificates.',
      upstream: 'https://github.com/denoland/deno/issues/26825',
    },
    {
      cases: ['TLS: a client’s certificate goes with a serverName of its own'],
      instead: 'refused',
      shows: refused(/"cert" together with "serverName"/),
      reason:
        '`Deno.startTls` takes no certificate of the client, and `Deno.connectTls` checks the name that it connects to.',
      upstream: 'https://github.com/denoland/deno/issues/21496',
    },
    {
      cases: ['TLS: rejectUnauthorized: false takes any certificate'],
      instead: 'refused',
      shows: refused(/rejectUnauthorized/),
      reason: 'It takes `--unsafely-ignore-certificate-errors`, for the whole process.',
      upstream: 'https://github.com/denoland/deno/issues/14972',
    },
    {
      cases: ['TLS: a key that has a pass phrase is read with it, and not without'],
      instead: 'refused',
      shows: refused(/passphrase/),
      reason: 'What Deno reads keys with does not decrypt them: decrypt the key before.',
      upstream: 'https://github.com/denoland/deno/issues/28514',
    },
    {
      cases: ['TLS: ca is trusted in the place of the authorities that the runtime trusts'],
      instead: 'next to them',
      shows: /with another authority, too, it is connected/,
      reason: '`caCerts` are “used in addition to the default root certificates”.',
      upstream: 'https://docs.deno.com/api/deno/~/Deno.ConnectTlsOptions',
    },
    {
      cases: ['TLS: TCP_NODELAY can be set on an accepted connection'],
      instead: 'no',
      shows: /there is no setNoDelay/,
      reason:
        'Only `TcpConn` has `setNoDelay`: a small write right after another may wait for the peer’s ACK, up to some 40 ms.',
      upstream: 'https://github.com/denoland/deno/issues/13617',
    },
    {
      cases: ['Unix: TLS works over it'],
      instead: 'refused',
      shows: refused(/TLS over a Unix socket/),
      reason: '`Deno.listenTls` and `Deno.startTls` take TCP alone; only its `node:tls` learned otherwise.',
      upstream: 'https://github.com/denoland/deno/pull/30169',
    },
    {
      cases: ['TLS: setTls changes the certificate without closing the listener'],
      instead: 'opened again',
      shows: /another socket listens than before/,
      reason:
        'A listener of Deno keeps the certificate that it was made with. It is opened again on its port: who connects in that moment may be refused.',
      upstream: 'https://github.com/denoland/deno/issues/9110',
    },
  ],
};

/** What a runtime does instead of keeping this promise; `undefined` where it keeps it. @param version Of Node. */
export function differenceOf(
  runtime: Runtime,
  name: string,
  version: string = process.versions.node,
): Difference | undefined {
  if (runtime === 'node' && hasReusePort(version)) return undefined;
  return DIFFERENCES[runtime].find(({ cases }) => cases.includes(name));
}

function hasReusePort(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
}
