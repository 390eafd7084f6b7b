/**
 * Request targets in their four forms (RFC 9112 §3.2).
 *
 * Owns: which form a target has, and its parts. Does not own: the bytes it may have (`request-line.ts`), or
 * decoding the path and the query (`query.ts`).
 *
 * @module
 */
import { isConnectTarget, isHostAndPort } from './host.ts';

const SLASH = 0x2f;

/** The forms of a request target (RFC 9112 §3.2.1 to §3.2.4). */
export type TargetForm = 'origin' | 'absolute' | 'authority' | 'asterisk';

/** A target, taken apart. */
export interface Target {
  /** Which of the four forms it has. */
  readonly form: TargetForm;
  /** The path as sent; `*` for the asterisk form, '' for the authority form. */
  readonly path: string;
  /** What follows the first `?`, as sent; '' where nothing does. */
  readonly query: string;
  /** The authority, where the target has one; else ''. */
  readonly authority: string;
}

/**
 * Take a target apart.
 *
 * @param target Bytes of the class TARGET only, at least one.
 * @returns Undefined when the target has none of the forms that go with the method.
 */
export function parseTarget(method: string, target: string): Target | undefined {
  // "The authority-form of request-target is only used for CONNECT requests" (§3.2.3), and CONNECT has no other.
  if (method === 'CONNECT') {
    if (!isConnectTarget(target, 0, target.length)) return undefined;
    return { form: 'authority', path: '', query: '', authority: target };
  }
  const queryAt = target.indexOf('?');
  if (target.charCodeAt(0) === SLASH) {
    if (queryAt < 0) return { form: 'origin', path: target, query: '', authority: '' };
    return {
      form: 'origin',
      path: target.slice(0, queryAt),
      query: target.slice(queryAt + 1),
      authority: '',
    };
  }
  // "The asterisk-form of request-target is only used for a server-wide OPTIONS request" (§3.2.4).
  if (target === '*') {
    return method === 'OPTIONS' ? { form: 'asterisk', path: '*', query: '', authority: '' } : undefined;
  }
  return parseAbsolute(method, target, queryAt);
}

/**
 * `scheme "://" authority path-abempty [ "?" query ]`: what the http, https, ws and wss schemes have. A URI without
 * an authority, such as `urn:x`, names nothing that HTTP could get, and `host:80` would pass for one: refused. So
 * is userinfo, which "a recipient ought to ... treat as an error" (RFC 9110 §4.2.4).
 */
function parseAbsolute(method: string, target: string, queryAt: number): Target | undefined {
  const colon = target.indexOf(':');
  if (colon <= 0 || !isScheme(target, colon) || !target.startsWith('//', colon + 1)) return undefined;
  const authorityAt = colon + 3;
  const end = queryAt < 0 ? target.length : queryAt;
  const slash = target.indexOf('/', authorityAt);
  const pathAt = slash < 0 || slash > end ? end : slash;
  if (!isHostAndPort(target, authorityAt, pathAt)) return undefined;
  return {
    form: 'absolute',
    path: pathAt < end ? target.slice(pathAt, end) : emptyPath(method, queryAt),
    query: queryAt < 0 ? '' : target.slice(queryAt + 1),
    authority: target.slice(authorityAt, pathAt),
  };
}

/** "an empty path component is equivalent to an absolute path of "/"" (RFC 9110 §4.2.3); for OPTIONS, to `*` (RFC 9112 §3.2.4). */
function emptyPath(method: string, queryAt: number): string {
  return method === 'OPTIONS' && queryAt < 0 ? '*' : '/';
}

/** `ALPHA *( ALPHA / DIGIT / "+" / "-" / "." )` (RFC 3986 §3.1). */
function isScheme(target: string, end: number): boolean {
  for (let at = 0; at < end; at++) {
    const unit = target.charCodeAt(at);
    const letter = unit | 0x20;
    if (letter >= 0x61 && letter <= 0x7a) continue;
    const isOther = (unit >= 0x30 && unit <= 0x39) || unit === 0x2b || unit === 0x2d || unit === 0x2e;
    if (at === 0 || !isOther) return false;
  }
  return true;
}
