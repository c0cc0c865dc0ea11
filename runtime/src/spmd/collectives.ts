/**
 * The collectives, MPI's names and meaning, for what ranks compute beside the tables: `const total = await allreduce(mine)`.
 *
 * All ranks of the annotated function call them in the same order (the build proves it, LS1304). Contributions are combined in rank
 * order, so that an answer is the same on every rank and in every run with as many ranks. What they give is always fresh, never an
 * object that was given: on one rank as on many. Under plain Node there is one rank, which has everything. Browsers load this, too.
 */
import { LockstepError } from "../errors/index.ts";
import { marshal } from "../marshal.ts";
import { meeting, rank, size } from "./rank.ts";
import { type Combinable, identity, joined, type NumericArray, plainArray, type Reduction, sliceOf, whole } from "./reductions.ts";

export type { NumericArray, Reduction };

/** How values of two ranks become one, the one of lower ranks first. */
export type Combination<T> = (before: T, own: T) => T;

/** Resolves when all ranks have called it. */
export async function barrier(): Promise<void> {
  await meeting()?.barrier();
}

/** The root's value on every rank: plain data, copied. The other ranks' values are not looked at. */
export async function bcast<T>(value: T, root = 0): Promise<T> {
  checkRoot("bcast", root);
  const others = meeting();
  return others ? ((await others.broadcast(value, root)) as T) : fresh(value);
}

/**
 * The sum of all ranks' values (or the product, the least, the greatest) on every rank; of numeric arrays element by element. Any plain
 * data where a function combines two values: `allreduce({ n, sum }, (a, b) => ({ n: a.n + b.n, sum: a.sum + b.sum }))`.
 *
 * Arrays travel twice, in slices, of which each rank combines one: about two lengths of bytes to and from each rank, however many there are.
 */
export function allreduce(value: number, by?: Reduction): Promise<number>;
export function allreduce(value: bigint, by?: Reduction): Promise<bigint>;
export function allreduce<A extends NumericArray>(values: A, by?: Reduction): Promise<A>;
export function allreduce<T>(value: T, by: Combination<T>): Promise<T>;
export async function allreduce(value: unknown, by: By = "sum"): Promise<unknown> {
  return combined("allreduce", value, by, (all, join) => {
    const total = all.reduce(join);
    return all.map(() => total);
  });
}

/** As {@link allreduce}, on the root; undefined on the other ranks. */
export function reduce(value: number, by?: Reduction, root?: number): Promise<number | undefined>;
export function reduce(value: bigint, by?: Reduction, root?: number): Promise<bigint | undefined>;
export function reduce<A extends NumericArray>(values: A, by?: Reduction, root?: number): Promise<A | undefined>;
export function reduce<T>(value: T, by: Combination<T>, root?: number): Promise<T | undefined>;
export async function reduce(value: unknown, by: By = "sum", root = 0): Promise<unknown> {
  checkRoot("reduce", root);
  return combined("reduce", value, by, (all, join) => {
    const total = all.reduce(join);
    return all.map((_, at) => (at === root ? total : undefined));
  });
}

/** What the values of the ranks up to and with this one make: running sums over the ranks. */
export function scan(value: number, by?: Reduction): Promise<number>;
export function scan(value: bigint, by?: Reduction): Promise<bigint>;
export function scan<A extends NumericArray>(values: A, by?: Reduction): Promise<A>;
export function scan<T>(value: T, by: Combination<T>): Promise<T>;
export async function scan(value: unknown, by: By = "sum"): Promise<unknown> {
  return combined("scan", value, by, (all, join) => running(all, join));
}

/**
 * What the values of the ranks before this one make, e.g. where its part of a numbering begins: `const first = await exscan(mine.length)`.
 * On rank 0 it is what changes nothing: 0 of a sum, 1 of a product, ±Infinity or the type's limit of a minimum or maximum; undefined
 * where a function combines.
 */
export function exscan(value: number, by?: Reduction): Promise<number>;
export function exscan(value: bigint, by?: "sum" | "product"): Promise<bigint>;
export function exscan<A extends NumericArray>(values: A, by?: Reduction): Promise<A>;
export function exscan<T>(value: T, by: Combination<T>): Promise<T | undefined>;
export async function exscan(value: unknown, by: By = "sum"): Promise<unknown> {
  const first = (own: unknown) => (typeof by === "function" ? undefined : identity(own as Combinable, by));
  if (typeof value === "bigint" && (by === "min" || by === "max")) throw wrong("exscan", `a bigint has no ${by === "min" ? "greatest" : "least"} value, which rank 0 would get`, "Combine by a function: its rank 0 gets undefined.");
  return combined("exscan", value, by, (all, join) => [first(all[0]), ...running(all, join).slice(0, -1)]);
}

