import { op, readParquet, type Table } from "@lockstep/runtime";

interface Row {
  id: number;
  day: Date;
  code: number;
  name: string | null;
  value: number | null;
}

/** What is left of each filter, in few numbers. */
function seen(rows: Table<Row>) {
  return rows.rollup({ n: op.count(), names: op.valid("name"), ids: op.sum("id"), values: op.valid("value"), last: op.max("day"), code: op.min("code") }).objects();
}

export async function between(path: string) {
  "use spmd";
  return seen((await readParquet<Row>(path)).filter((d) => d.id >= 12_345 && d.id < 12_900));
}

export async function either(path: string) {
  "use spmd";
  return seen((await readParquet<Row>(path)).filter((d) => d.id < 5 || d.id === 33_333 || d.id > 59_990));
}

export async function later(path: string) {
  "use spmd";
  return seen((await readParquet<Row>(path)).filter((d) => d.day >= new Date(58_500) && d.day < new Date(59_500)));
}

/** NaN and null are in no order, and nulls fill pages. */
export async function large(path: string) {
  "use spmd";
  return seen((await readParquet<Row>(path)).filter((d) => d.value !== null && d.value > 14_000));
}

export async function absent(path: string) {
  "use spmd";
  return seen((await readParquet<Row>(path)).filter((d) => d.value === null));
}

export async function coded(path: string) {
  "use spmd";
  return seen((await readParquet<Row>(path)).filter((d) => d.code === 15_838));
}

export async function odd(path: string) {
  "use spmd";
  return seen((await readParquet<Row>(path)).filter((d) => d.code === 15_839));
}

export async function named(path: string) {
  "use spmd";
  return seen((await readParquet<Row>(path)).filter((d) => d.name === "name 15838"));
}

export async function ofMany(path: string) {
  "use spmd";
  return seen((await readParquet<Row>(path)).filter((d) => d.name === "name 15838" || d.name === "name 15839" || d.name === "no name"));
}
