import { op, readSource } from "@lockstep/runtime";
import { broken, nowhere, numbers, type Broken, type Numbers } from "./numbers.ts";

interface Row {
  id: number;
  kind: string | null;
  at: Date;
  value: number | null;
  price: number;
  ok: boolean;
  day: Date;
}

export async function whole(options: Numbers) {
  "use spmd";
  const rows = await readSource<Row>(numbers(options));
  return [rows.numRows(), rows.select("id", "kind", "at", "value", "price", "ok", "day").objects()];
}

/** Used several times, and asked for once. */
export async function several(options: Numbers, out: string) {
  "use spmd";
  const rows = await readSource<Row>(numbers(options));
  const kinds = rows.groupby("kind", "ok").rollup({ n: op.count(), sum: op.sum("price"), last: op.max("at"), low: op.min("day") }).orderby("kind", "ok");
  await rows.filter((d) => d.ok).select("id", "value", "price", "day").orderby("id").writeParquet(out);
  return [
    kinds.objects(),
    rows.filter((d) => d.value !== null && d.value > 10 && d.id % 2 === 0).select("id").slice(3, 40).objects(),
    rows.join(rows.filter((d) => d.kind === "kind 3").select("id", "price"), "id").numRows(),
    rows.slice(-3).select("id").objects(),
  ];
}

/** No column is used. */
export async function counted(options: Numbers) {
  "use spmd";
  return (await readSource<Row>(numbers(options))).numRows();
}

export async function bigints(options: Numbers) {
  "use spmd";
  const rows = await readSource<{ id: bigint }>(numbers(options), { types: { id: "bigint" } });
  return rows.rollup({ sum: op.sum("id"), n: op.count() }).objects();
}

/** An error is caught on all ranks, and the function goes on. */
export async function caught(options: Numbers) {
  "use spmd";
  let said = "";
  try {
    said = String((await readSource<Row>(numbers(options))).numRows());
  } catch (error) {
    said = (error as { code?: string }).code ?? "none";
  }
  const again = await readSource<Row>(numbers({ ...options, wrong: undefined } as never));
  return [said, again.numRows()];
}

export async function another() {
  "use spmd";
  return (await readSource<{ id: string; nam: string }>(numbers({ chunks: 2, rows: 10, form: "arrays" }))).select("id").objects();
}

export async function noType() {
  "use spmd";
  return (await readSource<{ id: number }>(nowhere({}))).numRows();
}

export async function inPlanning(at: Broken) {
  "use spmd";
  return (await readSource<{ id: number }>(broken({ at }))).numRows();
}

export async function noSource() {
  "use spmd";
  return (await readSource<{ id: number }>(numbers as never)).numRows();
}

/** A table that leaves the function keeps its rows. */
export async function handed(options: Numbers) {
  "use spmd";
  return (await readSource<Row>(numbers(options))).filter((d) => d.id % 10 === 1).select("id", "kind");
}
