/**
 * Another table of docs/runtimes.md: whom others wrote, and where the tests meet them.
 *
 * @module
 */
import { RUNTIME_TITLES, RUNTIMES, type Runtime } from '../interop/support/runtimes.ts';
import type { PeerName } from '../support/peers.ts';
import { table } from './features.ts';

/** What others wrote, and where our end of it is tried. */
export interface Counterpart {
  readonly title: string;
  /** Who it is, for its version. */
  readonly peer: PeerName;
  /** The file that the tests are in. */
  readonly file: string;
  /** The titles of the suites around them, one behind the other; the first group is the runtime of our end. */
  readonly suites: RegExp;
}

const ours = '(Node|Bun|Deno)';

/** All of them: servers for our client, then clients for our server. */
export const COUNTERPARTS: readonly Counterpart[] = [
  ...(
    [
      ['ws', 'ws', 'ws'],
      ['Bun.serve', 'Bun.serve', 'bun'],
      ['Deno.upgradeWebSocket', 'Deno.upgradeWebSocket', 'deno'],
      ["Python's websockets", 'Python’s websockets', 'websockets'],
      ['Autobahn|Python', 'Autobahn for Python', 'autobahn'],
    ] as const
  ).map(([name, title, peer]) => ({
    title: `\`connect\` to ${title}`,
    peer,
    file: 'interop/client',
    suites: new RegExp(`^our client with compression > against ${name.replace('|', '\\|')} > on ${ours}$`),
  })),
  ...(
    [
      ["undici's WebSocket", 'undici’s `WebSocket`', 'undici'],
      ["Node's WebSocket", 'Node’s `WebSocket`', 'node'],
      ["Bun's WebSocket", 'Bun’s `WebSocket`', 'bun'],
      ["Deno's WebSocket", 'Deno’s `WebSocket`', 'deno'],
    ] as const
  ).map(([name, title, peer]) => ({
    title: `\`Server\` under ${title}`,
    peer,
    file: 'interop/whatwg',
    suites: new RegExp(`^our server on ${ours}, with compression > under ${name}$`),
  })),
  {
    title: '`Server` under Chromium',
    peer: 'chromium',
    file: 'interop/chromium',
    suites: new RegExp(`^Chromium > against our server on ${ours}, with compression`),
  },
  {
    title: '`Server` under ws',
    peer: 'ws',
    file: 'interop/ws',
    suites: new RegExp(`^ws against our server on ${ours}, with compression$`),
  },
  {
    title: '`Server` under Python’s websockets',
    peer: 'websockets',
    file: 'interop/python',
    suites: new RegExp(`^our server on ${ours}, with compression > under websockets$`),
  },
  {
    title: '`Server` under Autobahn for Python',
    peer: 'autobahn',
    file: 'interop/python',
    suites: new RegExp(`^our server on ${ours}, with compression > under autobahn$`),
  },
  {
    title: '`Server` under curl',
    peer: 'curl',
    file: 'interop/curl',
    suites: new RegExp(`^curl against our server on ${ours}(?: >|$)`),
  },
  {
    title: '`Server` behind nginx',
    peer: 'nginx',
    file: 'interop/nginx',
    suites: new RegExp(`^nginx, .*, our server on ${ours}(?: >|$)`),
  },
];

/** Everybody's counterparts. @param passed Whether there were tests of it on a runtime, and all of them passed. */
export function counterpartTable(
  passed: (counterpart: Counterpart, runtime: Runtime) => boolean,
  versionOf: (peer: PeerName) => string,
): string {
  return table([
    ['with', 'version', 'cases in', ...RUNTIMES.map((runtime) => `our end on ${RUNTIME_TITLES[runtime]}`)],
    ['---', '---', '---', ...RUNTIMES.map(() => '---')],
    ...COUNTERPARTS.map((counterpart) => [
      counterpart.title,
      versionOf(counterpart.peer),
      `\`${counterpart.file}\``,
      ...RUNTIMES.map((runtime) => {
        if (!passed(counterpart, runtime)) throw new Error(`${counterpart.title} did not pass on ${runtime}`);
        return 'yes';
      }),
    ]),
  ]);
}
