/** What is written into Snowflake: untransformed under plain Node, and compiled on ranks. */
import { op, readCsv, readSnowflake, table } from "@lockstep/runtime";

interface Order {
  ID: number;
  CUSTOMER: number | null;
  NAME: string | null;
  PRICE: number;
  WEIGHT: number;
  PLACED: Date;
  DUE: Date;
  PAID: boolean;
}

export async function copied(target: string) {
  "use spmd";
  const orders = await readSnowflake<Order>("sales.orders");
  await orders.writeSnowflake(target);
}

/** Ranks have one row, or none. */
export async function uneven(target: string) {
  "use spmd";
  const orders = await readSnowflake<Order>("sales.orders");
  await orders.filter((d) => d.ID < 5 || d.ID === 7_999).derive({ twice: (d) => d.ID * 2 }).writeSnowflake(target);
}

export async function none(target: string) {
  "use spmd";
  const orders = await readSnowflake<Order>("sales.orders");
  await orders.filter((d) => d.ID < 0).writeSnowflake(target, { mode: "append" });
}

interface Types {
  N: number;
  B: boolean | null;
  I: number | null;
  BIG: bigint | null;
  D5: number;
  D15: number;
  F: number;
  T: string | null;
  DAY: Date | null;
  S: Date | null;
  MS: Date | null;
  US: Date | null;
  NS: Date | null;
  LTZ: Date | null;
  TZ: Date | null;
  V: string | null;
}

/** `copy` is a table that has these columns, and others. */
export async function types(target: string, copy: string) {
  "use spmd";
  const all = await readSnowflake<Types>("types", { types: { BIG: "bigint" } });
  const rows = all.select("N", "B", "I", "BIG", "D5", "D15", "F", "T", "DAY", "S", "MS", "US", "NS", "LTZ", "TZ", "V");
  await rows.writeSnowflake(target);
  await rows.writeSnowflake(copy, { mode: "append" });
}

export async function literals(target: string) {
  "use spmd";
  await table({
    id: [1, 2, 3, 4],
    f: [NaN, Infinity, -Infinity, -0],
    t: ["\\N", "é😀\t\n\\.\"'\0", " NULL ", null],
    at: [new Date(0), new Date(-1), new Date(253_402_300_799_999), null],
    b: [true, null, false, null],
    big: [1n, -9_223_372_036_854_775_808n, 9_223_372_036_854_775_807n, null],
    'we"ird, na.me': [1, 2, null, 4],
  }).writeSnowflake(target, { types: { id: "int32", 'we"ird, na.me': "decimal128(10, 2)" } });
}

/** Their columns are called in capitals there. */
export async function added(target: string) {
  "use spmd";
  await table({ id: [11, 12], name: ["k", "l"], doc: ['{"a":[1,null]}', null] }).writeSnowflake(target, { mode: "append", types: { id: "int32" } });
}

export async function replaced(target: string) {
  "use spmd";
  const orders = await readSnowflake<Order>("sales.orders");
  await orders.groupby("CUSTOMER").rollup({ N: op.count(), PRICE: op.sum("PRICE") }).filter((d) => d.CUSTOMER !== null && d.CUSTOMER < 40).writeSnowflake(target, { mode: "overwrite", types: { PRICE: "decimal128(14, 2)" } });
}

export async function merged(target: string) {
  "use spmd";
  const orders = await readSnowflake<Order>("sales.orders");
  await orders.filter((d) => d.ID % 3 === 0).derive({ NAME: (d) => `merged ${d.NAME ?? ""}` }).select("ID", "NAME").writeSnowflake(target, { mode: "merge", on: ["ID"] });
}

/** Only keys. */
export async function keys(target: string) {
  "use spmd";
  await table({ a: [1, 2, 3, null, null], b: ["x", "y", "z", "n", null] }).writeSnowflake(target, { mode: "merge", on: ["a", "b"], types: { a: "int32" } });
}

