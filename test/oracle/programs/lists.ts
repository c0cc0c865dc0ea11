import { desc, op, readArrow, readJsonLines, readParquet, rolling, table } from "@lockstep/runtime";
import { large, posts } from "../open.ts";
import type { Tables } from "../data.ts";

export async function observed(tables: Tables) {
  "use spmd";
  const rows = await posts(tables);
  const sorted = rows.orderby(desc("id"));
  return [rows.objects(), sorted.objects({ limit: 20 }), sorted.get("tags", 1), sorted.get("serials", 1), sorted.array("days"), rows.numRows()];
}

/** Integers past 2^53 inside of lists that are looked at as numbers. */
export async function tooLarge(tables: Tables) {
  "use spmd";
  const rows = (await readParquet<{ id: number; serials: number[] }>(tables.posts)).select("id", "serials");
  return rows.filter((d) => d.serials.length > 1).objects();
}

export async function looked(tables: Tables) {
  "use spmd";
  const rows = await posts(tables);
  return rows.derive({
    count: (d) => d.tags?.length ?? -1,
    first: (d) => d.tags?.[0] ?? "none",
    last: (d) => d.tags?.at(-1),
    third: (d) => d.scores?.[2],
    odd: (d) => d.levels[0.5],
    beyond: (d) => d.levels[d.id],
    joined: (d) => d.tags?.join("|"),
    numbers: (d) => d.scores?.join(),
    bigints: (d) => d.serials.join(" "),
    booleans: (d) => d.flags.join("-"),
    has: (d) => d.tags?.includes("a") ?? false,
    hasNull: (d) => d.tags !== null && d.tags.includes(null),
    hasNaN: (d) => d.scores?.includes(NaN),
    hasOwn: (d) => d.levels.includes(d.id),
    place: (d) => d.levels.indexOf(d.id - 1),
    nanAt: (d) => d.scores?.indexOf(NaN),
    big: (d) => d.serials.includes(9007199254740994n + BigInt(d.id)),
    flagged: (d) => d.flags.includes(true),
    tail: (d) => d.levels.slice(1),
    end: (d) => d.tags?.slice(-2, -1),
    inner: (d) => d.times.slice(0, d.id),
    firstDay: (d) => d.days[0],
    month: (d) => d.days.at(0)?.getUTCMonth(),
    price: (d) => d.prices[0],
    same: (d) => d.tags,
    either: (d) => d.tags ?? [],
    chosen: (d) => (d.id % 2 ? d.levels : []),
    none: (d) => !d.tags,
    some: (d) => (d.tags && d.kind ? "both" : "not both"),
  }).objects();
}

export async function filtered(tables: Tables) {
  "use spmd";
  const rows = await posts(tables);
  return rows.filter((d) => d.tags !== null && d.tags.length > 1 && !d.tags.includes("x")).filter((d) => d.levels.length === 2).objects();
}

export async function nullReceiver(tables: Tables) {
  "use spmd";
  return (await posts(tables)).filter((d) => d.id > 6).derive({ n: (d) => d.tags!.length }).objects();
}

export async function moved(tables: Tables, out: string) {
  "use spmd";
  const rows = await posts(tables);
  const kinds = table({ kind: ["x", "y"], name: ["the x", "the y"] });
  const joined = rows.join(kinds, "kind");
  await joined.writeParquet(`${out}/joined`);
  await rows.join_left(kinds, "kind").writeParquet(`${out}/left`);
  await kinds.join_right(rows, "kind").writeParquet(`${out}/right`);
  await rows.orderby("kind", desc("id")).writeParquet(`${out}/ordered`);
  await rows.concat(rows.slice(3, 9)).writeParquet(`${out}/concat`);
  await rows.dedupe("kind").writeParquet(`${out}/deduped`);
  await rows.semijoin(kinds, "kind").slice(2, 40).writeParquet(`${out}/sliced`);
  await rows.lookup(rows.select("id", { tags: "others" }), "id").writeParquet(`${out}/looked`);
  return [joined.objects(), rows.groupby("kind").slice(0, 2).ungroup().objects(), rows.join_asof(rows.select("id", { days: "before" }), { on: "id" }).objects()];
}

