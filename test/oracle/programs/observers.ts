import { op } from "@lockstep/runtime";
import { large, measurements, stations } from "../open.ts";
import type { Tables } from "../data.ts";

export async function gets(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  return [rows.get("id"), rows.get("id", 1500), rows.get("station", 0), rows.get("at", 3), rows.get("serial", 9), rows.get("ok", 4), rows.get("id", 5000), rows.get("id", -1), rows.get("id", 1.5), rows.get("id", NaN), rows.get("id", 2 ** 60), rows.get("value", 17), rows.orderby("label").get("id", 2)];
}

export async function ranges(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "label");
  return [rows.objects({ limit: 3 }), rows.objects({ offset: 1499, limit: 4 }), rows.objects({ offset: 2000 }), rows.objects({ limit: 0 }), rows.objects({ offset: 9999 }), rows.objects({ limit: -1 }), rows.objects({ offset: -3, limit: 2 }), rows.objects({ offset: 1.7, limit: 1.2 }), rows.objects({ offset: 2001, limit: Infinity })];
}

/** More rows than a call takes arguments. */
export async function manyRowsReturned(tables: Tables) {
  "use spmd";
  return (await large(tables)).select("id", "key").objects();
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

/** Rows of a small table steer what is asked of a large one, in all the forms in which rows are taken apart. */
export async function rowsTakenApart(tables: Tables) {
  "use spmd";
  const known = (await stations(tables)).slice(0, 4);
  const rows = await measurements(tables);
  const list = known.objects();
  const counts: Record<string, number> = {};
  for (const row of list) counts[`row ${row.name}`] = rows.filter((d) => d.station === row.station).numRows();
  for (const { name, station: code = "none" } of known.objects()) counts[`parts ${name}`] = rows.filter((d) => d.station === code).numRows();
  for (const { name, station } of known) counts[`table ${name}`] = rows.filter((d) => d.station === station).numRows();
  const second = list[1]!.station;
  const third = list.at(2)?.station ?? "none";
  const [{ station: first }, last] = known.objects({ limit: 2 }) as [{ station: string | null }, { station: string | null }];
  const { lo } = rows.rollup({ lo: op.min("level") }).objects()[0]!;
  const [lowest] = rows.orderby("level").array("level");
  const names = list.filter((row) => row.height > 0).map((row) => row.station);
  const some = [...names];
  return [
    counts,
    rows.filter((d) => d.station === second || d.station === third).numRows(),
    rows.filter((d) => d.station === first).numRows(),
    rows.filter((d) => d.level > (lo ?? 0)).numRows(),
    rows.filter((d) => d.level === lowest).numRows(),
    rows.filter((d) => d.station !== null && names.includes(d.station)).numRows(),
    rows.filter((d) => !some.includes(d.station)).numRows(),
    last.station,
  ];
}
