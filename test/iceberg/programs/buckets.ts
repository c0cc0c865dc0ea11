/** Programs that look for single values in the tables of buckets.py. */
import { deleteIceberg, readIceberg, table as tableOf } from "@lockstep/runtime";

interface Numbers {
  id: number;
  key: number | null;
}

interface Texts {
  id: number;
  key: string | null;
}

interface Dates {
  id: number;
  key: Date | null;
}

export async function all(table: string) {
  "use spmd";
  return (await readIceberg<{ id: number }>(table)).select("id").objects();
}

export async function longIs(table: string) {
  "use spmd";
  return (await readIceberg<Numbers>(table)).filter((d) => d.key === 34).objects();
}

export async function longIn(table: string) {
  "use spmd";
  return (await readIceberg<Numbers>(table)).filter((d) => [34, 5].includes(d.key!)).objects();
}

export async function longEither(table: string) {
  "use spmd";
  return (await readIceberg<Numbers>(table)).filter((d) => d.key === 34 || d.key === 5).objects();
}

export async function longAnd(table: string) {
  "use spmd";
  return (await readIceberg<Numbers>(table)).filter((d) => d.key === 34 && d.id > -1).objects();
}

export async function longIsNot(table: string) {
  "use spmd";
  return (await readIceberg<Numbers>(table)).filter((d) => d.key !== 34).objects();
}

export async function longAbove(table: string) {
  "use spmd";
  return (await readIceberg<Numbers>(table)).filter((d) => d.key !== null && d.key > 5).objects();
}

export async function integerIs(table: string) {
  "use spmd";
  return (await readIceberg<Numbers>(table)).filter((d) => d.key === 34).objects();
}

export async function textIs(table: string) {
  "use spmd";
  return (await readIceberg<Texts>(table)).filter((d) => d.key === "key 34 ü").objects();
}

export async function textIn(table: string) {
  "use spmd";
  return (await readIceberg<Texts>(table)).filter((d) => d.key !== null && ["key 34 ü", "key 5 ü"].includes(d.key)).objects();
}

export async function dayIs(table: string) {
  "use spmd";
  return (await readIceberg<Dates>(table)).filter((d) => d.key !== null && d.key.getTime() === Date.UTC(2017, 11, 20)).objects();
}

export async function timeIs(table: string) {
  "use spmd";
  return (await readIceberg<Dates>(table)).filter((d) => d.key !== null && d.key.getTime() === Date.UTC(2017, 11, 20)).objects();
}

export async function priceIs(table: string) {
  "use spmd";
  return (await readIceberg<Numbers>(table)).filter((d) => d.key === 34.25).objects();
}

export async function without(table: string) {
  "use spmd";
  await deleteIceberg<Numbers>(table, (d) => d.key === 34);
}

export async function inBuckets(into: string) {
  "use spmd";
  await tableOf({ id: [1, 2, 3, 4], key: [34, 5, 34, null] }).writeIceberg(into, { types: { id: "int64", key: "int64" }, partitionBy: ["bucket(8, key)"] });
}

/** Partitions of decimals that are longer than an int64. */
export async function big(into: string) {
  "use spmd";
  await tableOf({ id: [1, 2, 3, 4], key: [2 ** 70, -(2 ** 70), 0.25, null] }).writeIceberg(into, { types: { id: "int64", key: "decimal128(25, 2)" }, partitionBy: ["key", "truncate(1000, key)"] });
}
