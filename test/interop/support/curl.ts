/**
 * curl, as a function.
 *
 * @module
 */
import { execFile } from 'node:child_process';
import { requirePeer } from '../../support/peers.ts';

/** What curl did. */
export interface CurlResult {
  readonly status: number | null;
  readonly stdout: string;
  /** With `-v`: the conversation. */
  readonly stderr: string;
}

/** Run curl; it gives up after 10 s. */
export async function curl(args: readonly string[], input?: Uint8Array): Promise<CurlResult> {
  const [file = '', ...first] = requirePeer('curl').command;
  return await new Promise((resolve) => {
    const child = execFile(
      file,
      [...first, '--silent', '--max-time', '10', '--noproxy', '*', ...args],
      { maxBuffer: 64 * 1024 * 1024, encoding: 'latin1', timeout: 12_000 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code;
        resolve({ status: typeof code === 'number' ? code : null, stdout, stderr });
      },
    );
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}
