/**
 * curl against our server on Node, Bun and Deno: HTTP as a client of others speaks it.
 */
import { describe, expect, it } from 'vitest';
import { describeWith } from '../support/peers.ts';
import { noise } from './cases/check.ts';
import { type CurlResult, curl } from './support/curl.ts';
import { RUNTIME_TITLES, RUNTIMES } from './support/runtimes.ts';
import { useServer } from './support/server.ts';

/** What `/request` answers. */
interface Seen {
  readonly method: string;
  readonly target: string;
  readonly path: string;
  readonly host: string;
  readonly version: string;
  readonly query: Record<string, string>;
  readonly headers: ReadonlyArray<readonly [string, string]>;
  readonly body: string;
}

const seen = ({ stdout }: CurlResult): Seen => JSON.parse(Buffer.from(stdout, 'latin1').toString()) as Seen;

/** A request that asks for a WebSocket, correct but for what a test changes. */
const UPGRADE = [
  '--http1.1',
  '-H',
  'Connection: Upgrade',
  '-H',
  'Upgrade: websocket',
  '-H',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  '-H',
  'Sec-WebSocket-Version: 13',
];

/** As {@link UPGRADE}, with one header replaced, or left out. */
function upgradeWith(name: string, value?: string): string[] {
  const args = [...UPGRADE];
  const at = args.findIndex((arg) => arg.startsWith(`${name}:`));
  if (value === undefined) args.splice(at - 1, 2);
  else args[at] = `${name}: ${value}`;
  return args;
}

