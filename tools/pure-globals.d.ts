// The only globals that a pure file may name: the ones that every runtime, browser and worker has.
// Part of tsconfig.pure.json alone.

declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(input?: Uint8Array, options?: { stream?: boolean }): string;
}

declare class TextEncoder {
  encode(input?: string): Uint8Array<ArrayBuffer>;
  encodeInto(source: string, destination: Uint8Array): { read: number; written: number };
}

declare const crypto: { getRandomValues<T extends Uint8Array>(array: T): T };
