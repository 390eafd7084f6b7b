/**
 * Which peers the interop tests ran with: printed once, for the record of a run.
 */
import { expect, it } from 'vitest';
import { findPeer, mustRun, PEER_NAMES } from '../support/peers.ts';

it('all peers that CI asks for are here', () => {
  const peers = PEER_NAMES.map((name) => ({ name, peer: findPeer(name) }));
  const line = peers.map(({ peer }) =>
    'missing' in peer ? `no ${peer.title}` : `${peer.title} ${peer.version}`,
  );
  console.info(`Peers: ${line.join(', ')}`);
  const missing = peers.flatMap(({ name, peer }) =>
    'missing' in peer && mustRun(name) ? [peer.missing] : [],
  );
  expect(missing).toEqual([]);
});
