import { not, op, readParquet } from "@lockstep/runtime";
import type { Tables } from "../data.ts";

/** Interfaces that name the columns in another order, or not all. Where nothing shows it, the answer is plain Node's. */
export async function chosen(tables: Tables) {
  "use spmd";
  const rows = await readParquet<{ level: number; id: number }>(tables.measurements);
  const names = await readParquet<{ name: string; station: string | null }>(tables.stations);
  const byStation = (await readParquet<{ station: string | null; ok: boolean }>(tables.measurements)).groupby("station").rollup({ n: op.count() });
  return [
    rows.select("level", "id").objects({ limit: 9 }),
    rows.filter((d) => d.level > 3).groupby("level").count().objects(),
    rows.derive({ x: (d) => d.id * 2 }).select("x").slice(0, 4).objects(),
    byStation.join(names, "station").select("name", "n").objects(),
    rows.dedupe("level").numRows(),
    rows.select(not("id")).select("level").objects({ limit: 3 }),
    rows.derive({ twice: (d) => d.id * 2 }, { drop: true }).objects({ limit: 3 }),
    rows.join(names.derive({ level: (d) => d.name.length }), "level", ["id", ["name"]]).objects({ limit: 3 }),
  ];
}
