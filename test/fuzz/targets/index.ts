/**
 * All fuzz targets.
 *
 * @module
 */
import type { FuzzTarget } from '../target.ts';
import { clientOpening } from './client-opening.ts';
import { deflateNegotiation } from './deflate-negotiation.ts';
import { extensions } from './extensions.ts';
import { frameDecoder } from './frame-decoder.ts';
import { handshakeRequest } from './handshake-request.ts';
import { httpConnection } from './http-connection.ts';
import { httpRequest } from './http-request.ts';
import { httpResponse } from './http-response.ts';
import { inflateTarget } from './inflate.ts';
import { messageReader } from './message-reader.ts';
import { webSocketConnection } from './websocket-connection.ts';

/** In the order of the layers. */
export const TARGETS: readonly FuzzTarget[] = [
  frameDecoder,
  messageReader,
  httpRequest,
  httpResponse,
  inflateTarget,
  deflateNegotiation,
  extensions,
  handshakeRequest,
  clientOpening,
  webSocketConnection,
  httpConnection,
];