/** All ranks' values in rank order, on the root; undefined on the other ranks. */
export async function gather<T>(value: T, root = 0): Promise<T[] | undefined> {
  checkRoot("gather", root);
  const others = meeting();
  if (!others) return [fresh(value)];
  const received = await others.alltoall(new Map([[root, value]]));
  return rank() === root ? inOrder(received as ReadonlyMap<number, T>) : undefined;
}

/** All ranks' values in rank order, on every rank. */
export async function allgather<T>(value: T): Promise<T[]> {
  const others = meeting();
  return others ? ((await others.allgather(value)) as T[]) : [fresh(value)];
}

/** The root's `values[rank]` for each rank. The other ranks' lists are not looked at. */
export async function scatter<T>(values: readonly T[], root = 0): Promise<T> {
  checkRoot("scatter", root);
  const others = meeting();
  const brought = rank() === root ? oneEach("scatter", values) : new Map<number, T>();
  if (!others) return [...fresh(brought).values()][0]!;
  return (await others.alltoall(brought)).get(root) as T;
}

/** `values[rank]` is for that rank; what the ranks had for this one, in rank order. */
export async function alltoall<T>(values: readonly T[]): Promise<T[]> {
  const others = meeting();
  const brought = oneEach("alltoall", values);
  return others ? inOrder((await others.alltoall(brought)) as ReadonlyMap<number, T>) : [...fresh(brought).values()];
}

/** One array for all ranks: the first `counts[0]` elements are rank 0's, and so on. What the ranks had for this one, one after another, and how much each. */
export async function alltoallv<A extends NumericArray>(values: A, counts: readonly number[]): Promise<{ values: A; counts: number[] }> {
  const others = meeting();
  const parts = partsFor(values, counts);
  const received = others ? inOrder((await others.alltoall(parts)) as ReadonlyMap<number, A>) : [...fresh(parts).values()];
  // Every rank has a part of every rank's array, if an empty one: all see the same.
  const kinds = received.map(kindOf);
  const other = kinds.findIndex((kind) => kind !== kinds[0]);
  if (other >= 0) throw wrong("alltoallv", `rank 0 brings a ${kinds[0]}, rank ${other} a ${kinds[other]}`, "Use one type of array on all ranks.");
  return { values: whole(received), counts: received.map((part) => part.length) };
}

/** The parts of the array, by rank. */
function partsFor<A extends NumericArray>(values: A, counts: readonly number[]): ReadonlyMap<number, A> | LockstepError {
  const each = oneEach("alltoallv", counts);
  if (each instanceof LockstepError) return each;
  if (!isNumericArray(values)) return wrong("alltoallv", `it takes a typed array, not ${kindOf(values)}`, "Pass lists with alltoall.");
  const sum = counts.reduce((a, b) => a + b, 0);
  if (counts.some((count) => !Number.isSafeInteger(count) || count < 0) || sum !== values.length) return wrong("alltoallv", `the counts are ${counts.join(", ")}, of an array of ${values.length}`, "Give whole numbers whose sum is the array's length.");
  let at = 0;
  const plain = plainArray(values);
  return new Map(counts.map((count, to) => [to, plain.subarray(at, (at += count)) as A]));
}

/** What other ranks get of a value: a copy of plain data. LS2015 where it is something else. */
export const carried = (value: unknown): unknown => marshal(value, "a value for other ranks", () => undefined, "Bring plain data: numbers, strings, Dates, arrays, objects, Maps, Sets and typed arrays.");

/** As it comes from another rank. */
function fresh<T>(value: T | LockstepError): T {
  if (value instanceof LockstepError) throw value;
  return structuredClone(carried(value)) as T;
}

type By = Reduction | ((before: never, own: never) => unknown);

/** From what all ranks have, what each rank gets. */
type Spread = (all: readonly unknown[], join: Combination<unknown>) => readonly unknown[];

/** Below it an array goes to all ranks whole: one meeting costs less than two. */
const SLICED_BYTES = 16_384;

/** What a rank brings to a reduction. What it is goes along: all ranks see whether theirs are alike. */
interface Brought {
  readonly is: string;
  readonly value: unknown;
}

