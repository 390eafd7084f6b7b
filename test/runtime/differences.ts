/**
 * Promises of the contract that a runtime's own sockets have no way to keep, each with the reason.
 *
 * The adapter refuses what it cannot do, with `bad-option`; a test here fails as soon as one of these is kept.
 *
 * @module
 */

/** By runtime, the names of cases, and why. */
export const CANNOT: Readonly<Record<string, ReadonlyMap<string, string>>> = {
  bun: new Map(),
  deno: new Map([
    ['ipv6Only refuses IPv4', 'Deno.listen has no such option'],
    [
      'TLS: rejectUnauthorized: false takes any certificate',
      'Deno allows it by --unsafely-ignore-certificate-errors alone, for the whole process',
    ],
    [
      'TLS: a server that asks for a client’s certificate takes one that it trusts',
      'Deno.listenTls does not ask clients for certificates',
    ],
    [
      'TLS: a server that asks for a client’s certificate accepts nobody without one',
      'Deno.listenTls does not ask clients for certificates',
    ],
    ['Unix: TLS works over it', 'Deno.listenTls and Deno.startTls take TCP alone'],
  ]),
};