export async function written(tables: Tables, out: string) {
  "use spmd";
  const rows = await posts(tables);
  await rows.writeParquet(`${out}/all`, { rowGroupRows: 50 });
  await rows.select("id", "tags", "levels").writeParquet(`${out}/typed`, { types: { levels: "list<int64>" }, compression: "zstd" });
  await rows.derive({ parts: (d) => d.text.split(","), pair: (d) => [d.kind, d.text], ends: (d) => [d.id, null, -0] }).writeParquet(`${out}/made`);
  await rows.writeJsonLines(`${out}/lines`);
  await rows.filter((d) => d.id < 0).writeParquet(`${out}/empty`);
  const again = await readParquet<{ id: number; tags: (string | null)[] | null; levels: number[]; days: Date[] }>(`${out}/all`);
  return again.select("id", "tags", "levels", "days").orderby("id").objects();
}

/** Columns that the interface leaves out, lists of lists and structs of lists, are there for no reader. */
export async function unread(tables: Tables, out: string) {
  "use spmd";
  const rows = (await readParquet<{ id: number; kind: string | null }>(tables.posts)).select("id", "kind");
  await rows.groupby("kind").rollup({ ids: op.sum("id") }).writeParquet(out);
}

export async function refusedCsv(tables: Tables, out: string) {
  "use spmd";
  await (await posts(tables)).select("id", "tags").writeCsv(out);
}

export async function made(tables: Tables) {
  "use spmd";
  const rows = await posts(tables);
  return rows.derive({
    parts: (d) => d.text.split(","),
    two: (d) => d.text.split(",", 2),
    second: (d) => d.text.split(",").at(1),
    hasWord: (d) => d.text.split(",").includes("word"),
    rejoined: (d) => d.text.split(",").join(";"),
    behind: (d) => d.text.split(",").slice(1),
    characters: (d) => d.text.split(""),
    pair: (d) => [d.kind, d.text],
    numbers: (d) => [d.id, d.id / 2, NaN],
    days: (d) => [d.days[0] ?? null, new Date(NaN), new Date(d.id)],
    bigs: (d) => [BigInt(d.id)],
    flags: (d) => [d.id > 3, d.kind === null],
    none: (): string[] => [],
    maybe: (d) => (d.id % 3 === 0 ? null : d.id % 3 === 1 ? [] : ["a", d.kind]),
  }).objects();
}

export async function inV8(tables: Tables) {
  "use spmd";
  const rows = await posts(tables);
  return rows.derive({
    upper: (d) => d.tags?.map((tag) => tag?.toUpperCase() ?? "?"),
    kept: (d) => d.levels.filter((level) => level % 2 === 0),
    total: (d) => d.levels.reduce((sum, level) => sum + level, 0),
    sorted: (d) => d.tags?.toSorted(),
    own: (d) => {
      const all = [...d.levels, d.id];
      all.sort((a, b) => a - b);
      return all.length;
    },
    any: (d) => d.serials.some((serial) => serial % 2n === 0n),
    years: (d) => d.days.map((day) => day.getUTCFullYear()),
    later: (d): Date[] => d.days.map((day) => new Date(day.getTime() + 1)),
    text: (d) => `${d.levels}`,
    copied: (d): (string | null)[] => JSON.parse(JSON.stringify(d.tags ?? [])) as string[],
  }).objects();
}

export async function ofNothing(tables: Tables, out: string) {
  "use spmd";
  const none = (await posts(tables)).filter((d) => d.levels.length > 1000);
  await none.writeParquet(out);
  return none.derive({ n: (d) => d.tags?.length, parts: (d) => d.text.split(",") }).objects();
}

export async function aggregated(tables: Tables) {
  "use spmd";
  const rows = await posts(tables);
  const sorted = rows.orderby(desc("id"));
  const none = rows.filter((d) => d.id < 0);
  return [
    rows.groupby("kind").rollup({
      ids: op.array_agg("id"), texts: op.array_agg("text"), kinds: op.array_agg_distinct("text"), halves: op.array_agg((d) => d.id / 2), flags: op.array_agg_distinct((d) => d.id % 7 > 3),
      nulls: op.array_agg((d) => (d.id % 3 ? null : d.id % 2 ? NaN : d.id)), first: op.first("tags"), last: op.last("days"), any: op.any("tags"), valid: op.valid("tags"), invalid: op.invalid("scores"), n: op.count(),
    }).objects(),
    sorted.groupby({ part: (d) => d.id % 40 }).rollup({ ids: op.array_agg("id"), kinds: op.array_agg_distinct("kind"), tags: op.first("tags") }).objects(),
    rows.rollup({ ids: op.array_agg("id"), kinds: op.array_agg_distinct("kind"), days: op.array_agg((d) => d.days[0]), bigs: op.array_agg_distinct((d) => BigInt(d.id % 5)) }).objects(),
    none.rollup({ ids: op.array_agg("id"), kinds: op.array_agg_distinct("kind"), first: op.first("tags") }).objects(),
    none.groupby("kind").rollup({ ids: op.array_agg("id") }).objects(),
    rows.groupby("kind").rollup({ ids: op.array_agg("id") }).derive({ n: (d) => d.ids.length, last: (d) => d.ids.at(-1), odd: (d) => d.ids.filter((id) => id % 2 === 1).length }).objects(),
  ];
}

