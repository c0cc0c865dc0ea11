// What the type checker makes of right programs: each line asserts a row type exactly.
import { all, bin, desc, endswith, matches, not, op, readCsv, readParquet, rolling, startswith, table, type Table } from "@lockstep/runtime";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type RowOf<T> = T extends Table<infer Row> ? Row : never;
declare function expectType<Expected>(): <T>(value: T & (Equal<RowOf<T>, Expected> extends true ? unknown : { readonly expected: Expected; readonly found: RowOf<T> })) => void;

interface Trip {
  id: bigint;
  zone: number;
  miles: number;
  tip: number | null;
  flag: string;
  shared: boolean;
  at: Date;
  note?: string | undefined;
}
interface StoredTrip {
  id: bigint;
  zone: number;
  miles: number;
  tip: number | null;
  flag: string;
  shared: boolean;
  at: Date;
  note: string | null;
}
interface Zone {
  zone: number;
  name: string;
  miles: number;
  opened: Date;
}

const rate = 1.2;
const trips = await readParquet<Trip>("trips", { types: { id: "bigint" } });
const zones = await readCsv<Zone>(["a.csv", "b.csv"], { delimiter: ";", nulls: ["NA", ""], types: { name: "string" } });
expectType<StoredTrip>()(trips);
expectType<Zone>()(zones);

expectType<StoredTrip>()(trips.filter((d) => d.miles > 1 && d.tip !== null));
expectType<StoredTrip>()(trips.filter((d) => d.note?.startsWith("x")));
const derived = trips.select("zone", "miles", "at").derive({
  cost: (d) => d.miles * rate,
  hour: ({ at }) => at.getUTCHours(),
  maybe: (d) => (d.miles > 1 ? d.miles : null),
  absent: (d) => (d.miles > 1 ? "x" : undefined),
  zone: (d) => String(d.zone),
});
expectType<{ miles: number; at: Date; cost: number; hour: number; maybe: number | null; absent: "x" | null; zone: string }>()(derived);

expectType<{ zone: number; distance: number }>()(trips.select("zone", { miles: "distance" }));
expectType<{ zone: number; miles: number }>()(trips.select(["zone", "miles"]));
expectType<{ zone: number; distance: number; name: string; opened: Date }>()(zones.rename({ miles: "distance" }));

const small = trips.select("zone", "miles", "flag");
expectType<{ zone: number; miles_1: number; flag: string; name: string; miles_2: number; opened: Date }>()(small.join(zones, "zone"));
expectType<{ zone: number; miles_1: number; flag: string; name: string; miles_2: number; opened: Date }>()(small.join(zones, ["zone"]));
expectType<{ zone: number; miles: number; flag: string; name: string; opened: Date }>()(small.join(zones, [["zone", "miles"], ["zone", "miles"]]));
expectType<{ zone: number; miles_1: number; flag: string; name: string | null; miles_2: number | null; opened: Date | null }>()(small.join_left(zones, "zone"));
expectType<{ miles_1: number | null; flag: string | null; zone: number; name: string; miles_2: number; opened: Date }>()(small.join_right(zones, "zone"));
expectType<{ zone_1: number; miles_1: number; flag: string; zone_2: number | null; name: string | null; miles_2: number | null; opened: Date | null }>()(small.join_left(zones, (a, b) => a.zone < b.zone && a.flag === b.name));
expectType<{ zone: number; miles: number; flag: string; name: string | null; opened: Date | null }>()(small.join_asof(zones, { on: "miles", by: "zone" }));
expectType<{ zone_1: number; miles_1: number; flag: string; tip: number | null; at: Date; zone_2: number | null; name: string | null; miles_2: number | null; opened: Date | null }>()(
  trips.select("zone", "miles", "flag", "tip", "at").join_asof(zones, { on: ["at", "opened"], strategy: "nearest", tolerance: { days: 1 } }),
);
// @ts-expect-error: texts are not near to each other.
small.join_asof(zones, { on: ["flag", "name"] });
// @ts-expect-error: the right table has no such column.
small.semijoin(zones, (a, b) => a.zone < b.flag);
expectType<{ zone: number; miles_1: number | null; flag: string | null; name: string | null; miles_2: number | null; opened: Date | null }>()(small.join_full(zones, "zone"));
expectType<{ zone: number; miles: number; flag: string; name: string | null; opened: Date | null }>()(small.lookup(zones, "zone"));
expectType<{ zone: number; miles: number | null; flag: string; name: string | null }>()(small.lookup(zones, "zone", "name", "miles"));
expectType<{ flag: string; key: string; value: number }>()(small.fold(["zone", "miles"]));
expectType<{ zone: number; miles: number; name: string; text: string }>()(small.fold("flag", { as: ["name", "text"] }));
expectType<{ zone: number; flag: string; key: string; value: number | null }>()(small.fold({ miles: (d) => d.miles * 2, half: (d) => (d.miles > 1 ? d.miles / 2 : null) }));
expectType<{ zone_1: number; miles_1: number; flag: string; zone_2: number; name: string; miles_2: number; opened: Date }>()(small.cross(zones));
expectType<{ zone_1: number; miles_1: number; flag: string; zone_2: number; name: string; miles_2: number; opened: Date }>()(
  small.join(zones, [(d) => d.zone % 7, (d) => d.zone]),
);
expectType<{ zone_1: number; miles_1: number; flag: string; zone_2: number; name: string; miles_2: number; opened: Date }>()(small.join(zones, ["zone", "miles"]));
expectType<{ zone: number; miles: number; flag: string }>()(small.semijoin(zones, "zone").antijoin(zones, [["zone"], ["zone"]]));

