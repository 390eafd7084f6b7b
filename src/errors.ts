/**
 * The one table of error codes, and the three classes that carry them.
 *
 * The classes are split by whose fault it is. {@link ProtocolError}: the peer broke a rule of an RFC or
 * one of our limits; the pure core returns it as a value and never throws it. {@link UsageTypeError} and
 * {@link UsageRangeError}: the caller passed something that cannot be right; thrown at the call, and
 * nothing else is harmed. {@link TransportError}: the network or the operating system said no.
 *
 * Codes are API: never renamed, never reused. Each constant below is one part of the table, so that the
 * frame codec on its own does not carry the HTTP rows. docs/errors.md is made from this file.
 *
 * @module
 */

/** A row: the WebSocket close code or the HTTP status that answers it (0: none), and the rule broken. */
export type ErrorRow = readonly [answer: number, rule: string];

/** What a peer can do wrong in the frame layer; the answer is a close code (RFC 6455 §7.4.1). */
export const FRAME_ERRORS = {
  /** An RSV bit is set that no negotiated extension gives a meaning to. */
  'reserved-bit': [1002, 'RFC 6455 §5.2'],
  /** Opcode 0x3-0x7 or 0xB-0xF. */
  'reserved-opcode': [1002, 'RFC 6455 §5.2'],
  /** A client sent a frame without a masking key. */
  'unmasked-frame': [1002, 'RFC 6455 §5.1'],
  /** A server sent a frame with a masking key. */
  'masked-frame': [1002, 'RFC 6455 §5.1'],
  /** A ping, pong or close frame with FIN clear. */
  'fragmented-control': [1002, 'RFC 6455 §5.5'],
  /** A ping, pong or close frame with a payload of more than 125 bytes. */
  'control-too-long': [1002, 'RFC 6455 §5.5'],
  /** A length that a shorter form of the header could have held. */
  'non-minimal-length': [1002, 'RFC 6455 §5.2'],
  /** A 64-bit length with its most significant bit set. */
  'length-overflow': [1002, 'RFC 6455 §5.2'],
  /** A continuation frame with no message to continue. */
  'unexpected-continuation': [1002, 'RFC 6455 §5.4'],
  /** A new text or binary frame inside an unfinished fragmented message. */
  'interleaved-message': [1002, 'RFC 6455 §5.4'],
  /** A close frame with a payload of one byte. */
  'bad-close-payload': [1002, 'RFC 6455 §5.5.1'],
  /** A close code that must not appear on the wire. */
  'bad-close-code': [1002, 'RFC 6455 §7.4'],
  /** Text, or a close reason, that is not UTF-8. */
  'bad-utf8': [1007, 'RFC 6455 §8.1'],
  /** A message longer than `limits.maxMessageBytes`; known from the declared length. */
  'message-too-big': [1009, 'limits.maxMessageBytes'],
  /** A message in more frames than `limits.maxFragments`; empty ones count. */
  'too-many-fragments': [1008, 'limits.maxFragments'],
} as const;

/** What a peer can do wrong in compressed data; the answer is a close code. */
export const DEFLATE_ERRORS = {
  /** Compressed data that is not valid DEFLATE, or that ends too early. */
  'bad-deflate': [1007, 'RFC 7692 §7.2.2'],
  /** A message that inflates to more than `limits.maxMessageBytes`. */
  'inflated-too-big': [1009, 'limits.maxMessageBytes'],
} as const;

