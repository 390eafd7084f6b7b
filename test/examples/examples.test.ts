// The examples as their readers have them: built against the package by name, run as programs of their own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';

const built = (name: string): string =>
  fileURLToPath(new URL(`../../build/examples/${name}`, import.meta.url));
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

function run(file: string, env: Record<string, string> = {}): { child: ChildProcess; output: () => string } {
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let text = '';
  child.stdout?.on('data', (chunk) => {
    text += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    text += chunk;
  });
  return { child, output: () => text };
}

/** The example as it stands, but for the port: 80 may be taken, or not be ours to take. */
async function runOnPort(name: string): Promise<{ port: number; output: () => string }> {
  const port = await freePort();
  const source = readFileSync(built(`${name}.js`), 'utf8');
  expect(source).toContain('server.start(80)');
  const copy = built(`${name}.${port}.js`);
  writeFileSync(copy, source.replace('server.start(80)', `server.start(${port})`));
  const { output } = run(copy);
  await until(async () => (await fetch(`http://localhost:${port}/`).catch(() => undefined)) !== undefined);
  return { port, output };
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('it did not happen within 15 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function echoes(port: number): Promise<void> {
  const socket = new WebSocket(`ws://localhost:${port}/`);
  await once(socket, 'open');
  for (const message of ['hello', 'grüße, 世界 😀', '', Buffer.from([0, 1, 254, 255])]) {
    socket.send(message);
    const [data, isBinary] = await once(socket, 'message');
    expect(isBinary).toBe(typeof message !== 'string');
    expect(Buffer.from(message as string).equals(data)).toBe(true);
  }
  socket.close();
  await once(socket, 'close');
}

describe('the two servers of the guide', () => {
  it('echo.ts returns and prints every message, and shows a 404 page of ours', async () => {
    const { port, output } = await runOnPort('echo');
    await echoes(port);
    await until(() => output().includes('# hello\n') && output().includes('# grüße, 世界 😀\n'));
    const response = await fetch(`http://localhost:${port}/`);
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await response.text()).toContain('<h1>404 Not Found</h1>');
  });

  it('http.ts answers 400 to HTTP, and still echoes', async () => {
    const { port } = await runOnPort('http');
    await echoes(port);
    const response = await fetch(`http://localhost:${port}/`);
    expect([response.status, await response.text()]).toEqual([400, '']);
  });

  it.each(['echo', 'http'])('%s.ts stands in the README as it is', (name) => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const source = readFileSync(new URL(`../../examples/${name}.ts`, import.meta.url), 'utf8');
    expect(readme).toContain(`\`\`\`ts\n${source}\`\`\``);
  });
});

describe('shutdown.ts', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('stops in order on %s, with sockets open', async (signal) => {
    const { child, output } = run(built('shutdown.js'));
    await until(() => /listening on port \d+/.test(output()));
    const socket = new WebSocket(`ws://localhost:${/port (\d+)/.exec(output())?.[1]}/`);
    await once(socket, 'open');
    child.kill(signal);
    const [code] = await once(socket, 'close');
    expect(code).toBe(1001);
    const [status] = await once(child, 'exit');
    expect([status, output().includes('stopped')]).toEqual([0, true]);
  });
});

