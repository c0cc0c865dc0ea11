/** Arrays of a database, read and written: untransformed under plain Node, and compiled on ranks. */
import { op, readPostgres, table } from "@lockstep/runtime";

interface Arrays {
  n: number;
  b: (boolean | null)[] | null;
  i2: (number | null)[] | null;
  i4: (number | null)[] | null;
  i8: (bigint | null)[] | null;
  f4: (number | null)[] | null;
  f8: (number | null)[] | null;
  d5: (number | null)[] | null;
  t: (string | null)[] | null;
  v: (string | null)[] | null;
  c: (string | null)[] | null;
  u: (string | null)[] | null;
  j: (string | null)[] | null;
  jb: (string | null)[] | null;
  m: (string | null)[] | null;
  p: (number | null)[] | null;
  few: (number | null)[] | null;
  tags: (string | null)[] | null;
  day: (Date | null)[] | null;
  ts: (Date | null)[] | null;
  tz: (Date | null)[] | null;
}

export async function types() {
  "use spmd";
  const rows = await readPostgres<Arrays>("arrays", { types: { i8: "bigint[]" } });
  return [
    rows.select("n", "b", "i2", "i4", "i8", "f4", "f8", "d5", "t", "v", "c", "u", "j", "jb", "m", "p", "few", "tags", "day", "ts", "tz").objects(),
    rows.filter((d) => d.t === null).select("n").objects(),
  ];
}

/** As the program says. */
export async function said() {
  "use spmd";
  const rows = await readPostgres<{ n: number; i4: bigint[] | null; i8: bigint[] | null; d5: string[] | null; d38: string[] | null; free: number[] | null; u: string | null; tm: string[] | null; bytes: string[] | null; day: string[] | null; grid: string | null }>("arrays", {
    types: { i4: "bigint[]", i8: "bigint[]", d5: "string[]", d38: "string[]", free: "number[]", u: "string", tm: "string[]", bytes: "string[]", day: "string[]", grid: "string" },
  });
  return [rows.select("n", "i4", "i8", "d5", "d38", "free", "u", "tm", "bytes", "day", "grid").objects(), rows.filter((d) => d.i8 !== null && d.i8.includes(9007199254740991n)).select("n").objects()];
}

interface Basket {
  id: number;
  items: number[] | null;
  tags: (string | null)[];
}

export async function used() {
  "use spmd";
  const baskets = await readPostgres<Basket>("baskets");
  const full = baskets.filter((d) => d.items !== null && d.items.length > 10 && d.tags.includes("t3"));
  return [
    baskets.rollup({ n: op.count(), valid: op.valid("items") }).objects(), full.derive({ first: (d) => d.items![0]!, all: (d) => d.tags.join("|") }).select("id", "first", "all").objects(),
    baskets.select("id", "tags").unroll("tags").groupby("tags").rollup({ n: op.count(), ids: op.sum("id") }).objects(), baskets.slice(5_000, 5_010).objects(),
    baskets.filter((d) => d.id % 1000 === 0).orderby("id").objects(), baskets.groupby("id").rollup({ all: op.array_agg("items") }).filter((d) => d.id < 5).objects(),
  ];
}

/** What the server may be asked of an array is whether there is one. */
export async function pushed() {
  "use spmd";
  const without = (await readPostgres<Basket>("baskets")).filter((d) => d.items === null && d.id < 100);
  const having = (await readPostgres<Basket>("baskets")).filter((d) => d.items !== null && d.items.includes(7) && d.id <= 50);
  const texts = (await readPostgres<{ id: number; items: string[] | null }>("baskets", { types: { items: "string[]" } })).filter((d) => d.items === null && d.id > 19_900);
  return [without.select("id", "tags").objects(), having.select("id", "items").objects(), texts.select("id").objects()];
}

/** Made by a query, and read by ranges of its key. */
export async function queried() {
  "use spmd";
  const grouped = await readPostgres<{ k: number; ids: number[]; names: string[] }>("select id % 100 as k, array_agg(id order by id) as ids, array_agg(id::text order by id) as names from baskets group by 1", { partitionBy: "k", types: { names: "string[]" } });
  return [grouped.derive({ n: (d) => d.ids.length, last: (d) => d.names[d.names.length - 1]! }).select("k", "n", "last").objects(), grouped.select("ids").slice(3, 4).objects()];
}

/** A value of some ten megabytes, and rows of many. */
export async function large() {
  "use spmd";
  const rows = await readPostgres<{ n: number; items: number[]; words: string[] }>("large");
  return rows.derive({ count: (d) => d.items.length, last: (d) => d.items[d.items.length - 1]!, words: (d) => d.words.length, word: (d) => d.words[1]! }).select("n", "count", "last", "words", "word").objects();
}

export async function grid() {
  "use spmd";
  return (await readPostgres<{ n: number; cells: number[] }>("grids")).select("n", "cells").objects();
}

export async function gridOfTexts() {
  "use spmd";
  return (await readPostgres<{ n: number; cells: string[] }>("grids", { types: { cells: "string[]" } })).select("n", "cells").objects();
}

export async function farDays() {
  "use spmd";
  return (await readPostgres<{ n: number; days: Date[] }>("grids")).select("n", "days").objects();
}

export async function noNumber() {
  "use spmd";
  return (await readPostgres<{ n: number; digits: number[] }>("grids")).select("n", "digits").objects();
}

