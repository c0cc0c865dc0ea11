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

export async function parted(into: string, from: number, to: number, mode: "append" | "overwrite" = "append") {
  "use spmd";
  await rows(from, to).writeIceberg(into, { mode, types: { id: "int64" }, partitionBy: ["region", "day(at)", "bucket(3, id)", "truncate(10, id)", "ok"] });
}

export async function replaced(into: string, from: number, to: number) {
  "use spmd";
  await rows(from, to).writeIceberg(into, { mode: "overwrite", types: { id: "int64", price: "decimal128(9, 2)" } });
}

export async function merged(into: string, from: number, to: number) {
  "use spmd";
  await rows(from, to).mergeIceberg(into, { on: ["id"] }, { types: { price: "decimal128(9, 2)" } });
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

/** Filters that the bounds of files judge. */
export async function filtered(from: string) {
  "use spmd";
  const all = await readIceberg<Row>(from);
  return [
    await (await readIceberg<Row>(from)).filter((d) => d.id >= 60 && d.id < 63).numRows(),
    await (await readIceberg<Row>(from)).filter((d) => d.region === "eu").numRows(),
    await (await readIceberg<Row>(from)).filter((d) => d.region === null || d.region > "us").numRows(),
    await (await readIceberg<Row>(from)).filter((d) => d.at !== null && d.at >= new Date(Date.UTC(1970, 0, 3))).numRows(),
    await (await readIceberg<Row>(from)).filter((d) => d.price !== null && d.price < 2.5).numRows(),
    await (await readIceberg<Row>(from)).filter((d) => d.ok && d.id !== 4).numRows(),
    await (await readIceberg<Row>(from)).filter((d) => d.id > 1000).numRows(),
    await all.numRows(),
  ];
}

export async function last(from: string) {
  "use spmd";
  return (await readIceberg<Row>(from)).filter((d) => d.id >= 60).numRows();
}

/** Into a table that others made, without its column "note". */
export async function theirs(uri: string, from: number, to: number) {
  "use spmd";
  await rows(from, to).writeIceberg("sales.theirs", { catalog: { uri }, types: { price: "float32" } });
}

export async function nullId(uri: string) {
  "use spmd";
  await table({ id: [1n, null], ok: [true, true], at: [new Date(0), new Date(1)], region: ["a", "b"] }).writeIceberg("sales.theirs", { catalog: { uri } });
}

export async function noId(uri: string) {
  "use spmd";
  await rows(1, 9).select("ok", "at", "region").writeIceberg("sales.theirs", { catalog: { uri } });
}

/** Two tables, of which the second may not be there. */
export async function two(first: string, second: string) {
  "use spmd";
  await rows(0, 10).writeIceberg(first);
  await rows(0, 10).writeIceberg(second, { mode: "create" });
}

/** A table and an output of another format. */
export async function beside(out: string, into: string, overwrite: boolean) {
  "use spmd";
  if (overwrite) await rows(1, 4).writeIceberg(into);
  await rows(1, 4).writeParquet(out, { mode: overwrite ? "overwrite" : "create" });
  if (!overwrite) await rows(1, 4).writeIceberg(into);
}

/** Tables of one name in two catalogs. */
export async function namesakes(into: string, one: string, other: string) {
  "use spmd";
  await rows(1, 4).writeIceberg(into, { catalog: { uri: one } });
  await rows(4, 6).writeIceberg(into, { catalog: { uri: other } });
}

export async function thrown(into: string) {
  "use spmd";
  await rows(0, 10).writeIceberg(into);
  throw new Error("after the write");
}

const tenths = () => {
  const ids = Array.from({ length: 7000 }, (_, id) => id);
  return table({ id: ids, part: ids.map((id) => id % 10), rest: ids.map((id) => id % 101) });
};

/** 700 rows of each of ten partitions, which every rank has some of. */
export async function spread(into: string, folders: string, distribution: "hash" | "none" | null) {
  "use spmd";
  const dealt = distribution === null ? {} : { distribution };
  await tenths().writeIceberg(into, { partitionBy: ["part"], types: { id: "int64", part: "int64" }, ...dealt });
  await tenths().writeParquet(folders, { partitionBy: ["part"], ...dealt });
}

export async function spreadInOrder(into: string, folders: string) {
  "use spmd";
  const sorted = tenths().orderby("rest", "id");
  await sorted.writeIceberg(into, { partitionBy: ["part"], types: { id: "int64", part: "int64" } });
  await sorted.writeParquet(folders, { partitionBy: ["part"] });
}
