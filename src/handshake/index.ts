/**
 * RFC 6455 §4: the opening handshake of both roles, without a socket.
 *
 * @module
 */
export { type RandomSource, secureRandom } from '../bytes/random.ts';
export { HANDSHAKE_ERRORS, type HandshakeErrorCode, ProtocolError, UsageTypeError } from '../errors.ts';
export type { HeaderEntries } from '../http/headers.ts';
export { computeAccept } from './accept.ts';
export { type AcceptOptions, acceptUpgrade, formatAccept, type UpgradeAnswer } from './answer.ts';
export {
  type UpgradeRequestOptions,
  type UpgradeSent,
  writeUpgradeRequest,
} from './client-request.ts';
export { readUpgradeResponse, type UpgradeAccepted, type UpgradeResponse } from './client-response.ts';
export { type Extension, formatExtensions, parseExtensions } from './extensions.ts';
export type { HeaderLines } from './fields.ts';
export { checkHost, type HostOption, type HostPolicy, resolveHostPolicy } from './host-policy.ts';
export { createKey, isKey } from './key.ts';
export {
  checkOrigin,
  type OriginContext,
  type OriginOption,
  type OriginOptions,
  type OriginPolicy,
  type OriginRule,
  resolveOriginPolicy,
} from './origin.ts';
export { parseProtocols, selectProtocol } from './protocols.ts';
export {
  isUpgrade,
  readUpgrade,
  refuseUpgrade,
  type UpgradeRefusal,
  type UpgradeRequest,
  type UpgradeSource,
} from './request.ts';
export { parseWebSocketUrl, type WebSocketUrl } from './url.ts';