/** What a peer can do wrong in HTTP/1.1; the answer is a status code (0: a response was at fault). */
export const HTTP_ERRORS = {
  /** A request line that is not `method SP request-target SP HTTP-version CRLF`. */
  'bad-request-line': [400, 'RFC 9112 §3'],
  /** A request target in none of the four forms, or with a byte that no URI has. */
  'bad-target': [400, 'RFC 9112 §3.2'],
  /** A request target longer than `limits.maxTargetBytes`. */
  'target-too-long': [414, 'limits.maxTargetBytes'],
  /** Something other than `HTTP/` digit `.` digit where the version belongs. */
  'bad-http-version': [400, 'RFC 9112 §2.3'],
  /** A major version of HTTP other than 1. */
  'unsupported-http-version': [505, 'RFC 9110 §15.6.6'],
  /** A header line with no name, no colon, or a name that is not a token (a space before the colon too). */
  'bad-header-name': [400, 'RFC 9112 §5.1'],
  /** A control character in a header value. */
  'bad-header-value': [400, 'RFC 9110 §5.5'],
  /** A header line that starts with white space: the obsolete line folding. */
  'obs-fold': [400, 'RFC 9112 §5.2'],
  /** A line that ends in LF alone. */
  'bare-lf': [400, 'RFC 9112 §2.2'],
  /** A CR that no LF follows. */
  'bare-cr': [400, 'RFC 9112 §2.2'],
  /** A head, or a trailer section, longer than `limits.maxHeadBytes`. */
  'head-too-big': [431, 'limits.maxHeadBytes'],
  /** More header lines than `limits.maxHeaders`. */
  'too-many-headers': [431, 'limits.maxHeaders'],
  /** An HTTP/1.1 request without Host, with two, or with one that is no host. */
  'bad-host': [400, 'RFC 9112 §3.2'],
  /** A Content-Length that is not a plain decimal number, or several of them. */
  'bad-content-length': [400, 'RFC 9112 §6.3'],
  /** Content-Length and Transfer-Encoding in one message. */
  'length-with-encoding': [400, 'RFC 9112 §6.1'],
  /** A malformed Transfer-Encoding, one in HTTP/1.0, or one where chunked is not the last and only once. */
  'bad-transfer-encoding': [400, 'RFC 9112 §6.1'],
  /** A transfer coding other than chunked. */
  'unsupported-transfer-coding': [501, 'RFC 9112 §6.1'],
  /** A chunk whose size, extension or closing CRLF is malformed. */
  'bad-chunk': [400, 'RFC 9112 §7.1'],
  /** Chunk extensions that are longer than a body of this size can need. */
  'chunk-extensions-too-big': [400, 'RFC 9112 §7.1.1'],
  /** A body longer than `limits.maxBodyBytes`. */
  'body-too-big': [413, 'limits.maxBodyBytes'],
  /** A status line that is not `HTTP-version SP 3DIGIT SP [reason] CRLF`. */
  'bad-status-line': [0, 'RFC 9112 §4'],
  /** A body that the app asked for as JSON and that is none. */
  'bad-json': [400, 'RFC 8259 §2'],
  /** The peer ended the connection inside a message. */
  'unexpected-end': [400, 'RFC 9112 §8'],
} as const;

/** What can be wrong with an opening handshake; the answer is a status code (0: the server was at fault). */
export const HANDSHAKE_ERRORS = {
  /** An upgrade request with a method other than GET. */
  'bad-upgrade-method': [400, 'RFC 6455 §4.1'],
  /** An upgrade request in HTTP/1.0. */
  'bad-upgrade-version': [400, 'RFC 6455 §4.1'],
  /** `Upgrade` does not name `websocket`. */
  'bad-upgrade-header': [400, 'RFC 6455 §4.2.1'],
  /** `Connection` does not name `Upgrade`. */
  'bad-connection-header': [400, 'RFC 6455 §4.2.1'],
  /** `Sec-WebSocket-Key` is missing, repeated, or not the base64 of 16 bytes. */
  'bad-key': [400, 'RFC 6455 §4.2.1'],
  /** `Sec-WebSocket-Version` is missing or malformed. */
  'bad-version': [400, 'RFC 6455 §4.2.1'],
  /** `Sec-WebSocket-Version` asks for another version than 13. */
  'unsupported-version': [426, 'RFC 6455 §4.4'],
  /** `Sec-WebSocket-Protocol` is not a list of distinct tokens. */
  'bad-protocol': [400, 'RFC 6455 §4.1'],
  /** `Sec-WebSocket-Extensions` does not follow its grammar. */
  'bad-extensions': [400, 'RFC 6455 §9.1'],
  /** An offered or chosen permessage-deflate with parameters that are unknown, repeated or out of range. */
  'bad-deflate-parameters': [400, 'RFC 7692 §7.1'],
  /** An upgrade request with a body. */
  'upgrade-with-body': [400, 'RFC 6455 §4.1'],
  /** The request's `Origin` is not one that the server allows. */
  'origin-refused': [403, 'RFC 6455 §10.2'],
  /** The request's `Host` is not one that the server answers to. */
  'host-refused': [403, 'RFC 9110 §7.2'],
  /** The server answered with a status other than 101. */
  'unexpected-status': [0, 'RFC 6455 §4.1'],
  /** `Sec-WebSocket-Accept` is missing or is not the answer to the key that was sent. */
  'bad-accept': [0, 'RFC 6455 §4.1'],
  /** The server chose a subprotocol that the client did not offer. */
  'unasked-protocol': [0, 'RFC 6455 §4.1'],
  /** The server chose none of the subprotocols on offer, and the client needs one. */
  'missing-protocol': [0, 'requireProtocol'],
  /** The server chose an extension that the client did not offer. */
  'unasked-extension': [0, 'RFC 6455 §4.1'],
} as const;

