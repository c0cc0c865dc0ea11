/** Who this process is while an annotated function runs. Needs nothing: plain Node and browsers load it, too. */
import type { LockstepError } from "../errors/index.ts";

let place: Place = { rank: 0, size: 1, meeting: null };

interface Place {
  readonly rank: number;
  readonly size: number;
  /** A way to meet for the collective at `site`, `src/job.ts:10:3`. Null: there is nobody to meet. */
  readonly meeting: ((site: string) => Meeting) | null;
}

/**
 * How the ranks of a call hand values to each other; all ranks call the same methods in the same order. A rank that has an error
 * in place of values gives it to all, and all throw it.
 */
export interface Meeting {
  barrier(): Promise<void>;
  /** The root's value, on every rank. */
  broadcast(value: unknown, root: number): Promise<unknown>;
  /** Every rank's value, in rank order. */
  allgather(value: unknown): Promise<readonly unknown[]>;
  /** `values.get(rank)` is for that rank; what the ranks had for this one, by rank. */
  alltoall(values: ReadonlyMap<number, unknown> | LockstepError): Promise<ReadonlyMap<number, unknown>>;
}

/** Where the program has the collective that is called next. */
let site = "";

/** A collective at its place in the program: what the compiler makes of `allreduce(mine)`, whose arguments are evaluated by then. */
export function collective<A extends unknown[], R>(at: string, called: (...args: A) => R, ...args: A): R {
  site = at;
  return called(...args);
}

/**
 * This process's number among those that run the annotated function, from 0. Under plain Node and outside annotated
 * functions, which only rank 0 runs: 0.
 *
 * It differs between ranks, so no table operation may depend on it (LS1304, LS1310).
 */
export const rank = (): number => place.rank;

/** How many ranks run the annotated function. Under plain Node and outside annotated functions: 1. */
export const size = (): number => place.size;

/** How this rank meets the others; asked for in the moment a collective is called. */
export function meeting(): Meeting | null {
  const at = site;
  site = "";
  return place.meeting && place.meeting(at);
}

/** A call begins on this rank; null: it has ended. */
export function stand(at: Place | null): void {
  place = at ?? { rank: 0, size: 1, meeting: null };
}
