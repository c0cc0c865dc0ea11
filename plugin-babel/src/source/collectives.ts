/** The collectives of `@lockstep/runtime`, by which ranks talk beside the tables. */
import type * as t from "@babel/types";
import { type Place, runtimeName } from "./names.ts";

interface Collective {
  /** What it gives is the same on all ranks. */
  readonly givesAlike: boolean;
  /** The arguments that have to be. */
  readonly alike: readonly number[];
  /** In the words of `explain`. */
  readonly moves: string;
}

const collectives: ReadonlyMap<string, Collective> = new Map([
  ["barrier", { givesAlike: true, alike: [], moves: "nothing but that all are here (Barrier)" }],
  ["bcast", { givesAlike: true, alike: [1], moves: "one rank's value to every rank (Bcast)" }],
  ["reduce", { givesAlike: false, alike: [1, 2], moves: "values combined for one rank (Reduce)" }],
  ["allreduce", { givesAlike: true, alike: [1], moves: "values combined for every rank (Allreduce)" }],
  ["scan", { givesAlike: false, alike: [1], moves: "values combined up to each rank (Scan)" }],
  ["exscan", { givesAlike: false, alike: [1], moves: "values combined up to the rank before (Exscan)" }],
  ["gather", { givesAlike: false, alike: [1], moves: "every rank's value to one rank (Gather)" }],
  ["allgather", { givesAlike: true, alike: [], moves: "every rank's value to every rank (Allgather)" }],
  ["scatter", { givesAlike: false, alike: [1], moves: "one rank's values, to each rank its own (Scatter)" }],
  ["alltoall", { givesAlike: false, alike: [], moves: "from every rank to every rank a value (Alltoall)" }],
  ["alltoallv", { givesAlike: false, alike: [], moves: "from every rank to every rank a part of an array (Alltoallv)" }],
]);

/** What moves between ranks in a collective. */
export const movesIn = (name: string): string => collectives.get(name)!.moves;

/** `allreduce` of `allreduce(mine)`, whatever it is called here; null: it is none. */
export function collectiveOf(callee: t.Node, place: Place): string | null {
  const name = runtimeName(callee, place);
  return name !== null && collectives.has(name) ? name : null;
}

/** Whether ranks may get different values of the collective. */
export const givesAlike = (name: string): boolean => collectives.get(name)!.givesAlike;

/** Whether one rank gets what all have brought, and the others nothing. */
export const givesRoot = (name: string): boolean => name === "reduce" || name === "gather";

/** The arguments that say what is done, not with which value: the root, how values are combined. */
export const agreedArguments = (name: string, { arguments: given }: t.CallExpression): readonly t.Node[] =>
  collectives.get(name)!.alike.flatMap((at) => given[at] ?? []);
