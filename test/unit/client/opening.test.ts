import { type ClientOpened, ClientOpening, HandshakeError, MAX_REFUSAL_BYTES } from 'sansocket/connection';
import { describe, expect, it } from 'vitest';
import { concat, DELIVERIES, utf8 } from '../../support/deliveries.ts';
import { switching } from './support.ts';

const URL_OF_TEST = 'ws://localhost/chat';

/** Feed an answer; the first verdict, if there is one. */
function feed(
  opening: ClientOpening,
  chunks: readonly Uint8Array[],
  end = false,
): ClientOpened | HandshakeError | undefined {
  for (const chunk of chunks) {
    if (chunk.length > 0) opening.receive(chunk);
    const verdict = opening.next();
    if (verdict !== undefined) return verdict;
  }
  if (end) opening.receiveEnd();
  return opening.next();
}

function opened(verdict: ClientOpened | HandshakeError | undefined): ClientOpened {
  if (verdict?.kind !== 'opened') throw verdict ?? new Error('there is no verdict');
  return verdict;
}

function refused(verdict: ClientOpened | HandshakeError | undefined): HandshakeError {
  if (verdict === undefined || verdict.kind !== 'error') throw new Error('expected an error');
  return verdict;
}

describe.each(DELIVERIES)('ClientOpening, the answer delivered %s', (_how, deliver) => {
  it('opens on a right 101 [RFC 6455 4.1]', () => {
    const opening = new ClientOpening(URL_OF_TEST);
    const verdict = opened(feed(opening, deliver(utf8(switching(opening.sent.key, 'Set-Cookie: a=1')))));
    expect(verdict.protocol).toBe('');
    expect(verdict.extensions).toEqual([]);
    expect(verdict.compression).toBeUndefined();
    expect(verdict.rest).toHaveLength(0);
    expect(verdict.headers.get('set-cookie')).toBe('a=1');
  });

  it('hands over the bytes behind the answer, all and once', () => {
    const opening = new ClientOpening(URL_OF_TEST);
    const frames = Uint8Array.from({ length: 40 }, (_, index) => index);
    const chunks = deliver(concat([utf8(switching(opening.sent.key)), frames]));
    const rest: number[] = [];
    let done = false;
    for (const chunk of chunks) {
      if (done) rest.push(...chunk);
      else {
        if (chunk.length > 0) opening.receive(chunk);
        const verdict = opening.next();
        if (verdict === undefined) continue;
        done = true;
        rest.push(...opened(verdict).rest);
      }
    }
    expect(rest).toEqual([...frames]);
    expect(opening.next()).toBeUndefined();
  });

  it('goes on after interim answers, whatever they say [RFC 9110 15.2]', () => {
    const opening = new ClientOpening(URL_OF_TEST);
    const interim = 'HTTP/1.1 103 Early Hints\r\nUpgrade: h2c\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n';
    opened(feed(opening, deliver(utf8(interim + switching(opening.sent.key)))));
  });

  it.each([
    ['a length', 'HTTP/1.1 503 Busy\r\nRetry-After: 3\r\nContent-Length: 5\r\n\r\nlater', 'later', true],
    [
      'chunks',
      'HTTP/1.1 404 \r\nTransfer-Encoding: chunked\r\n\r\n3\r\nno \r\n4\r\nsuch\r\n0\r\n\r\n',
      'no such',
      true,
    ],
    ['the end', 'HTTP/1.0 500 Oops\r\n\r\nit broke', 'it broke', true],
    ['nothing', 'HTTP/1.1 204 No Content\r\n\r\n', '', true],
    ['a length of 0', 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n', '', true],
    ['a length that is cut off', 'HTTP/1.1 400 Bad\r\nContent-Length: 99\r\n\r\ncut', 'cut', false],
    [
      'chunks that are malformed',
      'HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nzz',
      'ok',
      false,
    ],
  ])('refuses another status, with a body that %s ends', (_what, answer, body, complete) => {
    const opening = new ClientOpening(URL_OF_TEST);
    const error = refused(feed(opening, deliver(utf8(answer)), true));
    expect(error).toBeInstanceOf(HandshakeError);
    expect(error.code).toBe('unexpected-status');
    expect(error.status).toBe(Number(answer.slice(9, 12)));
    expect(error.text).toBe(body);
    expect(error.response).toMatchObject({ status: error.status, complete });
    expect(opening.next()).toBeUndefined();
  });

  it('keeps all of a body that is just as long as what it keeps', () => {
    const opening = new ClientOpening(URL_OF_TEST);
    const head = `HTTP/1.1 403 Forbidden\r\nContent-Length: ${MAX_REFUSAL_BYTES}\r\n\r\n`;
    const error = refused(feed(opening, deliver(utf8(head + 'x'.repeat(MAX_REFUSAL_BYTES)))));
    expect(error.response?.body).toHaveLength(MAX_REFUSAL_BYTES);
    expect(error.response?.complete).toBe(true);
  });

  it('keeps the start of a long body, and waits for no more of it', () => {
    const opening = new ClientOpening(URL_OF_TEST);
    const head = 'HTTP/1.1 403 Forbidden\r\nContent-Length: 99999999\r\n\r\n';
    const error = refused(feed(opening, deliver(utf8(head + 'x'.repeat(MAX_REFUSAL_BYTES + 1)))));
    expect(error.response?.body).toHaveLength(MAX_REFUSAL_BYTES);
    expect(error.response?.complete).toBe(false);
  });

  it.each([
    ['bad-status-line', 'ICY 200 OK\r\n\r\n'],
    ['bad-status-line', '\x16\x03\x01 not HTTP at all\r\n\r\n'],
    ['bare-lf', 'HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\r\n\r\n'],
    ['bad-header-name', 'HTTP/1.1 101 Switching Protocols\r\n: x\r\n\r\n'],
    ['head-too-big', `HTTP/1.1 101 Switching Protocols\r\nA: ${'x'.repeat(20_000)}\r\n\r\n`],
    ['too-many-headers', `HTTP/1.1 101 Switching Protocols\r\n${'A: b\r\n'.repeat(101)}\r\n`],
    ['unexpected-end', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: webso'],
    ['unexpected-end', ''],
    ['unexpected-end', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ])('fails with %s on a malformed answer, which never throws', (code, answer) => {
    const opening = new ClientOpening(URL_OF_TEST);
    const error = refused(feed(opening, deliver(utf8(answer)), true));
    expect(error).toMatchObject({ name: 'HandshakeError', code, answer: 0, status: 0, response: undefined });
    expect(error.text).toBe('');
    expect(error.message).toMatch(/^Cannot open WebSocket at localhost: /);
    expect(error.message.match(/\(/g)).toHaveLength(1);
    opening.receiveEnd();
    expect(opening.next()).toBeUndefined();
  });

  it.each([
    ['bad-accept', ['Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo='], true],
    ['bad-protocol', ['Sec-WebSocket-Protocol: chat', 'Sec-WebSocket-Protocol: chat'], false],
    ['unasked-protocol', ['Sec-WebSocket-Protocol: other'], false],
    ['unasked-extension', ['Sec-WebSocket-Extensions: permessage-deflate'], false],
    ['unasked-extension', ['Sec-WebSocket-Extensions: constructor'], false],
    ['bad-extensions', ['Sec-WebSocket-Extensions: a;;b'], false],
  ])('fails with %s on a 101 that may not be used, and shows it [RFC 6455 4.1]', (code, lines, wrongKey) => {
    const opening = new ClientOpening(URL_OF_TEST, { protocols: ['chat'] });
    const key = wrongKey ? 'AAAAAAAAAAAAAAAAAAAAAA==' : opening.sent.key;
    const error = refused(feed(opening, deliver(utf8(switching(key, ...lines)))));
    expect(error.code).toBe(code);
    expect(error.response).toMatchObject({ status: 101, complete: true });
    opening.receiveEnd();
    expect(opening.next()).toBeUndefined();
  });

  it.each([
    ['a window that was not asked for', 'permessage-deflate; server_max_window_bits=16'],
    ['an unknown parameter', 'permessage-deflate; mystery'],
    ['a parameter twice', 'permessage-deflate; server_no_context_takeover; server_no_context_takeover'],
    ['less than was asked for', 'permessage-deflate; client_no_context_takeover'],
    ...['0', '7', '16', '1000', '015'].map((value): [string, string] => [
      `a window of ${value}`,
      `permessage-deflate; server_no_context_takeover; client_max_window_bits=${value}`,
    ]),
  ])('fails with bad-deflate-parameters on %s [RFC 7692 7.1, CVE-2026-2229]', (_what, value) => {
    const opening = new ClientOpening(URL_OF_TEST, { compression: true });
    const answer = switching(opening.sent.key, `Sec-WebSocket-Extensions: ${value}`);
    expect(refused(feed(opening, deliver(utf8(answer)))).code).toBe('bad-deflate-parameters');
  });

  it.each([
    'permessage-deflate; client_max_window_bits=""',
    'permessage-deflate; client_max_window_bits=" 10"',
  ])('fails with bad-extensions on %s, which is no parameter at all [RFC 6455 9.1]', (value) => {
    const opening = new ClientOpening(URL_OF_TEST, { compression: true });
    const answer = switching(opening.sent.key, `Sec-WebSocket-Extensions: ${value}`);
    expect(refused(feed(opening, deliver(utf8(answer)))).code).toBe('bad-extensions');
  });

  it('refuses a server that chooses no subprotocol only where one is required', () => {
    for (const requireProtocol of [undefined, false, true]) {
      const opening = new ClientOpening(URL_OF_TEST, { protocols: ['chat'], requireProtocol });
      const verdict = feed(opening, deliver(utf8(switching(opening.sent.key))));
      if (requireProtocol !== true) expect(opened(verdict).protocol).toBe('');
      else {
        expect(refused(verdict).code).toBe('missing-protocol');
        expect(refused(verdict).response).toMatchObject({ status: 101, complete: true });
      }
    }
  });

  it('opens with the protocol that is required, and where none is on offer', () => {
    const offering = new ClientOpening(URL_OF_TEST, { protocols: ['chat'], requireProtocol: true });
    const answer = switching(offering.sent.key, 'Sec-WebSocket-Protocol: chat');
    expect(opened(feed(offering, deliver(utf8(answer)))).protocol).toBe('chat');
    const plain = new ClientOpening(URL_OF_TEST, { requireProtocol: true });
    expect(opened(feed(plain, deliver(utf8(switching(plain.sent.key))))).protocol).toBe('');
  });
});

describe('ClientOpening', () => {
  it('sends a new key each time [RFC 6455 4.1]', () => {
    const keys = new Set(Array.from({ length: 50 }, () => new ClientOpening(URL_OF_TEST).sent.key));
    expect(keys.size).toBe(50);
  });

  it('has a request to send: what the answer is checked against', () => {
    const opening = new ClientOpening(URL_OF_TEST);
    expect(opening.request).toBe(opening.sent.bytes);
  });

  it('is not refused by an interim answer [RFC 9110 15.2]', () => {
    const opening = new ClientOpening(URL_OF_TEST);
    expect(feed(opening, [utf8('HTTP/1.1 103 Early Hints\r\n\r\n')])).toBeUndefined();
    expect([opening.refused, opening.giveUp()]).toEqual([false, undefined]);
    expect(refused(feed(opening, [], true)).response).toBeUndefined();
  });

  it('drops bytes after the verdict and after the end', () => {
    const opening = new ClientOpening(URL_OF_TEST);
    opened(feed(opening, [utf8(switching(opening.sent.key))]));
    opening.receive(Uint8Array.of(0x81, 0));
    opening.receiveEnd();
    expect(opening.next()).toBeUndefined();
    const ended = new ClientOpening(URL_OF_TEST);
    ended.receiveEnd();
    ended.receive(utf8(switching(ended.sent.key)));
    expect(refused(ended.next()).code).toBe('unexpected-end');
  });

  it('says what is malformed in the words of the error that it has as its cause', () => {
    const opening = new ClientOpening(URL_OF_TEST);
    const error = refused(feed(opening, [utf8('HTTP/1.1 101 x\r\n: y\r\n\r\n')]));
    expect(error.cause).toMatchObject({ code: 'bad-header-name', offset: 16 });
    expect(error.message).toBe(
      `Cannot open WebSocket at localhost: the answer is malformed; ${(error.cause as Error).message}`,
    );
  });

  it('says when a refusal waits for its body, and gives up on it when told', () => {
    const opening = new ClientOpening(URL_OF_TEST);
    expect(opening.giveUp()).toBeUndefined();
    expect(
      feed(opening, [utf8('HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 9\r\n\r\nmov')]),
    ).toBeUndefined();
    expect(opening.refused).toBe(true);
    const error = opening.giveUp();
    expect(error?.response?.headers.get('location')).toBe('/there');
    expect(error?.text).toBe('mov');
    expect([opening.refused, opening.giveUp()]).toEqual([false, undefined]);
    opening.receive(utf8('ed off'));
    opening.receiveEnd();
    expect(opening.next()).toBeUndefined();
  });

  it('reads a body longer than limits.maxBodyBytes: the status matters more', () => {
    const opening = new ClientOpening(URL_OF_TEST, { limits: { maxBodyBytes: 1 } });
    const error = refused(feed(opening, [utf8('HTTP/1.1 404 No\r\nContent-Length: 3\r\n\r\nabc')]));
    expect([error.code, error.text]).toEqual(['unexpected-status', 'abc']);
  });

  it.each([
    [{ protocol: 'chat' }, 'bad-option'],
    [{ requireProtocol: 1 }, 'bad-option'],
    [{ compression: 'yes' }, 'bad-option'],
    [{ limits: { maxFrames: 1 } }, 'bad-option'],
    [{ protocols: ['a b'] }, 'bad-argument'],
    [{ headers: { 'X-A': 'a\r\nHost: b' } }, 'bad-argument'],
    [{ headers: { 'Sec-WebSocket-Key': 'a' } }, 'bad-argument'],
  ])('refuses options that cannot be: %j', (options, code) => {
    expect(() => new ClientOpening(URL_OF_TEST, options as object)).toThrow(
      expect.objectContaining({ code }),
    );
  });

  it('holds no more than the head limit of an answer that never ends', () => {
    const opening = new ClientOpening(URL_OF_TEST);
    opening.receive(utf8('HTTP/1.1 101 Switching Protocols\r\n'));
    let pushed = 0;
    let verdict: ClientOpened | HandshakeError | undefined;
    while (verdict === undefined && pushed < 1_000_000) {
      opening.receive(utf8('A: b\r\n'));
      pushed += 6;
      verdict = opening.next();
    }
    expect(refused(verdict).code).toBe('too-many-headers');
    expect(pushed).toBeLessThan(1000);
  });
});