describe('pipe-client.ts', () => {
  /** Runs it with its stdin and stdout joined to a socket, and gives what it printed and how it ended. */
  async function overSocket(port: number, ...messages: string[]): Promise<[status: number, printed: string]> {
    const child = spawn(process.execPath, [built('pipe-client.js'), `ws://localhost:${port}/`, ...messages]);
    children.push(child);
    const socket = connect(port, '127.0.0.1');
    child.stdout.pipe(socket).pipe(child.stdin);
    child.stdin.on('error', () => {}); // it may leave while the server still speaks
    let printed = '';
    child.stderr.on('data', (chunk) => {
      printed += chunk;
    });
    const [status] = await once(child, 'close');
    socket.destroy();
    return [status, printed];
  }

  it('sends its arguments to a server that others wrote, prints the answers, and closes in order', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    const codes: number[] = [];
    server.on('connection', (socket) => {
      socket.ping();
      socket.on('message', (data) => socket.send(String(data).toUpperCase()));
      socket.on('close', (code) => codes.push(code));
    });
    const { port } = server.address() as { port: number };
    expect(await overSocket(port, 'hello', 'grüße')).toEqual([0, 'HELLO\nGRÜSSE\n']);
    expect(await overSocket(port)).toEqual([0, '']);
    expect(codes).toEqual([1000, 1000]);
    server.close();
  });

  it('says what is wrong with an answer that opens no WebSocket, or with none', async () => {
    const answers = ['HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n', ''];
    const server = createServer((socket) => void socket.end(answers.shift() ?? '')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const [status, printed] = await overSocket(port, 'hello');
    expect([status, printed]).toEqual([1, expect.stringMatching(/^Cannot open WebSocket at \S+: .*404/)]);
    expect(await overSocket(port, 'hello')).toEqual([1, expect.stringContaining('without an answer')]);
    server.close();
  });

  it('stands in docs/connection.md as it is', () => {
    const page = readFileSync(new URL('../../docs/connection.md', import.meta.url), 'utf8');
    const source = readFileSync(new URL('../../examples/pipe-client.ts', import.meta.url), 'utf8');
    expect(page).toContain(`\`\`\`ts\n${source}\`\`\``);
  });
});

describe('fuzz-your-parser.ts', () => {
  it('finds that ws reads healthy streams right, and where it differs: in nothing but what the docs list', async () => {
    const { child, output } = run(built('fuzz-your-parser.js'));
    expect((await once(child, 'exit'))[0], output()).toBe(0);
    const [healthy, ...found] = output().trim().split('\n');
    expect(healthy).toBe('healthy streams: all read as they were meant');
    expect(found.some((line) => line.startsWith('the top bit of a length'))).toBe(true);
    // `top-bit` and `non-minimal` of docs/differences.md.
    const listed =
      /^the top bit of a length .* failed with 1009|^a length in (?:2 bytes|8 bytes|a longer form) .* expected 1002/;
    expect(found.filter((line) => !listed.test(line))).toEqual([]);
  });
});

describe('the demo server', () => {
  it('prints its URL, serves the page and an echo on PORT, answers pings, and stops on Ctrl-C', async () => {
    const port = await freePort();
    const { child, output } = run(built('demo/server.js'), { PORT: String(port) });
    await until(() => output().includes(`http://localhost:${port}`));
    for (const [path, type, text] of [
      ['/', 'text/html', '<script'],
      ['/app.js', 'text/javascript', 'WebSocket'],
      ['/style.css', 'text/css', '{'],
    ] as const) {
      const response = await fetch(`http://localhost:${port}${path}`);
      expect([response.status, response.headers.get('content-type')]).toEqual([
        200,
        `${type}; charset=utf-8`,
      ]);
      expect(await response.text()).toContain(text);
    }
    expect((await fetch(`http://localhost:${port}/../package.json`)).status).toBe(404);
    await echoes(port);
    const socket = new WebSocket(`ws://localhost:${port}/`, 'sansocket-demo');
    await once(socket, 'open');
    socket.send('{"demo":"ping"}');
    const [answer] = await once(socket, 'message');
    expect(JSON.parse(String(answer))).toEqual({ demo: 'ping', ms: expect.any(Number) });
    child.kill('SIGINT');
    expect((await once(child, 'exit'))[0]).toBe(0);
  });

  it('says in one line what is wrong with PORT', async () => {
    const { child, output } = run(built('demo/server.js'), { PORT: 'eighty' });
    expect((await once(child, 'exit'))[0]).toBe(1);
    expect(output()).toMatch(/^Cannot start: the port is NaN, expected a number from 0 to 65535\n$/);
  });
});
