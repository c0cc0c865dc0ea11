import { checkOptions } from "../connectors/options.ts";
import { LockstepError } from "../errors/index.ts";

export interface BatchOptions {
  /** Rows of a step, of all ranks together; the last step has those that are left. */
  readonly rows: number;
  /** Rows in random order, that of `shuffle({ seed })`: another whole number, another order. Absent: in the table's order. */
  readonly shuffle?: number;
}

export interface ShuffleOptions {
  /** Another whole number gives another order: 0 by default. */
  readonly seed?: number;
}

/** LS2016 for a seed that is no whole number. */
export function checkSeed(verb: string, seed: unknown = 0, site?: string): void {
  if (!Number.isSafeInteger(seed)) throw new LockstepError({ code: "LS2016", message: `${verb}: the seed is a whole number, not ${String(seed)}`, site });
}

/** LS2016 for options of `batches` that are missing or wrong. */
export function checkBatches(options: unknown, site?: string): void {
  checkOptions("batches", options, site);
  const { rows, shuffle } = (options ?? {}) as Partial<BatchOptions>;
  if (rows === undefined) throw new LockstepError({ code: "LS2016", message: "batches: no rows", fix: "Say how many rows a step has, over all ranks: batches({ rows: 1000 }).", site });
  checkSeed("batches", shuffle, site);
}
