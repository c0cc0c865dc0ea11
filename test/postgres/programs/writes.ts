/** What is written into a database: untransformed under plain Node, and compiled on ranks. */
import { op, readCsv, readPostgres, table } from "@lockstep/runtime";

interface Order {
  id: bigint;
  customer: number | null;
  name: string | null;
  price: number;
  weight: number;
  placed: Date;
  due: Date;
  paid: boolean;
  filler: string;
}

export async function copied(target: string, connections: number) {
  "use spmd";
  const orders = await readPostgres<Order>("sales.orders", { types: { id: "bigint" } });
  await orders.writePostgres(target, { connections });
}

/** Ranks have one row, or none. */
export async function uneven(target: string) {
  "use spmd";
  const orders = await readPostgres<Order>("sales.orders", { types: { id: "bigint" } });
  await orders.filter((d) => d.id < 5n || d.id === 59_999n).derive({ twice: (d) => Number(d.id) * 2 }).writePostgres(target);
}

export async function none(target: string) {
  "use spmd";
  const orders = await readPostgres<Order>("sales.orders", { types: { id: "bigint" } });
  await orders.filter((d) => d.id < 0n).writePostgres(target, { mode: "append" });
}

interface Types {
  n: number;
  b: boolean | null;
  i2: number | null;
  i4: number | null;
  i8: number | null;
  f4: number | null;
  f8: number | null;
  d5: number;
  d15: number;
  t: string | null;
  v: string | null;
  u: string | null;
  j: string | null;
  jb: string | null;
  m: string | null;
  p: number | null;
  day: Date | null;
  ts: Date | null;
  tz: Date | null;
}

/** `copy` has PostgreSQL's types. */
export async function types(target: string, copy: string) {
  "use spmd";
  const all = await readPostgres<Types>('SELECT n, b, i2, i4, i8, f4, f8, d5, d15, t, v, u, j, jb, m, p, day, ts, tz FROM types');
  const rows = all.select("n", "b", "i2", "i4", "i8", "f4", "f8", "d5", "d15", "t", "v", "u", "j", "jb", "m", "p", "day", "ts", "tz");
  await rows.writePostgres(target);
  await rows.writePostgres(copy, { mode: "append" });
}

export async function literals(target: string) {
  "use spmd";
  await table({
    id: [1, 2, 3, 4],
    f: [NaN, Infinity, -Infinity, -0],
    t: ["", "é😀\t\n\\.\"'", "NULL", null],
    at: [new Date(0), new Date(-1), new Date(8.64e15), new Date(-210_866_803_200_000)],
    b: [true, null, false, null],
    big: [1n, -9_223_372_036_854_775_808n, 9_223_372_036_854_775_807n, null],
  }).writePostgres(target, { types: { id: "int32" } });
}

export async function added(target: string) {
  "use spmd";
  await table({ id: [11, 12], name: ["k", "l"] }).writePostgres(target, { mode: "append", types: { id: "int32" } });
}

export async function replaced(target: string) {
  "use spmd";
  const orders = await readPostgres<Order>("sales.orders", { types: { id: "bigint" } });
  await orders.groupby("customer").rollup({ n: op.count(), price: op.sum("price") }).filter((d) => d.customer !== null && d.customer < 40).writePostgres(target, { mode: "overwrite", types: { price: "decimal128(12, 2)" } });
}

export async function merged(target: string) {
  "use spmd";
  const orders = await readPostgres<Order>("sales.orders", { types: { id: "bigint" } });
  await orders.filter((d) => d.id % 3n === 0n).derive({ name: (d) => `merged ${d.name ?? ""}` }).select("id", "name").writePostgres(target, { mode: "merge", on: ["id"] });
}

/** Only keys. */
export async function keys(target: string) {
  "use spmd";
  await table({ a: [1, 2, 3, null, null], b: ["x", "y", "z", "n", null] }).writePostgres(target, { mode: "merge", on: ["a", "b"], types: { a: "int32" } });
}

