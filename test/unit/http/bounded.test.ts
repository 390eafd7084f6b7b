import { RequestParser, ResponseParser } from 'sansocket/http';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../support/deliveries.ts';
import { alive, grows, KIB, MIB, NOISE } from '../../support/heap.ts';

const START = 'POST / HTTP/1.1\r\nHost: a\r\n';
const CHUNKED = `${START}Transfer-Encoding: chunked\r\n\r\n`;

/** Push each byte in a chunk of its own; `after` sees the parser after each. */
function drip(
  parser: RequestParser,
  bytes: Uint8Array,
  after: (parser: RequestParser) => void = quiet,
): void {
  for (const byte of bytes) {
    parser.push(Uint8Array.of(byte));
    after(parser);
  }
}

/** Nothing comes of what was pushed so far. */
function quiet(parser: RequestParser): void {
  if (parser.next() !== undefined) throw new Error('an event inside a head');
}

/** Take what comes of it, and keep none of it. */
function taken(parser: RequestParser): void {
  for (let event = parser.next(); event !== undefined; event = parser.next()) {
    if (event.kind === 'error') throw event;
  }
}

// Other parts of the test runner allocate in between. What they leave is gone another time; what is ours is there each time.
describe('memory follows the bytes that came, with a bound [design: bounded]', { retry: 2 }, () => {
  const line = `X-${'n'.repeat(20)}: ${'v'.repeat(130)}\r\n`;
  const lines = utf8(START + line.repeat(97)); // a little below maxHeaders and maxHeadBytes
  const value = utf8(`${START}X: ${'v'.repeat(16_000)}`);

  it.each([
    ['one long value', value],
    ['as many lines as are allowed', lines],
  ])(
    '60 heads that drip in one byte at a time, %s, and never end: below three times the bytes [CVE-2018-12121, CVE-2023-43669]',
    (_what, head) => {
      const count = 60;
      const growth = grows(() =>
        Array.from({ length: count }, () => {
          const parser = new RequestParser();
          drip(parser, head);
          expect(parser.bufferedBytes).toBe(head.length);
          return parser;
        }),
      );
      expect(growth).toBeLessThan(3 * count * head.length + NOISE);
    },
  );

  it('the same while nobody takes events', () => {
    const count = 60;
    const growth = grows(() =>
      Array.from({ length: count }, () => {
        const parser = new RequestParser();
        drip(parser, lines, () => {});
        return parser;
      }),
    );
    expect(growth).toBeLessThan(3 * count * lines.length + NOISE);
  });

  it('a head of 4 MiB, where that is allowed, that drips in: below three times what came, all along', () => {
    const parser = new RequestParser({ limits: { maxHeadBytes: 8 * MIB } });
    const before = alive();
    drip(parser, utf8(`${START}X: `));
    let most = 0;
    for (let sent = 1; sent <= 4 * MIB; sent++) {
      parser.push(Uint8Array.of(0x76));
      quiet(parser);
      if (sent % MIB === 0) most = Math.max(most, (alive() - before - NOISE) / sent);
    }
    expect(most).toBeLessThan(3);
  });

  it('a head without end is let go of when it is refused', () => {
    const growth = grows(() =>
      Array.from({ length: 60 }, () => {
        const parser = new RequestParser();
        const flood = utf8(`${START}X: ${'v'.repeat(20_000)}`);
        let refused = false;
        drip(parser, flood, () => {
          refused ||= parser.next()?.kind === 'error';
        });
        expect([refused, parser.bufferedBytes]).toEqual([true, 0]);
        return parser;
      }),
    );
    expect(growth).toBeLessThan(60 * 2 * KIB + NOISE);
  });

  it('a chunked body in chunks of one byte, which drip in and are taken: next to nothing is kept', () => {
    const body = utf8('1\r\nx\r\n'.repeat(200_000));
    const growth = grows(() => {
      const parser = new RequestParser();
      parser.push(utf8(CHUNKED));
      drip(parser, body, taken);
      return parser;
    });
    expect(growth).toBeLessThan(NOISE);
  });

  it('the same body while nobody takes it: below three times the bytes [CVE-2026-48779]', () => {
    const body = utf8('1\r\nx\r\n'.repeat(200_000));
    const growth = grows(() => {
      const parser = new RequestParser();
      parser.push(utf8(CHUNKED));
      drip(parser, body, () => {});
      expect(parser.bufferedBytes).toBe(CHUNKED.length + body.length);
      return parser;
    });
    expect(growth).toBeLessThan(3 * body.length + NOISE);
  });

  it.each([
    ['of one chunk, without end', `1;a=${'b'.repeat(MIB)}`],
    ['of one chunk, quoted, without end', `1;a="${'\\"'.repeat(MIB / 2)}`],
    ['of many chunks of one byte', `1;a=${'b'.repeat(1000)}\r\nx\r\n`.repeat(1000)],
  ])('long extensions %s: refused, and next to nothing is kept of them [CVE-2024-22019]', (_what, text) => {
    const growth = grows(() => {
      const parser = new RequestParser();
      parser.push(utf8(CHUNKED));
      let pushed = 0;
      for (const byte of utf8(text)) {
        parser.push(Uint8Array.of(byte));
        pushed++;
        let event = parser.next();
        while (event !== undefined && event.kind !== 'error') event = parser.next();
        if (event === undefined) continue;
        expect(event.code).toBe('chunk-extensions-too-big');
        break;
      }
      // The limit is on all extensions of a body together.
      expect(pushed).toBeLessThan(64 * KIB);
      return parser;
    });
    expect(growth).toBeLessThan(NOISE);
  });

  it('extensions that are as long as the body that they come with are taken, and not kept', () => {
    const chunk = utf8(`400;a=${'b'.repeat(1000)}\r\n${'x'.repeat(1024)}\r\n`);
    const growth = grows(() => {
      const parser = new RequestParser({ limits: { maxBodyBytes: MIB } });
      parser.push(utf8(CHUNKED));
      for (let i = 0; i < 1000; i++) drip(parser, chunk, taken);
      return parser;
    });
    expect(growth).toBeLessThan(NOISE);
  });

  it.each([
    ['a Content-Length', `${START}Content-Length: 9007199254740991\r\n\r\nx`],
    ['a chunk', `${CHUNKED}1fffffffffffff\r\nx`],
  ])('2000 requests that declare 2^53 - 1 bytes by %s reserve nothing for them', (_what, text) => {
    const count = 2000;
    const wire = utf8(text);
    const growth = grows(() =>
      Array.from({ length: count }, () => {
        const parser = new RequestParser({ limits: { maxBodyBytes: Number.POSITIVE_INFINITY } });
        parser.push(wire.slice());
        taken(parser);
        return parser;
      }),
    );
    expect(growth / count).toBeLessThan(4 * KIB);
  });

  it('a response of 64 MiB until the connection ends passes through, and keeps nothing', () => {
    const parser = new ResponseParser({ limits: { maxBodyBytes: Number.POSITIVE_INFINITY } });
    parser.push(utf8('HTTP/1.1 200 OK\r\n\r\n'));
    const before = alive();
    let seen = 0;
    for (let i = 0; i < 64; i++) {
      parser.push(new Uint8Array(MIB));
      for (let event = parser.next(); event !== undefined; event = parser.next()) {
        if (event.kind === 'body') seen += event.bytes.length;
      }
    }
    expect(seen).toBe(64 * MIB);
    expect(alive() - before).toBeLessThan(NOISE);
  });
});
