/**
 * Many clients of `ws` at once, each with many messages of mixed kinds that must come back in order.
 *
 * Arguments: the server's port, how many connections, how many messages each. Prints a line of JSON: a `LoadResult`.
 *
 * @module
 */
import process from 'node:process';
import WebSocket from 'ws';
import { textOf } from '../cases/check.ts';

/** What the run found. */
export interface LoadResult {
  readonly messages: number;
  readonly pongs: number;
  /** Close codes, and how often each came. */
  readonly closes: Readonly<Record<string, number>>;
  /** What was lost, out of order, or another's. */
  readonly faults: readonly string[];
}

const [port, connections = 0, count = 0] = process.argv.slice(2).map(Number);

/** Each message of each connection is another one, except for those that are empty. */
function messageOf(connection: number, index: number): string | Buffer {
  const label = `${connection}/${index}:`;
  switch (index % 10) {
    case 0:
      return '';
    case 1:
      return Buffer.alloc(0);
    case 2:
    case 3:
    case 4:
      return Buffer.concat([Buffer.from(label), Buffer.alloc((index * 37) % 400, index)]);
    case 5:
      return label + textOf(index % 250 === 5 ? 70_000 : (index * 31) % 500);
    default:
      return label + textOf((index * 7) % 120);
  }
}

const faults: string[] = [];
const closes: Record<string, number> = {};
let messages = 0;
let pongs = 0;

function fault(text: string): void {
  if (faults.length < 20) faults.push(text);
}

function run(connection: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
    let received = 0;
    let sent = 0;
    // In bursts, as applications do: the next one goes out when half of the last one is back.
    const burst = (): void => {
      const end = Math.min(count, sent + 100);
      for (; sent < end; sent++) {
        if (sent % 50 === 25) socket.ping(`${connection}`);
        socket.send(messageOf(connection, sent));
      }
    };
    socket.on('open', burst);
    socket.on('pong', (payload) => {
      pongs++;
      if (String(payload) !== `${connection}`) fault(`connection ${connection} got the pong of ${payload}`);
    });
    socket.on('message', (data: Buffer, isBinary) => {
      const expected = messageOf(connection, received);
      const isSame =
        isBinary === (typeof expected !== 'string') &&
        (typeof expected === 'string' ? data.toString() === expected : data.equals(expected));
      if (!isSame) {
        fault(`connection ${connection}, message ${received}: got ${data.toString().slice(0, 30)}`);
      }
      messages++;
      received++;
      if (received === count) socket.close(1000, 'done');
      else if (received === sent - 50) burst();
    });
    socket.on('error', (error) => fault(`connection ${connection}: ${error.message}`));
    socket.on('close', (code) => {
      closes[code] = (closes[code] ?? 0) + 1;
      if (received !== count) fault(`connection ${connection} got ${received} messages`);
      resolve();
    });
  });
}

await Promise.all(Array.from({ length: connections }, (_, connection) => run(connection)));
console.log(JSON.stringify({ messages, pongs, closes, faults } satisfies LoadResult));
process.exit(0);
