/** What jobs write that are killed, or meet others: 40 rows of 80 that are there, and 40 new ones. */
import { compactIceberg, deleteIceberg, readCsv, table } from "@lockstep/runtime";

interface Row {
  id: number;
  name: string;
  part: number;
}

export type FileMode = "create" | "append" | "overwrite" | "overwrite-partitions";

export async function parquet(file: string, into: string, mode: FileMode) {
  "use spmd";
  const rows = await readCsv<Row>(file);
  await rows.writeParquet(into, { mode, ...(mode === "overwrite-partitions" && { partitionBy: ["part"] }) });
}

export async function single(file: string, into: string, mode: "create" | "overwrite") {
  "use spmd";
  const rows = await readCsv<Row>(file);
  await rows.writeParquet(into, { mode, single: true });
}

export async function csv(file: string, into: string, mode: FileMode) {
  "use spmd";
  const rows = await readCsv<Row>(file);
  await rows.writeCsv(into, { mode });
}

export async function lines(file: string, into: string, mode: FileMode) {
  "use spmd";
  const rows = await readCsv<Row>(file);
  await rows.writeJsonLines(into, { mode });
}

export async function batches(file: string, into: string, mode: FileMode) {
  "use spmd";
  const rows = await readCsv<Row>(file);
  await rows.writeArrow(into, { mode });
}

/** Two outputs of one call. */
export async function pair(file: string, into: string, mode: FileMode) {
  "use spmd";
  const rows = await readCsv<Row>(file);
  await rows.writeParquet(`${into}/one`, { mode });
  await rows.writeCsv(`${into}/other`, { mode });
}

/** How a table of Iceberg is reached. */
export interface Catalog {
  readonly name: string;
  readonly uri: string;
  readonly warehouse?: string;
}

export type Change = "append" | "overwrite" | "merge" | "replace" | "delete" | "compact";

export async function iceberg(file: string, into: string, does: Change, catalog: Catalog | null) {
  "use spmd";
  const options = catalog === null ? {} : { catalog };
  if (does === "delete") await deleteIceberg<Row>(into, (d) => d.id > 40, options);
  else if (does === "compact") await compactIceberg(into, { minFiles: 2, ...options });
  else {
    const rows = await readCsv<Row>(file);
    if (does === "merge") await rows.mergeIceberg(into, { on: ["id"] }, options);
    else if (does === "replace") await rows.overwriteIceberg(into, (d) => d.id > 40, options);
    else await rows.writeIceberg(into, { mode: does, ...options });
  }
}

/** Rows of a number of their own, for whoever counts what has come of several jobs. */
const numbered = (from: number, to: number) => table({ id: Array.from({ length: to - from }, (_, i) => from + i) });

export async function addParquet(into: string, from: number, to: number, mode: "append" | "overwrite" = "append") {
  "use spmd";
  await numbered(from, to).writeParquet(into, { mode });
}

export async function addIceberg(into: string, from: number, to: number, catalog: Catalog | null, mode: "append" | "overwrite" = "append") {
  "use spmd";
  await numbered(from, to).writeIceberg(into, { mode, ...(catalog !== null && { catalog }) });
}

export async function addPostgres(into: string, from: number, to: number) {
  "use spmd";
  await numbered(from, to).writePostgres(into, { mode: "append" });
}