/** What ends a connection that broke no rule of syntax; the answer is a close code or a status. */
export const CONNECTION_ERRORS = {
  /** The peer ended the connection without a closing handshake. */
  'abnormal-close': [1006, 'RFC 6455 §7.1.5'],
  /** No pong, and nothing else, came within `limits.pongTimeoutMs` of a ping. */
  'pong-timeout': [1011, 'limits.pongTimeoutMs'],
  /** The closing handshake was not finished within `limits.closeTimeoutMs`. */
  'close-timeout': [1006, 'limits.closeTimeoutMs'],
  /** More than `limits.maxSendBufferBytes` were waiting to be sent. */
  'send-buffer-full': [1013, 'limits.maxSendBufferBytes'],
  /** A message was sent, or a ping, after the connection closed. */
  'not-open': [0, 'RFC 6455 §7.1.4'],
  /** A request head was not complete within `limits.headTimeoutMs`. */
  'head-timeout': [408, 'limits.headTimeoutMs'],
  /** A request body made no progress for `limits.headTimeoutMs`. */
  'body-timeout': [408, 'limits.headTimeoutMs'],
  /** The peer took nothing of a response for `limits.headTimeoutMs`; the connection was dropped. */
  'send-timeout': [0, 'limits.headTimeoutMs'],
  /** `limits.maxConnections` are open already. */
  'too-many-connections': [503, 'limits.maxConnections'],
  /** A handler of the app threw or rejected; the app's own error is the `cause`. */
  'handler-failed': [1011, 'the handler'],
} as const;

/** What the network or the operating system refused. */
export const TRANSPORT_ERRORS = {
  /** Another socket listens on this address. */
  'address-in-use': [0, 'listen'],
  /** This machine has no such address, or the socket's path cannot be created. */
  'address-not-available': [0, 'listen'],
  /** The operating system does not let this process do it (a port below 1024, say). */
  'permission-denied': [0, 'listen'],
  /** Nothing listens at the other end. */
  'connection-refused': [0, 'connect'],
  /** The other end could not be reached. */
  unreachable: [0, 'connect'],
  /** The other end did not answer in time. */
  'connect-timeout': [0, 'connectTimeoutMs'],
  /** The host name does not resolve. */
  'dns-failed': [0, 'connect'],
  /** The TLS handshake failed, or a certificate is not trusted. */
  'tls-failed': [0, 'tls'],
  /** The peer reset the connection. */
  'connection-reset': [0, 'the connection'],
  /** The app's `allowAddress` refused the address that was connected to. */
  'address-refused': [0, 'allowAddress'],
  /** The caller gave up, by `AbortSignal`. */
  aborted: [0, 'signal'],
  /** Anything else that the runtime reported; see `cause`. */
  'transport-failed': [0, 'the connection'],
} as const;

