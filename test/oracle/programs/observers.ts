import { op } from "@lockstep/runtime";
import { measurements, stations } from "../open.ts";
import type { Tables } from "../data.ts";

export async function gets(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  return [rows.get("id"), rows.get("id", 1500), rows.get("station", 0), rows.get("at", 3), rows.get("serial", 9), rows.get("ok", 4), rows.get("id", 5000), rows.get("id", -1), rows.get("value", 17), rows.orderby("label").get("id", 2)];
}

export async function ranges(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "label");
  return [rows.objects({ limit: 3 }), rows.objects({ offset: 1499, limit: 4 }), rows.objects({ offset: 2000 }), rows.objects({ limit: 0 }), rows.objects({ offset: 9999 })];
}

export async function scalarsIntoRowFunctions(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  const mean = rows.rollup({ mean: op.mean("level") }).get("mean") ?? 0;
  const first = rows.get("station", 1);
  const n = rows.numRows();
  return rows.filter((d) => d.level > mean && d.station === first).derive({ share: (d) => d.level / n }).objects();
}

export async function rowsInLoops(tables: Tables) {
  "use spmd";
  const known = (await stations(tables)).slice(0, 4);
  const rows = await measurements(tables);
  const counts: Record<string, number> = {};
  for (const row of known.objects()) {
    const station: string | null = row.station;
    counts[row.name] = rows.filter((d) => d.station === station).numRows();
  }
  let total = 0;
  for (const row of known.objects()) total += row.height;
  return { counts, total };
}
