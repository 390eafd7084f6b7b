/**
 * What a parser can be told: limits, the text codec, and the named switches that make it less strict.
 *
 * Owns: the names, the defaults and refusing everything else. Does not own: what the switches do.
 *
 * @module
 */
import { portableText, type TextCodec } from '../bytes/text.ts';
import { UsageTypeError } from '../errors.ts';
import { type Limits, resolveLimits } from '../limits.ts';
import { checkCodec, checkOptions } from '../options.ts';

/** Switches that both parsers have. All are off unless they are set to true. */
export interface Leniencies {
  /**
   * Take LF alone as the end of a start line or a header line, which a recipient MAY do (RFC 9112 §2.2). For
   * requests that are typed by hand. Never applies to the lines of the chunked coding, its trailers included, and never to a bare CR.
   */
  readonly allowBareLf: boolean;
  /**
   * Take header lines that go on in a next line which starts with white space, and put spaces in the place
   * of the line break (RFC 9112 §5.2). A user agent has to do that with responses of very old servers.
   */
  readonly allowObsFold: boolean;
  /**
   * Take several Content-Length values, in one line or in several, if all of them are the same number
   * (RFC 9112 §6.3). Values that differ are refused in any case.
   */
  readonly allowEqualContentLengths: boolean;
}

/** Options of both parsers; everything may be left out. */
export interface ParserOptions extends Partial<{ readonly [K in keyof Leniencies]: boolean | undefined }> {
  /** Of these, `maxHeadBytes`, `maxHeaders`, `maxTargetBytes` and `maxBodyBytes` are looked at. */
  readonly limits?: Partial<Limits> | undefined;
  /** Where the runtime has a faster way from bytes to text. Default: the portable one. */
  readonly text?: TextCodec | undefined;
}

/** Options with nothing left out. */
export interface ResolvedOptions extends Leniencies {
  /** All limits. */
  readonly limits: Limits;
  /** The codec for heads. */
  readonly text: TextCodec;
  /** See `ResponseParserOptions`. */
  readonly allowStatusWithoutSpace: boolean;
}

/** Names of the options of both parsers. */
const NAMES: readonly string[] = [
  'limits',
  'text',
  'allowBareLf',
  'allowObsFold',
  'allowEqualContentLengths',
];

/**
 * Fill in the defaults.
 *
 * @param more Names of switches beyond those of {@link Leniencies}.
 * @throws A `UsageTypeError` (`bad-option`) for an option that does not exist or has a value it cannot have.
 * @throws A `UsageRangeError` (`bad-option`) for a limit out of range.
 */
export function resolveOptions(
  options: ParserOptions & { readonly allowStatusWithoutSpace?: boolean | undefined } = {},
  more: readonly string[] = [],
): ResolvedOptions {
  checkOptions('make a parser', options, [...NAMES, ...more]);
  checkCodec('make a parser', options.text);
  return {
    limits: resolveLimits(options.limits),
    text: options.text ?? portableText,
    allowBareLf: isOn('allowBareLf', options.allowBareLf),
    allowObsFold: isOn('allowObsFold', options.allowObsFold),
    allowEqualContentLengths: isOn('allowEqualContentLengths', options.allowEqualContentLengths),
    allowStatusWithoutSpace: isOn('allowStatusWithoutSpace', options.allowStatusWithoutSpace),
  };
}

function isOn(name: string, value: unknown): boolean {
  if (value === undefined || typeof value === 'boolean') return value === true;
  throw new UsageTypeError(
    'bad-option',
    `Cannot set option "${name}": it is a ${typeof value}, expected true or false`,
  );
}
