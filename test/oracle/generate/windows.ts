/** Windows over a table: of groups or not, sorted or not, with frames of rows and ranges. */
import { col, type Col, named, type Random, type Schema } from "./schema.ts";

export interface Windows {
  readonly source: string;
  readonly schema: Schema;
}

/** `name` gives names of new columns. */
export function windows(schema: Schema, r: Random, name: () => string): Windows | null {
  const any = named(schema, null);
  if (any.length === 0) return null;
  const next = new Map(schema);
  const columns = Array.from({ length: r.int(1, 4) }, () => {
    const { source, of } = r.chance(50) ? call(schema, any, r) : aggregate(schema, any, r);
    const column = name();
    next.set(column, of);
    return `${column}: ${source}`;
  });
  const sorted = r.chance(50) ? `.orderby(${r.some(any, 2).map((key) => (r.chance(40) ? `desc("${key}")` : `"${key}"`)).join(", ")})` : "";
  const derive = `.derive({ ${columns.join(", ")} })`;
  if (r.chance(40)) return { source: `${sorted}${derive}`, schema: next };
  const groups = `.groupby(${r.some(any, 2).map((key) => `"${key}"`).join(", ")})`;
  const slice = r.chance(25) ? `.slice(${r.int(-3, 3)}, ${r.int(-2, 6)})` : "";
  return { source: `${sorted}${groups}${derive}${slice}.ungroup()`, schema: next };
}

type Made = { source: string; of: Col };

/** A row's bin, of bins of many kinds. */
export function binOf(column: string, r: Random): string {
  const options = [`maxbins: ${r.of([1, 4, 10, 100])}`, "nice: false", `minstep: ${r.of([0.5, 3])}`, `step: ${r.of([0.1, 2.5, 10])}`, `offset: ${r.of([1, -1])}`].filter(() => r.chance(30));
  return `bin("${column}"${options.length > 0 ? `, { ${options.join(", ")} }` : ""})`;
}

/** A value of a type, to stand in for others. */
const literals = { number: "7", string: '"x"', boolean: "true", bigint: "5n", date: "new Date(86400000)" };

function call(schema: Schema, any: readonly string[], r: Random): Made {
  const place = r.of(["row_number", "rank", "avg_rank", "dense_rank", "percent_rank", "cume_dist", "ntile", null, null, null]);
  if (place !== null) return { source: `op.${place}(${place === "ntile" ? r.int(1, 5) : ""})`, of: col("number", false, { dyadic: false }) };
  const column = r.of(any);
  const { js, nullable } = schema.get(column)!;
  if (js === "number" && r.chance(25)) return { source: binOf(column, r), of: { ...schema.get(column)!, dyadic: false } };
  const of = { ...schema.get(column)!, nullable: true };
  const argument = r.chance(30) ? `(d) => d.${column}` : `"${column}"`;
  const otherwise = r.chance(30) && js !== "date" ? `, ${literals[js]}` : "";
  switch (r.of(["lag", "lead", "fill", "frame", "frame"])) {
    case "lag":
      return { source: `op.lag(${argument}, ${r.int(1, 4)}${otherwise})`, of };
    case "lead":
      return { source: `op.lead(${argument}, ${r.int(1, 4)}${otherwise})`, of };
    case "fill":
      return { source: `op.fill_${r.of(["down", "up"])}(${argument}${otherwise})`, of: { ...of, nullable: otherwise === "" } };
    default: {
      const fn = r.of(["first_value", "last_value", "nth_value"]);
      const value = `op.${fn}(${argument}${fn === "nth_value" ? `, ${r.int(1, 4)}` : ""})`;
      return { source: r.chance(70) ? `rolling(${value}, ${rows(r)}, ${r.chance(40)})` : value, of: { ...of, nullable: nullable || fn === "nth_value" } };
    }
  }
}

function aggregate(schema: Schema, any: readonly string[], r: Random): Made {
  const column = r.of(any);
  const numbers = named(schema, "number").filter((name) => schema.get(name)!.dyadic);
  const fn = r.of(["count", "valid", "invalid", "distinct", "min", "max", "any", "first", "last", "mode", "sum", "mean", "median", "quantile"]);
  const measures = fn === "sum" || fn === "mean" || fn === "median" || fn === "quantile";
  const value = fn === "count" || (measures && numbers.length === 0) ? "op.count()" : `op.${fn}("${measures ? r.of(numbers) : column}"${fn === "quantile" ? ", 0.8" : ""})`;
  const result =
    ["min", "max", "any", "first", "last", "mode"].includes(fn) ? { ...schema.get(column)!, nullable: true }
    : measures ? col("number", true, { exact: fn === "sum", dyadic: false })
    : col("number", false, { dyadic: false });
  const dates = named(schema, "date");
  const distances = named(schema, "number");
  if (r.chance(25)) return { source: value, of: result };
  if (r.chance(30) && dates.length + distances.length > 0) {
    const on = r.of([...dates, ...distances]);
    const length = (most: number): string => (dates.includes(on) ? `{ days: ${r.int(0, most)} }` : String(r.int(0, most)));
    return { source: `rolling(${value}, { on: "${on}", preceding: ${length(30)}${r.chance(50) ? `, following: ${length(5)}` : ""} })`, of: result };
  }
  return { source: `rolling(${value}, ${rows(r)}, ${r.chance(30)})`, of: result };
}

const rows = (r: Random): string => `[${r.chance(30) ? "-Infinity" : -r.int(0, 4)}, ${r.chance(25) ? "Infinity" : r.int(0, 4)}]`;
