import { describe, expect, it } from 'vitest';
import { parseWebSocketUrl } from '../../../src/handshake/url.ts';

describe('parseWebSocketUrl()', () => {
  it.each([
    ['ws://example.com', false, 'example.com', 80, '/', 'example.com'],
    ['wss://example.com', true, 'example.com', 443, '/', 'example.com'],
    ['http://example.com', false, 'example.com', 80, '/', 'example.com'],
    ['https://example.com', true, 'example.com', 443, '/', 'example.com'],
    ['WSS://EXAMPLE.com/Chat', true, 'example.com', 443, '/Chat', 'example.com'],
    ['ws://example.com:8080/chat', false, 'example.com', 8080, '/chat', 'example.com:8080'],
    ['ws://example.com:80/', false, 'example.com', 80, '/', 'example.com'],
    ['ws://example.com:0080/', false, 'example.com', 80, '/', 'example.com'],
    ['ws://example.com:443/', false, 'example.com', 443, '/', 'example.com:443'],
    ['wss://example.com:443/', true, 'example.com', 443, '/', 'example.com'],
    ['wss://example.com:80/', true, 'example.com', 80, '/', 'example.com:80'],
    ['ws://example.com:65535', false, 'example.com', 65_535, '/', 'example.com:65535'],
    ['ws://example.com:/', false, 'example.com', 80, '/', 'example.com'],
    ['ws://example.com./', false, 'example.com.', 80, '/', 'example.com.'],
    ['ws://a_b-c.~!$&()*+,;=', false, 'a_b-c.~!$&()*+,;=', 80, '/', 'a_b-c.~!$&()*+,;='],
    ['ws://127.0.0.1:1', false, '127.0.0.1', 1, '/', '127.0.0.1:1'],
    ['ws://[::1]', false, '::1', 80, '/', '[::1]'],
    ['wss://[2001:DB8:0:0::1]:8443/x', true, '2001:db8::1', 8443, '/x', '[2001:db8::1]:8443'],
    ['ws://xn--bcher-kva.example', false, 'xn--bcher-kva.example', 80, '/', 'xn--bcher-kva.example'],
  ])('reads %s [RFC 6455 3]', (url, secure, hostname, port, target, hostHeader) => {
    expect(parseWebSocketUrl(url)).toEqual({ secure, hostname, port, target, hostHeader });
  });

  it.each([
    ['ws://h', '/'],
    ['ws://h?a=b', '/?a=b'],
    ['ws://h/a/b?c=d&e', '/a/b?c=d&e'],
    ['ws://h/?', '/'],
    ['ws://h/a?', '/a'],
    ['ws://h?', '/'],
    ['ws://h/a??', '/a??'],
    ['ws://h/a?b?', '/a?b?'],
    ['ws://h/%20%zz', '/%20%zz'],
    ['ws://h//a', '//a'],
    ['ws://h/a/../b', '/a/../b'],
    ['ws://h/@:', '/@:'],
    ['ws://h/a?x://y', '/a?x://y'],
    ['ws://h/{|}^`', '/{|}^`'],
  ])('makes of %s the resource name %s [RFC 6455 3]', (url, target) => {
    expect(parseWebSocketUrl(url).target).toBe(target);
  });

  it('takes a URL object, which has encoded what the text may not have', () => {
    expect(parseWebSocketUrl(new URL('ws://bücher.example/straße und?q=ü')).target).toBe(
      '/stra%C3%9Fe%20und?q=%C3%BC',
    );
    expect(parseWebSocketUrl(new URL('ws://bücher.example/')).hostname).toBe('xn--bcher-kva.example');
  });

  it.each([
    ['', 'it does not start with ws:// or wss://'],
    ['example.com', 'it does not start with ws:// or wss://'],
    ['/chat', 'it does not start with ws:// or wss://'],
    ['//example.com', 'it does not start with ws:// or wss://'],
    ['ws:example.com', 'it does not start with ws:// or wss://'],
    ['ws:/example.com', 'it does not start with ws:// or wss://'],
    [' ws://example.com', 'it does not start with ws:// or wss://'],
    ['ftp://example.com', 'it does not start with ws:// or wss://'],
    ['constructor://example.com', 'it does not start with ws:// or wss://'],
    ['ws://example.com/#top', 'it has a fragment, write %23 for a # in the path or the query'],
    ['ws://example.com#', 'it has a fragment, write %23 for a # in the path or the query'],
    ['ws://user@example.com', 'it has a user name or a password, send them in an Authorization header'],
    ['ws://user:pass@example.com', 'it has a user name or a password, send them in an Authorization header'],
    ['ws://', 'its host or port is malformed'],
    ['ws:///chat', 'its host or port is malformed'],
    ['ws://:80', 'its host or port is malformed'],
    ['ws://exa mple.com', 'its host or port is malformed'],
    ['ws://example.com\\chat', 'its host or port is malformed'],
    ['ws://exa%6dple.com', 'its host or port is malformed'],
    ['ws://bücher.example', 'its host or port is malformed'],
    ['ws://example.com:x', 'its host or port is malformed'],
    ['ws://example.com:-1', 'its host or port is malformed'],
    ['ws://example.com:65536', 'its host or port is malformed'],
    ['ws://example.com:1:2', 'its host or port is malformed'],
    ['ws://example.com:99999999999999999999999', 'its host or port is malformed'],
    ['ws://::1', 'its host or port is malformed'],
    ['ws://[::1', 'its host or port is malformed'],
    ['ws://[::1]80', 'its host or port is malformed'],
    ['ws://[fe80::1%25eth0]', 'its host or port is malformed'],
    ['ws://[1.2.3.4]', 'its host or port is malformed'],
    ['ws://example.com:0', 'its port is 0'],
    [
      'ws://h/a b',
      'its path or query has a character that must be percent-encoded, pass new URL(…) to encode it',
    ],
    [
      'ws://h/ü',
      'its path or query has a character that must be percent-encoded, pass new URL(…) to encode it',
    ],
    [
      'ws://h/"',
      'its path or query has a character that must be percent-encoded, pass new URL(…) to encode it',
    ],
    [
      'ws://h/a\tb',
      'its path or query has a character that must be percent-encoded, pass new URL(…) to encode it',
    ],
    [
      'ws://h/a\0',
      'its path or query has a character that must be percent-encoded, pass new URL(…) to encode it',
    ],
    [
      'ws://h/ HTTP/1.1\r\nX: y',
      'its path or query has a character that must be percent-encoded, pass new URL(…) to encode it',
    ],
  ])('refuses %j: %s [RFC 6455 3]', (url, why) => {
    expect(() => parseWebSocketUrl(url)).toThrow(
      expect.objectContaining({
        name: 'TypeError',
        code: 'bad-argument',
        message: `Cannot use URL: ${why}, expected ws://host[:port][/path][?query] (RFC 6455 §3)`,
      }),
    );
  });

  it.each([[undefined], [null], [80], [{}], [{ href: 1 }]])('refuses %j, which is no URL', (url) => {
    expect(() => parseWebSocketUrl(url as never)).toThrow(
      expect.objectContaining({
        code: 'bad-argument',
        message: expect.stringContaining('neither text nor a URL object'),
      }),
    );
  });
});
