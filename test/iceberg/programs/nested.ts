/** Programs that write tables of lists and objects, of rows that stand in Parquet files. */
import { compactIceberg, deleteIceberg, readIceberg, readParquet } from "@lockstep/runtime";

export interface Row {
  id: number;
  region: string;
  loc: { x: number | null; y: number | null; who: { name: string | null; at: Date | null } | null } | null;
  tags: (string | null)[] | null;
  stops: ({ place: string | null; n: number | null } | null)[] | null;
  grid: ((number | null)[] | null)[] | null;
  price: number | null;
}

export const types = { id: "int64", loc: "struct<x: int64, y: float64, who: struct<name: string, at: timestamp[us, tz=UTC]>>", stops: "list<struct<place: string, n: int32>>", price: "decimal128(9, 2)" };

export async function append(from: string, into: string, uri: string | null) {
  "use spmd";
  await (await readParquet<Row>(from)).writeIceberg(into, { types, ...(uri !== null && { catalog: { uri } }) });
}

/** The files of partitions sorted by what stands behind lists and objects. */
export async function parted(from: string, into: string, mode: "append" | "overwrite" | "overwrite-partitions") {
  "use spmd";
  await (await readParquet<Row>(from)).writeIceberg(into, { mode, types, partitionBy: ["region"], sortBy: ["price desc", "id"] });
}

export async function files(from: string, out: string) {
  "use spmd";
  await (await readParquet<Row>(from)).writeParquet(out, { types, sortBy: ["price desc"] });
}

/** By what is inside of objects and lists. */
export async function forget(into: string, least: number) {
  "use spmd";
  const gone = await deleteIceberg<Pick<Row, "loc">>(into, (d) => d.loc !== null && d.loc.x !== null && d.loc.x >= least);
  return [gone, await deleteIceberg<Pick<Row, "stops">>(into, (d) => d.stops !== null && d.stops.some((stop) => stop?.place === "p2"))];
}

export async function again(from: string, into: string, least: number) {
  "use spmd";
  return (await readParquet<Row>(from)).overwriteIceberg(into, (d) => d.id >= least, { types });
}

/** Rows without a column of lists, and with an object of some members in another order. */
export async function late(from: string, into: string) {
  "use spmd";
  const rows = (await readParquet<Row>(from)).derive({ loc: (d) => ({ y: d.id / 8, x: d.id }) }).select("id", "region", "loc", "stops", "price");
  return rows.mergeIceberg(into, { on: ["id"], when: { matched: (s, t) => (t.stops?.length === 1 ? "delete" : t.price !== null ? "update" : "skip") } }, { types: { id: "int64", loc: "struct<y: float64, x: int64>", stops: "list<struct<place: string, n: int32>>", price: "decimal128(9, 2)" } });
}

export async function compacted(into: string, uri: string | null) {
  "use spmd";
  return compactIceberg(into, { minFiles: 2, ...(uri !== null && { catalog: { uri } }) });
}

export async function everything(from: string) {
  "use spmd";
  return (await readIceberg<Row>(from)).orderby("id").objects({ limit: 10_000 });
}

interface Evolved {
  id: number;
  region: string | null;
  where: { who: { at: Date | null; title: string | null; born: Date | null } | null; x: number | null; z: (string | null)[] | null } | null;
  tags: (string | null)[] | null;
  stops: ({ n: number | null; late: boolean | null } | null)[] | null;
  grid: ((number | null)[] | null)[] | null;
  price: number | null;
}

/** What others have made of the table. */
export async function evolved(from: string, uri: string) {
  "use spmd";
  return (await readIceberg<Evolved>(from, { catalog: { uri } })).orderby("id").objects({ limit: 10_000 });
}

export async function appendEvolved(from: string, into: string, uri: string) {
  "use spmd";
  const more = (await readParquet<Row>(from)).derive({ where: (d) => ({ z: [`z${d.id}`, null], x: d.id }), stops: (d) => [{ late: d.id % 2 === 0, n: d.id }] });
  await more.select("id", "where", "stops", "tags").writeIceberg(into, { types: { id: "int64", where: "struct<z: list<string>, x: int64>", stops: "list<struct<late: bool, n: int64>>" }, catalog: { uri } });
}

export async function member(from: string, into: string) {
  "use spmd";
  await (await readParquet<Row>(from)).derive({ loc: (d) => ({ x: d.id, why: d.id }) }).select("id", "loc").writeIceberg(into, { types: { id: "int64" } });
}

export async function text(from: string, into: string) {
  "use spmd";
  await (await readParquet<Row>(from)).derive({ loc: (d) => ({ x: d.region }) }).select("id", "loc").writeIceberg(into, { types: { id: "int64" } });
}

export async function element(from: string, into: string) {
  "use spmd";
  await (await readParquet<Row>(from)).derive({ tags: (d) => [d.id] }).select("id", "tags").writeIceberg(into, { types: { id: "int64" } });
}

export async function list(from: string, into: string) {
  "use spmd";
  await (await readParquet<Row>(from)).derive({ loc: (d) => [d.id] }).select("id", "loc").writeIceberg(into, { types: { id: "int64" } });
}

export async function sortedByList(from: string, into: string) {
  "use spmd";
  await (await readParquet<Row>(from)).writeIceberg(`${into}-sorted`, { types, sortBy: ["tags"] });
}

export async function partedByObject(from: string, into: string) {
  "use spmd";
  await (await readParquet<Row>(from)).writeIceberg(`${into}-parted`, { types, partitionBy: ["loc"] });
}

export async function nanoseconds(from: string, into: string) {
  "use spmd";
  await (await readParquet<Row>(from)).writeIceberg(`${into}-nanoseconds`, { types: { ...types, loc: "struct<x: int64, y: float64, who: struct<name: string, at: timestamp[ns, tz=UTC]>>" } });
}

interface Strict {
  id: number;
  loc: { x: number | null; y: number | null } | null;
  tags: (string | null)[] | null;
  stops: ({ n: number | null } | null)[] | null;
}

/** Into a table that requires some of what is inside. */
export async function strict(from: string, into: string, uri: string) {
  "use spmd";
  await (await readParquet<Strict>(from)).writeIceberg(into, { types: { id: "int64", loc: "struct<x: int64, y: float64>", stops: "list<struct<n: int64>>" }, catalog: { uri } });
}