/** With the bits of the columns that they are of. */
export async function aggregatesWritten(tables: Tables, out: string) {
  "use spmd";
  const measured = await readParquet<{ id: number; station: string | null; level: number; serial: bigint; at: Date; label: string }>(tables.measurements, { types: { serial: "bigint" } });
  const groups = measured.groupby("station").rollup({ levels: op.array_agg("level"), serials: op.array_agg("serial"), times: op.array_agg_distinct("at"), labels: op.array_agg_distinct("label") });
  await groups.writeParquet(`${out}/groups`);
  await groups.writeJsonLines(`${out}/lines`);
  return groups.orderby("station").get("serials");
}

export async function windowed(tables: Tables) {
  "use spmd";
  const rows = (await posts(tables)).select("id", "kind", "tags");
  return [
    rows.groupby("kind").derive({ ids: op.array_agg("id"), before: op.lag("tags"), after: op.lead("tags", 2), first: op.first_value("tags") }).ungroup().objects(),
    rows.derive({ near: rolling(op.array_agg("id"), [-2, 1]), kinds: rolling(op.array_agg_distinct("kind"), [-4, 0]), soFar: rolling(op.array_agg("id")), filled: op.fill_down("tags") }).slice(0, 30).objects(),
  ];
}

export async function unrolled(tables: Tables) {
  "use spmd";
  const rows = await posts(tables);
  return [
    rows.unroll("tags").objects(),
    rows.select("id", "tags", "scores", "serials").unroll(["tags", "scores", "serials"], { index: true }).objects(),
    rows.select("id", "levels", "kind").unroll("levels", { limit: 1, index: "place", drop: "kind" }).objects(),
    rows.select("id", "days", "text").unroll({ word: (d) => d.text.split(","), day: (d) => d.days }, { limit: 2 }).objects(),
    rows.select("id", "tags").unroll({ tag: (d) => d.tags?.filter((tag) => tag !== null) ?? [] }).objects(),
    rows.select("id").unroll({ n: (d) => [d.id, d.id * 2, null] }).filter((d) => d.n !== null).objects(),
    rows.unroll("serials").select("id", "serials").orderby(desc("id"), "serials").slice(0, 7).objects(),
    rows.unroll("tags").numRows(),
    rows.orderby(desc("id")).unroll("tags").select("id", "tags").slice(3, 20).objects(),
    rows.unroll("tags").groupby("tags").rollup({ n: op.count(), ids: op.array_agg("id") }).orderby("tags").objects(),
  ];
}

export async function unrolledWritten(tables: Tables, out: string) {
  "use spmd";
  const rows = await posts(tables);
  await rows.unroll("levels").writeParquet(`${out}/levels`);
  await rows.unroll(["serials", "times"]).select("id", "serials", "times").writeParquet(`${out}/two`);
}

export async function jsonLines(tables: Tables, out: string) {
  "use spmd";
  const rows = await posts(tables);
  await rows.writeJsonLines(`${out}/lines`);
  const again = await readJsonLines<{ id: number; tags: (string | null)[] | null; levels: number[]; serials: bigint[]; days: Date[]; flags: (boolean | null)[] }>(`${out}/lines`, { types: { serials: "bigint[]", days: "date[]" } });
  const sorted = again.select("id", "tags", "levels", "serials", "days", "flags").orderby("id");
  await sorted.writeParquet(`${out}/again-ordered`);
  return [sorted.objects(), again.unroll("tags").groupby("tags").count().orderby("tags").objects()];
}

export async function arrow(tables: Tables, out: string) {
  "use spmd";
  const rows = await posts(tables);
  await rows.writeArrow(`${out}/lines`, { compression: "lz4", types: { levels: "list<int64>" } });
  const again = await readArrow<{ id: number; tags: (string | null)[] | null; levels: number[]; serials: bigint[]; days: Date[]; flags: (boolean | null)[] }>(`${out}/lines`, { types: { serials: "bigint[]" } });
  const sorted = again.select("id", "tags", "levels", "serials", "days", "flags").orderby("id");
  await sorted.writeArrow(`${out}/again-ordered`, { compression: "zstd" });
  await rows.filter((d) => d.id < 0).writeArrow(`${out}/empty`);
  return [sorted.objects(), again.unroll("tags").groupby("tags").count().orderby("tags").objects()];
}

