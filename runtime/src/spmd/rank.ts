/** Who this process is while an annotated function runs. Needs nothing: plain Node and browsers load it, too. */
let place = { rank: 0, size: 1 };

/**
 * This process's number among those that run the annotated function, from 0. Under plain Node and outside annotated
 * functions, which only rank 0 runs: 0.
 *
 * It differs between ranks, so no table operation may depend on it (LS1304, LS1310).
 */
export const rank = (): number => place.rank;

/** How many ranks run the annotated function. Under plain Node and outside annotated functions: 1. */
export const size = (): number => place.size;

/** A call begins on this rank; null: it has ended. */
export function stand(at: { readonly rank: number; readonly size: number } | null): void {
  place = at ? { rank: at.rank, size: at.size } : { rank: 0, size: 1 };
}
