/**
 * Frames as a stranger would write and read them (RFC 6455 §5.2), one line of the RFC at a time: the other end of every test of
 * a connection, a socket or a server. Nothing in here comes from the code under test, and nothing needs a runtime.
 *
 * @module
 */

/** A frame to write; whatever is left out is what a well-behaved peer would send. */
export interface WireFrame {
  /** 0 to 15. Default: 1, text. */
  readonly opcode?: number;
  /** Text is sent as UTF-8. Default: nothing. */
  readonly payload?: string | Uint8Array;
  /** Default: true. */
  readonly fin?: boolean;
  /** The three reserved bits, 0 to 7. Default: 0. */
  readonly rsv?: number;
  /** The masking key; `undefined`: not masked. */
  readonly key?: readonly [number, number, number, number] | undefined;
  /** The length to declare, where it is not the payload's. */
  readonly declared?: number | bigint;
  /** Which form to declare it in, 0 (7 bits), 2 or 8 bytes. Default: the shortest. */
  readonly lengthBytes?: 0 | 2 | 8;
}

/** The key that clients of tests mask with. */
export const KEY = [0x37, 0xfa, 0x21, 0x3d] as const;

/** Text or bytes as bytes. */
export function octets(data: string | Uint8Array): Uint8Array {
  return typeof data === 'string' ? new TextEncoder().encode(data) : data;
}

/** A frame's bytes. */
export function frame(spec: WireFrame): Uint8Array {
  const payload = octets(spec.payload ?? '');
  const length = BigInt(spec.declared ?? payload.length);
  const form = spec.lengthBytes ?? (length < 126n ? 0 : length < 65_536n ? 2 : 8);
  const bytes = [
    ((spec.fin ?? true) ? 0x80 : 0) | ((spec.rsv ?? 0) << 4) | (spec.opcode ?? 1),
    (spec.key === undefined ? 0 : 0x80) | (form === 0 ? Number(length) : form === 2 ? 126 : 127),
  ];
  for (let shift = form * 8 - 8; shift >= 0; shift -= 8)
    bytes.push(Number((length >> BigInt(shift)) & 0xffn));
  if (spec.key !== undefined) bytes.push(...spec.key);
  const start = bytes.length;
  const all = new Uint8Array(start + payload.length);
  all.set(bytes);
  const { key } = spec;
  for (let i = 0; i < payload.length; i++)
    all[start + i] = payload[i]! ^ (key === undefined ? 0 : key[i & 3]!);
  return all;
}

/** A client's frame: masked. */
export function masked(opcode: number, payload: string | Uint8Array = '', more: WireFrame = {}): Uint8Array {
  return frame({ opcode, payload, key: KEY, ...more });
}

/** A server's frame: not masked. */
export function plain(opcode: number, payload: string | Uint8Array = '', more: WireFrame = {}): Uint8Array {
  return frame({ opcode, payload, ...more });
}

/** The payload of a close frame. */
export function closing(code: number, reason = ''): Uint8Array {
  return Uint8Array.of(code >> 8, code & 0xff, ...octets(reason));
}

/** A frame that was read. */
export interface SeenFrame {
  readonly opcode: number;
  readonly fin: boolean;
  readonly rsv: number;
  readonly masked: boolean;
  /** Unmasked. */
  readonly payload: Uint8Array;
}

/** The whole frames at the front of `bytes`, `most` of them at most, and what is left behind them. */
export function readFrames(
  bytes: Uint8Array,
  most: number = Number.POSITIVE_INFINITY,
): {
  readonly frames: readonly SeenFrame[];
  readonly rest: Uint8Array;
} {
  const frames: SeenFrame[] = [];
  let at = 0;
  while (frames.length < most) {
    const first = bytes[at];
    const second = bytes[at + 1];
    if (first === undefined || second === undefined) break;
    const form = (second & 0x7f) === 126 ? 2 : (second & 0x7f) === 127 ? 8 : 0;
    let length = form === 0 ? second & 0x7f : 0;
    let next = at + 2;
    for (let i = 0; i < form; i++) length = length * 256 + (bytes[next++] ?? 0);
    const isMasked = (second & 0x80) !== 0;
    const key = isMasked ? bytes.subarray(next, next + 4) : undefined;
    if (isMasked) next += 4;
    if (next + length > bytes.length) break;
    const payload = bytes.slice(next, next + length);
    if (key !== undefined) for (let i = 0; i < length; i++) payload[i]! ^= key[i & 3]!;
    frames.push({
      opcode: first & 0x0f,
      fin: (first & 0x80) !== 0,
      rsv: (first & 0x70) >> 4,
      masked: isMasked,
      payload,
    });
    at = next + length;
  }
  return { frames, rest: bytes.subarray(at) };
}

const NAMES: Readonly<Record<number, string>> = {
  0: 'more',
  1: 'text',
  2: 'binary',
  8: 'close',
  9: 'ping',
  10: 'pong',
};

/** A frame in a line: `text "hi"`, `binary 00ff`, `close 1000 bye`, `ping 61`; `…` after a fragment that is not the last. */
export function tell(seen: SeenFrame): string {
  const { opcode, payload, fin, rsv } = seen;
  let said: string;
  if (opcode === 8 && payload.length >= 2) {
    const reason = new TextDecoder().decode(payload.subarray(2));
    said = `${(payload[0]! << 8) | payload[1]!}${reason === '' ? '' : ` ${reason}`}`;
  } else if (opcode === 1 && rsv === 0) said = JSON.stringify(new TextDecoder().decode(payload));
  else said = Array.from(payload, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${NAMES[opcode] ?? opcode}${rsv === 0 ? '' : ` rsv${rsv}`}${said === '' ? '' : ` ${said}`}${fin ? '' : ' …'}`;
}

/** All of them, in one. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** All frames of `bytes`, told; throws when there is something behind them. */
export function tellAll(bytes: Uint8Array | undefined): string[] {
  const { frames, rest } = readFrames(bytes ?? new Uint8Array(0));
  if (rest.length > 0) throw new Error(`Half a frame at the end: ${rest.length} bytes`);
  return frames.map(tell);
}
