/**
 * The collectives, MPI's names and meaning, for what ranks compute beside the tables: `const total = await allreduce(mine)`.
 *
 * All ranks of the annotated function call them in the same order (the build proves it, LS1304). Contributions are combined in rank
 * order, so that an answer is the same on every rank and in every run with as many ranks. Under plain Node there is one rank, which
 * has everything. Needs nothing but the place of this rank: browsers load it, too.
 */
import { LockstepError } from "../errors/index.ts";
import { meeting, rank, size } from "./rank.ts";
import { type Combinable, identity, joined, type NumericArray, type Reduction, sliceOf, whole } from "./reductions.ts";

export type { NumericArray, Reduction };

/** How values of two ranks become one, the one of lower ranks first. */
export type Combination<T> = (before: T, own: T) => T;

/** Resolves when all ranks have called it. */
export async function barrier(): Promise<void> {
  await meeting()?.barrier();
}

/** The root's value on every rank: plain data. The other ranks' values are not looked at. */
export async function bcast<T>(value: T, root = 0): Promise<T> {
  checkRoot("bcast", root);
  const others = meeting();
  const received = others ? ((await others.broadcast(value, root)) as T) : value;
  return rank() === root ? value : received;
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
  if (!others) return [value];
  const received = await others.alltoall(new Map([[root, value]]));
  return rank() === root ? inOrder(received as ReadonlyMap<number, T>, value) : undefined;
}

/** All ranks' values in rank order, on every rank. */
export async function allgather<T>(value: T): Promise<T[]> {
  const others = meeting();
  return others ? (await others.allgather(value)).map((one, from) => (from === rank() ? value : (one as T))) : [value];
}

/** The root's `values[rank]` for each rank. The other ranks' lists are not looked at. */
export async function scatter<T>(values: readonly T[], root = 0): Promise<T> {
  checkRoot("scatter", root);
  if (rank() === root) checkOneEach("scatter", values);
  const others = meeting();
  if (!others) return values[0]!;
  const received = await others.alltoall(rank() === root ? new Map(values.entries()) : new Map());
  return rank() === root ? values[root]! : (received.get(root) as T);
}

/** `values[rank]` is for that rank; what the ranks had for this one, in rank order. */
export async function alltoall<T>(values: readonly T[]): Promise<T[]> {
  checkOneEach("alltoall", values);
  const others = meeting();
  return others ? inOrder((await others.alltoall(new Map(values.entries()))) as ReadonlyMap<number, T>, values[rank()]!) : [values[0]!];
}

/** One array for all ranks: the first `counts[0]` elements are rank 0's, and so on. What the ranks had for this one, one after another, and how much each. */
export async function alltoallv<A extends NumericArray>(values: A, counts: readonly number[]): Promise<{ values: A; counts: number[] }> {
  checkOneEach("alltoallv", counts);
  if (!isNumericArray(values)) throw wrong("alltoallv", `it takes a typed array, not ${kindOf(values)}`, "Pass lists with alltoall.");
  const wrongCount = counts.find((count) => !Number.isSafeInteger(count) || count < 0);
  const sum = counts.reduce((a, b) => a + b, 0);
  if (wrongCount !== undefined || sum !== values.length) throw wrong("alltoallv", `the counts are ${counts.join(", ")}, of an array of ${values.length}`, "Give whole numbers whose sum is the array's length.");
  let at = 0;
  const parts = counts.map((count) => values.subarray(at, (at += count)) as A);
  const received = await alltoall(parts);
  const other = received.find((part) => part.constructor !== values.constructor);
  if (other) throw wrong("alltoallv", `rank ${received.indexOf(other)} sends a ${kindOf(other)}, this one a ${kindOf(values)}`, "Use one type of array on all ranks.");
  return { values: whole(received), counts: received.map((part) => part.length) };
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

async function combined(verb: string, value: unknown, by: By, spread: Spread): Promise<unknown> {
  const is = checkCombinable(verb, value, by);
  const join = (typeof by === "function" ? by : (a: Combinable, b: Combinable) => joined(a, b, by)) as Combination<unknown>;
  const others = meeting();
  if (!others) return spread([value], join)[0];
  const own = { is, value };
  const alike = (brought: readonly Brought[]) => checkAlike(verb, brought).map((one) => one.value);
  if (typeof by === "function" || !isNumericArray(value)) {
    return spread(alike((await others.allgather(own)) as Brought[]), join)[rank()];
  }
  const ranks = Array.from({ length: size() }, (_, of) => of);
  const isSliced = value.byteLength > SLICED_BYTES && size() > 2;
  const received = inOrder((await others.alltoall(new Map(ranks.map((of) => [of, isSliced ? { is, value: sliceOf(value, of, size()) } : own])))) as ReadonlyMap<number, Brought>);
  const results = spread(alike(received), join);
  if (!isSliced) return results[rank()];
  const slices = inOrder(await others.alltoall(new Map([...results.entries()].filter(([, result]) => result !== undefined)))) as (NumericArray | undefined)[];
  return slices[0] && whole(slices as NumericArray[]);
}

function running(all: readonly unknown[], join: Combination<unknown>): unknown[] {
  const sums: unknown[] = [];
  for (const one of all) sums.push(sums.length === 0 ? one : join(sums.at(-1), one));
  return sums;
}

/** By rank; `own` instead of the copy that came from this rank. */
function inOrder<T>(received: ReadonlyMap<number, T>, own?: T): T[] {
  return Array.from({ length: size() }, (_, from) => (from === rank() && own !== undefined ? own : received.get(from)!));
}

function checkCombinable(verb: string, value: unknown, by: By): string {
  if (typeof by === "function") return "a value that a function combines";
  if (by !== "sum" && by !== "product" && by !== "min" && by !== "max") throw wrong(verb, `it combines by "sum", "product", "min", "max" or a function, not ${String(by)}`, "Write one of them.");
  if (typeof value !== "number" && typeof value !== "bigint" && !isNumericArray(value)) throw wrong(verb, `${by} is of numbers, bigints and typed arrays, not of ${kindOf(value)}`, "Combine other values by a function: (a, b) => ….");
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

function checkOneEach(verb: string, values: readonly unknown[]): void {
  if (!Array.isArray(values)) throw wrong(verb, `it takes a list of one value a rank, not ${kindOf(values)}`, "Array.from({ length: size() }, (_, rank) => …) makes one.");
  if (values.length !== size()) throw wrong(verb, `${values.length} values for ${size()} ranks`, "Give one a rank: Array.from({ length: size() }, (_, rank) => …).");
}

const isNumericArray = (value: unknown): value is NumericArray => ArrayBuffer.isView(value) && !(value instanceof DataView);

const kindOf = (value: unknown): string => (typeof value === "object" && value !== null ? value.constructor?.name || "an object" : value === null ? "null" : typeof value);

const wrong = (verb: string, message: string, fix: string): LockstepError => new LockstepError({ code: "LS2024", message: `${verb}: ${message}`, fix });
