/** Lines that are left out: untransformed under plain Node, and compiled on ranks. */
import { op, readCsv, readJsonLines } from "@lockstep/runtime";

interface Row {
  id: number | null;
  at: Date | null;
  name: string | null;
}

export async function csv(path: string) {
  "use spmd";
  const rows = await readCsv<Row>(path, { types: { id: "number", at: "date" }, onBadRow: "skip" });
  return [rows.numRows(), rows.select("id").objects(), rows.rollup({ n: op.count(), sum: op.sum("id"), last: op.max("at") }).objects(), rows.select("name").slice(3, 9).objects()];
}

export async function jsonLines(path: string) {
  "use spmd";
  const rows = await readJsonLines<Row>(path, { types: { id: "number", at: "date" }, onBadRow: "skip" });
  return [rows.numRows(), rows.select("id").objects(), rows.rollup({ n: op.count(), sum: op.sum("id"), last: op.max("at") }).objects(), rows.select("name").slice(3, 9).objects()];
}

export async function collected(csv: string, lines: string, out: string) {
  "use spmd";
  const a = await readCsv<Row>(csv, { types: { id: "number", at: "date" }, onBadRow: "skip", badRows: `${out}/csv` });
  const b = await readJsonLines<Row>(lines, { types: { id: "number", at: "date" }, onBadRow: "skip", badRows: `${out}/lines` });
  await a.filter((d) => (d.id ?? 1) % 2 === 0).writeCsv(`${out}/even`, { mode: "overwrite" });
  return a.numRows() + b.numRows();
}

export async function limited(csv: string, most: number) {
  "use spmd";
  const rows = await readCsv<Row>(csv, { types: { id: "number", at: "date" }, onBadRow: "skip", maxBadRows: most });
  return rows.numRows();
}

/** What nobody says of a column is no reason to leave a line out. */
export async function unsaid(csv: string) {
  "use spmd";
  const rows = await readCsv<{ id: string | null; at: string | null; name: string | null }>(csv, { onBadRow: "skip" });
  return rows.objects();
}

/** Bad rows in the place of what is read, above it and in it. */
export async function onInput(csv: string, place: string) {
  "use spmd";
  const rows = await readCsv<Row>(csv, { onBadRow: "skip", badRows: place });
  return rows.numRows();
}
