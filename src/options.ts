/**
 * Options objects: a name that does not exist is refused, never ignored.
 *
 * Owns: the check of names, of switches, and of what both ends take for TLS. Does not own: which options there are (each module's own list).
 *
 * @module
 */
import { UsageTypeError } from './errors.ts';

/**
 * Refuse what is no object, and names that are not in `names`; without `names`, any name will do.
 *
 * @param call What the options are for, as in "Cannot `call`".
 * @throws A `UsageTypeError` (`bad-option`).
 */
export function checkOptions(call: string, options: object, names?: readonly string[]): void {
  // Not `show`: each byte here is one of the frame codec's bundle.
  let why: string | undefined;
  const isObject = typeof options === 'object' && options;
  if (!isObject || (options as Partial<Iterable<unknown>>)[Symbol.iterator]) {
    why = `options are ${isObject ? 'a list' : String(options)}, expected an object`;
  } else {
    for (const name in options) {
      if (names?.includes(name) === false)
        why ??= `there is no option "${name}", expected one of ${names.join(', ')}`;
    }
  }
  if (why) throw new UsageTypeError('bad-option', `Cannot ${call}: ${why}`);
}

/**
 * The value of a switch that may be left out.
 *
 * @param value What the caller passed; `undefined` means `fallback`.
 * @throws A `UsageTypeError` (`bad-option`) for anything but a boolean: `'false'` and 0 do not mean what they look like.
 */
export function readSwitch(call: string, name: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  if (typeof value === 'boolean') return value;
  throw new UsageTypeError('bad-option', `Cannot ${call}: ${name} is a ${typeof value}, expected a boolean`);
}

/** Refuse what is no `TextCodec` as an option: the first text would fail. @throws A `UsageTypeError` (`bad-option`). */
export function checkCodec(call: string, text: unknown): void {
  if (text === undefined || typeof (text as { latin1?: unknown } | null)?.latin1 === 'function') return;
  throw new UsageTypeError('bad-option', `Cannot ${call}: text is ${show(text)}, expected a TextCodec`);
}

/** A value, for an error: text in quotes, a number as it is, of an object its kind. Never throws, whatever it is. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  return Symbol.iterator in value ? 'a list' : 'an object';
}

/**
 * Refuse what cannot be PEM, such as the name of a file: one runtime ignores it, another says something of a start line. Text is not
 * shown, because it may be a key.
 *
 * @param isList Whether a list of them will do.
 * @throws A `UsageTypeError` (`bad-option`).
 */
export function checkPem(name: string, value: unknown, isList = false): void {
  for (const each of isList && Array.isArray(value) ? value : [value]) {
    if (each instanceof Uint8Array || (typeof each === 'string' && each.includes('-----BEGIN '))) continue;
    const is = typeof each === 'string' ? 'text without a BEGIN line' : show(each);
    const hint = typeof each === 'string' ? '; of a file, pass what is in it' : '';
    throw new UsageTypeError(
      'bad-option',
      `Cannot use TLS: ${name} is ${is}, expected PEM, as text or bytes${isList ? ', or a list of that' : ''}${hint}`,
    );
  }
}

/**
 * Refuse what cannot be TLS, of either end: names that do not exist, and values of the wrong kind. A runtime takes `'false'` for true,
 * another for a certificate that is no good. PEM is checked by {@link checkPem}.
 *
 * @throws A `UsageTypeError` (`bad-option`).
 */
export function checkTls(tls: object, names: readonly string[]): void {
  const call = 'use TLS';
  checkOptions(call, tls, names);
  const { requestCert, rejectUnauthorized, passphrase, serverName, alpnProtocols } = tls as Readonly<
    Record<string, unknown>
  >;
  readSwitch(call, 'requestCert', requestCert, false);
  readSwitch(call, 'rejectUnauthorized', rejectUnauthorized, true);
  const expect = (holds: boolean, name: string, is: string, expected: string): void => {
    if (holds) return;
    throw new UsageTypeError('bad-option', `Cannot ${call}: ${name} is ${is}, expected ${expected}`);
  };
  // A passphrase is not shown, also where it is a number.
  expect(passphrase === undefined || typeof passphrase === 'string', 'passphrase', 'something else', 'text');
  const isName = serverName === undefined || (typeof serverName === 'string' && serverName !== '');
  expect(isName, 'serverName', show(serverName), 'a host name');
  // A name has a length of one byte in front (RFC 7301 §3.1).
  const fit =
    alpnProtocols === undefined ||
    (Array.isArray(alpnProtocols) &&
      alpnProtocols.every((name) => typeof name === 'string' && /^.{1,255}$/.test(name)));
  expect(fit, 'alpnProtocols', show(alpnProtocols), 'a list of names of 1 to 255 bytes');
}
