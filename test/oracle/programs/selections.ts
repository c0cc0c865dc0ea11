import { all, desc, endswith, matches, not, op, rolling, startswith } from "@lockstep/runtime";
import { measurements, stations } from "../open.ts";
import type { Tables } from "../data.ts";

const INNER = matches("e");

export async function chosenColumns(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).filter((d) => d.id % 3 === 0);
  return [
    rows.select(not("serial", "at", startswith("la"))).slice(0, 40).objects(),
    rows.select(endswith("l"), { id: "key" }, all()).slice(-30).objects(),
    rows.groupby(startswith("st"), "ok").rollup({ n: op.count(), top: op.max("level") }).objects(),
    rows.dedupe(INNER, "ok").select("id", "ok").objects(),
    rows.select("id", "level", "value").fold(not("id"), { as: ["what", "x"] }).objects(),
    rows.orderby(desc("level"), "id").select(all(), { level: "height" }).objects({ limit: 20 }),
    rows.filter((d) => d.id < 0).groupby(not("id", "serial", "at", "label")).count({ as: "rows" }).objects(),
  ];
}

const NO_NAMES = [] as const;

/** What is selected may be nothing, or what is named as well. */
export async function nothingChosen(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).filter((d) => d.id % 9 === 0).select("id", "station", "level");
  const named = await stations(tables);
  return [
    rows.dedupe(startswith("zz")).objects(),
    rows.groupby(startswith("zz")).rollup({ n: op.count(), last: op.max("id") }).objects(),
    rows.lookup(named, "station", startswith("zz")).objects({ limit: 9 }),
    rows.lookup(named, "station", ...NO_NAMES).objects({ limit: 9 }),
    rows.join(named, "station", [["id"], startswith("zz")]).objects({ limit: 9 }),
    rows.fold(startswith("zz")).objects(),
    rows.fold(startswith("zz")).count().objects(),
    rows.fold(["level", startswith("le"), endswith("l")]).slice(-9).objects(),
    rows.groupby("level", startswith("le")).count().objects(),
  ];
}

export async function joinedColumns(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "station", "level");
  const named = (await stations(tables)).derive({ id: (d) => d.height, level: (d) => d.name.length });
  const suffix = ["", "_at"] as const;
  await rows.join_left(named, "station", null, { suffix }).writeParquet(out);
  return [
    rows.join(named, "station", [["level", "id"], not("station", "opened")], { suffix }).objects(),
    rows.join_left(named, "station", [["id"], ["station", "name"]]).objects(),
    rows.join_right(named, "station", ["id", all()], { suffix: ["_m", ""] }).objects(),
    rows.join_full(named, "station", ["station", ["station", "name"]]).objects(),
    rows.join_full(named, "station", null, { suffix }).filter((d) => d.id_at !== null && d.id !== null && d.id_at > d.id).objects(),
    rows.join(named, "station", [["id"], ["level"]]).groupby("level").rollup({ n: op.count(), ids: op.sum("id") }).objects(),
    rows.filter((d) => d.id < 9).cross(named, [["id", "level"], "level"], { suffix }).numRows(),
    rows.join(named, (a, b) => a.station === b.station && a.level > b.level, ["level", "level"]).objects(),
  ];
}

export async function placedColumns(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "station", "level", "value");
  const placed = rows.derive({ half: (d) => d.level / 2, level: (d) => d.level * 10, more: (d) => d.id + 1 }, { before: "station" });
  await placed.writeParquet(out);
  return placed.objects({ limit: 5 });
}

export async function windowsInPlace(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "station", "level", "value");
  return [
    rows.orderby("level", "id").derive({ before: op.lag("id"), mean: rolling(op.sum("level"), [-3, 0]) }, { after: "id" }).slice(20, 60).objects(),
    rows.derive({ n: op.row_number(), top: op.max("level") }, { drop: true }).filter((d) => d.n % 10 === 0).objects(),
    rows.relocate(["value", { station: "place" }], { before: all() }).groupby("place").count({ as: "rows" }).objects(),
    rows.relocate(not("level"), { after: "level" }).slice(3, 9).objects(),
    rows.count({ as: "n" }).objects(),
    rows.orderby("level").derive({ level: (d) => d.level * 2, id: (d) => d.id }, { drop: true }).relocate("id", { before: "level" }).derive({ rank: op.rank() }).slice(0, 50).objects(),
    rows.orderby("level").spread({ of: (d) => [d.id, d.level] }, { limit: 2 }).derive({ rank: op.rank(), last: rolling(op.last("id"), [0, 0], true) }).slice(-50).objects(),
  ];
}

/** A row of each combination, as Arquero's impute makes them by `expand`. */
export async function combinations(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).filter((d) => d.id % 40 < 3 && d.station !== null).select("station", "level", "value");
  return rows.select("station").dedupe().cross(rows.select("level").dedupe()).join_left(rows, [["station", "level"], ["station", "level"]]).impute({ value: () => -1 }).objects();
}
