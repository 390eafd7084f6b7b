import { type MessageCompression, PreparedMessage, WebSocketConnection } from 'sansocket/connection';
import { describe, expect, test } from 'vitest';
import { concat, DELIVERIES, utf8 } from '../../support/deliveries.ts';
import { readFrames, tellAll } from '../../support/wire.ts';
import { Bench, closeFromPeer, fromPeer, ROLES } from './support.ts';

describe.each(ROLES)('WebSocketConnection as %s: closing', (role) => {
  const server = role === 'server';

  test('close: the frame goes out, and the peer’s answer ends it cleanly [RFC 6455 7.1.2]', () => {
    const bench = new Bench(role, { now: 100 });
    bench.connection.close(3001, 'böse', 200);
    expect(bench.sent()).toEqual(['close 3001 böse']);
    expect(bench.where).toBe('closing, 5200');
    bench.now = 300;
    expect(bench.receive(closeFromPeer(role, 3001, 'böse'))).toEqual(['close 3001 böse clean']);
    expect(bench.sent()).toEqual([]);
    // "the server MUST close the TCP connection first" [7.1.1]
    expect(bench.where).toBe(server ? 'ending, ended, 5300' : 'ending, 5300');
    expect(bench.receiveEnd()).toEqual([]);
    expect(bench.where).toBe('closed, ended, Infinity');
  });

  test('the peer’s close is answered with its code, without its reason, and nothing follows [RFC 6455 5.5.1]', () => {
    const bench = new Bench(role);
    bench.connection.send('before');
    expect(bench.receive(closeFromPeer(role, 4000, 'bye'))).toEqual(['close 4000 bye clean']);
    expect(bench.connection.send('after')).toBe(false);
    expect(bench.sent()).toEqual(['text "before"', 'close 4000']);
    expect(bench.where).toBe(server ? 'ending, ended, 5000' : 'ending, 5000');
  });

  test('a close without a code is answered without one, and is told as 1005 [RFC 6455 7.1.5]', () => {
    const bench = new Bench(role);
    expect(bench.receive(closeFromPeer(role))).toEqual(['close 1005 clean']);
    expect(bench.sent()).toEqual(['close']);
  });

  test('close without a code sends none [RFC 6455 7.1.5]', () => {
    const bench = new Bench(role);
    bench.connection.close();
    expect(bench.sent()).toEqual(['close']);
  });

  test('both close at once: one frame each, clean, the peer’s code counts [RFC 6455 7.1.5]', () => {
    const bench = new Bench(role);
    bench.connection.close(3000);
    expect(bench.receive(closeFromPeer(role, 4001, 'me too'))).toEqual(['close 4001 me too clean']);
    expect(bench.sent()).toEqual(['close 3000']);
  });

  test('close twice: the second does nothing', () => {
    const bench = new Bench(role);
    bench.connection.close(3000);
    bench.connection.close(3001);
    expect(bench.sent()).toEqual(['close 3000']);
  });

  test.each([999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_536, Number.NaN, 1000.5, '1000', null])(
    'close(%s) throws, before anything is sent [RFC 6455 7.4.2]',
    (code: unknown) => {
      const bench = new Bench(role);
      expect(() => bench.connection.close(code as number)).toThrow(
        expect.objectContaining({ code: 'bad-argument' }),
      );
      expect(bench.connection.state).toBe('open');
      expect(bench.sent()).toEqual([]);
    },
  );

  test('close: a reason of 123 bytes fits, one of 124 throws [RFC 6455 5.5]', () => {
    const bench = new Bench(role);
    expect(() => bench.connection.close(1000, `${'ü'.repeat(62)}`)).toThrow(RangeError);
    expect(() => bench.connection.close(undefined, 'why')).toThrow(TypeError);
    bench.connection.close(1000, `${'ü'.repeat(61)}x`);
    expect(bench.sent()).toEqual([`close 1000 ${'ü'.repeat(61)}x`]);
  });

  test('the end of the stream without a close frame is 1006 [RFC 6455 7.1.5]', () => {
    const bench = new Bench(role);
    expect(bench.receiveEnd()).toEqual(['close 1006 unclean']);
    expect(bench.where).toBe('closed, ended, Infinity');
    expect(bench.receiveEnd()).toEqual([]);
  });

  test('the end of the stream inside a message drops what came of it', () => {
    const bench = new Bench(role);
    expect(bench.receive(fromPeer(role, 1, 'half', { fin: false }))).toEqual([]);
    expect(bench.receiveEnd()).toEqual(['close 1006 unclean']);
  });

  test('the end of the stream while we wait for the peer’s close is 1006 [RFC 6455 7.1.5]', () => {
    const bench = new Bench(role);
    bench.connection.close(1000);
    expect(bench.receiveEnd()).toEqual(['close 1006 unclean']);
  });

  test('a peer that never answers our close is dropped after closeTimeoutMs', () => {
    const bench = new Bench(role, { limits: { closeTimeoutMs: 70 } });
    bench.connection.close(1000, '', 1000);
    expect(bench.connection.deadline).toBe(1070);
    expect(bench.tick(1069)).toEqual([]);
    expect(bench.connection.dropped).toBe(false);
    expect(bench.tick(1070)).toEqual(['close 1006 unclean']);
    expect(bench.where).toBe('closed, dropped, Infinity');
  });

  test('while the peer still takes what was sent before our close, it is given time for its own', () => {
    const bench = new Bench(role, { limits: { closeTimeoutMs: 70 } });
    bench.connection.close(1000, '', 0);
    expect(bench.tick(69, true, true)).toEqual([]);
    expect(bench.connection.deadline).toBe(70);
    expect(bench.tick(70, true, true)).toEqual([]);
    expect(bench.connection.deadline).toBe(140);
    expect(bench.tick(140)).toEqual(['close 1006 unclean']);
  });

  test('chatter does not put off the deadline of a close', () => {
    const bench = new Bench(role, { limits: { closeTimeoutMs: 70 } });
    bench.connection.close(1000, '', 0);
    bench.now = 69;
    expect(bench.receive(fromPeer(role, 1, 'chatter'))).toEqual(['text chatter']);
    expect(bench.connection.deadline).toBe(70);
  });

  test('a peer that never ends the stream is dropped after closeTimeoutMs, without a second close event', () => {
    const bench = new Bench(role, { limits: { closeTimeoutMs: 70 } });
    bench.now = 10;
    expect(bench.receive(closeFromPeer(role, 1000))).toEqual(['close 1000 clean']);
    expect(bench.connection.deadline).toBe(80);
    expect(bench.tick(80)).toEqual([]);
    expect(bench.where).toBe(server ? 'closed, ended, dropped, Infinity' : 'closed, dropped, Infinity');
  });

  test('data behind a close frame is never looked at [RFC 6455 5.5.1]', () => {
    const bench = new Bench(role);
    const bytes = concat([closeFromPeer(role, 1000), fromPeer(role, 1, 'late'), fromPeer(role, 3)]);
    expect(bench.receive(bytes)).toEqual(['close 1000 clean']);
    expect(bench.sent()).toEqual(['close 1000']);
  });

  test('a close inside a fragmented message closes: the message never ends [RFC 6455 5.4]', () => {
    const bench = new Bench(role);
    const start = fromPeer(role, 1, 'half', { fin: false });
    expect(bench.receive(concat([start, closeFromPeer(role, 1001)]))).toEqual(['close 1001 clean']);
  });
});

