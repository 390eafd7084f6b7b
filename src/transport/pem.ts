/**
 * Certificates and keys as the runtimes take them.
 *
 * Owns: their form. Does not own: what is in them.
 *
 * @module
 */
import type { Pem } from './transport.ts';

/** As text: PEM is ASCII (RFC 7468). */
export function pem(given: Pem): string {
  return typeof given === 'string' ? given : new TextDecoder().decode(given);
}

/** One or several, as a list. */
export function pems(given: Pem | readonly Pem[]): string[] {
  return typeof given === 'string' || given instanceof Uint8Array ? [pem(given)] : given.map(pem);
}
