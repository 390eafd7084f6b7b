/**
 * Listening where a process that was killed has left its Unix socket.
 *
 * Owns: that it is tried once more. Does not own: how a runtime listens, or tells that nobody listens on a socket (the adapters).
 *
 * @module
 */
import { errnoOf } from './failure.ts';
import type { ListenOptions } from './transport.ts';

/**
 * Listen; where the address is in use by a Unix socket that nobody listens on, put ours in its place.
 *
 * @param listen Called once or twice.
 * @param removeStale Whether the path was such a socket, and is now gone.
 * @param explain The error to throw for one of the runtime's.
 */
export async function listenAgain<Listener>(
  options: ListenOptions,
  listen: () => Listener | Promise<Listener>,
  removeStale: (path: string) => Promise<boolean>,
  explain: (options: ListenOptions, error: unknown) => Error,
): Promise<Listener> {
  const { path } = options;
  try {
    return await listen();
  } catch (error) {
    // A socket's file outlives its process; the runtime then says that the address is in use.
    if (path === undefined || errnoOf(error) !== 'EADDRINUSE' || !(await removeStale(path))) {
      throw explain(options, error);
    }
  }
  try {
    return await listen();
  } catch (error) {
    throw explain(options, error);
  }
}