describe.each(ROLES)('WebSocketConnection as %s: failing [RFC 6455 7.1.7]', (role) => {
  const bits = role === 'server' ? 'unmasked-frame' : 'masked-frame';
  const other = role === 'server' ? 'client' : 'server';
  const cases: ReadonlyArray<readonly [name: string, bytes: Uint8Array, code: number, error: string]> = [
    ['a reserved bit', fromPeer(role, 1, 'x', { rsv: 4 }), 1002, 'reserved-bit'],
    ['a reserved opcode', fromPeer(role, 3), 1002, 'reserved-opcode'],
    ['a reserved control opcode', fromPeer(role, 11), 1002, 'reserved-opcode'],
    ['the wrong mask', fromPeer(other, 1, 'x'), 1002, bits],
    ['a fragmented ping', fromPeer(role, 9, 'x', { fin: false }), 1002, 'fragmented-control'],
    ['a ping of 126 bytes', fromPeer(role, 9, 'x'.repeat(126)), 1002, 'control-too-long'],
    ['a length in too long a form', fromPeer(role, 1, 'x', { lengthBytes: 2 }), 1002, 'non-minimal-length'],
    ['a length of 2^63', fromPeer(role, 2, '', { declared: 2n ** 63n }), 1002, 'length-overflow'],
    ['a length of 2^53', fromPeer(role, 2, '', { declared: 2n ** 53n }), 1009, 'message-too-big'],
    ['a continuation of nothing', fromPeer(role, 0, 'x'), 1002, 'unexpected-continuation'],
    [
      'a message inside a message',
      concat([fromPeer(role, 1, 'x', { fin: false }), fromPeer(role, 1, 'y')]),
      1002,
      'interleaved-message',
    ],
    ['a close frame of one byte', fromPeer(role, 8, 'x'), 1002, 'bad-close-payload'],
    ['a close code that must not travel', closeFromPeer(role, 1006), 1002, 'bad-close-code'],
    ['a close reason that is not UTF-8', fromPeer(role, 8, Uint8Array.of(3, 232, 0xff)), 1007, 'bad-utf8'],
    ['text that is not UTF-8', fromPeer(role, 1, Uint8Array.of(0xc3, 0x28)), 1007, 'bad-utf8'],
    ['a message that is too big', fromPeer(role, 2, '', { declared: 1025 }), 1009, 'message-too-big'],
    [
      'too many fragments',
      concat([1, 0, 0, 0, 0].map((opcode) => fromPeer(role, opcode, '', { fin: false }))),
      1008,
      'too-many-fragments',
    ],
  ];
  const limits = { maxMessageBytes: 1024, maxFragments: 4 };

  describe.each(DELIVERIES)('delivered %s', (_, deliver) => {
    test.each(cases)(
      '%s: the right close frame goes out, and all that follows is dropped',
      (_, bytes, code, error) => {
        const bench = new Bench(role, { limits, now: 5 });
        bench.now = 5;
        const events = bench.receive(...deliver(bytes));
        expect(events).toEqual([`error ${error}`, `close ${code} unclean`]);
        const sent = bench.sent();
        expect(sent).toHaveLength(1);
        expect(sent[0]).toMatch(new RegExp(`^close ${code} .*\\((RFC 6455|limits)`));
        // Both ends half-close at once after a fault: nobody waits for an answer.
        expect(bench.where).toBe('failing, ended, 5005');
        expect(bench.receive(fromPeer(role, 1, 'more'))).toEqual([]);
        expect(bench.tick(5005)).toEqual([]);
        expect(bench.connection.dropped).toBe(true);
      },
    );
  });

  test('a fault while we are closing sends no second close frame [RFC 6455 5.5.1]', () => {
    const bench = new Bench(role);
    bench.connection.close(1000);
    expect(bench.sent()).toEqual(['close 1000']);
    expect(bench.receive(fromPeer(role, 3))).toEqual(['error reserved-opcode', 'close 1002 unclean']);
    expect(bench.sent()).toEqual([]);
    expect(bench.connection.outputEnded).toBe(true);
  });

  test.each([
    ['handler-failed', 1011, 'handler-failed'],
    ['send-buffer-full', 1013, 'why (limits.maxSendBufferBytes)'],
    ['pong-timeout', 1011, 'why (limits.pongTimeoutMs)'],
    ['close-timeout', 1002, 'close-timeout'],
    ['not-open', 1002, 'not-open'],
  ] as const)('fail("%s") closes with %i and reports the error once', (code, closeCode, reason) => {
    const bench = new Bench(role);
    const cause = new Error('the app’s own');
    const error = bench.connection.fail(code, 'why', cause);
    expect(error).toMatchObject({ code, cause });
    expect(bench.events()).toEqual([`error ${code}`, `close ${closeCode} unclean`]);
    expect(bench.sent()[0]).toMatch(new RegExp(`^close ${closeCode}( |$)`));
    expect(reason).not.toBe('');
    expect(bench.connection.fail(code, 'again')).toBeUndefined();
  });

  test('fail gives a reason of 123 bytes whole, and none for what is not answered', () => {
    const rule = ' (limits.maxSendBufferBytes)';
    const bench = new Bench(role);
    bench.connection.fail('send-buffer-full', 'x'.repeat(123 - rule.length));
    expect(bench.sent()).toEqual([`close 1013 ${'x'.repeat(123 - rule.length)}${rule}`]);
    const other = new Bench(role);
    other.connection.fail('not-open', 'why');
    expect(other.sent()).toEqual(['close 1002']);
  });

  test('fail never says to the peer what a handler threw', () => {
    const bench = new Bench(role);
    bench.connection.fail('handler-failed', 'Cannot go on: password is hunter2', new Error('hunter2'));
    expect(bench.sent().join()).not.toContain('hunter2');
  });

  test.each(['ü'.repeat(100), '𝄞'.repeat(60), 'x'.repeat(500)])(
    'fail with a message too long for a close frame sends the code',
    (text) => {
      const bench = new Bench(role);
      bench.connection.fail('send-buffer-full', text);
      expect(bench.sent()).toEqual(['close 1013 send-buffer-full']);
    },
  );
});

