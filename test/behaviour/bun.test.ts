import { describeOn } from './child.ts';

describeOn('bun', ['bun', 'run']);
