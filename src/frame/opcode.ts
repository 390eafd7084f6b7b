/**
 * Opcodes: what a frame is (RFC 6455 §5.2).
 *
 * @module
 */

/** The assigned opcodes. */
export const Opcode = {
  /** A later fragment of a message (§5.4). */
  Continuation: 0x0,
  /** UTF-8 text, or the first fragment of one (§5.6). */
  Text: 0x1,
  /** Bytes with no meaning to the protocol, or the first fragment of them (§5.6). */
  Binary: 0x2,
  /** Opens or answers the closing handshake (§5.5.1). */
  Close: 0x8,
  /** Asks for a pong (§5.5.2). */
  Ping: 0x9,
  /** Answers a ping, or comes unasked as a heartbeat (§5.5.3). */
  Pong: 0xa,
} as const;

/** An assigned opcode. */
export type Opcode = (typeof Opcode)[keyof typeof Opcode];

/** Bit n is set when opcode n is assigned. */
const ASSIGNED = 0b0000_0111_0000_0111;

/** Whether the four bits are an assigned opcode; the others must fail the connection (§5.2). */
export function isOpcode(value: number): value is Opcode {
  return (value & 0xf) === value && ((ASSIGNED >>> value) & 1) === 1;
}

/** Whether the opcode is one of a control frame: close, ping, pong, and the reserved ones beside them (§5.5). */
export function isControl(opcode: number): boolean {
  return opcode >= 0x8 && opcode <= 0xf;
}