/** One transaction. */
export async function several(first: string, second: string, fails: boolean) {
  "use spmd";
  const rows = table({ id: [1, 2], name: ["a", "b"] });
  await rows.writePostgres(first, { mode: "append" });
  await rows.derive({ id: (d) => d.id + 10 }).writePostgres(first, { mode: "append" });
  await rows.writePostgres(second, { mode: "overwrite" });
  await rows.derive({ name: (d) => `${d.name}!` }).filter((d) => d.id > 1).writePostgres(second, { mode: "merge", on: ["id"] });
  if (fails) throw new Error("after all");
}

export async function nul(target: string) {
  "use spmd";
  await table({ id: [1, 2], name: ["fine", "be\0hind"] }).writePostgres(target);
}

export async function noUuid(target: string) {
  "use spmd";
  await table({ n: [1], u: ["no uuid"] }).writePostgres(target, { mode: "append", types: { n: "int32" } });
}

export async function tooLong(target: string) {
  "use spmd";
  await table({ n: [1], v: ["longer than ten"] }).writePostgres(target, { mode: "append", types: { n: "int32" } });
}

export async function noMood(target: string) {
  "use spmd";
  await table({ n: [1], m: ["glad"] }).writePostgres(target, { mode: "append", types: { n: "int32" } });
}

/** A text of it is cut off, or refused. */
export async function noName(target: string) {
  "use spmd";
  await table({ n: [1], nm: ["n".repeat(64)] }).writePostgres(target, { mode: "append", types: { n: "int32" } });
}

export async function tooOld(target: string) {
  "use spmd";
  await table({ at: [new Date(-8.64e15)] }).writePostgres(target);
}

export async function twice(target: string) {
  "use spmd";
  await table({ id: [1, 2, 1], name: ["a", "b", "c"] }).writePostgres(target, { mode: "merge", on: ["id"] });
}

export async function taken(target: string) {
  "use spmd";
  await table({ id: [5], name: ["again"] }).writePostgres(target, { mode: "append", types: { id: "int32" } });
}

export async function required(target: string) {
  "use spmd";
  await table({ id: [null, 1], name: ["a", "b"] }).writePostgres(target, { mode: "append", types: { id: "int32" } });
}

export async function lacking(target: string) {
  "use spmd";
  await table({ name: ["a"] }).writePostgres(target, { mode: "append" });
}

export async function misspelt(target: string) {
  "use spmd";
  await table({ id: [1], nmae: ["a"] }).writePostgres(target, { mode: "append", types: { id: "int32" } });
}

export async function wide(target: string) {
  "use spmd";
  await table({ id: [1.5], name: ["a"] }).writePostgres(target, { mode: "append" });
}

export async function generated(target: string) {
  "use spmd";
  await table({ n: [1], double: [2] }).writePostgres(target, { mode: "append", types: { n: "int32", double: "int32" } });
}

export async function there(target: string) {
  "use spmd";
  await table({ id: [1] }).writePostgres(target);
}

export async function nowhere() {
  "use spmd";
  await table({ id: [1] }).writePostgres("nowhere.rows");
}

/** On ranks nothing is there before the call has returned. */
export async function readAgain(target: string) {
  "use spmd";
  await table({ id: [1, 2] }).writePostgres(target, { mode: "overwrite", types: { id: "int32" } });
  return (await readPostgres<{ id: number }>(target)).numRows();
}

/** The name of the one is a part of the other's. */
export async function readAnother(target: string) {
  "use spmd";
  await table({ id: [1, 2] }).writePostgres(target, { mode: "overwrite" });
  return (await readPostgres<{ id: bigint }>("sales.orders", { types: { id: "bigint" } })).numRows();
}

export async function caught(closed: string, open: string) {
  "use spmd";
  const rows = table({ id: [1, 2], name: ["a", "b"] });
  let code = "";
  try {
    await rows.writePostgres(closed);
  } catch (error) {
    code = (error as { code: string }).code;
  }
  await rows.writePostgres(open, { mode: "append", types: { id: "int32" } });
  return code;
}

/** Rows of a file, so that no step but those of the write goes to the server. */
export async function moved(file: string, target: string, mode: "append" | "overwrite" | "merge") {
  "use spmd";
  const rows = await readCsv<{ id: number; name: string }>(file);
  if (mode === "merge") await rows.writePostgres(target, { mode: "merge", on: ["id"], connections: 3, types: { id: "int32" } });
  else await rows.writePostgres(target, { mode, connections: 3, types: { id: "int32" } });
}
