import type { SourceSpan } from "../ir/types.ts";
import { closest } from "./closest.ts";
import { at, defineDiagnostic } from "./define.ts";

/** The verbs of SQL and other libraries that are called as ours are. */
const renamed: Readonly<Record<string, string>> = {
  where: "filter", mutate: "derive", transmute: "derive", with_columns: "derive", withColumns: "derive", agg: "rollup", aggregate: "rollup", summarize: "rollup", summarise: "rollup",
  arrange: "orderby", sort: "orderby", sort_values: "orderby", sort_by: "orderby", sortBy: "orderby", distinct: "dedupe", unique: "dedupe", drop_duplicates: "dedupe", dropDuplicates: "dedupe",
  merge: "join", inner_join: "join", innerJoin: "join", left_join: "join_left", leftJoin: "join_left", right_join: "join_right", rightJoin: "join_right", full_join: "join_full", outer_join: "join_full", fullJoin: "join_full",
  cross_join: "cross", crossJoin: "cross", semi_join: "semijoin", anti_join: "antijoin", union_all: "concat", unionAll: "concat", append: "concat", vstack: "concat", bind_rows: "concat",
  minus: "except", difference: "except", intersection: "intersect", melt: "fold", unpivot: "fold", pivot_longer: "fold", show: "print", display: "print", toArray: "objects", collect: "objects", rows: "objects", records: "objects",
  to_parquet: "writeParquet", toParquet: "writeParquet", write_parquet: "writeParquet", to_csv: "writeCsv", toCSV: "writeCsv", toCsv: "writeCsv", write_csv: "writeCsv",
  ...Object.fromEntries(["to_arrow", "write_arrow", "to_feather", "write_feather", "writeFeather", "write_ipc", "writeIpc"].map((name) => [name, "writeArrow"])),
  ...Object.fromEntries(["to_json", "toJson", "write_json", "writeJson", "writeJSON", "write_ndjson", "writeNdjson", "writeJsonl"].map((name) => [name, "writeJsonLines"])),
  count_rows: "numRows", column: "array", getColumn: "array", get_column: "array",
};

/** Those that are written otherwise here. */
const instead: Readonly<Record<string, string>> = {
  ...Object.fromEntries(["head", "limit", "take", "first", "top"].map((name) => [name, "take the first rows with slice(0, n)"])),
  ...Object.fromEntries(["tail", "last"].map((name) => [name, "take the last rows with slice(-n)"])),
  ...Object.fromEntries(["length", "size", "totalRows", "nrow", "shape"].map((name) => [name, "ask numRows()"])),
  ...Object.fromEntries(["drop", "dropColumns", "drop_columns", "omit"].map((name) => [name, 'leave them out: select(not("x", "y"))'])),
  ...Object.fromEntries(["map", "withColumn", "with_column", "apply", "transform"].map((name) => [name, "new columns come from derive({ name: (d) => … })"])),
  ...Object.fromEntries(["forEach", "for_each", "scan", "iterrows", "reduce"].map((name) => [name, "a row's new values come from derive, totals from rollup; a loop over rows is for (const row of t.objects())"])),
  ...Object.fromEntries(["fillna", "fillNa", "fill_null"].map((name) => [name, "impute({ x: () => 0 }), or derive({ x: (d) => d.x ?? 0 })"])),
  ...Object.fromEntries(["dropna", "dropNa", "drop_nulls"].map((name) => [name, "filter((d) => d.x !== null)"])),
  ...Object.fromEntries(["value_counts", "valueCounts", "countby"].map((name) => [name, 'groupby("x").count()'])),
  ...Object.fromEntries(["columns", "schema", "dtypes"].map((name) => [name, "ask columnNames()"])),
  ...Object.fromEntries(["astype", "cast"].map((name) => [name, "convert in derive: { x: (d) => Number(d.x) }"])),
  ...Object.fromEntries(["then", "catch", "finally"].map((name) => [name, "a table is no promise: await its reader, and use try and catch"])),
  having: "filter after rollup",
  find: "filter, then get or objects({ limit: 1 })",
  some: "filter, then numRows() > 0",
  every: "filter what is otherwise, then numRows() === 0",
  qualify: "derive the window, then filter",
  on: "the keys are the join's second argument",
  over: "groupby(…).derive({ … }) computes within groups",
  partitionBy: "groupby(…).derive({ … }) computes within groups",
  with_row_index: "derive({ n: op.row_number() })",
  index: "derive({ n: op.row_number() })",
  toJSON: "take its objects()",
  unorder: "leave it out: an order that nobody sees is not made",
  assign: "join the tables by a key; new columns of this one come from derive({ name: (d) => … })",
  object: "take one row: t.objects({ offset: n, limit: 1 })[0]",
  numCols: "ask columnNames().length",
  ...Object.fromEntries(["columnName", "columnIndex", "columnAt", "getter", "data"].map((name) => [name, 'columns are known by their names: columnNames(), array("x"), get("x", row)'])),
  ...Object.fromEntries(["toMarkdown", "toHTML", "toString"].map((name) => [name, "print() it, or take its objects()"])),
  ...Object.fromEntries(["toArrow", "toArrowIPC"].map((name) => [name, "writeArrow(path) writes Arrow IPC; rows are taken with objects(), typed arrays with batches(…)"])),
  params: "leave it out: a row function sees the variables around it",
  reify: "leave it out: tables are computed when they are observed",
  lazy: "leave it out: tables are computed when they are observed",
  cache: "leave it out: a table that is read twice is kept by itself",
  persist: "leave it out: a table that is read twice is kept by itself",
  repartition: "leave it out: rows are dealt to the ranks where an operation needs it",
};

/** One of ours, or what another library calls it. */
function nearest(name: string, known: readonly string[]): string | null {
  const other = closest(name, [...known, ...Object.keys(renamed)]);
  return other !== null && Object.hasOwn(renamed, other) ? renamed[other]! : other;
}

export const unknownVerb = defineDiagnostic(
  {
    code: "LS1102",
    title: "No such verb",
    kind: "user-error",
    docs: "A table has Arquero's verbs, observers and writers; other properties it has not. Verbs of Arquero that Lockstep does not compile yet are among the unknown ones: write them with the verbs there are.",
    example: {
      wrong: "await trips.filtr((d) => d.fare > 10).writeParquet(out);",
      right: "await trips.filter((d) => d.fare > 10).writeParquet(out);",
    },
  },
  (name: string, span: SourceSpan, known: readonly string[]) => {
    if (known.includes(name)) {
      return {
        message: `A table's '${name}' is called where it stands: it is no value of its own`,
        locations: [at(span, "not called")],
        fix: { message: `write .${name}(…), in a function of its own if need be`, edits: [] },
      };
    }
    const near = Object.hasOwn(renamed, name) ? renamed[name]! : Object.hasOwn(instead, name) ? null : nearest(name, known);
    return {
      message: `A table has no verb '${name}'${near === null ? "" : `; did you mean '${near}'?`}`,
      locations: [at(span, "not a verb")],
      why: [`there are ${known.join(", ")}`],
      fix: near === null ? { message: Object.hasOwn(instead, name) ? instead[name]! : "write it with the verbs there are", edits: [] } : { message: `write '${near}'`, edits: [{ ...span, text: near }] },
    };
  },
);
