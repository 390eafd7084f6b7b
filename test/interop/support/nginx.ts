/**
 * nginx as a reverse proxy in front of a server of ours, with files of its own and in the foreground.
 *
 * @module
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { requirePeer } from '../../support/peers.ts';
import { Program, until } from './program.ts';

/** As nginx's own documentation shows it for WebSockets, and nothing beyond but where files go. */
const config = (folder: string, port: number, upstream: string): string => `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log warn;
events { worker_connections 512; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  client_max_body_size 2m;
  map $http_upgrade $connection_upgrade {
    default upgrade;
    ''      '';
  }
  upstream sansocket {
    server ${upstream};
    keepalive 16;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://sansocket;
      proxy_http_version 1.1;
      proxy_set_header Host $host:$server_port;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
  }
}
`;

/** A port that was free a moment ago: nginx cannot be asked to pick one. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const done = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => done(true)).once('error', () => done(false));
  });
}

/**
 * A proxy for the tests of the `describe` that this is called in.
 *
 * @param upstream Where to, as nginx writes it: `127.0.0.1:8080` or `unix:/path`; asked when the tests run.
 * @returns Gives its port, when the tests run.
 */
export function useNginx(upstream: () => string): () => number {
  let port = 0;
  let program: Program | undefined;
  let folder: string | undefined;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sansocket-nginx-'));
    port = await freePort();
    const file = join(folder, 'nginx.conf');
    writeFileSync(file, config(folder, port, upstream()));
    program = new Program('nginx', [
      ...requirePeer('nginx').command,
      '-c',
      file,
      '-p',
      folder,
      '-e',
      'stderr',
    ]);
    const ended = program.exited.then(() => {
      throw new Error('nginx ended');
    });
    ended.catch(() => {});
    await Promise.race([ended, until(5000, 'nginx that listens', () => isListening(port))]);
  });
  afterAll(async () => {
    await program?.stop();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });
  return () => port;
}
