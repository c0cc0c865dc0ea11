/** What test/arrow runs, untransformed and on ranks. */
import { op, readArrow } from "@lockstep/runtime";

/** The columns of test/arrow/of_pyarrow.py that have values JavaScript sees, and are written again. */
export interface Written {
  id: number;
  small: number | null;
  unsigned: number | null;
  large: bigint | null;
  level: number | null;
  single: number | null;
  half: number | null;
  name: string | null;
  wide: string | null;
  label: string | null;
  number: number | null;
  ok: boolean | null;
  day: Date | null;
  day64: Date | null;
  at: Date | null;
  seconds: Date | null;
  zoned: Date | null;
  price: number | null;
}

export interface Row extends Written {
  cost: number | null;
  nothing: number | null;
}

/** All rows but for what only bigints hold. */
export async function whole(path: string | string[]) {
  "use spmd";
  const rows = await readArrow<Row>(path, { types: { large: "bigint" } });
  return rows.select("id", "small", "unsigned", "level", "single", "half", "name", "wide", "label", "number", "ok", "day", "day64", "at", "seconds", "zoned", "price", "cost", "nothing").objects();
}

/** Some columns of some rows, and what is found without any. */
export async function some(path: string) {
  "use spmd";
  const rows = await readArrow<Written>(path, { types: { large: "bigint" } });
  return [
    rows.numRows(),
    rows.filter((d) => d.label === "label 1" && d.id % 2 === 1).select("id", "large", "wide").objects(),
    rows.groupby("label", "ok").rollup({ n: op.count(), last: op.max("at"), high: op.max("price"), far: op.max("large") }).orderby("label", "ok").objects(),
    rows.slice(290, 310).select("name", "number").objects(),
  ];
}

export async function growing(path: string) {
  "use spmd";
  const rows = await readArrow<{ label: string | null; id: number }>(path);
  return [rows.select("label", "id").objects(), rows.groupby("label").rollup({ n: op.count(), first: op.min("id") }).orderby("label").objects(), rows.filter((d) => d.label === null).numRows()];
}

export async function months(path: string) {
  "use spmd";
  const rows = await readArrow<{ id: number; label: string | null; month: number }>(path);
  return [rows.select("id", "label", "month").objects(), rows.filter((d) => d.month === 2).numRows()];
}

export async function ofPolars(path: string) {
  "use spmd";
  const rows = await readArrow<{ id: number; name: string | null; short: string; kind: string | null; at: Date; none: number | null }>(path);
  return rows.select("id", "name", "short", "kind", "at", "none").objects();
}

/** Every kind of column, written again. */
export async function copy(path: string, out: string, compression: "lz4" | "zstd" | "none") {
  "use spmd";
  const rows = await readArrow<Written>(path, { types: { large: "bigint" } });
  await rows.select("id", "small", "unsigned", "large", "level", "single", "half", "name", "wide", "label", "number", "ok", "day", "day64", "at", "seconds", "zoned", "price").orderby("id").writeArrow(out, { compression });
}

export async function labels(path: string, out: string) {
  "use spmd";
  await (await readArrow<{ label: string; id: number }>(path)).select("label", "id").orderby("id").writeArrow(`${out}/whole.arrow`, { single: true });
}

export async function count(path: string) {
  "use spmd";
  return (await readArrow<{ id: number }>(path)).rollup({ sum: op.sum("id") }).objects();
}

export async function another(path: string) {
  "use spmd";
  return (await readArrow<{ id: string; nam: string }>(path)).select("id").objects();
}
