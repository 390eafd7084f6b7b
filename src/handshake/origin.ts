/**
 * Which web pages may connect: the guard against cross-site WebSocket hijacking (RFC 6455 §10.2).
 *
 * A browser lets any page open a WebSocket to any host and sends the user's cookies along; only `Origin` tells whose
 * page it is. Other clients send what they like there, so this protects users, and authenticates nobody.
 *
 * Owns: the form of an origin (RFC 6454 §7), rules for them, and the verdict. Does not own: the Host header's own check
 * (`host-policy.ts`).
 *
 * @module
 */
import { checkText } from '../bytes/view.ts';
import { type ProtocolError, UsageTypeError } from '../errors.ts';
import { checkOptions, readSwitch, show } from '../options.ts';
import { requestFault } from './faults.ts';
import { type HostAndPort, parseHost } from './host.ts';
import { isBelow, sameHost } from './host-policy.ts';

/**
 * One origin, a pattern, or a function.
 *
 * - `'https://example.com'`, `'http://[::1]:3000'`: this origin. The scheme's own port may be left out. Case does not count.
 * - `'https://*.example.com'`: every origin below it, at any depth, and not itself; same scheme, same port.
 * - `'http://localhost:*'`: every port.
 * - `'same-host'`: see {@link OriginOption}. `'null'`: a page without an origin (sandboxed, or from a file).
 * - a function: gets the origin as sent and the request's host; anything but `true` is a no.
 */
export type OriginRule = string | ((origin: string, host: string) => boolean);

/**
 * What an app can ask for.
 *
 * - `'any'`: every origin; the app looks at it itself, or uses nothing that a browser adds by itself, such as cookies.
 * - `'same-host'`: pages of the host and port that the request is for. Ports that are left out stand for those of the
 *   origin's scheme. With TLS the page must come by `https:` too.
 * - a list of rules, one of which must hold.
 * - an object, to refuse requests without Origin too: `{ allow: […], missing: 'refuse' }`. No browser sends such.
 */
export type OriginOption = 'any' | 'same-host' | readonly OriginRule[] | OriginOptions;

/** The long form of {@link OriginOption}. */
export interface OriginOptions {
  /** Which origins may connect. */
  readonly allow: 'any' | 'same-host' | readonly OriginRule[];
  /** What to do with a request without Origin. Default: `'allow'`. */
  readonly missing?: 'allow' | 'refuse' | undefined;
}

/** What is known about the request, besides its headers. */
export interface OriginContext {
  /** Whether it came over TLS. Leave it out, or say false, where something in front of the server may speak TLS. */
  readonly secure?: boolean | undefined;
}

/** Origin rules that were checked; made by {@link resolveOriginPolicy}. */
export interface OriginPolicy {
  /** Tells it from what it is made of. */
  readonly kind: 'origin-policy';
  /** Whether requests without Origin are welcome. */
  readonly allowsMissing: boolean;
  /** Whether a request with this Origin, for this host, is welcome. */
  allows(origin: string, host: string, secure: boolean): boolean;
}

/** An origin that is not opaque (RFC 6454 §4). */
interface Origin {
  /** In lower case. */
  readonly scheme: string;
  /** `undefined` where there is none, as in `file://`. */
  readonly host: HostAndPort | undefined;
  /** The port, also where it is the scheme's own; `undefined` where the scheme has none. */
  readonly port: number | undefined;
}

type Test = (origin: string, parsed: Origin | undefined, host: string, secure: boolean) => boolean;

/** The schemes of pages that a server serves, with the port that is left out in their origins. */
const DEFAULT_PORTS: ReadonlyMap<string, number> = new Map([
  ['http', 80],
  ['https', 443],
]);

/**
 * Check origin rules once, so that requests can be checked often.
 *
 * @throws A `UsageTypeError` (`bad-option`) for a rule that is none.
 *
 * @example
 * ```ts
 * import { equal } from 'node:assert/strict';
 * import { checkOrigin, resolveOriginPolicy } from 'sansocket/handshake';
 *
 * const policy = resolveOriginPolicy(['same-host', 'https://*.example.com', 'http://localhost:*']);
 * equal(checkOrigin('https://app.example.com', 'api.example.net', policy), undefined);
 * equal(checkOrigin('https://example.com.evil.net', 'api.example.net', policy)?.code, 'origin-refused');
 * ```
 */
export function resolveOriginPolicy(option: OriginOption): OriginPolicy {
  if (typeof option === 'object' && !Array.isArray(option)) {
    const options = option as OriginOptions;
    checkOptions('use origins', options, ['allow', 'missing']);
    const { allow, missing = 'allow' } = options;
    if (missing !== 'allow' && missing !== 'refuse') {
      throw new UsageTypeError(
        'bad-option',
        `Cannot use origins: missing is ${show(missing)}, expected 'allow' or 'refuse'`,
      );
    }
    return { ...policyOf(allow), allowsMissing: missing === 'allow' };
  }
  return policyOf(option as OriginOptions['allow']);
}

/**
 * Whether a page may connect.
 *
 * @param origin `UpgradeRequest.origin`: the Origin header as sent, or `undefined` where there is none.
 * @param host `UpgradeRequest.host`: the host that the request is for.
 * @param policy Rules, or what {@link resolveOriginPolicy} made of them, which saves checking them again.
 * @returns `undefined` where it may, else a {@link ProtocolError} value (`origin-refused`, 403). An Origin that is no single
 *   origin is refused by every policy but `'any'`.
 * @throws A `UsageTypeError`: `bad-option` for a rule or a context that is none, `bad-argument` for an origin or a host that is no
 *   text (`null` is no way to say that there is no Origin); and whatever a rule that is a function throws.
 *
 * @example
 * ```ts
 * import { equal } from 'node:assert/strict';
 * import { checkOrigin } from 'sansocket/handshake';
 *
 * equal(checkOrigin('http://localhost:8080', 'localhost:8080', 'same-host'), undefined);
 * equal(checkOrigin('http://localhost:3000', 'localhost:8080', 'same-host')?.status, 403);
 * equal(checkOrigin(undefined, 'localhost:8080', 'same-host'), undefined);
 * ```
 */
