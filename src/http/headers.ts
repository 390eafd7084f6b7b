/**
 * The field lines of one message: names that compare without case, in the order and spelling they were sent.
 *
 * Owns: looking lines up, and building lists of them that no one can inject a line into. Does not own: finding
 * the lines in the bytes (`fields.ts`) or what any of them means (`framing.ts`).
 *
 * @module
 */

import { isFieldValue, isToken, trimOws } from '../bytes/ascii.ts';
import { checkText } from '../bytes/view.ts';
import { UsageTypeError } from '../errors.ts';
import { showAs } from '../inspect.ts';
import { sameText } from './list.ts';

/** What headers can be made of: pairs, other headers, or an object whose values may be lists of lines. */
export type HeaderEntries =
  | Iterable<readonly [name: string, value: string]>
  | Readonly<Record<string, string | readonly string[]>>;

/** Numbers that one line takes in a list of spans: name start, name end, value start, value end. */
export const SPAN = 4;

/**
 * Headers around a head that was parsed: `spans` are offsets into `text`, four for each line ({@link SPAN}).
 * Text is cut only when it is asked for. Nothing is checked: the scanner has done it. Internal to this folder.
 */
export let parsedHeaders: (text: string, spans: readonly number[]) => HttpHeaders;

/**
 * Field lines of a message (RFC 9110 §5). Iterates over `[name, value]`, one pair a line.
 *
 * Names are compared without regard to case and are never keys of an object, so `__proto__` is a name like any
 * other. Values are text of one byte a character (ISO 8859-1), which is what the wire carries.
 *
 * @example
 * ```ts
 * import { deepStrictEqual, strictEqual, throws } from 'node:assert/strict';
 * import { HttpHeaders } from 'sansocket/http';
 *
 * const headers = new HttpHeaders({ 'Content-Type': 'text/plain', 'Set-Cookie': ['a=1', 'b=2'] });
 * strictEqual(headers.get('content-type'), 'text/plain');
 * deepStrictEqual(headers.getAll('set-cookie'), ['a=1', 'b=2']);
 * throws(() => headers.set('X-Name', 'a\r\nInjected: b'), { code: 'bad-argument' });
 * ```
 */
export class HttpHeaders implements Iterable<[name: string, value: string]> {
  /** What `#spans` points into. */
  #text = '';
  /** Where the lines are in `#text`; undefined once `#lines` has them. */
  #spans: readonly number[] | undefined;
  /** Names and values by turns; made when first something has to change. */
  #lines: string[] | undefined;

  static {
    showAs(
      this,
      (headers) => new Map(Array.from(headers.keys(), (name) => [name.toLowerCase(), headers.get(name)])),
    );
    parsedHeaders = (text, spans) => {
      const headers = new this();
      headers.#text = text;
      headers.#spans = spans;
      headers.#lines = undefined;
      return headers;
    };
  }

  /**
   * @param entries Lines to begin with. Default: none.
   * @throws A `UsageTypeError` (`bad-argument`) for a name that is not a token or a value with CR, LF, NUL,
   *   another control character, or a character above U+00FF.
   */
  constructor(entries?: HeaderEntries) {
    this.#lines = NO_LINES;
    if (entries === undefined) return;
    if (typeof entries !== 'object' || entries === null) {
      throw new UsageTypeError(
        'bad-argument',
        `Cannot make headers: got ${typeof entries}, expected pairs or an object`,
      );
    }
    this.#lines = [];
    if (isIterable(entries)) {
      for (const entry of entries) {
        const [name, value] = pairOf(entry);
        this.append(name, value);
      }
      return;
    }
    for (const [name, value] of Object.entries(entries)) {
      if (typeof value === 'string') this.append(name, value);
      else for (const line of listOf(name, value)) this.append(name, line);
    }
  }

