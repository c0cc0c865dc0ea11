/** Which rank sends to which, by the collective's name. */

export type Pattern = "all-to-all" | "from-zero" | "to-zero" | "to-next";

export function patternOf(what: string): Pattern {
  if (/Alltoall|Allgather|Allreduce/.test(what)) return "all-to-all";
  if (/scan\)/i.test(what)) return "to-next";
  return /\((Barrier|Reduce|Gather)\)/.test(what) ? "to-zero" : "from-zero";
}

/** Pairs of different ranks. */
export function pairsOf(pattern: Pattern, ranks: number): { readonly from: number; readonly to: number }[] {
  const all = Array.from({ length: ranks }, (_, from) => Array.from({ length: ranks }, (_, to) => ({ from, to }))).flat();
  return all.filter(({ from, to }) => {
    if (from === to) return false;
    if (pattern === "from-zero") return from === 0;
    if (pattern === "to-zero") return to === 0;
    return pattern === "all-to-all" || to === from + 1;
  });
}

/** `Alltoallv, Bcast`: the collectives that a sentence of the manifest names. */
export const collectivesOf = (what: string): string => [...new Set(what.match(/(?<=\()[A-Z]\w+(?=\))/g) ?? [])].join(", ");
