/**
 * RFC 6455 §5.2 to §5.6, §7.4 and §8.1 once more: one function over all bytes, written to be read beside the RFC, with no thought for
 * speed, chunks or memory. The judge of the real decoder.
 *
 * @module
 */

/** What the naive decoder makes of bytes. Payloads are arrays of numbers. */
export type NaiveEvent =
  | { readonly kind: 'text'; readonly data: string }
  | { readonly kind: 'binary' | 'ping' | 'pong'; readonly data: readonly number[] }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string }
  | { readonly kind: 'error'; readonly code: string; readonly closeCode: number };

/** Who receives, and the two limits. */
export interface NaiveRules {
  readonly role: 'server' | 'client';
  readonly maxMessageBytes: number;
  readonly maxFragments: number;
}

/** Decode all of `bytes`; what is not complete at the end gives nothing, unless it is wrong already. */
export function naiveDecode(bytes: readonly number[], rules: NaiveRules): NaiveEvent[] {
  const events: NaiveEvent[] = [];
  const fail = (code: string, closeCode = 1002): NaiveEvent[] => [
    ...events,
    { kind: 'error', code, closeCode },
  ];
  let at = 0;
  let message: { text: boolean; data: number[]; fragments: number } | undefined;
  for (;;) {
    // %x0 FIN, RSV1-3, opcode
    if (at >= bytes.length) return events;
    const fin = (bytes[at]! & 0b1000_0000) !== 0;
    const rsv = (bytes[at]! & 0b0111_0000) >> 4;
    const opcode = bytes[at]! & 0b0000_1111;
    const isControl = opcode >= 8;
    if (rsv !== 0) return fail('reserved-bit');
    if (![0, 1, 2, 8, 9, 10].includes(opcode)) return fail('reserved-opcode');
    if (isControl && !fin) return fail('fragmented-control');
    if (opcode === 0 && message === undefined) return fail('unexpected-continuation');
    if (!isControl && opcode !== 0 && message !== undefined) return fail('interleaved-message');
    // MASK and payload length
    if (at + 1 >= bytes.length) return events;
    const mask = bytes[at + 1]! >= 128;
    if (rules.role === 'server' && !mask) return fail('unmasked-frame');
    if (rules.role === 'client' && mask) return fail('masked-frame');
    let length = BigInt(bytes[at + 1]! % 128);
    if (isControl && length > 125n) return fail('control-too-long');
    let next = at + 2;
    if (length >= 126n) {
      const size = length === 126n ? 2 : 8;
      if (size === 8 && next < bytes.length && bytes[next]! >= 128) return fail('length-overflow');
      if (next + size > bytes.length) return events;
      length = 0n;
      for (let i = 0; i < size; i++) length = length * 256n + BigInt(bytes[next + i]!);
      if (length < (size === 2 ? 126n : 65_536n)) return fail('non-minimal-length');
      if (length >= 2n ** 53n) return fail('message-too-big', 1009);
      next += size;
    }
    let key = [0, 0, 0, 0];
    if (mask) {
      if (next + 4 > bytes.length) return events;
      key = bytes.slice(next, next + 4);
      next += 4;
    }
    // The header is whole: what it means for the message at hand.
    if (!isControl) {
      message ??= { text: opcode === 1, data: [], fragments: 0 };
      message.fragments++;
      if (BigInt(message.data.length) + length > BigInt(rules.maxMessageBytes))
        return fail('message-too-big', 1009);
      if (message.fragments > rules.maxFragments) return fail('too-many-fragments', 1008);
    }
    // Payload data, as much as there is.
    const whole = BigInt(bytes.length - next) >= length;
    const present = bytes.slice(next, whole ? next + Number(length) : undefined);
    const data = present.map((octet, i) => octet ^ key[i % 4]!);
    if (isControl) {
      if (opcode === 8) return closed(data, whole, events, fail);
      if (!whole) return events;
      if (opcode === 9) events.push({ kind: 'ping', data });
      else events.push({ kind: 'pong', data });
    } else if (message !== undefined) {
      message.data.push(...data);
      const ends = whole && fin;
      if (message.text && !canBeUtf8(message.data, ends)) return fail('bad-utf8', 1007);
      if (!whole) return events;
      if (ends) {
        const all = Uint8Array.from(message.data);
        if (message.text) {
          events.push({ kind: 'text', data: new TextDecoder('utf-8', { ignoreBOM: true }).decode(all) });
        } else events.push({ kind: 'binary', data: message.data });
        message = undefined;
      }
    }
    at = next + Number(length);
  }
}

function closed(
  data: readonly number[],
  whole: boolean,
  events: readonly NaiveEvent[],
  fail: (code: string, closeCode?: number) => NaiveEvent[],
): NaiveEvent[] {
  if (!whole && data.length < 2) return [...events];
  if (data.length === 0) return [...events, { kind: 'close', code: 1005, reason: '' }];
  if (data.length === 1) return fail('bad-close-payload');
  const code = data[0]! * 256 + data[1]!;
  const allowed =
    [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014].includes(code) ||
    (code >= 3000 && code <= 4999);
  if (!allowed) return fail('bad-close-code');
  const reason = data.slice(2);
  if (!canBeUtf8(reason, whole)) return fail('bad-utf8', 1007);
  if (!whole) return [...events];
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(reason));
  return [...events, { kind: 'close', code, reason: text }];
}

/**
 * Whether the bytes are UTF-8, or with `ends` false the start of it, by the grammar of RFC 3629 §4.
 *
 *     UTF8-2 = %xC2-DF UTF8-tail
 *     UTF8-3 = %xE0 %xA0-BF UTF8-tail / %xE1-EC 2( UTF8-tail ) / %xED %x80-9F UTF8-tail / %xEE-EF 2( UTF8-tail )
 *     UTF8-4 = %xF0 %x90-BF 2( UTF8-tail ) / %xF1-F3 3( UTF8-tail ) / %xF4 %x80-8F 2( UTF8-tail )
 */
export function canBeUtf8(bytes: readonly number[], ends: boolean): boolean {
  type Range = readonly [low: number, high: number];
  const tail: Range = [0x80, 0xbf];
  const forms: ReadonlyArray<readonly Range[]> = [
    [[0x00, 0x7f]],
    [[0xc2, 0xdf], tail],
    [[0xe0, 0xe0], [0xa0, 0xbf], tail],
    [[0xe1, 0xec], tail, tail],
    [[0xed, 0xed], [0x80, 0x9f], tail],
    [[0xee, 0xef], tail, tail],
    [[0xf0, 0xf0], [0x90, 0xbf], tail, tail],
    [[0xf1, 0xf3], tail, tail, tail],
    [[0xf4, 0xf4], [0x80, 0x8f], tail, tail],
  ];
  let at = 0;
  while (at < bytes.length) {
    const rest = bytes.slice(at, at + 4);
    const form = forms.find((ranges) =>
      ranges.every(([low, high], i) => rest[i] === undefined || (rest[i]! >= low && rest[i]! <= high)),
    );
    if (form === undefined || (ends && rest.length < form.length)) return false;
    at += form.length;
  }
  return true;
}
