/**
 * The server of `ws`, for our client to try. Prints `{ port }`; ends when its input does.
 *
 * @module
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { WebSocketServer } from 'ws';
import { Closes } from './closes.ts';

const compression = process.argv[2] === 'compression';
const closes = new Closes();

const http = createServer(async (request, response) => {
  const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
  response.end(JSON.stringify(await closes.of(searchParams.get('id') ?? '')));
});
const server = new WebSocketServer({
  server: http,
  perMessageDeflate: compression && { threshold: 0 },
  verifyClient: ({ req }, done) => done(req.url !== '/refuse', 403, 'not today'),
  handleProtocols: (offered) => (offered.has('chat') ? 'chat' : false),
});

server.on('connection', (socket, request) => {
  const { pathname, searchParams: query } = new URL(request.url ?? '/', 'http://localhost');
  const pieces = Number(query.get('pieces'));
  socket.on('error', () => {});
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  socket.on('close', (code, reason) => closes.see(query.get('id'), { code, reason: String(reason) }));
  switch (pathname) {
    case '/close':
      socket.close(Number(query.get('code')), query.get('reason') ?? '');
      break;
    case '/ping':
      socket.once('pong', (payload) =>
        socket.send(String(payload) === 'are you there?' ? 'pong' : 'another'),
      );
      socket.ping('are you there?');
      break;
    case '/stream':
      for (let i = 0; i < pieces; i++) {
        socket.send(`${i} grüße 😀\n`, { fin: i + 1 === pieces });
        if (i % 8 === 0) socket.ping();
      }
      for (let i = 0; i < pieces; i++) {
        socket.send(Uint8Array.of(i, i >> 8), { binary: true, fin: i + 1 === pieces });
      }
      break;
    case '/flood':
      for (let i = 0; i < Number(query.get('count')); i++) {
        const message = Buffer.alloc(Number(query.get('bytes')));
        message.writeUInt32BE(i);
        socket.send(message);
      }
      break;
  }
});

http.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: (http.address() as AddressInfo).port }));
});
process.stdin.resume().on('end', () => process.exit(0));