/** What a caller can do wrong; thrown at the call. */
export const USAGE_ERRORS = {
  /** An argument of a type or value that the function cannot take. */
  'bad-argument': [0, 'the call'],
  /** An option that does not exist, or a value that it cannot have. */
  'bad-option': [0, 'the options'],
  /** A call at a time when it makes no sense, such as a second `start`. */
  'bad-state': [0, 'the call'],
} as const;

/** Codes of the frame layer. */
export type FrameErrorCode = keyof typeof FRAME_ERRORS;
/** Codes of the DEFLATE layer. */
export type DeflateErrorCode = keyof typeof DEFLATE_ERRORS;
/** Codes of the HTTP layer. */
export type HttpErrorCode = keyof typeof HTTP_ERRORS;
/** Codes of the opening handshake. */
export type HandshakeErrorCode = keyof typeof HANDSHAKE_ERRORS;
/** Codes of the connection engines. */
export type ConnectionErrorCode = keyof typeof CONNECTION_ERRORS;
/** Codes of the transports. */
export type TransportErrorCode = keyof typeof TRANSPORT_ERRORS;
/** Codes of a caller's mistakes. */
export type UsageErrorCode = keyof typeof USAGE_ERRORS;
/** Codes that a {@link ProtocolError} can have. */
export type ProtocolErrorCode =
  | FrameErrorCode
  | DeflateErrorCode
  | HttpErrorCode
  | HandshakeErrorCode
  | ConnectionErrorCode;

/**
 * The peer broke a rule or a limit. A value: the core returns it, in the place of the event or the result.
 *
 * `message` says what happened and what was expected, and never holds payload bytes.
 */
export class ProtocolError extends Error {
  /** Tells it from every other event and result. */
  readonly kind = 'error' as const;
  /** Stable; switch on this, never on `message`. */
  readonly code: ProtocolErrorCode;
  /** The section of an RFC or the option that decides the case. */
  readonly rule: string;
  /** The close code (1000 and up) or the HTTP status (below 1000) to answer with; 0: there is no answer. */
  readonly answer: number;
  /** Where it happened, in bytes counted from the first byte that this decoder was given. */
  readonly offset: number;

  /** Made by the decoders; `row` is the table's row of `code`. */
  constructor(
    code: ProtocolErrorCode,
    row: ErrorRow,
    message: string,
    offset: number,
    options?: { readonly cause?: unknown },
  ) {
    super(`${message} (${row[1]})`, options);
    this.name = 'ProtocolError';
    this.code = code;
    this.rule = row[1];
    this.answer = row[0];
    this.offset = offset;
  }

  /** The WebSocket close code to answer with; 1002 where the table names none. */
  get closeCode(): number {
    return this.answer >= 1000 ? this.answer : 1002;
  }

  /** The HTTP status to answer with; 400 where the table names none. */
  get status(): number {
    return this.answer > 0 && this.answer < 1000 ? this.answer : 400;
  }
}

/** The network or the operating system said no; the runtime's own error is the `cause`. */
export class TransportError extends Error {
  /** Stable; switch on this, never on `message`. */
  readonly code: TransportErrorCode;

  /** `message` says what was tried, with the address. */
  constructor(code: TransportErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'TransportError';
    this.code = code;
  }
}

/** The caller passed something of the wrong type, or called at the wrong time. */
export class UsageTypeError extends TypeError {
  /** Stable; switch on this, never on `message`. */
  readonly code: UsageErrorCode;

  /** `message` names the argument or the option, what it is and what was expected. */
  constructor(code: UsageErrorCode, message: string) {
    super(message);
    this.name = 'TypeError';
    this.code = code;
  }
}

/** The caller passed something of the right type that is out of range. */
export class UsageRangeError extends RangeError {
  /** Stable; switch on this, never on `message`. */
  readonly code: UsageErrorCode;

  /** `message` names the argument or the option, what it is and what was expected. */
  constructor(code: UsageErrorCode, message: string) {
    super(message);
    this.name = 'RangeError';
    this.code = code;
  }
}
