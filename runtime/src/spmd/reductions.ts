/** Numbers, bigints and typed arrays of ranks made one. */

export type NumericArray =
  | Int8Array | Uint8Array | Uint8ClampedArray | Int16Array | Uint16Array | Int32Array | Uint32Array | Float32Array | Float64Array
  | BigInt64Array | BigUint64Array;

export type Combinable = number | bigint | NumericArray;

/** Numbers as JavaScript adds, multiplies and compares them (NaN wins over all); array elements as their type stores them. */
export type Reduction = "sum" | "product" | "min" | "max";

type Two<N> = (a: N, b: N) => N;

const ofNumbers: Record<Reduction, Two<number>> = { sum: (a, b) => a + b, product: (a, b) => a * b, min: Math.min, max: Math.max };
const ofBigints: Record<Reduction, Two<bigint>> = { sum: (a, b) => a + b, product: (a, b) => a * b, min: (a, b) => (b < a ? b : a), max: (a, b) => (b > a ? b : a) };

/** A new value of two of the same type and length. */
export function joined(a: Combinable, b: Combinable, by: Reduction): Combinable {
  if (typeof a === "number") return ofNumbers[by](a, b as number);
  if (typeof a === "bigint") return ofBigints[by](a, b as bigint);
  const both = a.slice();
  if (both instanceof BigInt64Array || both instanceof BigUint64Array) each(both, b as BigInt64Array, ofBigints[by]);
  else each(both as Float64Array, b as Float64Array, ofNumbers[by]);
  return both;
}

function each<N>(into: { [n: number]: N; readonly length: number }, from: { readonly [n: number]: N }, two: Two<N>): void {
  for (let n = 0; n < into.length; n++) into[n] = two(into[n]!, from[n]!);
}

/** A Buffer as the Uint8Array that it is: its own methods do otherwise than those of typed arrays. */
export function plainArray<A extends NumericArray>(values: A): A {
  return values instanceof Uint8Array && values.constructor !== Uint8Array ? (new Uint8Array(values.buffer, values.byteOffset, values.length) as A) : values;
}

/** What changes no other value of its type, as many elements of it as `like` has. */
export function identity(like: Combinable, by: Reduction): Combinable {
  if (typeof like === "bigint") return by === "product" ? 1n : 0n;
  if (typeof like === "number") return limits(Infinity)[by];
  if (like instanceof BigInt64Array) return like.slice().fill({ sum: 0n, product: 1n, min: 2n ** 63n - 1n, max: -(2n ** 63n) }[by]);
  if (like instanceof BigUint64Array) return like.slice().fill({ sum: 0n, product: 1n, min: 2n ** 64n - 1n, max: 0n }[by]);
  if (like instanceof Float32Array || like instanceof Float64Array) return like.slice().fill(limits(Infinity)[by]);
  const bits = 8 * like.BYTES_PER_ELEMENT;
  const isSigned = like instanceof Int8Array || like instanceof Int16Array || like instanceof Int32Array;
  return like.slice().fill(isSigned ? limits(2 ** (bits - 1) - 1, -(2 ** (bits - 1)))[by] : limits(2 ** bits - 1, 0)[by]);
}

const limits = (greatest: number, least = -greatest): Record<Reduction, number> => ({ sum: 0, product: 1, min: greatest, max: least });

/** The `part`th of `parts` slices of nearly one length. */
export function sliceOf<A extends NumericArray>(values: A, part: number, parts: number): A {
  const from = (of: number) => Math.floor((of * values.length) / parts);
  return values.subarray(from(part), from(part + 1)) as A;
}

/** Arrays of one type one after another. */
export function whole<A extends NumericArray>(parts: readonly A[]): A {
  const Array = parts[0]!.constructor as new (length: number) => A;
  const all = new Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    (all as Float64Array).set(part as Float64Array, at);
    at += part.length;
  }
  return all;
}
