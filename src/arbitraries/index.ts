/**
 * Generators for fast-check, to fuzz parsers with: ours, and yours. `fast-check` is an optional peer dependency; only
 * this subpath imports it.
 *
 * Everything is generated as plain bytes together with what they mean, by code that shares nothing with our codecs:
 * a parser is compared with the grammar, not with itself. The hostile generators make one fault at a time and name it.
 *
 * @module
 */
export { type Cut, chunksOf, lengths, mutated, payloads } from './bytes.ts';
export { type ChunkedBody, chunkedBodies, hostileChunkedBodies } from './chunked.ts';
export {
  type FrameParts,
  frameBytes,
  frames,
  type HostileFrames,
  hostileFrames,
  type SenderConstraints,
} from './frames.ts';
export {
  hostileUpgradeRequests,
  hostileUpgradeResponses,
  type UpgradeParts,
  type UpgradeResponseParts,
  upgradeRequests,
  upgradeResponses,
} from './handshakes.ts';
export type { Hostile } from './hostile.ts';
export { hostileMessages } from './hostile-messages.ts';
export {
  type ExpectedEvent,
  type MessageConstraints,
  type MessageParts,
  messageStreams,
  messages,
  type StreamParts,
} from './messages.ts';
export { hostileRequests, type RequestParts, requests } from './requests.ts';
export { brokenUtf8, texts } from './text.ts';