export function checkOrigin(
  origin: string | undefined,
  host: string,
  policy: OriginPolicy | OriginOption,
  context: OriginContext = {},
): ProtocolError | undefined {
  const call = 'check origin';
  checkOptions(call, context, ['secure']);
  const secure = readSwitch(call, 'secure', context.secure, false);
  const resolved = isResolved(policy) ? policy : resolveOriginPolicy(policy);
  if (origin === undefined) {
    if (resolved.allowsMissing) return undefined;
    return requestFault(
      'origin-refused',
      'Cannot accept upgrade: Origin is missing, expected one that is allowed',
    );
  }
  if (resolved.allows(checkText(origin, 'Origin'), checkText(host, 'host'), secure)) return undefined;
  return requestFault('origin-refused', 'Cannot accept upgrade: Origin is not one that this server allows');
}

function isResolved(policy: OriginPolicy | OriginOption): policy is OriginPolicy {
  return typeof policy === 'object' && policy !== null && 'kind' in policy && policy.kind === 'origin-policy';
}

function policyOf(allow: OriginOptions['allow']): OriginPolicy {
  if (allow === 'any') return { kind: 'origin-policy', allowsMissing: true, allows: () => true };
  if (allow !== 'same-host' && !Array.isArray(allow)) {
    throw new UsageTypeError(
      'bad-option',
      `Cannot use origins: they are ${show(allow)}, expected a list of origins, 'same-host' or 'any'`,
    );
  }
  const tests = allow === 'same-host' ? [isSameHost] : allow.map(testOf);
  return {
    kind: 'origin-policy',
    allowsMissing: true,
    allows(origin, host, secure) {
      const parsed = parseOrigin(origin);
      if (parsed === undefined && origin !== 'null') return false;
      return tests.some((test) => test(origin, parsed, host, secure));
    },
  };
}

/** The test that a rule asks for. */
function testOf(rule: OriginRule): Test {
  if (typeof rule === 'function') return (origin, _parsed, host) => rule(origin, host) === true;
  if (rule === 'same-host') return isSameHost;
  if (rule === 'null') return (origin) => origin === 'null';
  const test = typeof rule === 'string' ? patternOf(rule) : undefined;
  if (test !== undefined) return test;
  throw new UsageTypeError(
    'bad-option',
    `Cannot use origin ${show(rule)}: expected such as https://example.com, https://*.example.com, http://localhost:*`,
  );
}

/** The test for `scheme://host[:port]`, where the host may start with `*.` and the port may be `*`. */
function patternOf(rule: string): Test | undefined {
  const anyPort = rule.endsWith(':*');
  const wildcard = rule.indexOf('://*.');
  const below = wildcard >= 0;
  let text = anyPort ? rule.slice(0, -2) : rule;
  if (below) text = `${text.slice(0, wildcard)}://${text.slice(wildcard + '://*.'.length)}`;
  const wanted = text.includes('*') ? undefined : parseOrigin(text);
  if (wanted === undefined) return undefined;
  const { host } = wanted;
  if (below && host?.kind !== 'name') return undefined;
  if (anyPort && (host === undefined || host.port !== undefined)) return undefined;
  return (_origin, parsed) => {
    if (parsed === undefined || parsed.scheme !== wanted.scheme) return false;
    if (!anyPort && parsed.port !== wanted.port) return false;
    if (parsed.host === undefined || host === undefined) return parsed.host === host;
    return below ? isBelow(parsed.host, host.hostname) : sameHost(parsed.host, host);
  };
}

/** Whether the page comes from the host and port that the request is for. */
function isSameHost(_origin: string, parsed: Origin | undefined, host: string, secure: boolean): boolean {
  const defaultPort = DEFAULT_PORTS.get(parsed?.scheme ?? '');
  if (parsed?.host === undefined || defaultPort === undefined) return false;
  // Over TLS, a page that came without it may have been forged on its way.
  if (secure && parsed.scheme !== 'https') return false;
  const own = parseHost(host);
  if (own === undefined || !sameHost(own, parsed.host)) return false;
  // Whoever terminates TLS in front of us decides the Host's default port, so the origin's scheme has to tell.
  return (own.port ?? defaultPort) === parsed.port;
}

/**
 * Read the serialization of an origin (RFC 6454 §6.2): `scheme "://" host [ ":" port ]`, and nothing after it.
 *
 * @returns `undefined` for anything else: a list, a path, a user name, `null`.
 */
function parseOrigin(text: string): Origin | undefined {
  const colon = text.indexOf('://');
  const scheme = text.slice(0, Math.max(colon, 0)).toLowerCase();
  if (!isScheme(scheme)) return undefined;
  const authority = text.slice(colon + 3);
  const defaultPort = DEFAULT_PORTS.get(scheme);
  if (authority === '' && defaultPort === undefined) return { scheme, host: undefined, port: undefined };
  const host = parseHost(authority);
  return host === undefined ? undefined : { scheme, host, port: host.port ?? defaultPort };
}

/** RFC 3986 §3.1, in lower case. */
function isScheme(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    const letter = unit >= 0x61 && unit <= 0x7a;
    const other = (unit >= 0x30 && unit <= 0x39) || unit === 0x2b || unit === 0x2d || unit === 0x2e;
    if (!letter && (i === 0 || !other)) return false;
  }
  return text !== '';
}
