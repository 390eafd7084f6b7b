/**
 * The programs that others wrote and that we are held against: which are here, and what follows if one is not.
 *
 * On a contributor's machine a missing peer's tests are skipped, with the reason in the title; with `CI=true` in the
 * environment they fail, because a suite that skips in silence proves nothing. `.ci/install-peers` installs them.
 *
 * @module
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'vitest';

/** A program that is here. */
export interface Peer {
  /** What it is called in titles. */
  readonly title: string;
  /** How to run it, with the arguments that always come first; empty for a library. */
  readonly command: readonly string[];
  /** The version, as it says itself. */
  readonly version: string;
}

/** A program that is not here. */
export interface MissingPeer {
  /** What it is called in titles. */
  readonly title: string;
  /** Why, and what to do. */
  readonly missing: string;
}

/** How to look for a peer. */
interface Search {
  readonly title: string;
  /** Commands to try, in this order. The first one that answers with a version is taken. */
  readonly candidates: ReadonlyArray<{
    readonly command: readonly string[];
    readonly ask: readonly string[];
  }>;
  /** Takes the version out of the answer. */
  readonly version: RegExp;
  /** What to install. */
  readonly install: string;
  /** Peers that CI may do without: not every system has a package of them. */
  readonly extra?: boolean;
}

const bin = (name: string): string =>
  fileURLToPath(new URL(`../../node_modules/.bin/${name}`, import.meta.url));
const npmVersion = (name: string): string | undefined => {
  const file = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  return existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
    : undefined;
};

/** A virtual environment may hide what the system's Python has, so that one is tried too. */
const pythonWith = (module: string): Search['candidates'] =>
  ['python3', '/usr/bin/python3'].map((python) => ({
    command: [python],
    ask: ['-c', `import ${module}; from importlib.metadata import version; print(version("${module}"))`],
  }));

const SEARCHES = {
  chromium: {
    title: 'Chromium',
    candidates: [process.env['CHROMIUM_PATH'], '/usr/bin/chromium', '/usr/bin/chromium-browser']
      .filter((path) => path !== undefined)
      .map((path) => ({ command: [path], ask: ['--version'] })),
    version: /Chromium (\S+)/,
    install: 'apt-get install chromium, or set CHROMIUM_PATH',
  },
  curl: {
    title: 'curl',
    candidates: [{ command: ['curl'], ask: ['--version'] }],
    version: /^curl (\S+)/,
    install: 'apt-get install curl',
  },
  nginx: {
    title: 'nginx',
    candidates: ['nginx', '/usr/sbin/nginx'].map((path) => ({ command: [path], ask: ['-v'] })),
    version: /nginx\/(\S+)/,
    install: 'apt-get install nginx-light',
  },
  websockets: {
    title: "Python's websockets",
    candidates: pythonWith('websockets'),
    version: /^(\d\S*)/,
    install: 'apt-get install python3-websockets',
  },
  autobahn: {
    title: 'Autobahn|Python',
    candidates: pythonWith('autobahn'),
    version: /^(\d\S*)/,
    install: 'apt-get install python3-autobahn',
    extra: true,
  },
  bun: {
    title: 'Bun',
    candidates: [{ command: [bin('bun')], ask: ['--version'] }],
    version: /^(\d\S*)/,
    install: 'npm ci',
  },
  deno: {
    title: 'Deno',
    candidates: [{ command: [bin('deno')], ask: ['--version'] }],
    version: /^deno (\S+)/,
    install: 'npm ci',
  },
} satisfies Record<string, Search>;

/** Libraries that come as development dependencies. */
const LIBRARIES = { ws: 'ws', undici: 'undici' } as const;

/** The name of a peer. */
export type PeerName = keyof typeof SEARCHES | keyof typeof LIBRARIES | 'node';

/** All peers. */
export const PEER_NAMES: readonly PeerName[] = [
  'node',
  ...(Object.keys(SEARCHES) as Array<keyof typeof SEARCHES>),
  ...(Object.keys(LIBRARIES) as Array<keyof typeof LIBRARIES>),
];

const found = new Map<PeerName, Peer | MissingPeer>();

/** Look for a peer; it is looked for once. */
export function findPeer(name: PeerName): Peer | MissingPeer {
  let peer = found.get(name);
  if (peer === undefined) {
    peer = search(name);
    found.set(name, peer);
  }
  return peer;
}

/** A peer that is known to be here: for use inside of {@link describeWith}. */
export function requirePeer(name: PeerName): Peer {
  const peer = findPeer(name);
  if ('missing' in peer) throw new Error(peer.missing);
  return peer;
}

/** Whether a missing peer is a failure. */
export function mustRun(name: PeerName): boolean {
  const search: Search | undefined = name in SEARCHES ? SEARCHES[name as keyof typeof SEARCHES] : undefined;
  return process.env['CI'] === 'true' && search?.extra !== true;
}

/**
 * As vitest's `describe`, for tests that need peers.
 *
 * @param names The peers that are needed.
 * @param title What the tests are about.
 * @param body Declares the tests; not called where a peer is missing.
 */
export function describeWith(names: readonly PeerName[], title: string, body: () => void): void {
  for (const name of names) {
    const peer = findPeer(name);
    if (!('missing' in peer)) continue;
    if (mustRun(name)) {
      it(`${title}: needs ${peer.title}`, () => {
        throw new Error(peer.missing);
      });
    } else it.skip(`${title}: skipped, ${peer.missing}`, () => {});
    return;
  }
  describe(title, body);
}

function search(name: PeerName): Peer | MissingPeer {
  if (name === 'node') return { title: 'Node', command: [process.execPath], version: process.versions.node };
  if (name in LIBRARIES) {
    const version = npmVersion(LIBRARIES[name as keyof typeof LIBRARIES]);
    return version === undefined
      ? { title: name, missing: `${name} is not installed: npm ci` }
      : { title: name, command: [], version };
  }
  const { title, candidates, version, install } = SEARCHES[name as keyof typeof SEARCHES];
  for (const { command, ask } of candidates) {
    const [program = '', ...first] = command;
    const { stdout, stderr } = spawnSync(program, [...first, ...ask], { encoding: 'utf8', timeout: 15_000 });
    // nginx says its version on stderr.
    const answer = version.exec(stdout ?? '') ?? version.exec(stderr ?? '');
    if (answer !== null) return { title, command, version: answer[1]! };
  }
  return { title, missing: `${title} is not installed: ${install}` };
}