const groups = trips.groupby("zone", "shared", { month: (d) => d.at.getUTCMonth() + 1 });
expectType<{
  zone: number;
  shared: boolean;
  month: number;
  n: number;
  total: number;
  ids: bigint;
  mean: number;
  tips: number | null;
  meanTip: number | null;
  spread: number | null;
  first: string;
  latest: Date;
  flags: number;
  cost: number;
}>()(
  groups.rollup({
    n: op.count(),
    total: op.sum("miles"),
    ids: op.sum("id"),
    mean: op.mean("miles"),
    tips: op.sum("tip"),
    meanTip: op.mean((d) => d.tip),
    spread: op.stdev("miles"),
    first: op.any("flag"),
    latest: op.max("at"),
    flags: op.distinct((d) => d.flag.toUpperCase()),
    cost: op.sum((d) => d.miles * rate),
  }),
);
expectType<{ zone: number; flag: string; first: number | null; last: Date; product: number | null; fit: number | null; spread: number | null }>()(
  trips.groupby("zone").rollup({ flag: op.mode("flag"), first: op.first("tip"), last: op.last((d) => d.at), product: op.product("tip"), fit: op.corr("miles", "tip"), spread: op.covariance("miles", (d) => d.tip) }),
);
expectType<{ n: number; total: number | null; latest: Date | null }>()(
  trips.rollup({ n: op.count(), total: op.sum((d) => d.miles), latest: op.max("at") }),
);
expectType<{ flag: string; 1: number | null; 2: number | null }>()(trips.groupby("flag").pivot("zone", "tip", { keys: [1, 2] }));
expectType<{ a: number | null; b: number | null }>()(trips.pivot({ key: (d) => d.flag }, { n: op.sum("miles") }, { keys: ["a", "b"] }));
expectType<{ zone: number; n_a: number | null; n_b: number | null; last_a: Date | null; last_b: Date | null }>()(trips.groupby("zone").pivot("flag", { n: op.count(), last: op.max("at") }, { keys: ["a", "b"] }));
expectType<{ "n/true": number | null; "last/true": Date | null }>()(trips.pivot({ big: (d) => d.miles > 1 }, { n: op.count(), last: op.last("at") }, { keys: [true], valueSeparator: "/" }));
// @ts-expect-error: which columns there are has to be known.
trips.pivot("flag", "miles");
expectType<{ count: number }>()(trips.count());
expectType<{ flag: string; count: number }>()(trips.groupby("flag").count());

