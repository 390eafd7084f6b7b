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
  const isObject = typeof options === 'object' && options;
  if (!isObject || (options as Partial<Iterable<unknown>>)[Symbol.iterator]) {
    throw new UsageTypeError(
      'bad-option',
      `Cannot ${call}: options are ${isObject ? 'a list' : options}, expected an object`,
    );
  }
  for (const name in options) {
    if (names?.includes(name) === false) {
      throw new UsageTypeError(
        'bad-option',
        `Cannot ${call}: there is no option "${name}", expected one of ${names.join(', ')}`,
      );
    }
  }
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
