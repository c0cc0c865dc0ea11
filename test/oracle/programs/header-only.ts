import { op, readCsv } from "@lockstep/runtime";
import type { Tables } from "../data.ts";
import type { Note } from "../rows.ts";

/** A file with a header and no line: nothing but the interface says what its columns hold. */
export async function headerOnly(tables: Tables) {
  "use spmd";
  const none = await readCsv<Note>(tables.header);
  const some = await readCsv<Note>(tables.notes);
  return [
    none.join(some, "amount").objects(), some.join_left(none, "day").numRows(), some.antijoin(none, "flag").numRows(), none.semijoin(some, "who").objects(),
    none.concat(some).objects(), some.concat(none).numRows(), some.union(none).numRows(), none.except(some).objects(), some.intersect(none).objects(),
    none.filter((d) => (d.who ?? "").startsWith("a") && (d.day?.getUTCFullYear() ?? 0) > 2000).derive({ x: (d) => (d.amount ?? 0) * 2 }).orderby("x", "day").objects(),
    none.rollup({ n: op.count(), sum: op.sum("amount"), max: op.max("amount"), who: op.distinct("who") }).objects(), none.groupby("flag").count().objects(), none.dedupe("text").numRows(),
  ];
}
