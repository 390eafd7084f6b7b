// `npm start`: a page and an echo, on one port. PORT changes the port, Ctrl-C stops it.
import { readFile } from 'node:fs/promises';
import { Server, TransportError } from 'sansocket';

const PAGES: Record<string, readonly [file: string, type: string]> = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/style.css': ['style.css', 'text/css; charset=utf-8'],
  '/app.js': ['app.js', 'text/javascript; charset=utf-8'],
};
const DEMO = 'sansocket-demo';

const server = new Server();

server.useHttp(async (request, response) => {
  const page = Object.hasOwn(PAGES, request.path) ? PAGES[request.path] : undefined;
  if (page === undefined) {
    response.status = 404;
    await response.html(
      '<!doctype html><title>404</title><h1>404 Not Found</h1><p><a href="/">The demo is here.</a>',
    );
    return;
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.status = 405;
    response.headers.set('Allow', 'GET, HEAD');
    return;
  }
  const [file, type] = page;
  response.headers.set('Content-Type', type);
  response.headers.set('Cache-Control', 'no-cache');
  response.headers.set(
    'Content-Security-Policy',
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src *; base-uri 'none'; form-action 'none'",
  );
  await response.send(await readFile(new URL(file, import.meta.url)));
});

server.useWebSockets({
  protocols: [DEMO, 'echo'],
  async message(socket, message) {
    // A browser cannot send pings: the page asks the server to.
    if (socket.protocol === DEMO && message === '{"demo":"ping"}') {
      const ms = await socket.ping();
      await socket.send(JSON.stringify({ demo: 'ping', ms }));
      return;
    }
    await socket.send(message);
  },
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void server.stop({ timeoutMs: 1000 }));
}

const asked = process.env['PORT'];
const wanted = asked === undefined || asked === '' ? 8080 : Number(asked);
try {
  const address = await server.start(wanted).catch((error: unknown) => {
    // Without a PORT of yours, any free one will do.
    const taken = error instanceof TransportError && error.code === 'address-in-use';
    if (asked !== undefined || !taken) throw error;
    return server.start(0);
  });
  console.log(`sansocket demo: http://localhost:${address.port}`);
  console.log('Open it in a browser, or connect a WebSocket to the same port. Ctrl-C stops it.');
  await server.stopped;
  console.log('Stopped.');
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
