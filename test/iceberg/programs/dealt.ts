/** Programs that read tables of many files. */
import { op, readIceberg, readParquet } from "@lockstep/runtime";

interface Row {
  id: number;
  name: string | null;
}

export async function summed(table: string) {
  "use spmd";
  const rows = await readIceberg<Row>(table);
  return rows.rollup({ n: op.count(), ids: op.sum("id"), names: op.distinct("name") }).objects();
}

export async function above(table: string) {
  "use spmd";
  return (await readIceberg<Row>(table)).filter((d) => d.id >= 365).select("id", "name").objects();
}

export async function since(table: string, snapshot: string) {
  "use spmd";
  return (await readIceberg<Row>(table, { since: snapshot })).select("id").objects();
}

export async function files(folder: string) {
  "use spmd";
  return (await readParquet<Row>(folder)).rollup({ n: op.count(), ids: op.sum("id"), names: op.distinct("name") }).objects();
}
