/**
 * The tables of docs/runtimes.md: which cases of the suites stand behind a feature, and how their results read.
 *
 * Owns: the features, and the Markdown. Does not own: results. `tools/runtime-tables.mjs` runs the suites and writes what came of
 * them; `test/docs/runtimes.test.ts` holds the page to the cases that there are.
 *
 * @module
 */
import { ADDRESS_CASES } from '../../src/transport/contract/addresses.ts';
import { ENDING_CASES } from '../../src/transport/contract/endings.ts';
import { TLS_CASES } from '../../src/transport/contract/secure.ts';
import { STREAM_CASES } from '../../src/transport/contract/streams.ts';
import { UNIX_CASES } from '../../src/transport/contract/unix.ts';
import { CASES } from '../behaviour/cases/index.ts';
import { CROSSED } from '../interop/cases/connect.ts';
import { RUNTIME_TITLES, RUNTIMES, type Runtime } from '../interop/support/runtimes.ts';
import { DIFFERENCES, type Difference } from './differences.ts';
import { PROCESS_CASES } from './processes.ts';

/** What runs the cases. */
export type Suite = 'contract' | 'processes' | 'behaviour' | 'connect';

/** One row of a table. */
export interface Feature {
  readonly title: string;
  /** The file that the cases are in, or the first of them. */
  readonly file: string;
  readonly cases: ReadonlyArray<{ readonly suite: Suite; readonly name: string }>;
}

/** What came of a case on a runtime; `undefined` where it did not run. */
export type ResultOf = (suite: Suite, runtime: Runtime, name: string) => 'kept' | Difference | undefined;

interface Named {
  readonly name: string;
}

const of = (suite: Suite, cases: readonly Named[]): Feature['cases'] =>
  cases.map(({ name }) => ({ suite, name }));

/** The cases of contract and `processes.ts` with these words in their names. */
const about = (words: RegExp): Feature['cases'] => [
  ...of(
    'contract',
    [...ADDRESS_CASES, ...TLS_CASES, ...UNIX_CASES].filter(({ name }) => words.test(name)),
  ),
  ...of(
    'processes',
    PROCESS_CASES.filter(({ name }) => words.test(name)),
  ),
];

/** A file of the behaviour suite: the names of its cases begin with `prefix`. */
const behaviour = (title: string, file: string, prefix: string = file): Feature => ({
  title: `\`Server\`: ${title}`,
  file: `behaviour/cases/${file}`,
  cases: of(
    'behaviour',
    CASES.filter(({ name }) => name.startsWith(`${prefix}: `)),
  ),
});

/** Features of which a runtime may have no more than a part; their cases are missing in the other rows of {@link FEATURES}. */
const SPECIAL: readonly Feature[] = [
  { title: '`backlog`', file: 'runtime/processes', cases: about(/^backlog/) },
  { title: '`ipv6Only`', file: 'contract/addresses', cases: about(/^ipv6Only/) },
  { title: '`reusePort`', file: 'runtime/processes', cases: about(/reusePort/) },
  {
    title: 'TLS: asking clients for certificates',
    file: 'contract/secure',
    cases: about(/asks for a client’s certificate/),
  },
  {
    title: 'TLS: a client’s certificate with `serverName`',
    file: 'contract/secure',
    cases: about(/goes with a serverName/),
  },
  {
    title: 'TLS: `rejectUnauthorized: false` in a client',
    file: 'contract/secure',
    cases: about(/rejectUnauthorized: false/),
  },
  { title: 'TLS: `passphrase`', file: 'contract/secure', cases: about(/pass phrase/) },
  {
    title: 'TLS: `ca` in the place of the runtime’s authorities',
    file: 'runtime/processes',
    cases: about(/ca is trusted in the place/),
  },
  {
    title: 'TLS: `TCP_NODELAY` on a server’s connections',
    file: 'runtime/processes',
    cases: about(/TCP_NODELAY/),
  },
  {
    title: 'TLS: `setTls` without closing the listener',
    file: 'runtime/processes',
    cases: about(/without closing the listener/),
  },
  {
    title: 'TLS: a stalled handshake keeps no process alive',
    file: 'runtime/processes',
    cases: about(/handshake that is under way/),
  },
  { title: 'TLS over a Unix domain socket', file: 'contract/unix', cases: about(/^Unix: TLS/) },
];

const taken = new Set(SPECIAL.flatMap(({ cases }) => cases.map(({ name }) => name)));
const others = (cases: readonly Named[]): Feature['cases'] =>
  of(
    'contract',
    cases.filter(({ name }) => !taken.has(name)),
  );

