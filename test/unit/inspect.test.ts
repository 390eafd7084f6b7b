import { inspect } from 'node:util';
import { HttpHeaders, refuse, Server, Socket, WebSocket } from 'sansocket';
import { describe, expect, it } from 'vitest';
import { SocketCloseEvent, SocketErrorEvent } from '../../src/client/events.ts';
import { nameClass, showAs } from '../../src/inspect.ts';

describe('showAs', () => {
  class Point {
    #x = 1;

    static {
      showAs(this, (point) => ({ x: point.#x, deep: { deeper: { deepest: {} } } }));
    }
  }

  it('has an object shown as its name and fields, as deep as it is asked for', () => {
    expect(inspect(new Point())).toBe('Point { x: 1, deep: { deeper: { deepest: {} } } }');
    expect(inspect(new Point(), { depth: 0 })).toBe('Point { x: 1, deep: [Object] }');
    expect(inspect({ a: { b: new Point() } }, { depth: 1 })).toBe('{ a: { b: Point [Object] } }');
    expect(inspect(new Point(), { depth: null })).toContain('deepest: {}');
  });

  it('shows a subclass by its own name, and a prototype, which has no fields, without them', () => {
    class Place extends Point {}
    expect(inspect(new Place())).toMatch(/^Place { x: 1/);
    expect(inspect(Point.prototype)).toBe('{}');
    const shown = Point.prototype as unknown as Record<symbol, (depth: number, options: object) => string>;
    expect(shown[Symbol.for('nodejs.util.inspect.custom')]!(2, {})).toBe('Point');
  });

  it('leaves nothing to be seen by a loop over the names', () => {
    expect(Object.keys(Point.prototype)).toEqual([]);
    expect(Reflect.ownKeys(new Point())).toEqual([]);
  });

  it('nameClass gives back the name that a bundler changed', () => {
    const Point2 = class extends Point {};
    nameClass(Point2, 'Point');
    expect(inspect(new Point2())).toMatch(/^Point {/);
  });
});

describe('what console.log shows', () => {
  it('of headers: every line, also of a name that comes twice or is one of Object’s', () => {
    const headers = new HttpHeaders([
      ['Set-Cookie', 'a=1'],
      ['__proto__', 'x'],
      ['set-cookie', 'b=2'],
    ]);
    expect(inspect(headers)).toBe("HttpHeaders(2) { 'set-cookie' => 'a=1, b=2', '__proto__' => 'x' }");
    expect(inspect(refuse(401, 'no'))).toBe(
      "Refusal { status: 401, body: 'no', headers: HttpHeaders(0) {} }",
    );
  });

  it('of a server that does not run, and of classes', () => {
    expect(inspect(new Server())).toContain('Server { address: undefined, connectionCount: 0');
    expect([Server.name, Socket.name, HttpHeaders.name, WebSocket.name]).toEqual([
      'Server',
      'Socket',
      'HttpHeaders',
      'WebSocket',
    ]);
  });

  it('of a WebSocket and its events, of which Node’s own show no more than when they were', async () => {
    const socket = new WebSocket('ws://127.0.0.1:1/x');
    expect(inspect(socket)).toMatch(/^WebSocket {\s+url: 'ws:\/\/127.0.0.1:1\/x',\s+readyState: 0,/);
    socket.close();
    const close = new SocketCloseEvent('close', { code: 1000, reason: 'bye', wasClean: true });
    expect(inspect(close)).toBe(
      "SocketCloseEvent { type: 'close', code: 1000, reason: 'bye', wasClean: true }",
    );
    expect(inspect(new SocketErrorEvent('error', 'why'))).toContain("message: 'why'");
  });
});