async function combined(verb: string, given: unknown, by: By, spread: Spread): Promise<unknown> {
  const value = isNumericArray(given) ? plainArray(given) : given;
  const others = meeting();
  checkReduction(verb, by);
  const is = typeof by === "function" ? "" : combinable(verb, value, by);
  if (typeof by === "function") {
    // It may write to what it is given.
    const join: Combination<unknown> = (before, own) => (by as Combination<unknown>)(fresh(before), fresh(own));
    return spread(others ? await others.allgather(value) : [fresh(value)], join)[rank()];
  }
  const join: Combination<unknown> = (a, b) => joined(a as Combinable, b as Combinable, by);
  if (!others) return spread([fresh(is instanceof LockstepError ? is : value)], join)[0];
  const ranks = Array.from({ length: size() }, (_, of) => of);
  const sliced = isNumericArray(value) && value.byteLength > SLICED_BYTES && size() > 2 ? value : null;
  const own = { is, value };
  const brought = is instanceof LockstepError ? is : new Map(ranks.map((of) => [of, sliced ? { is, value: sliceOf(sliced, of, size()) } : own]));
  const received = inOrder((await others.alltoall(brought)) as ReadonlyMap<number, Brought>);
  const results = spread(checkAlike(verb, received).map((one) => one.value), join);
  if (!sliced) return results[rank()];
  const slices = inOrder(await others.alltoall(new Map([...results.entries()].filter(([, result]) => result !== undefined)))) as (NumericArray | undefined)[];
  return slices[0] && whole(slices as NumericArray[]);
}

function running(all: readonly unknown[], join: Combination<unknown>): unknown[] {
  const sums: unknown[] = [];
  for (const one of all) sums.push(sums.length === 0 ? one : join(sums.at(-1), one));
  return sums;
}

/** By rank. */
const inOrder = <T>(received: ReadonlyMap<number, T>): T[] => Array.from({ length: size() }, (_, from) => received.get(from)!);

function checkReduction(verb: string, by: By): void {
  if (typeof by === "function" || by === "sum" || by === "product" || by === "min" || by === "max") return;
  throw wrong(verb, `it combines by "sum", "product", "min", "max" or a function, not ${String(by)}`, "Write one of them.");
}

/** What the value is, in the words of messages; or why it cannot be combined. */
function combinable(verb: string, value: unknown, by: Reduction): string | LockstepError {
  if (typeof value !== "number" && typeof value !== "bigint" && !isNumericArray(value)) return wrong(verb, `${by} is of numbers, bigints and typed arrays, not of ${kindOf(value)}`, "Combine other values by a function: (a, b) => ….");
  return `${isNumericArray(value) ? `a ${kindOf(value)} of ${value.length}` : kindOf(value)} by ${by}`;
}

/** All ranks see the same, and throw the same. */
function checkAlike(verb: string, brought: readonly Brought[]): readonly Brought[] {
  const other = brought.findIndex(({ is }) => is !== brought[0]!.is);
  if (other >= 0) throw wrong(verb, `rank 0 brings ${brought[0]!.is}, rank ${other} ${brought[other]!.is}`, "All ranks bring the same type, and arrays of the same length.");
  return brought;
}

function checkRoot(verb: string, root: number): void {
  if (!Number.isSafeInteger(root) || root < 0 || root >= size()) throw wrong(verb, `there is no rank ${String(root)} among ${size()}`, "The root is one of 0 … size() - 1.");
}

/** The values by rank, if there is one for each. */
function oneEach<T>(verb: string, values: readonly T[]): ReadonlyMap<number, T> | LockstepError {
  if (!Array.isArray(values)) return wrong(verb, `it takes a list of one value a rank, not ${kindOf(values)}`, "Array.from({ length: size() }, (_, rank) => …) makes one.");
  if (values.length !== size()) return wrong(verb, `${values.length} values for ${size()} ranks`, "Give one a rank: Array.from({ length: size() }, (_, rank) => …).");
  return new Map(values.entries());
}

const isNumericArray = (value: unknown): value is NumericArray => ArrayBuffer.isView(value) && !(value instanceof DataView);

const kindOf = (value: unknown): string => (typeof value === "object" && value !== null ? value.constructor?.name || "an object" : value === null ? "null" : typeof value);

const wrong = (verb: string, message: string, fix: string): LockstepError => new LockstepError({ code: "LS2024", message: `${verb}: ${message}`, fix });
