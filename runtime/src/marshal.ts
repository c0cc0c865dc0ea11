import { LockstepError } from "./errors/index.ts";

/** Replaces what is no plain data (tables) on its way to the other ranks and back. */
export interface Substitution {
  /** Something else than `undefined` stands for the value. */
  (value: object): object | undefined;
}

/** What structured clone does not carry: an empty object keeps its place in the value, and what is to stand there goes beside. */
export class Places<T> {
  readonly empty: object[] = [];
  readonly things: T[] = [];

  keep(thing: T): object {
    const place = {};
    this.empty.push(place);
    this.things.push(thing);
    return place;
  }
}

/** The value with the things in the places that were kept for them. */
export function fill(value: unknown, empty: readonly object[], things: readonly object[]): unknown {
  if (things.length === 0) return value;
  const standing = new Map(empty.map((place, index) => [place, things[index]!]));
  return marshal(value, "a message", (part) => standing.get(part));
}

const copied: readonly unknown[] = [
  Date, RegExp, Map, Set, ArrayBuffer, DataView, Boolean, Number, String,
  // Browsers have none.
  ...(typeof Buffer === "undefined" ? [] : [Buffer]),
  Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError,
  Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array,
];

/**
 * A value in the form that structured clone carries to the other ranks. Where structured clone would lose
 * something silently (the class of an instance) or fail (functions, symbols), an error names the place.
 */
export function marshal(value: unknown, place: string, substitute: Substitution, fix = plainData): unknown {
  const seen = new Map<object, unknown>();
  const visit = (part: unknown, path: string): unknown => {
    if (typeof part === "function") throw unsendable(path, part.name ? `the function ${part.name}` : "a function", fix);
    if (typeof part === "symbol") throw unsendable(path, "a symbol", fix);
    if (typeof part !== "object" || part === null) return part;
    if (seen.has(part)) return seen.get(part);
    const instead = substitute(part);
    if (instead) {
      seen.set(part, instead);
      return instead;
    }
    if (Array.isArray(part)) {
      const copy: unknown[] = [];
      seen.set(part, copy);
      part.forEach((item, index) => (copy[index] = visit(item, `${path}[${index}]`)));
      copy.length = part.length;
      return copy;
    }
    const prototype: unknown = Object.getPrototypeOf(part);
    if (prototype === null || prototype === Object.prototype) {
      const copy: Record<string, unknown> = {};
      seen.set(part, copy);
      for (const [key, item] of Object.entries(part)) copy[key] = visit(item, `${path}.${key}`);
      return copy;
    }
    const { constructor } = part;
    if (!copied.includes(constructor)) throw unsendable(path, `an instance of ${constructor?.name || "a class"}`, fix);
    if (part instanceof Map) {
      const copy = new Map<unknown, unknown>();
      seen.set(part, copy);
      for (const [key, item] of part) copy.set(visit(key, `${path}'s keys`), visit(item, `${path}.get(…)`));
      return copy;
    }
    if (part instanceof Set) {
      const copy = new Set<unknown>();
      seen.set(part, copy);
      for (const item of part) copy.add(visit(item, `${path}'s members`));
      return copy;
    }
    seen.set(part, part);
    return part;
  };
  return visit(value, place);
}

const plainData = "Pass plain data: numbers, strings, Dates, URLs, arrays, objects, Maps, Sets, typed arrays and tables.";

function unsendable(place: string, what: string, fix: string): LockstepError {
  return new LockstepError({ code: "LS2015", message: `${place} is ${what}, which cannot be sent to the other ranks`, fix });
}
