/** The catalogue. A verb is in the language when it stands here. */
import { concat } from "./concat.ts";
import { count } from "./count.ts";
import { dedupe } from "./dedupe.ts";
import { derive } from "./derive.ts";
import { filter } from "./filter.ts";
import { fold } from "./fold.ts";
import { groupby } from "./groupby.ts";
import { impute } from "./impute.ts";
import type { Instruction } from "../ir/ir.ts";
import { antijoin, cross, join, join_full, join_left, join_right, semijoin } from "./join.ts";
import { join_asof } from "./join-asof.ts";
import { lookup } from "./lookup.ts";
import { array, batches, columnNames, get, numRows, objects, print } from "./observers.ts";
import { orderby } from "./orderby.ts";
import { parameter } from "./parameter.ts";
import { pivot } from "./pivot.ts";
import { readAdbc, readArrow, readCsv, readFlightSql, readIceberg, readJsonLines, readParquet, readPostgres, readSnowflake, readSource, table } from "./readers.ts";
import { rebalance } from "./rebalance.ts";
import { relocate } from "./relocate.ts";
import { rename } from "./rename.ts";
import { rollup } from "./rollup.ts";
import { sample } from "./sample.ts";
import { select } from "./select.ts";
import { except, intersect, union } from "./sets.ts";
import { shuffle } from "./shuffle.ts";
import { slice } from "./slice.ts";
import { spread } from "./spread.ts";
import { spool } from "./spool.ts";
import { ungroup } from "./ungroup.ts";
import { unroll } from "./unroll.ts";
import type { Verb } from "./verb.ts";
import { deleteIceberg, mergeIceberg, overwriteIceberg } from "./changes.ts";
import { compactIceberg } from "./compact.ts";
import { writeArrow, writeCsv, writeIceberg, writeJsonLines, writeParquet, writePostgres, writeSnowflake } from "./writers.ts";

export const catalogue: readonly Verb[] = [
  readParquet, readArrow, readCsv, readJsonLines, readIceberg, readPostgres, readFlightSql, readSnowflake, readAdbc, readSource, table,
  filter, derive, impute, select, rename, relocate, join, join_left, join_right, join_full, cross, lookup, join_asof, semijoin, antijoin,
  fold, unroll, spread, groupby, ungroup, rollup, count, pivot, orderby, slice, sample, shuffle, rebalance, concat, dedupe, union, intersect, except,
  numRows, columnNames, get, objects, array, batches, print,
  writeParquet, writeArrow, writeCsv, writeJsonLines, writeIceberg, writePostgres, writeSnowflake, overwriteIceberg, mergeIceberg, deleteIceberg, compactIceberg,
];

export const readers: ReadonlyMap<string, Verb> = new Map(catalogue.filter((v) => v.on === "module").map((v) => [v.name, v]));
export const methods: ReadonlyMap<string, Verb> = new Map(catalogue.filter((v) => v.on === "table").map((v) => [v.name, v]));

/** Spools and parameters stand in no source text. */
const all = new Map([...readers, ...methods, [spool.name, spool], [parameter.name, parameter]]);

/** The verb of an instruction; `phi` is none. */
export function verbOf(op: string): Verb {
  const verb = all.get(op);
  if (!verb) throw new Error(`no verb '${op}'`);
  return verb;
}

/** False: an operand was in error and is missing; nothing can be said of the instruction. */
export function isComplete(i: Instruction): boolean {
  if (i.op === "phi" || i.op === spool.name) return true;
  const verb = verbOf(i.op);
  if (i.columns.length === 0 && verb.signature.some((p) => p.kind === "column-name")) return false;
  return i.inputs.length >= Number(verb.on === "table") + verb.signature.filter((p) => p.kind === "table").length;
}

export { ARROW_TYPE, fits, holdsLogin, type Options, type Taken, wordsOf, optionsOf } from "./options.ts";
export type { OrderDemand, Parameter, TypeContext, Verb } from "./verb.ts";
