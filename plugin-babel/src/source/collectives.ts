/** The collectives of `@lockstep/runtime`, by which ranks talk beside the tables. */
import type * as t from "@babel/types";
import { type Place, runtimeName } from "./names.ts";

interface Collective {
  /** To all ranks the same, to the root what all have brought and to the others nothing, or to each its own. */
  readonly gives: "all" | "root" | "own";
  /** The arguments that have to be. */
  readonly alike: readonly number[];
  /** In the words of `explain`. */
  readonly moves: string;
}

const collectives: ReadonlyMap<string, Collective> = new Map([
  ["barrier", { gives: "all", alike: [], moves: "nothing but that all are here (Barrier)" }],
  ["bcast", { gives: "all", alike: [1], moves: "one rank's value to every rank (Bcast)" }],
  ["reduce", { gives: "root", alike: [1, 2], moves: "values combined for one rank (Reduce)" }],
  ["allreduce", { gives: "all", alike: [1], moves: "values combined for every rank (Allreduce)" }],
  ["scan", { gives: "own", alike: [1], moves: "values combined up to each rank (Scan)" }],
  ["exscan", { gives: "own", alike: [1], moves: "values combined up to the rank before (Exscan)" }],
  ["gather", { gives: "root", alike: [1], moves: "every rank's value to one rank (Gather)" }],
  ["allgather", { gives: "all", alike: [], moves: "every rank's value to every rank (Allgather)" }],
  ["scatter", { gives: "own", alike: [1], moves: "one rank's values, to each rank its own (Scatter)" }],
  ["alltoall", { gives: "own", alike: [], moves: "from every rank to every rank a value (Alltoall)" }],
  ["alltoallv", { gives: "own", alike: [], moves: "from every rank to every rank a part of an array (Alltoallv)" }],
]);

/** What moves between ranks in a collective. */
export const movesIn = (name: string): string => collectives.get(name)!.moves;

/** `allreduce` of `allreduce(mine)`, whatever it is called here; null: it is none. */
export function collectiveOf(callee: t.Node, place: Place): string | null {
  const name = runtimeName(callee, place);
  return name !== null && collectives.has(name) ? name : null;
}

/** Whether ranks may get different values of the collective. */
export const givesAlike = (name: string): boolean => collectives.get(name)!.gives === "all";

/** Whether one rank gets what all have brought, and the others nothing. */
export const givesRoot = (name: string): boolean => collectives.get(name)!.gives === "root";

/** The arguments that say what is done, not with which value: the root, how values are combined. */
export const agreedArguments = (name: string, { arguments: given }: t.CallExpression): readonly t.Node[] =>
  collectives.get(name)!.alike.flatMap((at) => given[at] ?? []);
