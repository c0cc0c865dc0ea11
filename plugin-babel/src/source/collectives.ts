/** The collectives of `@lockstep/runtime`, by which ranks talk beside the tables. */
import type * as t from "@babel/types";
import { type Place, runtimeName } from "./names.ts";

/** Name → whether what it gives is the same on all ranks, and which arguments have to be. */
const collectives: ReadonlyMap<string, { readonly givesAlike: boolean; readonly alike: readonly number[] }> = new Map([
  ["barrier", { givesAlike: true, alike: [] }],
  ["bcast", { givesAlike: true, alike: [1] }],
  ["reduce", { givesAlike: false, alike: [1, 2] }],
  ["allreduce", { givesAlike: true, alike: [1] }],
  ["scan", { givesAlike: false, alike: [1] }],
  ["exscan", { givesAlike: false, alike: [1] }],
  ["gather", { givesAlike: false, alike: [1] }],
  ["allgather", { givesAlike: true, alike: [] }],
  ["scatter", { givesAlike: false, alike: [1] }],
  ["alltoall", { givesAlike: false, alike: [] }],
  ["alltoallv", { givesAlike: false, alike: [] }],
]);

/** `allreduce` of `allreduce(mine)`, whatever it is called here; null: it is none. */
export function collectiveOf(callee: t.Node, place: Place): string | null {
  const name = runtimeName(callee, place);
  return name !== null && collectives.has(name) ? name : null;
}

/** Whether ranks may get different values of the collective. */
export const givesAlike = (name: string): boolean => collectives.get(name)!.givesAlike;

/** The arguments that say what is done, not with which value: the root, how values are combined. */
export const agreedArguments = (name: string, { arguments: given }: t.CallExpression): readonly t.Node[] =>
  collectives.get(name)!.alike.flatMap((at) => given[at] ?? []);