export async function farIntegers() {
  "use spmd";
  return (await readPostgres<{ n: number; far: number[] }>("grids")).select("n", "far").objects();
}

/** Of a numeric without digits nothing is known. */
export async function unknown() {
  "use spmd";
  return (await readPostgres<{ n: number; free: number[] | null }>("arrays")).select("n", "free").objects();
}

/** Only the compiled program's to find. */
export async function otherwise() {
  "use spmd";
  return (await readPostgres<{ n: number[]; i4: string[] | null; t: number[] | null; few: number | null; d38: string | null }>("arrays")).select("n", "i4", "t", "few", "d38").objects();
}

export async function notSo() {
  "use spmd";
  return (await readPostgres<{ n: number; t: bigint[] | null }>("arrays", { types: { t: "bigint[]" } })).select("n", "t").objects();
}

// What is written.

/** `copy` has PostgreSQL's types. */
export async function copied(target: string, copy: string) {
  "use spmd";
  const all = await readPostgres<Arrays>("arrays", { types: { i8: "bigint[]" } });
  const rows = all.select("n", "b", "i2", "i4", "i8", "f4", "f8", "d5", "t", "v", "c", "u", "j", "jb", "m", "p", "few", "tags", "day", "ts", "tz");
  await rows.writePostgres(target);
  await rows.writePostgres(copy, { mode: "append" });
}

export async function many(target: string, connections: number) {
  "use spmd";
  await (await readPostgres<Basket>("baskets")).writePostgres(target, { connections });
}

export async function largest(target: string) {
  "use spmd";
  await (await readPostgres<{ n: number; items: number[]; words: string[] }>("large")).writePostgres(target);
}

export async function literals(target: string) {
  "use spmd";
  await table({
    id: [1, 2, 3, 4],
    f: [[NaN, Infinity, -0], [], null, [0.1]],
    t: [["", "é😀\t\n\\.\"'{},", "NULL", "null"], ["a b"], [], null],
    at: [[new Date(0), new Date(-1)], [new Date(8.64e15), new Date(-210_866_803_200_000)], null, []],
    b: [[true, false], null, [], [true]],
    big: [[1n, -9_223_372_036_854_775_808n], [9_223_372_036_854_775_807n], [], null],
    small: [[1, 2], [3], [], null],
  }).writePostgres(target, { types: { id: "int32", small: "list<int16>", at: "list<timestamp[us, tz=UTC]>" } });
}

/** Of a group's rows. */
export async function collected(target: string) {
  "use spmd";
  const baskets = await readPostgres<Basket>("baskets");
  await baskets.derive({ k: (d) => d.id % 7 }).select("k", "id").filter((d) => d.id < 300).groupby("k").rollup({ items: op.array_agg("id") }).writePostgres(target, { mode: "overwrite", types: { k: "int32" } });
}

export async function merged(target: string) {
  "use spmd";
  const baskets = await readPostgres<Basket>("baskets");
  await baskets.filter((d) => d.id % 3 === 0).derive({ tags: (d) => [`merged ${d.id}`, ...d.tags] }).select("id", "items", "tags").writePostgres(target, { mode: "merge", on: ["id"] });
}

export async function byArray(target: string) {
  "use spmd";
  await table({ id: [1], tags: [["a"]] }).writePostgres(target, { mode: "merge", on: ["tags"], types: { id: "int32" } });
}

export async function fractions(target: string) {
  "use spmd";
  await table({ id: [1], items: [[1.5]] }).writePostgres(target, { mode: "append", types: { id: "int32" } });
}

export async function noList(target: string) {
  "use spmd";
  await table({ id: [1], items: [5] }).writePostgres(target, { mode: "append", types: { id: "int32", items: "int32" } });
}

export async function noScalar(target: string) {
  "use spmd";
  await table({ id: [[1]] }).writePostgres(target, { mode: "append", types: { id: "list<int32>" } });
}

export async function listsOfLists(target: string) {
  "use spmd";
  const baskets = await readPostgres<Basket>("baskets");
  await baskets.filter((d) => d.id < 10).rollup({ items: op.array_agg("items") }).writePostgres(target);
}

export async function nul(target: string) {
  "use spmd";
  await table({ id: [1, 2], tags: [["fine"], ["x", "be\0hind"]] }).writePostgres(target);
}

export async function noUuid(target: string) {
  "use spmd";
  await table({ n: [1], u: [["ffffffff-ffff-ffff-ffff-ffffffffffff", "no uuid"]] }).writePostgres(target, { mode: "append", types: { n: "int32" } });
}

export async function tooLong(target: string) {
  "use spmd";
  await table({ n: [1], v: [["short", "longer than ten"]] }).writePostgres(target, { mode: "append", types: { n: "int32" } });
}

export async function notPositive(target: string) {
  "use spmd";
  await table({ n: [1], p: [[1, -1]] }).writePostgres(target, { mode: "append", types: { n: "int32", p: "list<int32>" } });
}

export async function tooOld(target: string) {
  "use spmd";
  await table({ at: [[new Date(0), new Date(-8.64e15)]] }).writePostgres(target);
}

export async function empty(target: string) {
  "use spmd";
  const baskets = await readPostgres<Basket>("baskets");
  await baskets.filter((d) => d.id < 10).derive({ items: (d) => (d.items ?? []).slice(9) }).select("id", "items").writePostgres(target, { types: { items: "list<int32>" } });
}