/** All features, in the order of the page. */
export const FEATURES: readonly Feature[] = [
  {
    title: 'Bytes: order, ownership, partial writes, backpressure',
    file: 'contract/streams',
    cases: others(STREAM_CASES),
  },
  { title: 'Endings: half-close, drop, reset', file: 'contract/endings', cases: others(ENDING_CASES) },
  {
    title: 'Addresses: IPv4, IPv6, names; refused, DNS, timeout, abort, in use',
    file: 'contract/addresses',
    cases: others(ADDRESS_CASES),
  },
  { title: 'Unix domain sockets', file: 'contract/unix', cases: others(UNIX_CASES) },
  {
    title: 'TLS: trust, names, ALPN, a new certificate, endings',
    file: 'contract/secure',
    cases: others(TLS_CASES),
  },
  ...SPECIAL,
  behaviour('messages of every kind and size', 'echo'),
  behaviour('opening handshake, subprotocols, origins', 'handshake'),
  behaviour('HTTP/1.1', 'http'),
  behaviour('closing', 'closing'),
  behaviour('broken rules of RFC 6455', 'violations', 'violation'),
  behaviour('limits and times', 'limits'),
  behaviour('faults of apps and peers', 'faults', 'fault'),
  behaviour('wss and https', 'tls'),
  behaviour('load', 'load'),
  {
    title: '`connect`: refused, DNS, TLS, timeout, status, accept, protocol, extension',
    file: 'behaviour/cases/connect',
    cases: of(
      'behaviour',
      CASES.filter(({ name }) => name.startsWith('connect: ')),
    ),
  },
  ...RUNTIMES.map(
    (server): Feature => ({
      title: `\`connect\` to a \`Server\` on ${RUNTIME_TITLES[server]}`,
      file: 'interop/connect',
      cases: CROSSED.map((name) => ({ suite: 'connect' as const, name: `${server}: ${name}` })),
    }),
  ),
];

/** All cases that are to stand behind some feature. */
export const ALL_CASES: Feature['cases'] = [
  ...of('contract', [...STREAM_CASES, ...ENDING_CASES, ...ADDRESS_CASES, ...TLS_CASES, ...UNIX_CASES]),
  ...of('processes', PROCESS_CASES),
  ...of('behaviour', CASES),
  ...RUNTIMES.flatMap((server) =>
    CROSSED.map((name) => ({ suite: 'connect' as const, name: `${server}: ${name}` })),
  ),
];

/** A row of the first table on one runtime. Throws where a case did not run. */
function cell({ title, cases }: Feature, runtime: Runtime, resultOf: ResultOf): string {
  const instead = new Set<string>();
  for (const { suite, name } of cases) {
    const result = resultOf(suite, runtime, name);
    if (result === undefined) throw new Error(`${title}: on ${runtime}, “${name}” did not run`);
    if (result !== 'kept') instead.add(result.instead);
  }
  return instead.size === 0 ? 'yes' : [...instead].join('; ');
}

/** Rows of Markdown. */
export function table(rows: ReadonlyArray<readonly string[]>): string {
  return rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Every feature on every runtime. @param versions Of what ran. */
export function featureTable(resultOf: ResultOf, versions: Readonly<Record<Runtime, string>>): string {
  return table([
    ['feature', 'cases in', ...RUNTIMES.map((runtime) => `${RUNTIME_TITLES[runtime]} ${versions[runtime]}`)],
    ['---', '---', ...RUNTIMES.map(() => '---')],
    ...FEATURES.map((feature) => {
      if (feature.cases.length === 0) throw new Error(`${feature.title}: there is no such case`);
      return [
        feature.title,
        `\`${feature.file}\``,
        ...RUNTIMES.map((runtime) => cell(feature, runtime, resultOf)),
      ];
    }),
  ]);
}

/** Every difference, with its reason. */
export function differenceTable(): string {
  return table([
    ['on', 'what', 'instead', 'why', 'upstream'],
    ['---', '---', '---', '---', '---'],
    ...RUNTIMES.flatMap((runtime) =>
      DIFFERENCES[runtime].map(({ cases, instead, reason, upstream }) => {
        const feature = FEATURES.find((each) => each.cases.some(({ name }) => cases.includes(name)));
        if (feature === undefined) throw new Error(`no feature has “${cases[0]}”`);
        return [RUNTIME_TITLES[runtime], feature.title, instead, reason, linkTo(upstream)];
      }),
    ),
  ]);
}

/** An issue by its number, a page by its host. */
function linkTo(url: string): string {
  const [, repository, number] = /github\.com\/([^/]+\/[^/]+)\/(?:issues|pull)\/(\d+)$/.exec(url) ?? [];
  return `[${number === undefined ? new URL(url).host : `${repository}#${number}`}](${url})`;
}