expectType<StoredTrip>()(trips.orderby("zone", desc("miles"), (d) => d.flag.length, desc((d) => d.at)).slice(0, -1));
expectType<StoredTrip & { word: string } extends infer T ? { [K in keyof T]: T[K] } : never>()(trips.unroll({ word: (d) => d.flag.split(" ") }));
expectType<{ zone: number; flag: string; at: number }>()(trips.select("zone", "flag", "note").unroll({ flag: (d) => d.flag.split(" ") }, { index: "at", drop: "note" }));
expectType<{ zone: number; part: string; index: number }>()(trips.select("zone", "flag", "note").unroll({ part: (d) => d.flag.split(",") }, { index: true, drop: ["note", "flag"] }));
expectType<{ zone: number; tip: number; note: string; miles: number }>()(trips.select("zone", "tip", "note", "miles").impute({ tip: (d) => d.miles, note: () => "none", miles: op.lag("miles", 1, 0) }));
expectType<{ zone: number; tip: number | null }>()(trips.select("zone", "tip").impute({ tip: op.mean("tip") }));
// @ts-expect-error: a text stands in for no number.
trips.impute({ tip: () => "none" });
expectType<StoredTrip>()(trips.sample(10, { replace: true, seed: 3 }));
expectType<{ zone: number; count: number }>()(trips.groupby("zone").sample(10, { shuffle: false }).count());
expectType<StoredTrip>()(trips.concat(trips, trips).dedupe("zone", { length: (d) => d.flag.length }));

expectType<{ a: number; s: string | null; d: Date }>()(table({ a: [1, 2], s: ["x", null], d: [new Date(), new Date()] }));
const miles: number = trips.get("miles", 3);
const notes: (string | null)[] = trips.array("note");
for (const row of trips) row.at.getTime();
trips.objects({ limit: 3, offset: 1 })[0]?.zone.toFixed(miles + notes.length);
await trips.writeParquet("out", { mode: "overwrite", compression: "zstd", types: { zone: "int32" } });
await trips.writeCsv("out", { delimiter: "\t", header: false });
trips.derive({ up: (d) => op.upper(d.flag), root: (d) => op.sqrt(d.miles) });

export async function helper(t: Table<Zone>): Promise<Table<{ name: string }>> {
  return t.select("name");
}
await helper(zones);

const windows = trips.derive({
  double: (d) => d.miles * 2,
  place: op.row_number(),
  bucket: op.ntile(4),
  before: op.lag("miles"),
  beforeOr: op.lag("tip", 1, 0),
  milesOr: op.lag((d) => d.miles, 2, 0),
  next: op.lead((d) => d.at, 2),
  first: op.first_value("miles"),
  firstTip: op.first_value("tip"),
  second: op.nth_value("flag", 2),
  filled: op.fill_down("tip"),
  filledOr: op.fill_up((d) => d.tip, 0),
  total: op.sum("miles"),
  meanTip: op.mean((d) => d.tip),
  rows: op.count(),
  soFar: rolling(op.sum("id")),
  smooth: rolling(op.mean((d) => d.miles), [-1, 1]),
  third: rolling(op.nth_value((d) => d.flag, 3), [-2, 2], true),
  week: rolling(op.sum((d) => d.miles), { preceding: { days: 7 }, on: "at" }),
  near: rolling(op.max("at"), { on: "miles", preceding: 2, following: 1 }),
});
expectType<
  StoredTrip & {
    double: number; place: number; bucket: number; before: number | null; beforeOr: number | null; milesOr: number; next: Date | null; first: number; firstTip: number | null; second: string | null;
    filled: number | null; filledOr: number; total: number; meanTip: number | null; rows: number; soFar: bigint; smooth: number; third: string | null; week: number; near: Date;
  } extends infer T ? { [K in keyof T]: T[K] } : never
>()(windows);
expectType<{ miles: number; flag: string; count: number }>()(trips.groupby({ miles: bin("miles", { maxbins: 20 }) }, "flag").count());
expectType<{ tip: number | null; bins: number[]; own: number | null }>()(trips.derive({ bins: op.bins("miles", 10), own: bin("tip", { step: 5, offset: 1 }) }).select("tip", "bins", "own"));
expectType<{ tip: number | null; count: number }>()(trips.groupby("zone").groupby({ tip: bin("tip") }).count());

const taxis = trips.groupby("zone").derive({ before: op.lag("at") }).filter((d) => d.before !== null).orderby(desc("at")).slice(0, -1);
expectType<{ zone: number; n: number; last: Date | null }>()(taxis.rollup({ n: op.count(), last: op.max("before") }));
expectType<{ flag: string; count: number }>()(taxis.groupby("flag").count());
taxis.ungroup().get("before")?.getTime();