describe.each(ROLES)('WebSocketConnection as %s: pings [RFC 6455 5.5.2, 5.5.3]', (role) => {
  test('a ping is answered with its payload, between the fragments of a message too', () => {
    const bench = new Bench(role);
    const bytes = concat([
      fromPeer(role, 1, 'he', { fin: false }),
      fromPeer(role, 9, 'a'),
      fromPeer(role, 0, 'llo'),
      fromPeer(role, 9),
    ]);
    expect(bench.receive(bytes)).toEqual(['ping a', 'text hello', 'ping ']);
    expect(bench.sent()).toEqual(['pong 61', 'pong']);
  });

  test('a ping during a message that we stream is answered between our fragments [RFC 6455 5.4]', () => {
    const bench = new Bench(role);
    bench.connection.sendPiece('text', 'he', true, false);
    bench.receive(fromPeer(role, 9, 'a'));
    bench.connection.sendPiece('text', 'llo', false, true);
    expect(bench.sent()).toEqual(['text "he" …', 'pong 61', 'more 6c6c6f']);
  });

  test('100 000 pings in one chunk cannot grow the output, and the last of them is answered', () => {
    const bench = new Bench(role);
    const count = 100_000;
    const one = fromPeer(role, 9, 'x'.repeat(125));
    const flood = new Uint8Array(count * one.length);
    for (let i = 0; i < count; i++) flood.set(one, i * one.length);
    flood.set(fromPeer(role, 9, 'y'.repeat(125)), (count - 1) * one.length);
    bench.connection.receive(flood);
    let pings = 0;
    while (bench.connection.next() !== undefined) pings++;
    expect(pings).toBe(count);
    expect(bench.connection.bufferedBytes).toBeLessThanOrEqual(65_536 + 131);
    const sent = bench.sent();
    expect(sent.at(-1)).toBe(`pong ${'79'.repeat(125)}`);
    expect(sent.length).toBeLessThan(600);
    expect(bench.sent()).toEqual([]);
  });

  test('while the transport is full, only the newest ping is answered, when there is room again', () => {
    const bench = new Bench(role);
    bench.connection.congested = true;
    expect(bench.receive(fromPeer(role, 9, '1'), fromPeer(role, 9, '2'))).toEqual(['ping 1', 'ping 2']);
    expect(bench.sent()).toEqual([]);
    bench.connection.congested = false;
    expect(bench.sent()).toEqual(['pong 32']);
    expect(bench.sent()).toEqual([]);
  });

  test('a ping takes the place of one whose pong is still owed, also when there is room again', () => {
    const bench = new Bench(role);
    bench.connection.congested = true;
    bench.receive(fromPeer(role, 9, '1'));
    bench.connection.congested = false;
    bench.receive(fromPeer(role, 9, '2'));
    expect(bench.sent()).toEqual(['pong 32']);
  });

  test('pongs go out until highWaterMarkBytes wait, and from there on only the newest is owed', () => {
    const header = role === 'server' ? 2 : 6;
    const bench = new Bench(role, { limits: { highWaterMarkBytes: 2 * (header + 1) } });
    bench.receive(...['1', '2', '3', '4'].map((payload) => fromPeer(role, 9, payload)));
    expect(bench.connection.bufferedBytes).toBe(2 * (header + 1));
    expect(bench.sent()).toEqual(['pong 31', 'pong 32', 'pong 34']);
  });

  test('a ping is answered while we close, owed or not, until the peer’s close frame comes [RFC 6455 5.5.2]', () => {
    const bench = new Bench(role);
    bench.connection.congested = true;
    bench.receive(fromPeer(role, 9, '1'));
    bench.connection.close(1000);
    bench.connection.congested = false;
    expect(bench.sent()).toEqual(['close 1000', 'pong 31']);
    bench.receive(fromPeer(role, 9, '2'));
    expect(bench.sent()).toEqual(['pong 32']);
    bench.connection.congested = true;
    bench.receive(fromPeer(role, 9, '3'), fromPeer(role, 8, Uint8Array.of(3, 232)));
    bench.connection.congested = false;
    expect(bench.sent()).toEqual([]);
  });

  test('nor is one answered behind a fault of the peer’s: we read no more [RFC 6455 7.1.7]', () => {
    const bench = new Bench(role);
    bench.connection.congested = true;
    bench.receive(fromPeer(role, 9, '1'), fromPeer(role, 3, ''));
    bench.connection.congested = false;
    expect(bench.sent()).toEqual([expect.stringContaining('close 1002')]);
  });

  test('pong: sends one that nobody asked for', () => {
    const bench = new Bench(role);
    expect(bench.connection.pong('beat')).toBe(true);
    expect(bench.connection.pong()).toBe(true);
    expect(bench.sent()).toEqual(['pong 62656174', 'pong']);
  });

  test('a pong that nobody asked for is told as such, and does nothing [RFC 6455 5.5.3]', () => {
    const bench = new Bench(role);
    expect(bench.receive(fromPeer(role, 10, 'beat'))).toEqual(['pong answers -1 after undefined']);
    expect(bench.sent()).toEqual([]);
  });

  test('ping: numbers itself, and its pong tells the round trip', () => {
    const bench = new Bench(role);
    expect(bench.connection.ping(undefined, 1000)).toBe(0);
    expect(bench.connection.ping('mine', 1010)).toBe(1);
    expect(bench.sent()).toEqual(['ping 00000000', 'ping 6d696e65']);
    bench.now = 1050;
    expect(bench.receive(fromPeer(role, 10, new Uint8Array(4)))).toEqual(['pong answers 0 after 50']);
    bench.now = 1060;
    expect(bench.receive(fromPeer(role, 10, 'mine'))).toEqual(['pong answers 1 after 50']);
    expect(bench.receive(fromPeer(role, 10, 'mine'))).toEqual(['pong answers -1 after undefined']);
  });

  test('a pong for a later ping answers the earlier ones too [RFC 6455 5.5.3]', () => {
    const bench = new Bench(role);
    for (const payload of ['a', 'b', 'c']) bench.connection.ping(payload, 0);
    expect(bench.receive(fromPeer(role, 10, 'b'), fromPeer(role, 10, 'a'), fromPeer(role, 10, 'c'))).toEqual([
      'pong answers 1 after 0',
      'pong answers -1 after undefined',
      'pong answers 2 after 0',
    ]);
  });

  test('ping: the payload is copied, so that the caller may use its memory again', () => {
    const bench = new Bench(role);
    const payload = utf8('abc');
    bench.connection.ping(payload);
    payload.fill(0);
    expect(bench.receive(fromPeer(role, 10, 'abc'))).toEqual(['pong answers 0 after 0']);
  });

  test.each([123, null, {}, ['x'], true])(
    'ping(%j) throws a TypeError, and sends nothing [CVE-2016-10518]',
    (payload) => {
      const bench = new Bench(role);
      expect(() => bench.connection.ping(payload as unknown as string)).toThrow(TypeError);
      expect(() => bench.connection.pong(payload as unknown as string)).toThrow(TypeError);
      expect(() => bench.connection.send(payload as unknown as string)).toThrow(TypeError);
      expect(() => bench.connection.sendPiece('text', payload as unknown as string, true, true)).toThrow(
        TypeError,
      );
      expect(bench.sent()).toEqual([]);
    },
  );

  test('ping: 125 bytes fit, 126 throw a RangeError [RFC 6455 5.5]', () => {
    const bench = new Bench(role);
    expect(() => bench.connection.ping('x'.repeat(126))).toThrow(RangeError);
    expect(bench.connection.ping('x'.repeat(125))).toBe(0);
  });

  test('thousands of pings that nobody answers are forgotten but for the newest, and count as answered by a later pong', () => {
    const bench = new Bench(role);
    for (let i = 0; i < 5000; i++) bench.connection.ping(undefined, 0);
    bench.sent();
    expect(bench.receive(fromPeer(role, 10, Uint8Array.of(0, 0, 0, 0)))).toEqual([
      'pong answers -1 after undefined',
    ]);
    expect(bench.receive(fromPeer(role, 10, Uint8Array.of(0, 0, 0x13, 0x87)))).toEqual([
      'pong answers 4999 after 0',
    ]);
  });
});

