import { deleteIceberg, op, readIceberg, readParquet } from "@lockstep/runtime";
import { large, measurements, stations } from "../open.ts";
import type { Tables } from "../data.ts";
import type { Measurement } from "../rows.ts";

interface Row {
  id: number;
  level: number;
  label: string | null;
  value: number | null;
}

/** Of no file, of whole files and of some rows; what is left is read in the same call. */
export async function deleted(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "level", "label", "value");
  await rows.writeIceberg(`${out}/table`, { partitionBy: ["level"] });
  const counts = [
    await deleteIceberg<Row>(`${out}/table`, (d) => d.level > 1000),
    await deleteIceberg<Row>(`${out}/table`, (d) => d.level === 7),
    await deleteIceberg<Row>(`${out}/table`, (d) => d.level < 3 && d.id % 2 === 0),
    await deleteIceberg<Row>(`${out}/table`, (d) => d.value === null),
    await deleteIceberg<Row>(`${out}/table`, (d) => Number.isNaN(d.value)),
    await deleteIceberg<Row>(`${out}/table`, (d) => /^.*[aeiou]$/.test(d.label ?? "")),
  ];
  const all = await (await readIceberg<Row>(`${out}/table`)).orderby("id").objects();
  await rows.writeIceberg(`${out}/table`);
  counts.push(await deleteIceberg<Row>(`${out}/table`, (d) => !(d.value! > 0.5)));
  return [counts, all];
}

export async function everything(tables: Tables, out: string) {
  "use spmd";
  await (await stations(tables)).writeIceberg(`${out}/table`);
  const first = await deleteIceberg<{ name: string }>(`${out}/table`, () => true);
  await (await stations(tables)).slice(0, 3).writeIceberg(`${out}/table`);
  return [first, await deleteIceberg<{ name: string }>(`${out}/table`, (d) => d.name === "nowhere"), await (await readIceberg<{ name: string }>(`${out}/table`)).numRows()];
}

/** Integers past 2^53 and instants stay what they are. */
export async function exact(tables: Tables, out: string) {
  "use spmd";
  const rows = await measurements(tables);
  await rows.writeIceberg(`${out}/table`, { partitionBy: ["bucket(3, serial)"] });
  const last = (await rows.rollup({ serial: op.max("serial") }).get("serial"))!;
  const gone = await deleteIceberg<Pick<Measurement, "serial" | "level">>(`${out}/table`, (d) => d.serial === last || d.level === 2, { types: { serial: "bigint" } });
  return gone;
}

export async function overwritten(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "level", "label", "value");
  const counts = [await rows.filter((d) => d.level < 5).overwriteIceberg(`${out}/table`, (d) => d.level < 5, { partitionBy: ["level"] })];
  await rows.filter((d) => d.level >= 5).writeIceberg(`${out}/table`);
  const few = rows.filter((d) => d.level === 7 && d.id % 3 === 0).derive({ label: (d) => `${d.label}!` });
  counts.push(await few.overwriteIceberg(`${out}/table`, (d) => d.level === 7));
  counts.push(await few.overwriteIceberg(`${out}/table`, (d) => d.level === 7 && d.id % 3 === 0));
  counts.push(await few.filter((d) => d.id < 0).overwriteIceberg(`${out}/table`, (d) => d.level === 2));
  return [counts, await (await readIceberg<Row>(`${out}/table`)).orderby("id").objects()];
}

export async function outside(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "level");
  await rows.writeIceberg(`${out}/table`);
  await rows.overwriteIceberg(`${out}/table`, (d) => d.level < 5);
}

