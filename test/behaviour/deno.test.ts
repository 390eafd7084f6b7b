import { describeOn } from './child.ts';

describeOn('deno', ['deno', 'run', '--allow-all', '--unstable-net', '--no-check', '--v8-flags=--expose-gc']);
