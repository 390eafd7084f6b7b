// The floor: bytes for bytes, by counting alone. It answers the opening with a fixed 101, and then each request's worth
// of bytes with a prebuilt answer of the size that a real server would send.
// The 101 is as long as the one of sansocket and ws.
const ANSWER_101 = new TextEncoder().encode(
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n',
);
const ANSWER_HELLO = new TextEncoder().encode(
  'HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nDate: Sun, 01 Nov 2026 00:00:00 GMT\r\nContent-Length: 13\r\n\r\nHello, World!',
);
const env = (name) => Number((globalThis.Deno?.env.get(name) ?? globalThis.process?.env[name]) || 0);

/** The answer to a close frame, 1000. */
const ANSWER_CLOSE = Uint8Array.of(0x88, 0x02, 0x03, 0xe8);

/** @param kind echo, broadcast, http, or handshake: what comes after the opening is a close frame, and ends the connection */
export function floorAnswer(kind) {
  const requestBytes = env('REQUEST_BYTES');
  const responseBytes = env('RESPONSE_BYTES') || ANSWER_HELLO.length;
  const openingBytes = env('OPENING_BYTES');
  const most = Math.max(1, Math.floor((1 << 20) / responseBytes));
  const block = new Uint8Array(responseBytes * most);
  if (kind === 'http') for (let i = 0; i < most; i++) block.set(ANSWER_HELLO, i * responseBytes);
  const everyone = new Set();
  return (write, end) => {
    let opening = openingBytes;
    let bytes = 0;
    const send = (count) => {
      for (let left = count; left > 0; left -= most)
        write(block.subarray(0, Math.min(left, most) * responseBytes));
    };
    everyone.add(send);
    return {
      receive(chunk) {
        bytes += chunk.length;
        if (opening > 0) {
          if (bytes < opening) return;
          bytes -= opening;
          opening = 0;
          write(ANSWER_101);
        }
        const count = Math.floor(bytes / requestBytes);
        bytes -= count * requestBytes;
        if (count === 0) return;
        if (kind === 'handshake') {
          write(ANSWER_CLOSE);
          end();
          return;
        }
        if (kind === 'broadcast') for (const each of everyone) each(count);
        else send(count);
      },
      close() {
        everyone.delete(send);
      },
    };
  };
}
