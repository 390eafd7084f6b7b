// What every benchmark here needs: the arguments, the load generator, servers in processes of their own on cores of their
// own, what a process costs, and the file that a run leaves. Does not own: what is measured, and how it is told.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const here = fileURLToPath(new URL('.', import.meta.url));
const bin = (name) => join(root, 'node_modules/.bin', name);

/** How each runtime is started. `collecting` lets a server collect its garbage when it is asked to. */
export const RUNTIMES = {
  node: {
    command: [process.execPath],
    collecting: ['--expose-gc'],
    version: `Node ${process.versions.node}`,
  },
  bun: { command: [bin('bun')], collecting: [], version: versionOf('bun') },
  deno: {
    command: [bin('deno'), 'run', '-A', '--no-lock'],
    collecting: ['--v8-flags=--expose-gc'],
    version: versionOf('deno'),
  },
};

function versionOf(name) {
  const { stdout } = spawnSync(bin(name), ['--version'], { encoding: 'utf8' });
  return `${name} ${/[\d.]+/.exec(stdout ?? '')?.[0] ?? '?'}`;
}

/** Say what is wrong, and end. */
export function fail(message) {
  console.error(message);
  process.exit(1);
}

/** The arguments: `--flag` and `--flag=value`, of those that are known, and names. */
export function readArguments(known) {
  const flags = new Map();
  const names = [];
  for (const argument of process.argv.slice(2)) {
    const [, flag, value] = /^--([a-z]+)(?:=(.*))?$/.exec(argument) ?? [];
    if (flag === undefined) names.push(argument);
    else if (known.includes(flag)) flags.set(flag, value ?? 'true');
    else fail(`There is no flag --${flag}, expected some of ${known.map((each) => `--${each}`).join(', ')}`);
  }
  return { flags, names };
}

/** Install the contenders and build what is published, where that has not been done. */
export function buildMissing() {
  if (!existsSync(join(here, 'node_modules'))) {
    spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error', '--prefix', here], {
      stdio: 'inherit',
    });
  }
  if (!existsSync(join(root, 'dist')))
    spawnSync(process.execPath, [join(root, 'tools/build.mjs')], { stdio: 'inherit' });
}

/** A folder with the load generator, the floor in C, and the bytes that are sent. */
export class Workspace {
  #folder = mkdtempSync(join(tmpdir(), 'bench-'));
  load = this.#compile('load');
  floor = this.#compile('floor');

  #compile(name) {
    const program = join(this.#folder, name);
    const cc = spawnSync('cc', ['-O2', '-o', program, join(here, `${name}.c`)], { stdio: 'inherit' });
    if (cc.status !== 0) fail(`Cannot build ${name}.c: it needs a C compiler (cc) and Linux`);
    return program;
  }

