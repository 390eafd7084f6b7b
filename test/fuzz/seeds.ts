/**
 * The seeds of a target: a line of base64 each. `NAME.txt` is made from the published vectors, `NAME.found.txt` was found
 * by the fuzzer.
 *
 * @module
 */
import { existsSync, readFileSync } from 'node:fs';

/** All seeds of a target. */
export function readSeeds(name: string): Uint8Array[] {
  return [`${name}.txt`, `${name}.found.txt`].flatMap((file) => {
    const url = new URL(`./seeds/${file}`, import.meta.url);
    if (!existsSync(url)) return [];
    return readFileSync(url, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => new Uint8Array(Buffer.from(line, 'base64')));
  });
}
