/** What is repeated at every step is whole in `npm run test:long`; `npm test` takes a sample of it, the same each time. */

export const isLong = process.env.LOCKSTEP_TESTS === "long";

/** How often two writers meet: `LOCKSTEP_COMMITS` says another number. */
export const commits = (short: number): number => Number(process.env.LOCKSTEP_COMMITS ?? (isLong ? 100 : short));

/** The steps, of so many, at which something is made to fail: all, or one `of` so many, others at each `turn`. */
export const sampled = (steps: number, turn = 0, of = 4): number[] => Array.from({ length: steps }, (_, step) => step).filter((step) => isLong || (step + turn) % of === 0);

/**
 * Of rank counts, zones, MPIs, pages over which the same is done again and again: all, or every other one, the others at the next `turn`.
 * Tests of the same code take turns where there are several: a connector's reader and writer, its own tests and the suite of all. What none of them has seen `npm run test:long` sees.
 */
export const shared = <T>(all: readonly T[], turn: number): T[] => all.filter((_, index) => isLong || (index + turn) % 2 === 0);

/** Counts of ranks for the program whose turn it is: all four, or two of them. Seven ranks, which take as long as the others together, at every fourth. */
export const rankCounts = (turn: number): readonly number[] => (isLong ? [1, 2, 3, 7] : [[1, 3], [2, 7], [1, 2], [2, 3]][turn % 4]!);