  /** Where these bytes are, as a file. */
  file(name, bytes) {
    const path = join(this.#folder, name);
    writeFileSync(path, bytes);
    return path;
  }

  remove() {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

// ------------------------------------------------------------------ the machine

/** Whether server and load can have a core each. */
export const canPin = cpus().length > 1 && spawnSync('taskset', ['-c', '0', 'true']).status === 0;

/** The same command, on one core. */
function on(core, command, pinned) {
  return pinned && canPin ? ['taskset', '-c', String(core), ...command] : command;
}

/** What a report begins with; printed too. */
export function machine(pinned) {
  const it = {
    date: new Date().toISOString(),
    cpu: cpus()[0].model,
    cores: cpus().length,
    pinned: pinned && canPin,
    loadBefore: loadavg()[0],
    versions: Object.fromEntries(Object.entries(RUNTIMES).map(([name, { version }]) => [name, version])),
  };
  console.log(
    `${it.cpu}, ${it.cores} cores, ${it.pinned ? 'pinned' : 'not pinned'}, load ${it.loadBefore.toFixed(2)}; ${Object.values(it.versions).join(', ')}`,
  );
  return it;
}

/** How many connections the system lets a process have, of as many as are wanted. */
export function possible(wanted) {
  const openFiles = Number(spawnSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).stdout);
  // Both ends have a process of their own, with some files open besides.
  const count = Number.isNaN(openFiles) ? wanted : Math.min(wanted, openFiles - 200);
  if (count < wanted)
    console.log(`The open-file limit is ${openFiles}: ${count} connections instead of ${wanted}`);
  return count;
}

/** User and system time of a process, in seconds; 0 where the system does not say. */
export function cpuSeconds(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}

/** The resident set of a process, in bytes. */
export function residentBytes(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;
}

// ------------------------------------------------------------------ processes

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Wait for a line on a process's standard output; what the pattern found in it. */
export function says(child, pattern, what, ms = 60_000) {
  return new Promise((resolve, reject) => {
    let text = '';
    const listen = (chunk) => {
      text += chunk;
      const found = pattern.exec(text);
      if (found !== null) settle(() => resolve(found));
    };
    const ended = (code) => settle(() => reject(new Error(`${what} ended with ${code}`)));
    const timer = setTimeout(
      () => settle(() => reject(new Error(`${what}: nothing within ${ms / 1000} s`))),
      ms,
    );
    const settle = (how) => {
      clearTimeout(timer);
      child.stdout.off('data', listen);
      child.off('exit', ended);
      how();
    };
    child.stdout.on('data', listen);
    child.on('exit', ended);
  });
}

/**
 * A server of a contender, that listens.
 *
 * `floor` says what the floor has to know: the bytes of the opening and of a request, and how long the answer is. `more` goes to
 * the runtime. `program` stands for all of that: an executable that takes the port.
 */
export async function startServer({
  runtime,
  contender,
  kind = 'echo',
  floor = {},
  pinned = false,
  collecting = false,
  more = [],
  program,
}) {
  const port = await freePort();
  const { command: start, collecting: canCollect } = RUNTIMES[runtime];
  const script = [join(here, 'servers/server.mjs'), contender, kind];
  const line =
    program === undefined ? [...start, ...(collecting ? canCollect : []), ...more, ...script] : [program];
  const [command, ...args] = on(0, [...line, String(port)], pinned);
  const env = {
    ...process.env,
    REQUEST_BYTES: String(floor.request?.length ?? 0),
    RESPONSE_BYTES: String(floor.response ?? 0),
    OPENING_BYTES: String(floor.opening?.length ?? 0),
  };
  const startedAt = performance.now();
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const stop = (signal = 'SIGKILL') =>
    new Promise((resolve) => {
      child.once('exit', resolve);
      child.kill(signal);
    });
  try {
    const [, importMs] = await says(child, /ready in ([\d.]+) ms\n/, contender, 20_000);
    return {
      port,
      pid: child.pid,
      stop,
      /** From the import to listening, by its own clock; and from the start of the process, by ours. */
      importMs: Number(importMs),
      startMs: performance.now() - startedAt,
      /** Collect its garbage, where it can; what it says of its memory then. */
      async memory() {
        const said = says(child, /memory (\{.*\})\n/, contender);
        child.kill('SIGUSR2');
        return JSON.parse((await said)[1]);
      },
    };
  } catch (error) {
    stop();
    throw error;
  }
}

function startLoad(workspace, load) {
  const { port, mode, connections, depth = 1, request, response = 0, warmup = 0, measure = 0 } = load;
  const file = workspace.file('request', request);
  const line = [workspace.load, port, mode, connections, depth, file, response, warmup, measure];
  if (load.opening !== undefined) line.push(workspace.file('opening', load.opening));
  if (load.flood !== undefined) line.push(`flood=${load.flood}`);
  if (load.total !== undefined) line.push(`total=${load.total}`);
  const pinned = load.pinned ?? false;
  // One that stays has to let others work; any other polls, if the core is its own.
  if (pinned && canPin && load.mode !== 'hold' && load.mode !== 'mute') line.push('polls');
  const [program, ...args] = on(1, line.map(String), pinned);
  return spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
}

/** Run the load generator to its end; what it counted. */
export async function runLoad(workspace, load) {
  const child = startLoad(workspace, load);
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  const status = await new Promise((resolve) => child.on('close', resolve));
  if (status !== 0) throw new Error(`the load ended with ${status}`);
  return JSON.parse(text);
}

/** Start a load that stays (`hold`, `mute`), and wait until it is in place; the function ends it. */
export async function holdLoad(workspace, load) {
  const child = startLoad(workspace, load);
  const stop = () => void child.kill('SIGKILL');
  try {
    await says(child, /answers/, `${load.connections} connections`);
    return stop;
  } catch (error) {
    stop();
    throw error;
  }
}

// ------------------------------------------------------------------ results

/** The middle one; of an even number, what lies between the two. */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** Let `ms` pass. */
export function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Write a run's figures to bench/results, or where it was asked for. */
export function writeReport(report, out) {
  mkdirSync(join(here, 'results'), { recursive: true });
  const file = out ?? join(here, 'results', `${report.date.replace(/[:.]/g, '-')}.json`);
  writeFileSync(file, `${JSON.stringify(report, undefined, 2)}\n`);
  console.log(`\n${file.replace(root, '')}`);
}
