/**
 * Responses as a stranger would read them (RFC 9112 §6.3), for the other end of a test: strict about what it takes, so that a
 * response that is cut off or says too much is noticed. Nothing in here comes from the code under test.
 *
 * @module
 */

/** A response that was read. */
export interface WireResponse {
  readonly status: number;
  /** In the order and spelling that they came. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  /** Bytes as text, one a character. */
  readonly body: string;
  /** Where the next response starts. */
  readonly end: number;
}

/** Bytes as text, one byte a character. */
export function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192)
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}

/** Text of one byte a character, as bytes. */
export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** The value of a header that must come once at most. */
export function headerOf(response: WireResponse, name: string): string | undefined {
  const values = response.headers.filter(([each]) => each.toLowerCase() === name);
  if (values.length > 1) throw new Error(`${name} came ${values.length} times`);
  return values[0]?.[1];
}

/**
 * Read one response.
 *
 * @param ended Whether the connection has ended: a body that lasts until then is complete.
 * @returns `undefined` while it is not complete. Throws for what no server may send.
 */
export function readResponse(
  text: string,
  at: number,
  method: string,
  ended: boolean,
): WireResponse | undefined {
  const headEnd = text.indexOf('\r\n\r\n', at);
  if (headEnd < 0) return undefined;
  const [line = '', ...lines] = text.slice(at, headEnd).split('\r\n');
  const match = /^HTTP\/1\.1 (\d{3}) [\t -~\x80-\xff]*$/.exec(line);
  if (match === null) throw new Error(`No status line: ${JSON.stringify(line)}`);
  const status = Number(match[1]);
  const headers = lines.map((each) => {
    const field = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([\t -~\x80-\xff]*)$/.exec(each);
    if (field === null) throw new Error(`No header line: ${JSON.stringify(each)}`);
    return [field[1]!, field[2]!] as const;
  });
  const start = headEnd + 4;
  const made = (body: string, end: number): WireResponse => ({ status, headers, body, end });
  const named = (name: string) => headers.filter(([each]) => each.toLowerCase() === name);
  const lengths = named('content-length');
  const codings = named('transfer-encoding');
  if (lengths.length > 1 || codings.length > 1 || (lengths.length === 1 && codings.length === 1)) {
    throw new Error(`The length of the body is told twice: ${text.slice(at, headEnd)}`);
  }
  if (status < 200 || status === 204) {
    if (lengths.length + codings.length > 0) throw new Error(`A ${status} must not tell a length`);
    return made('', start);
  }
  if (method === 'HEAD' || status === 304) return made('', start);
  if (codings.length === 1) return readChunked(text, start, made);
  if (lengths.length === 1) {
    if (!/^\d+$/.test(lengths[0]![1])) throw new Error(`No length: ${lengths[0]![1]}`);
    const end = start + Number(lengths[0]![1]);
    return text.length < end ? undefined : made(text.slice(start, end), end);
  }
  return ended ? made(text.slice(start), text.length) : undefined;
}

function readChunked(
  text: string,
  start: number,
  made: (body: string, end: number) => WireResponse,
): WireResponse | undefined {
  let body = '';
  for (let at = start; ; ) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = text.slice(at, lineEnd);
    if (!/^[0-9a-f]+$/i.test(size)) throw new Error(`No chunk size: ${JSON.stringify(size)}`);
    const length = Number.parseInt(size, 16);
    const end = lineEnd + 2 + length;
    if (text.length < end + 2) return undefined;
    if (text.slice(end, end + 2) !== '\r\n') throw new Error('A chunk does not end in CRLF');
    body += text.slice(lineEnd + 2, end);
    at = end + 2;
    if (length === 0) return made(body, at);
  }
}

/** All responses of `text`, given the methods of their requests. Throws when something is left, or a response is not whole. */
export function readResponses(text: string, methods: readonly string[], ended = false): WireResponse[] {
  const responses: WireResponse[] = [];
  let at = 0;
  for (let i = 0; at < text.length; ) {
    const response = readResponse(text, at, methods[i] ?? 'GET', ended);
    if (response === undefined) throw new Error(`Half a response: ${JSON.stringify(text.slice(at))}`);
    responses.push(response);
    at = response.end;
    if (response.status >= 200) i++;
  }
  return responses;
}