describe.each(ROLES)('WebSocketConnection as %s: keepalive', (role) => {
  const limits = { pingIntervalMs: 100, pongTimeoutMs: 30, closeTimeoutMs: 20 };

  test('pings after pingIntervalMs of its own accord, and again after the next', () => {
    const bench = new Bench(role, { limits, now: 1000 });
    expect(bench.connection.deadline).toBe(1100);
    expect(bench.tick(1099)).toEqual([]);
    expect(bench.sent()).toEqual([]);
    bench.tick(1100);
    expect(bench.sent()).toEqual(['ping 00000000']);
    expect(bench.connection.deadline).toBe(1130);
    bench.now = 1110;
    expect(bench.receive(fromPeer(role, 10, new Uint8Array(4)))).toEqual(['pong answers 0 after 10']);
    expect(bench.connection.deadline).toBe(1200);
    bench.tick(1200);
    expect(bench.sent()).toEqual(['ping 00000001']);
  });

  test('silence after a ping closes with 1011 after pongTimeoutMs, then drops', () => {
    const bench = new Bench(role, { limits });
    bench.tick(100);
    bench.sent();
    expect(bench.tick(129)).toEqual([]);
    expect(bench.tick(130)).toEqual(['error pong-timeout', 'close 1011 unclean']);
    expect(bench.sent()[0]).toMatch(/^close 1011 .*limits\.pongTimeoutMs/);
    expect(bench.where).toBe('failing, ended, 150');
    bench.tick(150);
    expect(bench.where).toBe('closed, ended, dropped, Infinity');
  });

  test.each(['receive', 'lend'] as const)('a chunk without a byte in it is no sign of life (%s)', (call) => {
    const bench = new Bench(role, { limits });
    bench.tick(100);
    bench.connection[call](new Uint8Array(0), 120);
    expect(bench.tick(130)).toEqual(['error pong-timeout', 'close 1011 unclean']);
  });

  test.each(['receive', 'lend'] as const)('a chunk with one is (%s)', (call) => {
    const bench = new Bench(role, { limits });
    bench.tick(100);
    bench.connection[call](Uint8Array.of(0x82), 120);
    expect(bench.tick(130)).toEqual([]);
    expect(bench.connection.deadline).toBe(160);
  });

  test('fail while we close is told, and ends it: the code that went out stays', () => {
    const bench = new Bench(role);
    bench.connection.close(1000);
    expect(bench.connection.fail('handler-failed', 'x')).toMatchObject({ code: 'handler-failed' });
    expect(bench.events()).toEqual(['error handler-failed', 'close 1011 unclean']);
    expect(bench.sent()).toEqual(['close 1000']);
    expect(bench.connection.fail('handler-failed', 'x')).toBeUndefined();
  });

  test('bytes are a sign of life: a pong can be stuck behind a long message', () => {
    const bench = new Bench(role, { limits });
    bench.tick(100);
    bench.now = 120;
    expect(bench.receive(fromPeer(role, 2, '', { declared: 1000 }))).toEqual([]);
    expect(bench.tick(130)).toEqual([]);
    expect(bench.connection.deadline).toBe(160);
    expect(bench.tick(160)).toEqual(['error pong-timeout', 'close 1011 unclean']);
  });

  test('a sign of life before the ping proves nothing after it', () => {
    const bench = new Bench(role, { limits });
    bench.now = 99;
    bench.receive(fromPeer(role, 1, 'hi'));
    bench.tick(100);
    expect(bench.tick(130)).toEqual(['error pong-timeout', 'close 1011 unclean']);
  });

  test('while the caller does not read, silence proves nothing', () => {
    const bench = new Bench(role, { limits });
    bench.tick(100);
    expect(bench.tick(130, false)).toEqual([]);
    expect(bench.connection.deadline).toBe(160);
    expect(bench.tick(160, true)).toEqual(['error pong-timeout', 'close 1011 unclean']);
  });

  test('the app’s own ping puts off the next one, and waits for its pong too', () => {
    const bench = new Bench(role, { limits });
    bench.connection.ping('x', 90);
    expect(bench.connection.deadline).toBe(120);
    bench.now = 95;
    bench.receive(fromPeer(role, 10, 'x'));
    expect(bench.connection.deadline).toBe(190);
  });

  test('a stream of pings does not put off the deadline of the first', () => {
    const bench = new Bench(role, { limits });
    for (const now of [0, 10, 20, 29]) bench.connection.ping(undefined, now);
    expect(bench.connection.deadline).toBe(30);
    expect(bench.tick(30)).toEqual(['error pong-timeout', 'close 1011 unclean']);
  });

  test('Infinity switches it off', () => {
    const bench = new Bench(role, { limits: { pingIntervalMs: Number.POSITIVE_INFINITY } });
    expect(bench.connection.deadline).toBe(Number.POSITIVE_INFINITY);
    bench.tick(1e12);
    expect(bench.sent()).toEqual([]);
  });

  test.each([
    ['a goodbye', (role: 'server' | 'client') => closeFromPeer(role, 1000)],
    ['a fault', (role: 'server' | 'client') => fromPeer(role, 3)],
  ])('%s that had to wait leaves the peer closeTimeoutMs from when it is taken', (_what, bytes) => {
    const { connection } = new Bench(role, { limits });
    connection.receive(bytes(role), 10);
    connection.next(1000);
    expect(connection.deadline).toBe(1020);
  });

  test('no ping while closing: the deadline is that of the close', () => {
    const bench = new Bench(role, { limits });
    bench.connection.close(1000, '', 95);
    bench.sent();
    bench.tick(100);
    expect(bench.sent()).toEqual([]);
    expect(bench.connection.deadline).toBe(115);
  });
});

