import { readCsv } from "@lockstep/runtime";
import type { Note } from "../rows.ts";
import type { Tables } from "../data.ts";

export async function notes(tables: Tables) {
  "use spmd";
  const rows = await readCsv<Note>(tables.notes);
  return [rows.objects(), rows.filter((d) => d.text !== null && d.text.includes("\n")).numRows(), rows.derive({ length: (d) => d.text?.length ?? -1, year: (d) => d.day?.getUTCFullYear() }).objects()];
}

export async function asText(tables: Tables) {
  "use spmd";
  const rows = await readCsv<{ day: string | null; who: string | null; amount: string | null; flag: string | null; text: string | null }>(tables.notes, { types: { day: "string", amount: "string", flag: "string" } });
  return rows.objects();
}

export async function sums(tables: Tables) {
  "use spmd";
  const rows = await readCsv<Note>(tables.notes);
  const sorted = rows.orderby("amount", "who").select("who", "amount");
  return [sorted.objects(), rows.groupby("who").count().objects(), rows.select("day").orderby("day").objects()];
}