export async function merged(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "level", "label", "value");
  const counts: unknown[] = [await rows.filter((d) => d.id % 2 === 0).mergeIceberg(`${out}/table`, { on: ["id"] }, { partitionBy: ["level"] })];
  const late = rows.filter((d) => d.id % 3 === 0).derive({ value: (d) => d.level / 2, op: (d) => (d.id % 5 === 0 ? "D" : "U") });
  counts.push(await late.mergeIceberg(`${out}/table`, { on: ["id", "level"], when: { matched: (s, t) => (s.value > (t.value ?? -1) ? "update" : "skip"), notMatched: (s) => (s.level > 3 ? "insert" : "skip"), delete: (s) => s.op === "D" }, drop: ["op"] }));
  const first = await (await readIceberg<Row>(`${out}/table`)).orderby("id").objects();
  counts.push(await late.select("id", "label").mergeIceberg(`${out}/table`, { on: ["id"], when: { notMatched: "skip" } }));
  counts.push(await late.select("level", "id", "label").derive({ label: () => "new" }).mergeIceberg(`${out}/table`, { on: ["id"], when: { matched: (_, t) => (t.label === null ? "delete" : "update") } }));
  counts.push(await rows.filter((d) => d.id < 0).mergeIceberg(`${out}/table`, { on: ["id"] }));
  counts.push(await rows.mergeIceberg(`${out}/table`, { on: ["label", "id"], when: { matched: "delete", notMatched: "skip" } }));
  return [counts, first];
}

/** Functions that V8 runs, and columns that stand in neither order. */
export async function scripts(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "label", "level");
  await rows.select("level", "label", "id").filter((d) => d.id % 2 === 0).writeIceberg(`${out}/table`, { partitionBy: ["truncate(4, id)"] });
  const some = rows.filter((d) => d.id % 3 === 0).derive({ label: (d) => `${d.label}?` });
  const counts = await some.mergeIceberg(`${out}/table`, { on: ["id"], when: { notMatched: (s) => (/[aeiou]/.test(s.label ?? "") ? "insert" : "skip"), delete: (s) => /^S/.test(s.label ?? "") } });
  const replaced = await some.filter((d) => /😀/.test(d.label ?? "")).overwriteIceberg(`${out}/table`, (d) => /😀/.test(d.label ?? ""));
  return [counts, replaced];
}

/** Null and NaN meet nothing; equal numbers of other types do. */
export async function keys(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "level", "value");
  await rows.filter((d) => d.id < 100).writeIceberg(`${out}/table`, { types: { id: "int64", level: "int32" } });
  const some = rows.filter((d) => d.id < 20).derive({ value: (d) => (d.id % 2 === 0 ? null : NaN), id: (d) => d.id + 0 });
  const both = await some.mergeIceberg(`${out}/table`, { on: ["value", "id"] });
  const again = await some.mergeIceberg(`${out}/table`, { on: ["id", "level"], when: { matched: "delete" } });
  return [both, again];
}

/** Integers past 2^53, which nobody looks at. */
export async function large64(tables: Tables, out: string) {
  "use spmd";
  const rows = (await readParquet<{ id: number; serial: number; level: number }>(tables.measurements)).select("id", "serial", "level");
  await rows.writeIceberg(`${out}/table`);
  return rows.filter((d) => d.level < 3).derive({ level: () => 100 }).mergeIceberg(`${out}/table`, { on: ["serial"] });
}

export async function twice(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "level", "value");
  await rows.writeIceberg(`${out}/table`);
  await rows.mergeIceberg(`${out}/table`, { on: ["level"] });
}

export async function unknownAction(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "level", "value");
  await rows.writeIceberg(`${out}/table`);
  await rows.mergeIceberg(`${out}/table`, { on: ["id"], when: { matched: (s) => (s.id > 5 ? "upsert" : "skip") as "update" } });
}

export async function absent(_: Tables, out: string) {
  "use spmd";
  await deleteIceberg<Row>(`${out}/table`, (d) => d.id > 1);
}

/** Many keys: their least and greatest stand for them. */
export async function many(tables: Tables, out: string) {
  "use spmd";
  const rows = (await large(tables)).groupby("key").rollup({ n: op.count(), x: op.max("x") });
  await rows.writeIceberg(`${out}/table`, { partitionBy: ["bucket(4, n)"] });
  return rows.derive({ x: (d) => d.n * 2 }).mergeIceberg(`${out}/table`, { on: ["key"], when: { matched: (s, t) => (t.n % 2 === 0 ? "update" : "skip") } });
}