describe.each(ROLES)('WebSocketConnection as %s: sending', (role) => {
  test('send: text and binary, in order, in one run', () => {
    const bench = new Bench(role);
    expect(bench.connection.send('ä€😀')).toBe(true);
    expect(bench.connection.send(Uint8Array.of(1, 2))).toBe(true);
    expect(bench.connection.send('')).toBe(true);
    expect(bench.connection.send(utf8('as text'), { type: 'text' })).toBe(true);
    expect(bench.sent()).toEqual(['text "ä€😀"', 'binary 0102', 'text ""', 'text "as text"']);
  });

  test('send: every kind of bytes goes out as exactly its own bytes [CVE-2026-45736]', () => {
    const buffer = Uint8Array.from({ length: 64 }, (_, i) => i).buffer;
    const shared = new SharedArrayBuffer(8);
    new Uint8Array(shared).set([9, 8, 7]);
    const kinds = [
      new Uint8Array(buffer, 8, 8),
      new Uint8ClampedArray(buffer, 8, 8),
      new Int8Array(buffer, 8, 8),
      new Uint16Array(buffer, 8, 4),
      new Int16Array(buffer, 8, 4),
      new Uint32Array(buffer, 8, 2),
      new Int32Array(buffer, 8, 2),
      new Float32Array(buffer, 8, 2),
      new Float64Array(buffer, 8, 1),
      new BigInt64Array(buffer, 8, 1),
      new BigUint64Array(buffer, 8, 1),
      new DataView(buffer, 8, 8),
    ];
    const bench = new Bench(role);
    for (const kind of kinds) bench.connection.send(kind);
    expect(bench.sent()).toEqual(kinds.map(() => 'binary 08090a0b0c0d0e0f'));
    bench.connection.send(buffer.slice(0, 3));
    bench.connection.send(shared);
    expect(bench.sent()).toEqual(['binary 000102', 'binary 0908070000000000']);
  });

  test('send: what is sent is copied', () => {
    const bench = new Bench(role);
    const bytes = Uint8Array.of(1, 2, 3);
    bench.connection.send(bytes);
    bytes.fill(9);
    expect(bench.sent()).toEqual(['binary 010203']);
  });

  test('send: lone surrogates go out as U+FFFD, because text must be UTF-8 [RFC 6455 5.6]', () => {
    const bench = new Bench(role);
    bench.connection.send('a\ud800b\udc00');
    expect(bench.sent()).toEqual(['text "a\ufffdb\ufffd"']);
  });

  test('sendPiece: fragments, with no other message in between [RFC 6455 5.4]', () => {
    const { connection } = new Bench(role);
    expect(connection.sendPiece('text', 'nothing open', false, false)).toBe(false);
    expect(connection.sendPiece('text', 'a', true, false)).toBe(true);
    expect(connection.send('between')).toBe(false);
    expect(connection.sendPrepared(new PreparedMessage('between'))).toBe(false);
    expect(connection.sendPiece('binary', Uint8Array.of(1), true, false)).toBe(false);
    expect(connection.ping('p')).toBe(0);
    expect(connection.sendPiece('text', Uint8Array.of(0x62), false, false)).toBe(true);
    expect(connection.sendPiece('text', '', false, true)).toBe(true);
    expect(connection.send('after')).toBe(true);
    expect(tellAll(connection.takeOutput())).toEqual([
      'text "a" …',
      'ping 70',
      'more 62 …',
      'more',
      'text "after"',
    ]);
  });

  test('sendPrepared: its type can be said again, and not be another', () => {
    const bench = new Bench(role);
    const prepared = new PreparedMessage('news');
    expect(bench.connection.sendPrepared(prepared, { type: 'text' })).toBe(true);
    expect(() => bench.connection.sendPrepared(prepared, { type: 'binary' })).toThrow(
      expect.objectContaining({ code: 'bad-argument' }),
    );
    expect(bench.sent()).toEqual(['text "news"']);
  });

  test('sendPiece: one piece that is first and last is a plain message', () => {
    const bench = new Bench(role);
    bench.connection.sendPiece('binary', Uint8Array.of(7), true, true);
    expect(bench.sent()).toEqual(['binary 07']);
  });

  test('close in the middle of a streamed message: the message is left unfinished', () => {
    const bench = new Bench(role);
    bench.connection.sendPiece('text', 'a', true, false);
    bench.connection.close(1001);
    expect(bench.connection.sendPiece('text', 'b', false, true)).toBe(false);
    expect(bench.sent()).toEqual(['text "a" …', 'close 1001']);
  });

  test('after our close frame nothing is sent, prepared or in pieces neither [RFC 6455 5.5.1]', () => {
    const { connection } = new Bench(role);
    connection.close(1000);
    connection.takeOutput();
    expect(connection.sendPrepared(new PreparedMessage('late'))).toBe(false);
    expect(connection.sendPiece('text', 'late', true, false)).toBe(false);
    expect(connection.sendPiece('text', 'late', false, true)).toBe(false);
    expect(connection.takeOutput()).toBeUndefined();
  });

  test('sendPrepared: the same frame to many', () => {
    const text = new PreparedMessage('news');
    const binary = new PreparedMessage(Uint8Array.of(1));
    for (let i = 0; i < 3; i++) {
      const bench = new Bench(role);
      bench.connection.sendPrepared(text);
      bench.connection.sendPrepared(binary);
      expect(bench.sent()).toEqual(['text "news"', 'binary 01']);
    }
  });

  test('takeOutput: what was taken does not change when more is sent', () => {
    const { connection } = new Bench(role, { random: (bytes) => bytes.fill(0) });
    connection.send('one');
    const first = connection.takeOutput()!;
    const before = first.slice();
    for (let i = 0; i < 100; i++) connection.send('two'.repeat(1000));
    connection.takeOutput();
    expect(first).toEqual(before);
  });

  test('recycleOutput: memory is written to again only after it was given back', () => {
    const { connection } = new Bench(role);
    connection.send('one');
    const first = connection.takeOutput()!;
    connection.recycleOutput(first);
    connection.send('two');
    expect(tellAll(connection.takeOutput())).toEqual(['text "two"']);
    connection.recycleOutput(new Uint8Array(4));
    connection.send('three');
    expect(tellAll(connection.takeOutput())).toEqual(['text "three"']);
  });
});

