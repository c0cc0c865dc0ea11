import { op, readCsv } from "@lockstep/runtime";
import type { Tables } from "../data.ts";

interface Odd { ["__proto__"]: number; constructor: string | null; toString: number; "a b": number; "ü": string }

/** Columns named as what every object inherits, or as no variable could be. */
export async function oddNames(tables: Tables) {
  "use spmd";
  const rows = await readCsv<Odd>(tables.odd);
  const groups = rows.groupby("constructor").rollup({ hasOwnProperty: op.sum("a b"), valueOf: op.max("toString") });
  return [
    rows.objects(), rows.select("__proto__", "ü").objects(), groups.objects(), rows.join(rows.select("__proto__", "constructor"), "__proto__").objects(),
    rows.derive({ "x-y": (d) => d["a b"] + d.toString, isPrototypeOf: (d) => d["ü"].length, __defineGetter__: (d) => d["ü"].replace(/./u, "_") }).orderby("isPrototypeOf", "x-y").objects(),
    rows.filter((d) => d.constructor === "x" && d.toString > 1).columnNames(), rows.dedupe("constructor").numRows(), rows.union(rows).objects(),
  ];
}

/** Names of files are UTF-8: what is no text there is U+FFFD. */
export async function halfPath(tables: Tables, out: string) {
  "use spmd";
  const path = `${out}-half-\ud83d`;
  await (await readCsv<Odd>(tables.odd)).select("toString").writeCsv(path, { mode: "overwrite" });
  return (await readCsv<{ toString: number }>(path)).numRows();
}

export async function halfPathMissing(tables: Tables) {
  "use spmd";
  return (await readCsv<Odd>(`${tables.odd}\ude00`)).numRows();
}
