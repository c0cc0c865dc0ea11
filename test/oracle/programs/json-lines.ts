import { op, readCsv, readJsonLines } from "@lockstep/runtime";
import { measurements, stations } from "../open.ts";
import type { Event, Note } from "../rows.ts";
import type { Tables } from "../data.ts";

export async function events(tables: Tables) {
  "use spmd";
  const rows = await readJsonLines<Event>(tables.events, { types: { at: "date", ref: "bigint" } });
  const kinds = rows.groupby("kind").rollup({ n: op.count(), last: op.max("at"), refs: op.sum("ref"), ok: op.sum((d) => (d.ok ? 1 : 0)) });
  return [
    rows.select("id", "kind", "at", "ref", "value", "ok").objects(), rows.numRows(), kinds.orderby("kind").objects(),
    rows.filter((d) => d.value !== null && d.value > 1000 && d.at !== null && d.at.getUTCFullYear() > 2000).select("id", "value").objects(),
    rows.select("ref").slice(690, 710).objects(),
  ];
}

/** Whole rows, so that the file has to have these columns in this order. */
export async function wholeRows(tables: Tables) {
  "use spmd";
  const rows = await readJsonLines<Event>(tables.plainEvents, { types: { at: "date", ref: "bigint" } });
  const [some, notes] = [rows.select("kind", "id"), await readCsv<Note>(tables.notes)];
  return [rows.objects(), notes.join_left(some.filter((d) => d.id > 30), [(d) => d.amount ?? 0, (d) => d.id - 31]).objects(), rows.concat(rows).dedupe().numRows()];
}

/** A number that happens to be an integer of a few digits is read as it is where the program says bigint; texts stay texts. */
export async function columns(tables: Tables) {
  "use spmd";
  const rows = await readJsonLines<{ at: string | null; kind: string | null; ref: bigint }>([tables.plainEvents, tables.events], { types: { ref: "bigint" } });
  return [rows.orderby("ref", "kind", "at").select("at", "ref").objects(), rows.dedupe("kind").select("kind").objects()];
}

/** No line has it, so only the option says that it is there. */
export async function absent(tables: Tables) {
  "use spmd";
  const rows = await readJsonLines<{ id: number; tag: string | null; due: Date | null }>(tables.events, { types: { tag: "string", due: "date" } });
  const none = await readJsonLines<{ id: number; tag: string | null }>(`${tables.events}/b.ndjson`, { types: { id: "number", tag: "string" } });
  return [rows.select("due", "tag", "id").slice(0, 5).objects(), rows.filter((d) => d.tag === null).numRows(), none.objects(), none.concat(rows.select("id", "tag")).numRows()];
}

export async function cutLine(tables: Tables) {
  "use spmd";
  return (await readJsonLines<{ id: number }>(tables.cutEvents)).rollup({ sum: op.sum("id") }).objects();
}

export async function lostDigits(tables: Tables) {
  "use spmd";
  return (await readJsonLines<{ id: number; far: number }>(tables.oddEvents)).rollup({ sum: op.sum("far") }).objects();
}

export async function noDate(tables: Tables) {
  "use spmd";
  return (await readJsonLines<{ id: number; day: Date }>(tables.oddEvents, { types: { day: "date" } })).rollup({ last: op.max("day") }).objects();
}

export async function noFile(tables: Tables) {
  "use spmd";
  return (await readJsonLines<{ id: number }>(`${tables.events}/d.jsonl`)).numRows();
}

export async function written(tables: Tables, out: string) {
  "use spmd";
  const rows = await measurements(tables);
  await rows.writeJsonLines(`${out}/program-ordered`, { order: "program" });
  await (await stations(tables)).writeJsonLines(`${out}/stations`);
  await rows.groupby("station").rollup({ n: op.count(), sum: op.sum("level"), high: op.max("value"), last: op.max("at") }).orderby("station").writeJsonLines(`${out}/groups-ordered`);
  await rows.filter((d) => d.level > 1000).writeJsonLines(`${out}/none`);
  await rows.slice(0, 10).writeJsonLines(`${out}/stations`, { mode: "overwrite" });
  const groups = await readJsonLines<{ station: string | null; n: number; sum: number; high: number | null; last: Date }>(`${out}/groups-ordered`, { types: { last: "date" } });
  const all = await readJsonLines<{ id: number; serial: bigint; label: string; at: Date }>(`${out}/program-ordered`, { types: { serial: "bigint", at: "date" } });
  const none = await readJsonLines<{ id: number }>(`${out}/none`, { types: { id: "number" } });
  return [groups.objects(), all.select("id", "serial", "label", "at").objects(), none.numRows()];
}
