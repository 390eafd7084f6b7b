/**
 * What `console.log` shows of our objects, on every runtime: what they stand for, and no internals.
 *
 * Owns: how it is asked for. Does not own: what each class shows.
 *
 * @module
 */

/** Called for by `console.log` and `util.inspect` of Node, Bun and Deno alike. */
const CUSTOM: unique symbol = Symbol.for('nodejs.util.inspect.custom');

type Inspect = (value: unknown, options: object) => string;

/**
 * Have objects of a class shown as its name and some fields. Call it in the class's own static block.
 *
 * @param name The name of the class: a bundler may have given it another.
 * @param fields What to show; a `Map` where its keys come from a peer.
 */
export function showAs<Shown extends object>(
  type: { readonly prototype: Shown },
  name: string,
  fields: (object: Shown) => object,
): void {
  nameClass(type, name);
  Object.defineProperty(type.prototype, CUSTOM, {
    configurable: true,
    writable: true,
    value(this: Shown, depth: number | null, options: object, inspect: Inspect): string {
      const is = this.constructor.name;
      if (depth !== null && depth < 0) return `[${is}]`;
      let shown: object;
      try {
        shown = fields(this);
      } catch {
        return is; // the prototype, which has none of the fields
      }
      return `${is}${shown instanceof Map ? '' : ' '}${inspect(shown, { ...options, depth }).replace(/^Map/, '')}`;
    },
  });
}

/** Give a class its name: a bundler that has two of one name gives one of them another, which users then see. */
export function nameClass(type: object, name: string): void {
  Object.defineProperty(type, 'name', { value: name, configurable: true });
}