/** Lists of two types, and integers that a number does not hold. */
export async function oddLines(tables: Tables) {
  "use spmd";
  return (await readJsonLines<{ id: number; ids: number[] }>(tables.lists)).select("id", "ids").derive({ n: (d) => d.ids.length }).objects();
}

export async function emptyLists(tables: Tables) {
  "use spmd";
  return (await readJsonLines<{ id: number; none: string[] | null }>(tables.lists)).select("id", "none").objects();
}

/** Rows whose lists are long: a million elements in one. */
export async function long(tables: Tables) {
  "use spmd";
  const rows = (await posts(tables)).filter((d) => d.id < 3).derive({ all: (d): number[] => Array.from({ length: d.id === 1 ? 1_000_000 : d.id }, (_, i) => i) });
  return [rows.derive({ n: (d) => d.all.length, last: (d) => d.all.at(-1), has: (d) => d.all.includes(999_999) }).select("id", "n", "last", "has").objects(), rows.unroll("all").rollup({ n: op.count(), sum: op.sum("all") }).objects()];
}

export async function otherVerbs(tables: Tables) {
  "use spmd";
  const rows = (await posts(tables)).select("id", "kind", "tags", "levels", "days");
  return [
    rows.pivot("kind", { ids: op.array_agg("id"), tags: op.first("tags") }, { keys: ["x", "none"] }).objects(),
    rows.groupby({ part: (d) => d.id % 50 }).pivot("kind", { kinds: op.array_agg_distinct("kind") }, { keys: ["x", "y"] }).objects(),
    rows.filter((d) => d.id < 9).fold(["levels"]).objects(),
    rows.sample(20, { seed: 3 }).objects(),
    rows.filter((d) => d.id < 3).cross(rows.filter((d) => d.id < 2).select({ tags: "others" })).objects(),
    rows.impute({ tags: () => ["none"] }).slice(0, 9).objects(),
    rows.rename({ tags: "labels" }).select("labels", "days").slice(-5).objects(),
    rows.antijoin(rows.filter((d) => d.tags === null), "id").numRows(),
  ];
}

/** More than a batch holds: sorted, joined, grouped. */
export async function many(tables: Tables, out: string) {
  "use spmd";
  const rows = (await large(tables)).derive({ pair: (d) => [d.x, d.key, null], words: (d) => d.name.split("9") });
  const sorted = rows.orderby("key", desc("id"));
  await sorted.filter((d) => d.id % 3 === 0).writeParquet(`${out}/sorted-ordered`);
  const some = rows.filter((d) => d.id % 500 === 0).select("id", { words: "others" });
  return [
    sorted.slice(1000, 1050).objects(),
    rows.groupby("key").rollup({ ids: op.array_agg("id"), names: op.array_agg_distinct("name"), last: op.last("words") }).orderby("key").slice(0, 50).objects(),
    rows.join(some, "id").orderby("id").objects(),
    sorted.unroll("words").groupby("words").count().orderby("words").objects(),
  ];
}

export async function literals() {
  "use spmd";
  const rows = table({ id: [1, 2, 3, 4], tags: [["a", null], [], null, ["b"]], at: [[new Date(0)], [], [], [null]], big: [[9007199254740993n], [], [1n, 2n], []] });
  return [rows.objects(), rows.unroll("tags").objects(), rows.concat(rows.filter((d) => d.id > 2)).derive({ n: (d) => d.big.length }).objects()];
}

/** Of every type of element, and of arrays that are null or short; at(0) is what a program would write instead. */
export async function spreads(tables: Tables, out: string) {
  "use spmd";
  const rows = await posts(tables);
  await rows.spread(["tags", "serials", "days"], { limit: 2 }).select("id", "tags_2", "serials_1", "days_1", "days_2").writeParquet(`${out}/spread-ordered`, { order: "program" });
  return [
    rows.select("id", "tags", "scores", "levels", "flags", "prices", "times").spread(["tags", "scores", "levels", "flags", "prices", "times"], { limit: 2 }).objects(),
    rows.spread({ part: (d) => d.text.split("e") }, { as: ["a", "b"] }).groupby("a").rollup({ n: op.count(), b: op.max("b") }).orderby("a").objects(),
    rows.spread("levels", { as: ["level"], drop: false }).filter((d) => d.level !== (d.levels.at(0) ?? null)).numRows(),
    rows.groupby("kind").rollup({ all: op.array_agg("id") }).spread("all", { as: ["first", "second", "third"] }).objects(),
    rows.filter((d) => d.id < 0).spread("tags", { limit: 1 }).objects(),
  ];
}
