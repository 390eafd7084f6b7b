/**
 * Our client, compressing as it does by default, against a server that echoes: messages around every size from which on
 * another part of an engine does the work.
 *
 * Argument: the server's URL.
 *
 * @module
 */
import process from 'node:process';
import { equal, noise, soon } from '../cases/check.ts';
import { SETTINGS, SIZES } from '../cases/compression.ts';
import { report } from './report.ts';
import { connect } from './sansocket.ts';

/** JSON as APIs send it, of about so many bytes. */
function json(bytes: number): string {
  let text = '[';
  for (let i = 0; text.length < bytes; i++)
    text += `${JSON.stringify({ id: i, name: `größe ${i % 7}`, ok: i % 2 })},`;
  return `${text}0]`;
}

await report(
  Object.fromEntries(
    Object.entries(SETTINGS).map(([name, compression]) => [
      name,
      async (url: string) => {
        const socket = await connect(url, { compression, timeoutMs: 8000 });
        equal(socket.extensions.includes('permessage-deflate'), true, `it is in "${socket.extensions}"`);
        const messages = socket[Symbol.asyncIterator]();
        for (const size of SIZES) {
          for (const message of [json(size), noise(size), new Uint8Array(size)]) {
            await socket.send(message);
            equal((await soon(messages.next(), 'message')).value, message, `${size} bytes`);
          }
        }
        await soon(socket.close(1000), 'close');
      },
    ]),
  ),
  process.argv[2] ?? '',
);
