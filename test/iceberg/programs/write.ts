/** Programs that write tables. */
import { readIceberg, table } from "@lockstep/runtime";

export interface Row {
  id: number;
  region: string | null;
  price: number | null;
  at: Date | null;
  ok: boolean;
}

const rows = (from: number, to: number) => {
  const ids = Array.from({ length: to - from }, (_, i) => from + i);
  return table({
    id: ids,
    region: ids.map((id) => (id % 7 === 0 ? null : ["eu", "us", "日本 😀", "a/b=c"][id % 4]!)),
    price: ids.map((id) => (id % 5 === 0 ? null : id / 4)),
    at: ids.map((id) => (id % 11 === 0 ? null : new Date(Date.UTC(1969, 11, 30, id)))),
    ok: ids.map((id) => id % 2 === 0),
  });
};

export async function append(into: string, from: number, to: number) {
  "use spmd";
  await rows(from, to).writeIceberg(into, { types: { id: "int64", price: "decimal128(9, 2)" } });
}

export async function parted(into: string, from: number, to: number) {
  "use spmd";
  await rows(from, to).writeIceberg(into, { types: { id: "int64" }, partitionBy: ["region", "day(at)", "bucket(3, id)", "truncate(10, id)", "ok"] });
}

export async function replaced(into: string, from: number, to: number) {
  "use spmd";
  await rows(from, to).writeIceberg(into, { mode: "overwrite", types: { id: "int64", price: "decimal128(9, 2)" } });
}

export async function days(into: string, from: number, to: number, mode: "append" | "overwrite-partitions") {
  "use spmd";
  await rows(from, to).writeIceberg(into, { mode, types: { id: "int64" }, partitionBy: ["truncate(10, id)"] });
}

export async function inCatalog(into: string, uri: string, from: number, to: number, mode: "append" | "overwrite" | "create") {
  "use spmd";
  await rows(from, to).writeIceberg(into, { catalog: { uri }, mode, types: { id: "int64", price: "decimal128(9, 2)" }, ...(mode === "create" && { partitionBy: ["region", "day(at)"] }) });
}

export async function ids(from: string) {
  "use spmd";
  return (await readIceberg<Row>(from)).select("id").orderby("id").objects();
}

/** Two tables, of which the second may not be there. */
export async function two(first: string, second: string) {
  "use spmd";
  await rows(0, 10).writeIceberg(first);
  await rows(0, 10).writeIceberg(second, { mode: "create" });
}

export async function thrown(into: string) {
  "use spmd";
  await rows(0, 10).writeIceberg(into);
  throw new Error("after the write");
}
