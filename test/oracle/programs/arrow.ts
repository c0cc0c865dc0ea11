import { desc, op, readArrow, readParquet } from "@lockstep/runtime";
import { large, measurements, stations } from "../open.ts";
import type { Tables } from "../data.ts";

interface Part {
  level: number | null;
  label: string | null;
  station: string | null;
  day: Date | null;
  ok: boolean;
}

interface Wide { id: number; unsigned: bigint | null; signed: bigint | null; real: number; nano: Date; micro: Date; day: Date }

const dayOf = (at: Date | null): Date | null => (at === null ? null : new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1)));

export async function writtenAndRead(tables: Tables, out: string) {
  "use spmd";
  const rows = await measurements(tables);
  await rows.select("id", "station", "value", "level", "serial", "ok", "at", "label").writeArrow(`${out}/plain`);
  await rows.orderby(desc("level"), "label", "id").select("level", "label", "id").writeArrow(`${out}/zstd-ordered`, { compression: "zstd" });
  await rows.select("station", "level").writeArrow(`${out}/typed`, { compression: "lz4", types: { level: "int8", station: "dictionary<values=string, indices=int32>" } });
  await rows.filter((d) => d.level! > 1000).writeArrow(`${out}/none`);
  const again = await readArrow<{ id: number; station: string | null; value: number | null; level: number | null; serial: bigint; ok: boolean; at: Date | null; label: string | null }>(`${out}/plain`, { types: { serial: "bigint" } });
  const typed = await readArrow<{ station: string | null; level: number }>(`${out}/typed`);
  return [
    again.orderby("id").slice(0, 40).objects(),
    again.groupby("station").rollup({ n: op.count(), sum: op.sum("value"), far: op.max("serial"), last: op.max("at") }).orderby("station").objects(),
    again.filter((d) => d.ok && d.label !== null && d.label.startsWith("S")).numRows(),
    typed.groupby("station").rollup({ n: op.count(), low: op.min("level") }).orderby("station").objects(),
    typed.filter((d) => d.station === "st-03").numRows(),
    (await readArrow<{ level: number | null }>(`${out}/none`)).numRows(),
    (await readArrow<{ level: number; label: string | null; id: number }>(`${out}/zstd-ordered`)).slice(995, 1005).objects(),
  ];
}

export async function inFolders(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).filter((d) => d.level! % 6 === 0).derive({ day: (d) => dayOf(d.at) }).select("level", "label", "station", "day", "ok");
  await rows.writeArrow(`${out}/folders`, { partitionBy: ["ok", "day"], sortBy: ["level desc", "label", "station"] });
  await rows.slice(0, 30).writeArrow(`${out}/folders`, { partitionBy: ["ok", "day"], mode: "append" });
  await rows.slice(0, 0).writeArrow(`${out}/none`, { partitionBy: ["station"] });
  const again = await readArrow<Part>(`${out}/none/**/*.arrow`);
  return [again.numRows()];
}

export async function folders(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).filter((d) => d.level! % 6 === 0).derive({ day: (d) => dayOf(d.at) }).select("level", "label", "station", "day", "ok");
  await rows.writeArrow(out, { partitionBy: ["ok", "day"] });
  const again = await readArrow<Part>(out);
  return [again.groupby("ok", "day").rollup({ n: op.count(), sum: op.sum("level") }).orderby("ok", "day").objects(), again.filter((d) => d.ok && d.day === null).numRows()];
}

export async function oneFileOrdered(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).select("level", "label", "at");
  await rows.writeArrow(`${out}/a/all.arrow`, { single: true });
  await rows.writeArrow(`${out}/b/all.arrow`, { single: true, compression: "lz4", types: { label: "dictionary<values=string, indices=int32>" } });
  await (await stations(tables)).filter((d) => d.name === "nowhere").writeArrow(`${out}/c/all.arrow`, { single: true });
  await rows.orderby("at").writeArrow(`${out}/d`, { fileRows: 100 });
  const [first, second] = [await readArrow<{ level: number | null }>(`${out}/a/all.arrow`), await readArrow<{ label: string | null }>(`${out}/b/all.arrow`)];
  return [first.slice(-3).array("level"), second.slice(-3).array("label"), (await readArrow<{ level: number | null }>(`${out}/d`)).slice(98, 102).array("level")];
}

/** More rows than a record batch has. */
export async function manyBatches(tables: Tables, out: string) {
  "use spmd";
  const rows = await large(tables);
  await rows.writeArrow(out, { compression: "zstd" });
  const again = await readArrow<{ id: number; key: number; name: string; x: number }>(out);
  return [again.numRows(), again.groupby("name").rollup({ n: op.count(), low: op.min("x"), sum: op.sum("key") }).orderby("name").objects(), again.join(again.filter((d) => d.key === 7).select("id", "x"), "id").numRows()];
}

export async function everyBit(tables: Tables, out: string) {
  "use spmd";
  await (await readParquet<Wide>(tables.wide, { types: { unsigned: "bigint", signed: "bigint" } })).writeArrow(out);
  const again = await readArrow<{ id: number; unsigned: bigint | null; signed: bigint | null; nano: Date }>(out, { types: { unsigned: "bigint", signed: "bigint" } });
  return again.orderby("unsigned", "id").select("id", "signed", "nano").objects();
}

const given = (text: string): object => JSON.parse(text) as object;

export async function noSuchCompression(tables: Tables, out: string) {
  "use spmd";
  await (await stations(tables)).writeArrow(out, given('{ "compression": "snappy" }'));
}

export async function noSuchType(tables: Tables, out: string) {
  "use spmd";
  await (await measurements(tables)).select("value").writeArrow(out, { types: { value: "int8" } });
}

export async function notThere(tables: Tables) {
  "use spmd";
  return (await readArrow<{ id: number }>(`${tables.events}/nothing.arrow`)).numRows();
}

export async function another(tables: Tables) {
  "use spmd";
  return (await readArrow<{ id: number }>(tables.single)).numRows();
}