describe.each(ROLES)('WebSocketConnection as %s: receiving', (role) => {
  test('every delivery gives the same messages and answers', () => {
    const bytes = concat([
      fromPeer(role, 1, 'ä'),
      fromPeer(role, 2, Uint8Array.of(1, 2, 3)),
      fromPeer(role, 1, utf8('ä').subarray(0, 1), { fin: false }),
      fromPeer(role, 9, 'p'),
      fromPeer(role, 0, utf8('ä').subarray(1)),
      closeFromPeer(role, 1000, 'fin'),
    ]);
    for (const [name, deliver] of DELIVERIES) {
      const bench = new Bench(role);
      expect(bench.receive(...deliver(bytes)), name).toEqual([
        'text ä',
        'binary [1,2,3]',
        'ping p',
        'text ä',
        'close 1000 fin clean',
      ]);
      expect(bench.sent(), name).toEqual(['pong 70', 'close 1000']);
    }
  });

  test('lend, keep: what was not taken of bytes that were lent is kept', () => {
    const bench = new Bench(role);
    const chunk = concat([fromPeer(role, 1, 'one'), fromPeer(role, 1, 'two')]);
    bench.connection.lend(chunk, 0);
    expect(bench.connection.next()).toEqual({ kind: 'text', data: 'one' });
    bench.connection.keep();
    chunk.fill(0xff);
    expect(bench.events()).toEqual(['text two']);
  });

  test('pieces: a message comes as it arrives', () => {
    const bench = new Bench(role, { pieces: true });
    expect(bench.receive(fromPeer(role, 1, 'ab', { fin: false }), fromPeer(role, 0, 'c'))).toEqual([
      'piece ab first',
      'piece c last',
    ]);
  });

  test('textAsBytes: text comes as its bytes, validated', () => {
    const bench = new Bench(role, { textAsBytes: true });
    expect(bench.receive(fromPeer(role, 1, 'ab'), fromPeer(role, 1, Uint8Array.of(0xff)))).toEqual([
      'text [97,98]',
      'error bad-utf8',
      'close 1007 unclean',
    ]);
  });

  test('allowNonMinimalLength, allowUnmasked, allowMasked: take what is refused by default', () => {
    const lenient = new Bench(role, { allowNonMinimalLength: true, allowUnmasked: true, allowMasked: true });
    expect(lenient.receive(fromPeer(role, 1, 'a', { lengthBytes: 8 }))).toEqual(['text a']);
    expect(lenient.receive(fromPeer(role === 'server' ? 'client' : 'server', 1, 'b'))).toEqual(['text b']);
  });
});

