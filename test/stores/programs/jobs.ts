/** What is run with object stores: untransformed under plain Node, and compiled on ranks. */
import { op, readArrow, readCsv, readParquet } from "@lockstep/runtime";
import type { Large, Measurement } from "../../oracle/rows.ts";

interface Inputs {
  readonly measurements: string;
  readonly large: string;
  readonly notes: string;
}

export async function sums(inputs: Inputs) {
  "use spmd";
  const rows = await readParquet<Measurement>(inputs.measurements, { types: { serial: "bigint" } });
  return rows.filter((d) => d.level > -5).groupby("station").rollup({ n: op.count(), total: op.sum("level"), last: op.max("at") }).orderby("station").objects();
}

export async function texts(inputs: Inputs) {
  "use spmd";
  const notes = await readCsv<{ who: string | null; text: string | null; amount: number | null }>(inputs.notes);
  return notes.select("who", "text", "amount").objects();
}

/** Two outputs of one call: both appear, or none. */
export async function written(inputs: Inputs, out: string) {
  "use spmd";
  const large = await readParquet<Large>(inputs.large);
  await large.filter((d) => d.key % 3 === 0).writeParquet(`${out}/rows`, { rowGroupRows: 5000 });
  await large.groupby("name").rollup({ n: op.count(), x: op.max("x") }).orderby("name").writeCsv(`${out}/names-ordered`);
  await large.filter((d) => d.key % 5 === 0).writeArrow(`${out}/batches`, { compression: "zstd", fileRows: 15_000 });
}

/** Of record batches the columns that are used. */
export async function batches(folder: string) {
  "use spmd";
  const rows = await readArrow<Large>(folder);
  return [rows.numRows(), rows.filter((d) => d.x > 0.5).groupby("name").rollup({ n: op.count(), low: op.min("x") }).orderby("name").objects()];
}

export async function overwritten(inputs: Inputs, out: string) {
  "use spmd";
  const large = await readParquet<Large>(inputs.large);
  await large.filter((d) => d.id % 2 === 0).writeParquet(`${out}/rows`, { mode: "overwrite" });
}

export async function failing(inputs: Inputs, out: string) {
  "use spmd";
  const large = await readParquet<Large>(inputs.large);
  await large.writeParquet(`${out}/rows`);
  await large.derive({ bad: (d) => (d.id === 150_000 ? d.name.padStart(-1).repeat(-1) : d.name) }).writeParquet(`${out}/bad`);
}

export async function copied(from: string, to: string) {
  "use spmd";
  const rows = await readParquet<Large>(from);
  await rows.writeParquet(to);
}

export async function counted(from: string) {
  "use spmd";
  const rows = await readParquet<Large>(from);
  return rows.rollup({ n: op.count(), total: op.sum("key"), x: op.max("x") }).objects();
}