for (const runtime of RUNTIMES) {
  describeWith(['curl', runtime], `curl against our server on ${RUNTIME_TITLES[runtime]}`, () => {
    const server = useServer(runtime);
    const url = (path: string): string => server().http + path;

    describe('requests', () => {
      it('gets a page, with the fields that HTTP asks of a server', async () => {
        const { status, stdout } = await curl(['--include', url('/')]);
        expect(status).toBe(0);
        const [head = '', body] = stdout.split('\r\n\r\n');
        expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
        expect(head).toMatch(/\r\nContent-Length: 6\b/i);
        expect(head).toMatch(
          /\r\nDate: (Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\b/i,
        );
        expect(body).toBe('hello\n');
      });

      it('asks with HEAD, and gets the head of GET with no body', async () => {
        const get = await curl(['--include', url('/')]);
        const head = await curl(['--head', url('/')]);
        const withoutDate = (text: string): string => text.replace(/^Date: .*\r\n/im, '');
        expect(head.status).toBe(0);
        expect(withoutDate(head.stdout)).toBe(withoutDate(get.stdout).replace('hello\n', ''));
      });

      it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'])(
        'sends %s',
        async (method) => {
          expect(seen(await curl(['-X', method, url('/request')])).method).toBe(method);
        },
      );

      it('sends a target, a query and headers that arrive as they are', async () => {
        const result = await curl([
          '--path-as-is',
          '-H',
          'X-Empty;',
          '-H',
          'X-Twice: one',
          '-H',
          'X-Twice: two',
          '-A',
          'peer/1.0 (grüße)',
          url('/request?a=1&b=%20x%2Fy&c'),
        ]);
        const { target, path, host, version, query, headers } = seen(result);
        expect([target, path, version]).toEqual(['/request?a=1&b=%20x%2Fy&c', '/request', '1.1']);
        expect(query).toEqual({ a: '1', b: ' x/y', c: '' });
        expect(host).toBe(`127.0.0.1:${server().port}`);
        const all = (name: string): string[] =>
          headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
        expect([all('x-empty'), all('x-twice')]).toEqual([[''], ['one', 'two']]);
      });

      it('sends a path with dots as it is, and it is not resolved', async () => {
        const { stdout } = await curl(['--path-as-is', '-w', '%{http_code}', url('/a/../../request')]);
        expect(stdout).toBe('not here\n404');
      });

      it('speaks HTTP/1.0, gets a body that ends with the connection', async () => {
        const { status, stdout, stderr } = await curl(['-v', '--http1.0', url('/stream?pieces=3')]);
        expect([status, stdout]).toEqual([0, 'line 0\nline 1\nline 2\n']);
        expect(stderr).not.toMatch(/< Transfer-Encoding/i);
        expect(seen(await curl(['--http1.0', url('/request')])).version).toBe('1.0');
      });
    });

    describe('bodies', () => {
      it.each([0, 1, 65_536, 1_048_576])('posts %i bytes with Content-Length', async (length) => {
        const body = noise(length);
        const { status, stdout } = await curl(['--data-binary', '@-', url('/echo')], body);
        expect(status).toBe(0);
        expect(Buffer.from(stdout, 'latin1').equals(body)).toBe(true);
      });

      it.each([0, 1, 100_000, 1_048_576])('posts %i bytes in chunks', async (length) => {
        const body = noise(length);
        const { status, stdout } = await curl(
          ['-H', 'Transfer-Encoding: chunked', '-H', 'Expect:', '-X', 'POST', '-T', '-', url('/echo')],
          body,
        );
        expect(status).toBe(0);
        expect(Buffer.from(stdout, 'latin1').equals(body)).toBe(true);
      });

      it('waits for 100 Continue before a body that is wanted', async () => {
        const body = noise(50_000);
        const { status, stdout, stderr } = await curl(
          [
            '-v',
            '-H',
            'Expect: 100-continue',
            '--expect100-timeout',
            '9',
            '--data-binary',
            '@-',
            url('/echo'),
          ],
          body,
        );
        expect(status).toBe(0);
        expect(stderr).toMatch(/< HTTP\/1\.1 100 Continue\r\n.*< HTTP\/1\.1 200 OK/s);
        expect(Buffer.from(stdout, 'latin1').equals(body)).toBe(true);
      });

      it('does not send a body that is not wanted', async () => {
        const { status, stdout, stderr } = await curl(
          [
            '-v',
            '-H',
            'Expect: 100-continue',
            '--expect100-timeout',
            '9',
            '-w',
            '%{http_code} %{size_upload}',
            '--data-binary',
            '@-',
            url('/forbidden'),
          ],
          noise(50_000),
        );
        expect([status, stdout]).toEqual([0, 'no\n403 0']);
        expect(stderr).not.toMatch(/100 Continue/);
      });

      it('gets 413 for a body over the limit, with a length and in chunks', async () => {
        for (const extra of [[], ['-H', 'Transfer-Encoding: chunked']]) {
          const { stdout } = await curl(
            [
              '-w',
              '%{http_code}',
              '-o',
              '/dev/null',
              '-X',
              'POST',
              ...extra,
              '--data-binary',
              '@-',
              url('/echo'),
            ],
            noise(1_048_577),
          );
          expect(stdout).toBe('413');
        }
      });

      it('gets a body in chunks', async () => {
        const { status, stdout, stderr } = await curl(['-v', url('/stream?pieces=1000')]);
        expect(status).toBe(0);
        expect(stderr).toMatch(/< Transfer-Encoding: chunked/i);
        expect(stdout).toBe(Array.from({ length: 1000 }, (_, i) => `line ${i}\n`).join(''));
      });

      it('gets 204 with neither a body nor a length', async () => {
        const { status, stdout } = await curl(['--include', url('/empty')]);
        expect(status).toBe(0);
        expect(stdout).toMatch(/^HTTP\/1\.1 204 No Content\r\n/);
        expect(stdout).not.toMatch(/Content-Length|Transfer-Encoding/i);
      });

      it('gets 500 from a handler that throws', async () => {
        const { stdout } = await curl(['-o', '/dev/null', '-w', '%{http_code}', url('/throws')]);
        expect(stdout).toBe('500');
      });
    });

    describe('connections', () => {
      it('sends several requests over one', async () => {
        const urls = ['/', '/request', '/stream?pieces=2', '/empty', '/nowhere', '/'].map(url);
        const { status, stderr } = await curl(['-v', ...urls.flatMap((each) => ['-o', '/dev/null', each])]);
        expect(status).toBe(0);
        expect(stderr.match(/Re-using existing connection/g)).toHaveLength(5);
      });

      it('sends several requests with bodies over one, read by the app or not', async () => {
        const args = ['-v'];
        for (const [i, path] of ['/echo', '/', '/echo', '/nowhere', '/echo'].entries()) {
          if (i > 0) args.push('--next', '-v');
          args.push('--silent', '-o', '/dev/null', '-d', 'x'.repeat(2000), url(path));
        }
        const { status, stderr } = await curl(args);
        expect(status).toBe(0);
        expect(stderr.match(/< HTTP\/1\.1 (\d+)/g)).toEqual(
          [200, 200, 200, 404, 200].map((code) => `< HTTP/1.1 ${code}`),
        );
        expect(stderr.match(/Re-using existing connection/g)).toHaveLength(4);
      });

      it('asks for Connection: close, and it is closed', async () => {
        const { stderr } = await curl(['-v', '-H', 'Connection: close', url('/'), url('/')]);
        expect(stderr).toMatch(/< Connection: close/i);
        expect(stderr).not.toMatch(/Re-using existing connection/);
      });

      it('keeps an HTTP/1.0 connection open when it asks for that', async () => {
        const { stderr } = await curl([
          '-v',
          '--http1.0',
          '-H',
          'Connection: keep-alive',
          url('/'),
          url('/'),
        ]);
        expect(stderr).toMatch(/< Connection: keep-alive/i);
        expect(stderr).toMatch(/Re-using existing connection/);
      });
    });

    describe('upgrades', () => {
      it('gets 101 with the accept value of the RFC', async () => {
        // Nothing follows the head, so that curl waits until it gives up: by its status 28.
        const { stdout } = await curl([...UPGRADE, '--include', '--no-buffer', '-m', '1', url('/')]);
        expect(stdout).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
        expect(stdout).toMatch(/\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/);
      });

      it.each([
        ['no version', upgradeWith('Sec-WebSocket-Version'), 400],
        ['version 8', upgradeWith('Sec-WebSocket-Version', '8'), [426]],
        ['version 13, 8', upgradeWith('Sec-WebSocket-Version', '13, 8'), 400],
        ['no key', upgradeWith('Sec-WebSocket-Key'), 400],
        ['a key that is too short', upgradeWith('Sec-WebSocket-Key', 'c2hvcnQ='), 400],
        ['two keys', [...UPGRADE, '-H', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='], 400],
        ['POST', [...UPGRADE, '-X', 'POST'], 400],
        ['a body', [...UPGRADE, '-X', 'GET', '-d', 'body'], 400],
        ['an empty subprotocol', [...UPGRADE, '-H', 'Sec-WebSocket-Protocol: a,,b'], 400],
        ['a malformed extension', [...UPGRADE, '-H', 'Sec-WebSocket-Extensions: ;'], 400],
      ])('is refused with %s', async (what, args, code) => {
        const { status, stdout } = await curl([...args, '--include', '-w', '|%{http_code}', url('/')]);
        expect(status).toBe(0);
        expect(stdout.slice(stdout.lastIndexOf('|') + 1)).toBe(String(code));
        if (what.includes('version')) expect(stdout).toMatch(/\r\nSec-WebSocket-Version: 13\r\n/i);
        // With the reason.
        expect(stdout.split('\r\n\r\n')[1]).toMatch(/\w+ \w+/);
      });

      it('is answered as plain HTTP when it asks for something else', async () => {
        const { stdout } = await curl(['-H', 'Connection: Upgrade', '-H', 'Upgrade: h2c', url('/')]);
        expect(stdout).toBe('hello\n');
      });

      it('is plain HTTP over HTTP/1.0, as a proxy sends it that was not told otherwise [RFC 9110 7.8]', async () => {
        const { stdout } = await curl([...UPGRADE, '--http1.0', '-w', '%{http_code}', url('/')]);
        expect(stdout).toBe('hello\n200');
      });
    });

    it('leaves no connection behind', async () => {
      const { connectionCount } = await server().statsWhenIdle();
      expect(connectionCount).toBe(0);
    });
  });
}