describe('WebSocketConnection: a message that is compressed once for many', () => {
  /** Compresses to one byte that names the way. */
  function compression(sharedKey: string | undefined, calls: string[]): MessageCompression {
    return {
      sharedKey,
      worthwhile: (bytes) => bytes > 3,
      compress: (data) => {
        calls.push('own');
        return data.length > 3 ? Uint8Array.of(1) : undefined;
      },
      compressPiece: () => {
        calls.push('piece');
        return Uint8Array.of(3);
      },
      compressShared: () => {
        calls.push('shared');
        return Uint8Array.of(2);
      },
      inflate: (bytes) => bytes,
      releasableBytes: 0,
      idleMs: 1000,
      releaseIdle: () => calls.push('released'),
      dispose: () => {},
    };
  }

  test('without context takeover it is compressed once, and shared', () => {
    const calls: string[] = [];
    const message = new PreparedMessage('long enough');
    for (let i = 0; i < 3; i++) {
      const bench = new Bench('server', { compression: compression('key', calls) });
      expect(bench.connection.sendPrepared(message)).toBe(true);
      expect(bench.sent()).toEqual(['text rsv4 02']);
    }
    expect(calls).toEqual(['shared']);
  });

  test('with context takeover, and as a client, each connection compresses for itself', () => {
    const calls: string[] = [];
    const message = new PreparedMessage('long enough');
    const server = new Bench('server', { compression: compression(undefined, calls) });
    server.connection.sendPrepared(message);
    const client = new Bench('client', { compression: compression('key', calls) });
    client.connection.sendPrepared(message);
    expect([...server.sent(), ...client.sent()]).toEqual(['text rsv4 01', 'text rsv4 01']);
    expect(calls).toEqual(['own', 'own']);
  });

  test('below the threshold, and where it is switched off, it goes plain', () => {
    const calls: string[] = [];
    const bench = new Bench('server', { compression: compression('key', calls) });
    bench.connection.sendPrepared(new PreparedMessage('abc'));
    bench.connection.sendPrepared(new PreparedMessage('long enough'), { compress: false });
    bench.connection.send('long enough', { compress: false });
    expect(bench.sent()).toEqual(['text "abc"', 'text "long enough"', 'text "long enough"']);
    expect(calls).toEqual([]);
  });
});

describe('WebSocketConnection: the windows of compression', () => {
  test.each(ROLES)('as %s: are given back once no message can come in any more', (role) => {
    let given = 0;
    const compression = {
      inflate: (bytes: Uint8Array) => bytes,
      compress: () => undefined,
      dispose: () => given++,
    } as unknown as MessageCompression;
    const bench = new Bench(role, { compression });
    bench.connection.close(1000);
    expect(bench.receive(fromPeer(role, 1, 'late'))).toEqual(['text late']);
    expect(given).toBe(0);
    bench.receive(closeFromPeer(role, 1000));
    expect(given).toBeGreaterThan(0);
  });
});

