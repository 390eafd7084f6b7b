/**
 * What `console.log` shows of our objects, on every runtime: what they stand for, and no internals.
 *
 * Owns: how it is asked for. Does not own: what each class shows.
 *
 * @module
 */

type Inspect = (value: unknown, options: object) => string;

/**
 * Have objects of a class shown as its name and some fields. Call it in the class's own static block, with `this`: a class that
 * names itself inside is given another name by the bundler.
 *
 * @param fields What to show; a `Map` where its keys come from a peer.
 */
export function showAs<Shown extends object>(
  type: { readonly prototype: Shown },
  fields: (object: Shown) => object,
): void {
  // Called by `console.log` and `util.inspect` of Node, Bun and Deno alike.
  Object.defineProperty(type.prototype, Symbol.for('nodejs.util.inspect.custom'), {
    value(this: Shown, depth: number, options: object, inspect: Inspect): string {
      const is = this.constructor.name;
      if (this === type.prototype) return is; // it has none of the fields
      return `${is} ${inspect(fields(this), { ...options, depth })}`.replace(/^(\w+) Map/, '$1');
    },
  });
}

/** Give a class its name: a bundler that has two of one name gives one of them another, which users then see. */
export function nameClass(type: object, name: string): void {
  Object.defineProperty(type, 'name', { value: name });
}
