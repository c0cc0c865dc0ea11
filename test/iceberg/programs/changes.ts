/** Programs that change rows of tables. */
import { deleteIceberg, readIceberg, table } from "@lockstep/runtime";
import type { Row } from "./write.ts";

const DAY = 86_400_000;

const rows = (ids: readonly number[], price = 0) =>
  table({
    id: ids.map((id) => id),
    region: ids.map((id) => (id % 7 === 0 ? null : ["eu", "us"][id % 2]!)),
    price: ids.map((id) => (id % 5 === 0 ? null : id / 4 + price)),
    at: ids.map((id) => new Date(DAY * Math.floor(id / 4) + id)),
    ok: ids.map((id) => id % 2 === 0),
  });

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** Four rows a day. */
export async function year(into: string, days: number, uri: string | null) {
  "use spmd";
  await rows(numbers(0, 4 * days)).writeIceberg(into, { partitionBy: ["day(at)"], types: { id: "int64" }, ...(uri !== null && { catalog: { uri } }) });
}

/** Of the first days all, of others the odd ones. */
export async function forget(into: string, days: number, uri: string | null) {
  "use spmd";
  const cutoff = new Date(DAY * days);
  return [
    await deleteIceberg<Row>(into, (d) => d.at! < cutoff, uri === null ? {} : { catalog: { uri } }),
    await deleteIceberg<Row>(into, (d) => d.id >= 40 && d.id < 48 && !d.ok, uri === null ? {} : { catalog: { uri } }),
  ];
}

export async function forgotten(into: string, days: number) {
  "use spmd";
  const cutoff = new Date(DAY * days);
  return deleteIceberg<{ at: Date }>(into, (d) => d.at < cutoff);
}

export async function again(into: string, from: number, to: number, uri: string | null) {
  "use spmd";
  return rows(numbers(from, to), 1).overwriteIceberg(into, (d) => d.id >= from && d.id < to + 2, uri === null ? {} : { catalog: { uri } });
}

/** What has come late, of some days. */
export async function late(into: string, ids: number[], uri: string | null) {
  "use spmd";
  return rows(ids, 1000).mergeIceberg(into, { on: ["id", "at"], when: { matched: (s, t) => (s.price !== null && s.price > (t.price ?? 0) ? "update" : "skip") } }, uri === null ? {} : { catalog: { uri } });
}

/** Two changes, one snapshot. */
export async function both(into: string) {
  "use spmd";
  const merged = await rows([4, 5, 400]).mergeIceberg(into, { on: ["id"], when: { delete: (s) => s.id === 5 } });
  return [merged, await deleteIceberg<Row>(into, (d) => d.id === 4 || d.id > 100)];
}

export async function without(from: string, hidden: number) {
  "use spmd";
  const gone = await deleteIceberg<{ id: number }>(from, (d) => d.id === hidden);
  return [gone, await (await readIceberg<{ id: number }>(from)).select("id").orderby("id").objects()];
}

/** What was added, some of it by a filter that bounds judge. */
export async function news(from: string, since: string, least: number) {
  "use spmd";
  const all = await (await readIceberg<Row>(from, { since })).select("id").orderby("id").array("id");
  return [all, await (await readIceberg<Row>(from, { since })).filter((d) => d.id >= least).numRows()];
}

/** What is new since the last time, into another table; nothing of it where the call fails. */
export async function nightly(from: string, into: string, fails: boolean, since: string | null) {
  "use spmd";
  const fresh = await readIceberg<Row>(from, { since: since ?? "last-success", into });
  await fresh.select("id").derive({ id: (d) => d.id }).writeIceberg(into, { types: { id: "int64" } });
  if (fails) throw new Error("before the end");
  return fresh.numRows();
}

/** What is new is asked for again behind a write of the call. */
export async function twiceNightly(from: string, into: string) {
  "use spmd";
  await (await readIceberg<Row>(from, { since: "last-success", into })).select("id").derive({ id: (d) => d.id }).writeIceberg(into, { types: { id: "int64" } });
  return (await readIceberg<Row>(from, { since: "last-success", into })).numRows();
}

/** A call that is long after its change. */
export async function slowly(into: string, merges: boolean) {
  "use spmd";
  if (merges) await rows([0, 8, 9]).mergeIceberg(into, { on: ["id"] });
  else await deleteIceberg<{ id: number }>(into, (d) => d.id < 8);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
}

export async function count(from: string) {
  "use spmd";
  return (await readIceberg<Row>(from)).numRows();
}