describe('WebSocketConnection, where the source of masking keys throws', () => {
  test('a call that throws has sent nothing and changed nothing', () => {
    let broken = true;
    const random = (bytes: Uint8Array): Uint8Array => {
      if (broken) throw new Error('no entropy');
      return bytes.fill(0);
    };
    const bench = new Bench('client', { random });
    const { connection } = bench;
    expect(() => connection.sendPiece('text', 'a', true, false)).toThrow('no entropy');
    expect(() => connection.close(1000)).toThrow('no entropy');
    expect(connection.state).toBe('open');
    broken = false;
    expect(connection.sendPiece('text', 'b', false, true)).toBe(false);
    expect(connection.send('c')).toBe(true);
    expect(bench.sent()).toEqual(['text "c"']);
    expect(bench.receive(closeFromPeer('client', 1000))).toEqual(['close 1000 clean']);
    expect(bench.sent()).toEqual(['close 1000']);
  });
});

describe('WebSocketConnection: options', () => {
  test.each([
    [{ role: 'proxy' }],
    [{}],
    [{ role: 'server', maxMessageBytes: 5 }],
    [{ role: 'server', limits: { maxMessageByte: 5 } }],
    [{ role: 'server', limits: { maxMessageBytes: 0 } }],
    [{ role: 'server', pieces: 'yes' }],
    [{ role: 'server', output: {} }],
    [{ role: 'server', output: null }],
    [null],
    ['server'],
  ])('%j is refused at once', (options) => {
    expect(() => new WebSocketConnection(options as never)).toThrow(
      expect.objectContaining({ code: 'bad-option' }),
    );
  });

  test('role tells which end it is; a client masks with fresh keys [RFC 6455 10.3]', () => {
    const keys = new Set<string>();
    const client = new WebSocketConnection({ role: 'client' });
    expect(client.role).toBe('client');
    for (let i = 0; i < 50; i++) {
      client.send('same');
      keys.add(String(client.takeOutput()!.subarray(2, 6)));
    }
    expect(keys.size).toBe(50);
  });

  test('random: the source of masking keys can be handed in', () => {
    const client = new WebSocketConnection({ role: 'client', random: (bytes) => bytes.fill(0x11) });
    client.send('a');
    expect([...client.takeOutput()!]).toEqual([0x81, 0x81, 0x11, 0x11, 0x11, 0x11, 0x70]);
    client.send('b');
    expect(readFrames(client.takeOutput()!).frames[0]!.payload).toEqual(utf8('b'));
  });
});

describe.each(ROLES)('WebSocketConnection as %s: what a caller gets wrong', (role) => {
  const refused = (code: string) => expect.objectContaining({ code });

  test.each([
    [{ type: 'nope' }, 'bad-option'],
    [{ compres: false }, 'bad-option'],
    [{ compress: 'no' }, 'bad-option'],
    [null, 'bad-option'],
    [5, 'bad-option'],
    [{ type: 'binary' }, 'bad-argument'],
  ] as const)('send refuses the options %j, and sends nothing', (options, code) => {
    const bench = new Bench(role);
    expect(() => bench.connection.send('hi', options as never)).toThrow(refused(code));
    expect(() => bench.connection.sendPrepared(new PreparedMessage('hi'), options as never)).toThrow(
      refused(code),
    );
    expect(bench.sent()).toEqual([]);
  });

  test.each([undefined, null, 5, 'hi', Uint8Array.of(1), {}])('sendPrepared refuses %j', (message) => {
    const bench = new Bench(role);
    expect(() => bench.connection.sendPrepared(message as never)).toThrow(refused('bad-argument'));
  });

  test.each([
    ['text', 'hi', undefined, undefined, undefined, 'bad-argument'],
    ['text', 'hi', true, 1, undefined, 'bad-argument'],
    ['nope', 'hi', true, false, undefined, 'bad-argument'],
    ['binary', 'hi', true, false, undefined, 'bad-argument'],
    ['text', 5, true, false, undefined, 'bad-argument'],
    ['text', 'hi', true, false, { type: 'text' }, 'bad-option'],
  ] as const)(
    'sendPiece refuses %j, %j, %j, %j, %j: it would send a fragment of no message',
    (type, piece, first, last, options, code) => {
      const bench = new Bench(role);
      const send = () =>
        bench.connection.sendPiece(
          type as 'text',
          piece as string,
          first as boolean,
          last as boolean,
          options as object,
        );
      expect(send).toThrow(refused(code));
      expect([bench.sent(), bench.connection.send('free')]).toEqual([[], true]);
    },
  );

  test('sendPiece refuses to go on with another type, and the message can still be ended', () => {
    const bench = new Bench(role);
    bench.connection.sendPiece('text', 'a', true, false);
    expect(() => bench.connection.sendPiece('binary', Uint8Array.of(0xff), false, true)).toThrow(
      refused('bad-argument'),
    );
    expect(bench.connection.sendPiece('text', 'b', false, true)).toBe(true);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, '5', 10n])(
    'a time that is none (%s) is refused: it would be a deadline that never comes',
    (time) => {
      const now = time as number;
      expect(() => new WebSocketConnection({ role, now })).toThrow(refused('bad-option'));
      const { connection } = new Bench(role);
      const { deadline } = connection;
      for (const call of [
        () => connection.receive(new Uint8Array(0), now),
        () => connection.lend(new Uint8Array(0), now),
        () => connection.receiveEnd(now),
        () => connection.next(now),
        () => connection.ping('', now),
        () => connection.close(1000, '', now),
        () => connection.fail('handler-failed', '', undefined, now),
        () => connection.tick(now),
      ])
        expect(call).toThrow(refused('bad-argument'));
      expect([connection.state, connection.deadline]).toEqual(['open', deadline]);
    },
  );

  test.each(['nope', '__proto__', undefined])(
    'fail refuses the code %s, and the connection stays',
    (code) => {
      const { connection } = new Bench(role);
      expect(() => connection.fail(code as never, 'x')).toThrow(refused('bad-argument'));
      expect(connection.state).toBe('open');
    },
  );
});