// Columns chosen by their names.
expectType<{ zone: number; miles: number }>()(zones.select(not("name", ["opened"])));
expectType<{ zone: number }>()(zones.select(startswith("zo")));
expectType<{ zone: number; name: string }>()(zones.select(endswith("e")));
expectType<{ zone: number; opened: Date; name: string }>()(zones.select(not(matches("il"))));
// What a column is called last, it is called.
expectType<Zone>()(zones.select({ zone: "place" }, all()));
expectType<{ place: number; name: string; miles: number; opened: Date }>()(zones.select("zone", all(), { zone: "place" }));
expectType<{ zone: number; far: number }>()(zones.select({ zone: "place", miles: "far" }, ["zone"]));
expectType<{ b: number }>()(zones.select({ zone: "a" }, { zone: "b" }));
expectType<{ zone: number; name: string; n: number }>()(zones.groupby(not("miles", startswith("op"))).rollup({ n: op.count() }));
expectType<{ zone: number; name: string; miles: number; opened: Date }>()(zones.dedupe(not("miles")));
expectType<{ name: string; opened: Date; key: string; value: number }>()(zones.fold(not("name", "opened")));
expectType<{ zone: number; flag: string; miles: number | null; opened: Date | null }>()(trips.select("zone", "flag").lookup(zones, "zone", not("zone", "name")));
expectType<{ zone: number; flag: string; name: string | null; miles: number | null; opened: Date | null }>()(trips.select("zone", "flag").lookup(zones, "zone"));
// Columns of a join.
expectType<{ flag: string; miles: number; opened: Date }>()(trips.join(zones, "zone", ["flag", ["miles", "opened"]]));
expectType<{ zone: number; miles_l: number; miles_r: number | null; opened: Date | null }>()(small.join_left(zones, "zone", [not("flag"), not("zone", "name")], { suffix: ["_l", "_r"] }));
expectType<{ zone: number | null; miles: number }>()(small.join_right(zones, "zone", ["zone", "miles"]));
expectType<{ flag: string | null; name: string | null }>()(small.join_full(zones, null, ["flag", "name"]));
expectType<{ zone: number; miles: number; flag: string; name: string; miles_z: number; opened: Date }>()(small.join(zones, "zone", null, { suffix: ["", "_z"] }));
expectType<{ zone_1: number; zone_2: number }>()(small.join(zones, (a, b) => a.zone < b.zone, ["zone", "zone"]));
expectType<{ flag: string }>()(small.cross(zones, ["flag"]));
// Where columns stand.
expectType<{ zone: number; name: string; miles: number; opened: Date }>()(zones.relocate("opened", { before: "zone" }));
expectType<{ zone: number; title: string; miles: number; opened: Date }>()(zones.relocate([{ name: "title" }, "zone"], { after: all() }));
expectType<Zone>()(zones.relocate([{ name: "title" }, "name"], { after: "opened" }));
expectType<{ place: number; name: string; miles: number; opened: Date }>()(zones.relocate({ zone: "place" }, { after: "name" }));
expectType<{ zone: number; name: string; miles: number; opened: Date; x: number }>()(zones.derive({ x: (d) => d.miles + 1 }, { before: "zone" }));
expectType<{ x: number }>()(zones.derive({ x: (d) => d.miles + 1 }, { drop: true }));
expectType<{ zone: number; n: number }>()(zones.groupby("zone").count({ as: "n" }));
expectType<{ n: number }>()(zones.count({ as: "n" }));
expectType<{ count: number }>()(zones.count());
// Columns of the elements of arrays.
const arrays = table({ id: [1], pair: [[1, 2]], words: [["a"]] });
expectType<{ id: number; words: string[]; low: number | null; high: number | null }>()(arrays.spread("pair", { as: ["low", "high"] }));
expectType<{ id: number; pair: number[]; words: string[]; words_1: string | null; words_2: string | null }>()(arrays.spread("words", { limit: 2, drop: false }));
expectType<{ id: number; pair_1: number | null; words_1: string | null }>()(arrays.spread(["pair", "words"], { limit: 1 }));
expectType<{ id: number; pair: number[]; words: string[]; first: string | null; part_2: string | null }>()(arrays.spread({ part: (d) => d.words.slice(1) }, { as: ["first"], limit: 2 }));
