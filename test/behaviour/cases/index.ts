/**
 * All cases.
 *
 * @module
 */
import type { BehaviourCase } from '../env.ts';
import { CLOSING } from './closing.ts';
import { CONNECT } from './connect.ts';
import { ECHO } from './echo.ts';
import { FAULTS } from './faults.ts';
import { HANDSHAKE } from './handshake.ts';
import { HTTP } from './http.ts';
import { LIMITS } from './limits.ts';
import { LOAD } from './load.ts';
import { TLS } from './tls.ts';
import { VIOLATIONS } from './violations.ts';

/** In the order in which they run. */
export const CASES: readonly BehaviourCase[] = [
  ...ECHO,
  ...CLOSING,
  ...VIOLATIONS,
  ...HTTP,
  ...HANDSHAKE,
  ...LIMITS,
  ...FAULTS,
  ...CONNECT,
  ...TLS,
  ...LOAD,
];
