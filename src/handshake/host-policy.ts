/**
 * Which hosts a server answers to: the guard against DNS rebinding.
 *
 * A page of `evil.example` can have its name resolve to 127.0.0.1 after it was loaded. To the browser it then is of the
 * same origin as the server on this machine; only the Host header still tells the name that the page used.
 *
 * @module
 */
import { checkText } from '../bytes/view.ts';
import { type ProtocolError, UsageTypeError } from '../errors.ts';
import { show } from '../options.ts';
import { requestFault } from './faults.ts';
import { type HostAndPort, parseHost } from './host.ts';

/** One rule: a host as {@link HostRule.pattern} says. */
interface HostRule {
  readonly host: HostAndPort;
  /** Whether the rule is for the names below `host`, and not for itself. */
  readonly below: boolean;
}

/** Host rules that were checked; made by {@link resolveHostPolicy}. */
export interface HostPolicy {
  /** Tells it from what it is made of. */
  readonly kind: 'host-policy';
  /** Whether a request for this host, as the Host header has it, is welcome. */
  allows(host: string): boolean;
}

/** What an app can ask for: hosts, or `'any'`. */
export type HostOption = 'any' | readonly string[];

/**
 * Check host rules once, so that requests can be checked often.
 *
 * A rule is a host: `example.com`, `127.0.0.1`, `[::1]`; with a port (`localhost:8080`) it holds for that port alone,
 * without one for all. `*.example.com` holds for all names below `example.com` and not for itself. Case does not count.
 * A trailing dot does: `example.com.` is another rule.
 *
 * @throws A `UsageTypeError` (`bad-option`) for a rule that is none.
 */
export function resolveHostPolicy(option: HostOption): HostPolicy {
  if (option === 'any') return { kind: 'host-policy', allows: () => true };
  if (!Array.isArray(option)) {
    throw new UsageTypeError(
      'bad-option',
      `Cannot use hosts: they are ${show(option)}, expected a list or 'any'`,
    );
  }
  const rules = option.map(parseRule);
  return {
    kind: 'host-policy',
    allows(text) {
      const host = parseHost(text);
      return host !== undefined && rules.some((rule) => isUnder(rule, host));
    },
  };
}

/**
 * Whether a server answers to the host of a request.
 *
 * @param host `UpgradeRequest.host`, or the Host header.
 * @param policy Rules, or what {@link resolveHostPolicy} made of them, which saves checking them again.
 * @returns `undefined` where it does, else a {@link ProtocolError} value (`host-refused`, 403).
 * @throws A `UsageTypeError`: `bad-option` for a rule that is none, `bad-argument` for a host that is no text, such as the
 *   `undefined` of a header that is not there.
 *
 * @example
 * ```ts
 * import { equal } from 'node:assert/strict';
 * import { checkHost } from 'sansocket/handshake';
 *
 * equal(checkHost('localhost:8080', ['localhost', '127.0.0.1']), undefined);
 * equal(checkHost('evil.example', ['localhost', '127.0.0.1'])?.code, 'host-refused');
 * ```
 */
export function checkHost(host: string, policy: HostPolicy | HostOption): ProtocolError | undefined {
  const resolved = isResolved(policy) ? policy : resolveHostPolicy(policy);
  if (resolved.allows(checkText(host, 'host'))) return undefined;
  return requestFault(
    'host-refused',
    'Cannot accept request: its Host is not one that this server answers to',
  );
}

function isResolved(policy: HostPolicy | HostOption): policy is HostPolicy {
  return typeof policy === 'object' && policy !== null && 'kind' in policy && policy.kind === 'host-policy';
}

function parseRule(pattern: string): HostRule {
  const below = typeof pattern === 'string' && pattern.startsWith('*.');
  const host = typeof pattern === 'string' ? parseHost(below ? pattern.slice(2) : pattern) : undefined;
  if (host === undefined || host.hostname.includes('*') || (below && host.kind !== 'name')) {
    throw new UsageTypeError(
      'bad-option',
      `Cannot use host ${show(pattern)}: expected such as example.com, *.example.com, [::1]:8080`,
    );
  }
  return { host, below };
}

function isUnder(rule: HostRule, host: HostAndPort): boolean {
  if (rule.host.port !== undefined && rule.host.port !== host.port) return false;
  return rule.below ? isBelow(host, rule.host.hostname) : sameHost(host, rule.host);
}

/** Whether two hosts are the same, apart from their ports. */
export function sameHost(one: HostAndPort, other: HostAndPort): boolean {
  return one.kind === other.kind && one.hostname === other.hostname;
}

/** Whether `host` is a name with at least one more label in front of `domain`. */
export function isBelow(host: HostAndPort, domain: string): boolean {
  const { kind, hostname } = host;
  // Only a name has labels, and the label in front is not empty.
  return kind === 'name' && hostname.endsWith(`.${domain}`) && !hostname.startsWith('.');
}
