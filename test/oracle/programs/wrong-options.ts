/** Options that no build can see: both executions refuse what is not there, before anything is read or written. */
import { readCsv, readParquet } from "@lockstep/runtime";
import { measurements } from "../open.ts";
import type { Tables } from "../data.ts";

const given = (json: string): never => JSON.parse(json) as never;

export async function misspeltForWriter(tables: Tables, out: string) {
  "use spmd";
  const options = given('{ "overwite": true }');
  await (await measurements(tables)).select("id").writeParquet(out, options);
}

export async function misspeltForCsvWriter(tables: Tables, out: string) {
  "use spmd";
  const options = given('{ "delimeter": ";" }');
  await (await measurements(tables)).select("id").writeCsv(out, options);
}

export async function badCompression(tables: Tables, out: string) {
  "use spmd";
  const options = given('{ "compression": "brotli" }');
  await (await measurements(tables)).select("id").writeParquet(out, options);
}

export async function badGroupRows(tables: Tables, out: string) {
  "use spmd";
  const options = given('{ "rowGroupRows": -1 }');
  await (await measurements(tables)).select("id").writeParquet(out, options);
}

export async function badHeader(tables: Tables) {
  "use spmd";
  const options = given('{ "header": 1 }');
  return (await readCsv<{ id: number }>(tables.header, options)).numRows();
}

export async function badType(tables: Tables) {
  "use spmd";
  const options = given('{ "types": { "id": "bigit" } }');
  return (await readParquet<{ id: number }>(tables.header, options)).numRows();
}

export async function badStore(tables: Tables) {
  "use spmd";
  const options = given('{ "store": { "endpoint": 9000 } }');
  return (await readParquet<{ id: number }>(tables.header, options)).numRows();
}

export async function noObject(tables: Tables) {
  "use spmd";
  const options = given('";"');
  return (await readCsv<{ id: number }>(tables.header, options)).numRows();
}

export async function badLimit(tables: Tables) {
  "use spmd";
  const options = given('{ "limit": "3" }');
  return (await measurements(tables)).select("id").objects(options);
}

/** A function that catches the error goes on, on all ranks. */
export async function caught(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).select("id");
  const [wrong, right] = [given('{ "mode": 1 }'), given('{ "mode": "overwrite", "order": "program" }')];
  let code = "";
  try {
    await rows.writeParquet(out, wrong);
  } catch (error) {
    code = (error as { code: string }).code;
  }
  await rows.writeParquet(out, right);
  return [code, rows.numRows()];
}

export async function noNumber(tables: Tables) {
  "use spmd";
  const limit = Number(given('"many"'));
  return (await measurements(tables)).select("id").objects({ limit });
}

/** A type of a column that names folders, and is in no file. */
export async function typedFolder(tables: Tables, out: string) {
  "use spmd";
  await (await measurements(tables)).select("id", "station").writeParquet(out, { partitionBy: ["station"], types: { station: "string" } });
}
