/** Programs that read the tables of tables.py. */
import { desc, op, readIceberg, readParquet } from "@lockstep/runtime";

/** Which state of a table. */
export interface At {
  readonly snapshot?: string;
  readonly asOf?: Date;
  readonly ref?: string;
}

interface Evolved {
  note: string | null;
  id: bigint | null;
  title: string | null;
  amount: number | null;
  price: number | null;
  day: Date | null;
  at: Date | null;
  here: Date | null;
  paid: number | null;
}

export async function evolved(table: string, { snapshot, asOf, ref }: At) {
  "use spmd";
  const rows = await readIceberg<Evolved>(table, { types: { id: "bigint" }, snapshot, asOf, ref });
  return rows.select("note", "id", "title", "amount", "price", "day", "at", "here", "paid").objects();
}

interface Before {
  id: number | null;
  name: string | null;
  amount: number | null;
  price: number | null;
  day: Date | null;
  at: Date | null;
  here: Date | null;
  ok: boolean | null;
  paid: number | null;
}

export async function before(table: string, { snapshot, asOf, ref }: At) {
  "use spmd";
  const rows = await readIceberg<Before>(table, { snapshot, asOf, ref });
  return rows.select("id", "name", "amount", "price", "day", "at", "here", "ok", "paid").objects();
}

interface Parted {
  region: string | null;
  id: number | null;
  at: Date | null;
}

export async function parted(table: string) {
  "use spmd";
  return (await readIceberg<Parted>(table)).objects();
}

/** A filter that statistics judge, an aggregate by a partition column. */
export async function summed(table: string) {
  "use spmd";
  const rows = await readIceberg<Parted>(table);
  return rows.filter((row) => row.id !== null && row.id >= 30).groupby("region").rollup({ rows: op.count(), ids: op.sum("id") }).orderby(desc("rows"), "region").objects();
}

interface Named {
  id: number | null;
  name: string | null;
}

export async function places(table: string) {
  "use spmd";
  return (await readIceberg<Named>(table)).objects();
}

/** Without a column to read, and with one that a filter looks at. */
export async function counts(table: string) {
  "use spmd";
  const rows = await readIceberg<Named>(table);
  return [await rows.numRows(), await rows.filter((row) => row.id !== null && row.id % 2 === 0).numRows(), (await rows.rollup({ least: op.min("id"), most: op.max("id"), all: op.count() }).objects())[0]];
}

interface Keyed {
  region: string | null;
  id: number | null;
  price: number | null;
}

export async function keyed(table: string) {
  "use spmd";
  return (await readIceberg<Keyed>(table)).objects();
}

/** Of a column that no delete file names. */
export async function regions(table: string) {
  "use spmd";
  return (await readIceberg<Keyed>(table)).groupby("region").count().orderby("region").objects();
}

export async function adopted(table: string) {
  "use spmd";
  return (await readIceberg<{ key: number | null; b: string | null }>(table)).objects();
}

interface Who {
  name: string | null;
  seen: Date | null;
  paid: number | null;
}

interface Nested {
  cells: ((number | null)[] | null)[] | null;
  id: number;
  loc: { who: Who | null; east: number | null; label: number | null; more: { a: string | null; b: (number | null)[] | null } | null } | null;
  labels: (string | null)[] | null;
  stops: ({ n: number | null; name: string | null; at: { x: number | null } | null; late: boolean | null } | null)[] | null;
}

export async function nested(table: string, { snapshot }: At) {
  "use spmd";
  return (await readIceberg<Nested>(table, { snapshot })).objects();
}

interface NestedBefore {
  id: number;
  loc: { x: number | null; label: string | null; who: Who | null } | null;
  tags: (string | null)[] | null;
  stops: ({ place: string | null; n: number | null; at: { x: number | null; y: number | null } | null } | null)[] | null;
  grid: ((number | null)[] | null)[] | null;
}

export async function nestedBefore(table: string, { snapshot }: At) {
  "use spmd";
  return (await readIceberg<NestedBefore>(table, { snapshot })).objects();
}

/** What is inside of lists and structs, in filters, keys and sums. */
export async function within(table: string) {
  "use spmd";
  const rows = await readIceberg<Nested>(table);
  const some = rows.filter((d) => d.loc !== null && d.loc.east! > 70 && d.labels !== null).derive({ who: (d) => d.loc?.who?.name, a: (d) => d.loc?.more?.a, tags: (d) => d.labels?.length, late: (d) => d.stops?.filter((stop) => stop?.late).length });
  const stops = rows.unroll("stops").derive({ name: (d) => d.stops?.name ?? "none", n: (d) => d.stops?.n, x: (d) => d.stops?.at?.x });
  return [
    await some.select("id", "who", "a", "tags", "late").orderby("id").objects(),
    await stops.groupby("name").rollup({ rows: op.count(), n: op.sum("n"), x: op.max("x") }).orderby("name").objects(),
    await rows.filter((d) => d.loc?.label === null).numRows(),
  ];
}

export async function strangers(table: string) {
  "use spmd";
  const rows = await readIceberg<{ a: number; at: { east: number | null; name: string | null; z: number | null } | null; list: ({ title: string | null; x: number | null } | null)[] | null }>(table);
  return rows.objects();
}

interface Kinds {
  n: number;
  id: string | null;
  at: string | null;
  price: number;
  deep: { at: string | null; price: number } | null;
}

export async function kinds(table: string) {
  "use spmd";
  return (await readIceberg<Kinds>(table)).objects();
}

export async function bare(table: string) {
  "use spmd";
  return (await readIceberg<{ n: number; at: string | null; id: string | null; deep: { id: string | null } | null }>(table)).objects();
}

export async function kindsBy(table: string) {
  "use spmd";
  const rows = await readIceberg<Kinds>(table);
  return [
    await rows.filter((d) => d.at !== null && d.at >= "06:00:00" && d.id !== null).orderby("id", desc("at")).objects(),
    await rows.groupby("id").rollup({ rows: op.count(), first: op.min("at"), price: op.sum("price") }).orderby("id").objects(),
    await rows.filter((d) => d.price > 2 && d.at !== null && d.at < "05:00:00").select("n", "at").objects(),
  ];
}

export async function mapped(table: string) {
  "use spmd";
  return (await readIceberg<{ id: number }>(table)).select("id").objects();
}

export async function prices(table: string) {
  "use spmd";
  return (await readIceberg<{ id: number; prices: { a: number } }>(table)).objects();
}

export async function files(folder: string) {
  "use spmd";
  return (await readParquet<{ id: number }>(folder)).numRows();
}
