/**
 * What is known of places (columns, locals, captured scalars) where control has come: TypeScript's narrowing of null and
 * undefined. Facts that hold together are a union, and after a join an intersection.
 */
export type Place = string;
type Fact = string;
export type Facts = ReadonlySet<Fact>;

/** What holds after a test came out true, and after it came out false. */
export interface Truth {
  readonly then: Facts;
  readonly else: Facts;
}

export const noFacts: Facts = new Set();
export const noTruth: Truth = { then: noFacts, else: noFacts };

/** `place` is not null / not undefined. */
export const isNot = (place: Place, value: "null" | "undefined"): Fact => `${value} ${place}`;

/** That it is not null is tsc's word only: its like is of a type that denies null, and may be null. */
export const onlySaid = (place: Place): Fact => `said ${place}`;

export const present = (place: Place | undefined): Facts =>
  place === undefined ? noFacts : new Set([isNot(place, "null"), isNot(place, "undefined")]);

export function both(a: Facts, b: Facts): Facts {
  return a.size === 0 ? b : b.size === 0 ? a : new Set([...a, ...b]);
}

export function either(a: Facts, b: Facts): Facts {
  return new Set([...a].filter((fact) => b.has(fact)));
}

export const negate = (truth: Truth): Truth => ({ then: truth.else, else: truth.then });
