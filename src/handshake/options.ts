/**
 * Options objects: a name that does not exist is refused, never ignored.
 *
 * @module
 */
import { UsageTypeError } from '../errors.ts';

/**
 * Refuse what is no object, and names that are not in `names`.
 *
 * @param call What the options are for, as in "Cannot `call`".
 * @throws A `UsageTypeError` (`bad-option`).
 */
export function checkOptions(call: string, options: object, names: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new UsageTypeError(
      'bad-option',
      `Cannot ${call}: options are ${String(options)}, expected an object`,
    );
  }
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) {
      throw new UsageTypeError(
        'bad-option',
        `Cannot ${call}: there is no option "${name}", expected one of ${names.join(', ')}`,
      );
    }
  }
}
