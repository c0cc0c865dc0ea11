import { op, readCsv, table } from "@lockstep/runtime";

/** Rows in all the ways that files can be laid out, below `out`. */
export async function laidOut(out: string): Promise<void> {
  "use spmd";
  const rows = table({
    n: [1, 2, 3, 4, 5, 6],
    city: ["Oslo", "a/b=c%d é", null, "007", "Oslo", "x:y*?"],
    year: [2023, 2024, 2024, 2024, 2025, 2023],
    ok: [true, false, true, true, false, null],
  });
  await rows.writeParquet(`${out}/folders`, { partitionBy: ["year", "city"] });
  await rows.filter((d) => d.year > 2023).writeParquet(`${out}/appended`, { partitionBy: ["city"] });
  await rows.filter((d) => d.year <= 2023).writeParquet(`${out}/appended`, { partitionBy: ["city"], mode: "append" });
  await rows.writeParquet(`${out}/one.parquet`, { single: true });
  await rows.writeParquet(`${out}/small`, { fileRows: 1 });
  await rows.writeCsv(`${out}/one.csv.gz`, { single: true, compression: "gzip" });
  await rows.writeJsonLines(`${out}/one.jsonl`, { single: true });
}

/** What a compressed file holds. */
export async function total(path: string): Promise<unknown> {
  "use spmd";
  const rows = await readCsv<{ a: number; b: string }>(path);
  return rows.rollup({ n: op.count(), a: op.sum("a"), b: op.max("b") }).objects();
}

/** What folders say, with what the program says of them. */
export async function inFolders(path: string): Promise<unknown> {
  "use spmd";
  const rows = await readCsv<{ a: number; zip: string; day: Date | null }>(path, { types: { zip: "string" } });
  return rows.orderby("a").objects();
}
