// A WebSocket client with no socket in it: what it sends goes to stdout, what it is sent comes from stdin. Its arguments are
// the URL and the messages; what comes back is printed to stderr, and after as many answers it closes.
//
//     socat TCP:localhost:80 EXEC:'node build/examples/pipe-client.js ws://localhost/ hello world'
import { ClientOpening, type ConnectionEvent, WebSocketConnection } from 'sansocket/connection';

const [url = 'ws://localhost/', ...messages] = process.argv.slice(2);
const { stdin, stdout } = process;
const opening = new ClientOpening(url);
let connection: WebSocketConnection | undefined;
let answers = 0;
let timer = setTimeout(() => fail(opening.giveUp()?.message ?? 'no answer within 10 s'), 10_000);

function fail(why: string): void {
  console.error(why);
  process.exitCode = 1;
  drop();
}

function drop(): void {
  clearTimeout(timer);
  stdin.destroy();
  stdout.destroy();
}

/** The opening handshake: a connection, once the server has said yes. */
function open(): WebSocketConnection | undefined {
  const opened = opening.next();
  if (opened === undefined) return undefined;
  if (opened.kind === 'error') {
    fail(opened.message);
    return undefined;
  }
  const { compression, rest } = opened;
  const made = new WebSocketConnection({ role: 'client', compression, now: performance.now() });
  for (const message of messages) made.send(message);
  if (messages.length === 0) made.close(1000);
  made.receive(rest); // what came right behind the answer
  return made;
}

function take(event: ConnectionEvent): void {
  if (event.kind === 'text') {
    console.error(event.data);
    if (++answers === messages.length) connection?.close(1000);
  } else if (event.kind === 'error' || (event.kind === 'close' && !event.wasClean)) {
    console.error(event.kind === 'error' ? event.message : `closed with ${event.code}`);
    process.exitCode = 1;
  }
}

/** After anything that happened: events, then output, then the clock. */
function settle(): void {
  connection ??= open();
  if (connection === undefined) return;
  for (let event = connection.next(); event !== undefined; event = connection.next()) take(event);

  const output = connection.takeOutput();
  if (output !== undefined && !stdout.write(output)) {
    connection.congested = true; // of many pings, the last will do
    stdin.pause(); // and what we do not send, they do not make us owe
  }
  if (connection.outputEnded) stdout.end();
  if (connection.dropped) drop();

  clearTimeout(timer);
  const { deadline } = connection; // Infinity, once it is over
  if (deadline < Infinity) timer = setTimeout(onTime, Math.max(0, deadline - performance.now()));
}

function onTime(): void {
  connection?.tick(performance.now(), !stdin.isPaused());
  settle();
}

stdin.on('data', (chunk) => {
  if (connection === undefined) opening.receive(chunk);
  else connection.receive(chunk, performance.now());
  settle();
});
stdin.on('end', () => {
  if (connection === undefined) opening.receiveEnd();
  else connection.receiveEnd(performance.now());
  settle();
});
stdout.on('drain', () => {
  if (connection !== undefined) connection.congested = false;
  stdin.resume();
  settle();
});
stdout.on('error', drop); // nobody reads any more
stdout.write(opening.request);
