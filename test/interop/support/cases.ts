/**
 * Cases that are written in Python.
 *
 * @module
 */
import { readFileSync } from 'node:fs';

/** The names of a program's cases, out of its source, so that they are known without running it. */
export function casesOf(path: string): string[] {
  return Array.from(readFileSync(path, 'utf8').matchAll(/^@case\("(.+)"\)$/gm), ([, name]) => name!);
}