  /**
   * The value of `name`; several lines joined with `, ` (RFC 9110 §5.3); undefined where there is none.
   *
   * @throws A `UsageTypeError` (`bad-argument`) for a name that is no text, as do {@link getAll}, {@link has} and {@link delete}.
   */
  get(name: string): string | undefined {
    let at = this.#find(name, 0);
    if (at < 0) return undefined;
    let value = this.#value(at);
    while ((at = this.#find(name, at + 1)) >= 0) value += `, ${this.#value(at)}`;
    return value;
  }

  /** The values of `name`, one for each line; what `Set-Cookie` needs, which must not be joined. */
  getAll(name: string): string[] {
    const values: string[] = [];
    for (let at = this.#find(name, 0); at >= 0; at = this.#find(name, at + 1)) values.push(this.#value(at));
    return values;
  }

  /** Whether there is a line of this name. */
  has(name: string): boolean {
    return this.#find(name, 0) >= 0;
  }

  /** How many lines there are. */
  get size(): number {
    return this.#spans === undefined ? this.#lines!.length / 2 : this.#spans.length / SPAN;
  }

  /**
   * One line of this name in the place of all that are there (in the first one's position, else at the end).
   * With a list, one line for each value; an empty list deletes.
   *
   * @throws A `UsageTypeError` (`bad-argument`) for a bad name or value; then nothing has changed.
   */
  set(name: string, value: string | readonly string[]): this {
    const added: string[] = [];
    if (typeof value === 'string') added.push(checkedName(name), checkedValue(name, value));
    else for (const each of listOf(name, value)) added.push(checkedName(name), checkedValue(name, each));
    const first = this.#find(name, 0);
    if (first < 0) {
      this.#append(added);
      return this;
    }
    const lines: string[] = [];
    this.forEach((kept, each) => {
      if (each.length !== name.length || !sameText(each, 0, name)) lines.push(each, kept);
      else if (lines.length === 2 * first) lines.push(...added);
    });
    this.#replace(lines);
    return this;
  }

  /**
   * One more line, after those that are there.
   *
   * @throws A `UsageTypeError` (`bad-argument`) for a bad name or value; then nothing has changed.
   */
  append(name: string, value: string): this {
    this.#append([checkedName(name), checkedValue(name, value)]);
    return this;
  }

  /** Take away all lines of this name. Returns whether there were any. */
  delete(name: string): boolean {
    if (!this.has(name)) return false;
    this.set(name, []);
    return true;
  }

  /** `[name, value]` of each line, as sent and in order. */
  *entries(): IterableIterator<[name: string, value: string]> {
    for (let at = 0; at < this.size; at++) yield [this.#name(at), this.#value(at)];
  }

  /** The name of each line, as sent and in order. */
  *keys(): IterableIterator<string> {
    for (let at = 0; at < this.size; at++) yield this.#name(at);
  }

  /** The value of each line, in order. */
  *values(): IterableIterator<string> {
    for (let at = 0; at < this.size; at++) yield this.#value(at);
  }

  /** The same as {@link HttpHeaders.entries}. */
  [Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    return this.entries();
  }

  /** Calls `visit` for each line in order: what a loop over the pairs does, without making them. */
  forEach(visit: (value: string, name: string) => void): void {
    for (let at = 0; at < this.size; at++) visit(this.#value(at), this.#name(at));
  }

  /** The first line of `name` from line `from` on, or -1. */
  #find(name: string, from: number): number {
    const { length } = checkText(name, 'header name');
    const spans = this.#spans;
    if (spans === undefined) {
      const lines = this.#lines!;
      for (let at = 2 * from; at < lines.length; at += 2) {
        const each = lines[at]!;
        if (each.length === length && sameText(each, 0, name)) return at >> 1;
      }
      return -1;
    }
    for (let at = SPAN * from; at < spans.length; at += SPAN) {
      const start = spans[at]!;
      if (spans[at + 1]! - start === length && sameText(this.#text, start, name)) return at / SPAN;
    }
    return -1;
  }

  #name(line: number): string {
    const spans = this.#spans;
    if (spans === undefined) return this.#lines![2 * line]!;
    return this.#text.slice(spans[SPAN * line]!, spans[SPAN * line + 1]!);
  }

  #value(line: number): string {
    const spans = this.#spans;
    if (spans === undefined) return this.#lines![2 * line + 1]!;
    return this.#text.slice(spans[SPAN * line + 2]!, spans[SPAN * line + 3]!);
  }

  /** Names and values by turns, checked, after what there is. */
  #append(added: string[]): void {
    if (this.#lines === NO_LINES) {
      this.#lines = added;
      return;
    }
    if (this.#lines === undefined) {
      const lines: string[] = [];
      this.forEach((value, name) => void lines.push(name, value));
      this.#replace(lines);
    }
    this.#lines!.push(...added);
  }

  #replace(lines: string[]): void {
    this.#lines = lines;
    this.#spans = undefined;
    this.#text = '';
  }
}

/** Shared by all headers that have no lines yet; never written to. */
const NO_LINES: string[] = [];

function isIterable(entries: HeaderEntries): entries is Iterable<readonly [string, string]> {
  return typeof (entries as { [Symbol.iterator]?: unknown })[Symbol.iterator] === 'function';
}

function pairOf(entry: unknown): readonly [string, string] {
  if (Array.isArray(entry) && entry.length === 2) return entry as [string, string];
  throw new UsageTypeError('bad-argument', 'Cannot make headers: an entry is no pair of a name and a value');
}

function listOf(name: string, value: unknown): readonly string[] {
  if (Array.isArray(value)) return value;
  throw new UsageTypeError(
    'bad-argument',
    `Cannot set header "${printable(name)}": its value is ${value === null ? 'null' : typeof value}, expected a string or an array of strings`,
  );
}

function checkedName(name: string): string {
  if (typeof name === 'string' && isToken(name)) return name;
  throw new UsageTypeError(
    'bad-argument',
    `Cannot set header "${printable(name)}": its name is not a token (RFC 9110 §5.6.2)`,
  );
}

/** The value as a receiver will read it: without the white space around it. */
function checkedValue(name: string, value: string): string {
  if (typeof value === 'string' && isFieldValue(value)) return trimOws(value);
  throw new UsageTypeError(
    'bad-argument',
    typeof value === 'string'
      ? `Cannot set header "${printable(name)}": its value has a control character or one above U+00FF (RFC 9110 §5.5)`
      : `Cannot set header "${printable(name)}": its value is ${value === null ? 'null' : typeof value}, expected a string`,
  );
}

/** A name as part of a message: bounded, and without what could forge a line of a log. */
function printable(name: unknown): string {
  return String(name)
    .slice(0, 64)
    .replace(/[^\x21-\x7e]/g, '?');
}