/** One transaction. */
export async function several(first: string, second: string, fails: boolean) {
  "use spmd";
  const rows = table({ id: [1, 2], name: ["a", "b"] });
  await rows.writeSnowflake(first, { mode: "append" });
  await rows.derive({ id: (d) => d.id + 10 }).writeSnowflake(first, { mode: "append" });
  await rows.writeSnowflake(second, { mode: "overwrite" });
  await rows.derive({ name: (d) => `${d.name}!` }).filter((d) => d.id > 1).writeSnowflake(second, { mode: "merge", on: ["id"] });
  if (fails) throw new Error("after all");
}

/** In the session's schema, and in another one. */
export async function places(schema: string) {
  "use spmd";
  const rows = table({ id: [1, 2], name: ["a", "b"] });
  await rows.writeSnowflake("placed", { mode: "append" });
  await rows.writeSnowflake("placed", { mode: "append", schema });
}

export async function twice(target: string) {
  "use spmd";
  await table({ id: [1, 2, 1], name: ["a", "b", "c"] }).writeSnowflake(target, { mode: "merge", on: ["id"] });
}

export async function required(target: string) {
  "use spmd";
  await table({ id: [null, 1], name: ["a", "b"] }).writeSnowflake(target, { mode: "append", types: { id: "int32" } });
}

export async function lacking(target: string) {
  "use spmd";
  await table({ name: ["a"] }).writeSnowflake(target, { mode: "append" });
}

export async function misspelt(target: string) {
  "use spmd";
  await table({ id: [1], nmae: ["a"] }).writeSnowflake(target, { mode: "append", types: { id: "int32" } });
}

export async function wide(target: string) {
  "use spmd";
  await table({ id: [1.5], name: ["a"] }).writeSnowflake(target, { mode: "append" });
}

export async function both(target: string) {
  "use spmd";
  await table({ id: [1], ID: [1] }).writeSnowflake(target, { mode: "append", types: { id: "int32", ID: "int32" } });
}

export async function byDocument(target: string) {
  "use spmd";
  await table({ id: [1], doc: ["{}"] }).writeSnowflake(target, { mode: "merge", on: ["doc"], types: { id: "int32" } });
}

/** A text of one blank is no JSON. */
export async function blank(target: string) {
  "use spmd";
  await table({ id: [1, 2], doc: ["{}", " "] }).writeSnowflake(target, { mode: "append", types: { id: "int32" } });
}

/** 5 is JSON, but no array. */
export async function noList(target: string) {
  "use spmd";
  await table({ id: [1, 2, 3], list: ["[1]", null, "5"] }).writeSnowflake(target, { mode: "append", types: { id: "int32" } });
}

export async function listed(target: string) {
  "use spmd";
  await table({ tags: [["a"], ["b", "c"]] }).writeSnowflake(target);
}

export async function there(target: string) {
  "use spmd";
  await table({ id: [1] }).writeSnowflake(target);
}

export async function nowhere() {
  "use spmd";
  await table({ id: [1] }).writeSnowflake("nowhere.rows");
}

export async function noName() {
  "use spmd";
  await table({ id: [1] }).writeSnowflake("rows; drop table rows");
}

/** On ranks nothing is there before the call has returned. */
export async function readAgain(target: string) {
  "use spmd";
  await table({ id: [1, 2] }).writeSnowflake(target, { mode: "overwrite", types: { id: "int32" } });
  return (await readSnowflake<{ id: number }>(target)).numRows();
}

/** Rows of a file, so that no step but those of the write goes to the server. */
export async function moved(file: string, target: string, mode: "create" | "append" | "overwrite" | "merge") {
  "use spmd";
  const rows = await readCsv<{ ID: number; NAME: string }>(file);
  if (mode === "merge") await rows.writeSnowflake(target, { mode: "merge", on: ["ID"], types: { ID: "int64" } });
  else await rows.writeSnowflake(target, { mode, types: { ID: "int64" } });
}
