/**
 * One message after another: what requests and responses have in common.
 *
 * Owns: the order of events, pushing and pulling, and what the end of the connection means. Does not own: what a
 * head says (`request-parser.ts`, `response-parser.ts`) or the grammar of any part.
 *
 * @module
 */
import { type ProtocolError, UsageTypeError } from '../errors.ts';
import { type BodyEvent, BodyReader, type EndEvent } from './body.ts';
import { ChunkedReader } from './chunked.ts';
import { EmptyLines } from './empty-lines.ts';
import { httpError } from './fault.ts';
import { bareCr, FieldScanner } from './fields.ts';
import { SectionReader, type StartLine } from './head.ts';
import { Intake } from './intake.ts';
import type { ResolvedOptions } from './options.ts';

/** What the two kinds of messages do differently. */
export interface MessageRules<Head> {
  /** The head that the section holds, or what is wrong with it. */
  readHead(section: SectionReader): Head | ProtocolError;
  /** Begin the body that the head announces. Returns false where the head is all there is, with no end event. */
  beginBody(head: Head, body: BodyReader): boolean;
  /** Whether the bytes after this message's end are no message any more. */
  isLast(head: Head): boolean;
}

const HEAD = 0;
const BODY = 1;
/** After the end of the last message: bytes are kept for `takeRest`. */
const DETACHED = 2;
/** Failed, or the rest was taken: bytes are dropped. */
const FINISHED = 3;

/** The machine inside both parsers. */
export class MessageMachine<Head extends { readonly kind: 'head' }> {
  readonly #rules: MessageRules<Head>;
  readonly #intake = new Intake();
  readonly #emptyLines: EmptyLines;
  readonly #section: SectionReader;
  readonly #trailers: SectionReader;
  readonly #body: BodyReader;
  #state = HEAD;
  /** A head came that was all there is of its message (an interim response): another one has to follow. */
  #owesHead = false;
  /** Whether the message being read is the last one. */
  #isLast = false;
  #isTaken = false;

  constructor(rules: MessageRules<Head>, line: StartLine, options: ResolvedOptions) {
    const { limits, text } = options;
    const fields = new FieldScanner(limits.maxHeaders, options);
    this.#trailers = new SectionReader(fields, undefined, limits.maxHeadBytes, text);
    this.#rules = rules;
    this.#emptyLines = new EmptyLines(options.allowBareLf);
    this.#section = new SectionReader(fields, line, limits.maxHeadBytes, text);
    this.#body = new BodyReader(new ChunkedReader(this.#trailers, limits.maxBodyBytes), limits.maxBodyBytes);
  }

  push(chunk: Uint8Array): void {
    if (this.#intake.ended || this.#isTaken) {
      const what = this.#isTaken ? 'takeRest' : 'receiveEnd';
      throw new UsageTypeError('bad-state', `Cannot push bytes: ${what} was called`);
    }
    if (this.#state !== FINISHED) this.#intake.push(chunk);
  }

  next(): Head | BodyEvent | EndEvent | ProtocolError | undefined {
    if (this.#state === HEAD) return this.#nextHead();
    if (this.#state !== BODY) return undefined;
    const event = this.#body.read(this.#intake);
    if (event === undefined) {
      return this.#intake.ended
        ? this.#fail(ended('inside the body of a message', this.#intake.offset))
        : undefined;
    }
    if (event.kind === 'error') return this.#fail(event);
    if (event.kind === 'end') this.#state = this.#isLast ? DETACHED : HEAD;
    return event;
  }

  receiveEnd(): void {
    this.#intake.ended = true;
  }

  takeRest(): Uint8Array {
    const head = this.#section.release();
    const rest = this.#intake.takeAll(head.length > 0 ? head : this.#trailers.release());
    this.#state = FINISHED;
    this.#isTaken = true;
    return rest;
  }

  get idle(): boolean {
    return this.#state === HEAD && !this.#owesHead && this.bufferedBytes === 0;
  }

  get bufferedBytes(): number {
    return this.#intake.length + this.#section.heldLength + this.#trailers.heldLength;
  }

  #nextHead(): Head | ProtocolError | undefined {
    const intake = this.#intake;
    const section = this.#section;
    if (section.heldLength === 0 && !this.#emptyLines.skip(intake)) {
      return this.#fail(bareCr(intake.offset - 1));
    }
    const isComplete = section.read(intake);
    if (isComplete === false) {
      if (!intake.ended) return undefined;
      if (section.heldLength > 0) return this.#fail(ended('inside the head of a message', intake.offset));
      return this.#owesHead ? this.#fail(ended('before the final response', intake.offset)) : undefined;
    }
    if (isComplete !== true) return this.#fail(isComplete);
    this.#emptyLines.reset();
    const head = this.#rules.readHead(section);
    section.text = '';
    if (head.kind === 'error') return this.#fail(head);
    this.#owesHead = !this.#rules.beginBody(head, this.#body);
    if (!this.#owesHead) {
      this.#isLast = this.#rules.isLast(head);
      this.#state = BODY;
    }
    return head;
  }

  #fail(error: ProtocolError): ProtocolError {
    this.#state = FINISHED;
    this.#intake.clear();
    this.#section.release();
    this.#trailers.release();
    return error;
  }
}

function ended(where: string, offset: number): ProtocolError {
  return httpError('unexpected-end', `The connection ended ${where}`, offset);
}
