import { desc, op, readArrow, readJsonLines, readParquet, type Table } from "@lockstep/runtime";

interface Point {
  x: number;
  y: number | null;
}

interface Foreign {
  id: number;
  at: Point | null;
  who: { name: string | null; kind: string | null; born: Date | null; seen: Date } | null;
  deep: { inner: { at: Point | null; price: number } | null; tags: (string | null)[] | null; ok: boolean | null } | null;
  stops: ({ place: string | null; at: Point | null } | null)[] | null;
  grid: ((number | null)[] | null)[] | null;
  cells: ({ n: number } | null)[][];
}

async function looked(rows: Table<Foreign>): Promise<unknown> {
  return [
    rows.objects(),
    rows.derive({
      x: (d) => d.at?.x,
      y: (d) => d.at?.y ?? -1,
      name: (d) => d.who?.name?.toUpperCase(),
      kind: (d) => (d.who === null ? "nobody" : d.who.kind),
      day: (d) => d.who?.seen.getUTCDate(),
      inner: (d) => d.deep?.inner?.at,
      price: (d) => d.deep?.inner?.price,
      tags: (d) => d.deep?.tags?.length,
      tag: (d) => d.deep?.tags?.[0],
      ok: (d) => (d.deep?.ok ? 1 : 0),
      stops: (d) => d.stops?.length,
      places: (d) => d.stops?.map((stop) => stop?.place ?? "?"),
      first: (d) => d.stops?.[0],
      rows: (d) => d.grid?.length,
      sum: (d): number | undefined => d.grid?.flatMap((row) => row ?? []).reduce((sum: number, x) => sum + (x ?? 0), 0),
      cells: (d) => d.cells.length,
    }).select("id", "x", "y", "name", "kind", "day", "inner", "price", "tags", "tag", "ok", "stops", "places", "first", "rows", "sum", "cells").objects(),
    rows.filter((d) => d.at !== null && d.at.x > 4 && d.who?.kind === "k1").select("id", "at", "who").objects(),
    rows.unroll("stops").derive({ place: (d) => d.stops?.place, x: (d) => d.stops?.at?.x }).select("id", "stops", "place", "x").objects(),
    rows.unroll(["grid", "cells"], { index: "n" }).select("id", "grid", "cells", "n").objects(),
  ];
}

export async function observed(path: string): Promise<unknown> {
  "use spmd";
  return looked(await readParquet<Foreign>(path));
}

export async function arrow(path: string): Promise<unknown> {
  "use spmd";
  return looked(await readArrow<Foreign>(path));
}

/** Untouched, through all that carries rows. */
export async function copied(path: string, out: string): Promise<void> {
  "use spmd";
  const rows = await readParquet<Foreign>(path);
  await rows.writeParquet(`${out}/all`);
  await rows.writeArrow(`${out}/arrow`);
  await rows.writeJsonLines(`${out}/lines`);
  await rows.writeIceberg(`${out}/iceberg`, { types: { who: "struct<name: string, kind: string, born: date32, seen: timestamp[us, tz=UTC]>" } });
  await rows.orderby(desc("id")).writeParquet(`${out}/sorted-ordered`);
  await rows.select("id", "at", "stops").join(rows.select("id", "who", "deep", "grid", "cells"), "id").select("id", "at", "who", "deep", "stops", "grid", "cells").writeParquet(`${out}/joined`);
  await rows.join_left(rows.filter((d) => d.id % 3 === 0).select("id", { at: "other" }), "id").writeParquet(`${out}/left`);
  await rows.filter((d) => d.id % 2 === 0).concat(rows.filter((d) => d.id % 2 === 1)).writeParquet(`${out}/parts`);
  await rows.groupby({ rest: (d) => d.id % 5 }).rollup({ any: op.any("at"), first: op.first("deep"), last: op.last("stops"), there: op.valid("who"), all: op.array_agg("at"), grids: op.array_agg("grid") }).writeParquet(`${out}/groups`);
  await rows.unroll("stops").select("id", "stops").writeParquet(`${out}/unrolled`);
  await rows.dedupe({ rest: (d) => d.id % 7 }).slice(1, 6).writeParquet(`${out}/firsts`);
  await rows.select("id", "at", "deep").derive({ b: (d) => d.deep?.inner?.at }).fold(["at", "b"]).writeParquet(`${out}/folded`);
  await rows.select("id", "at", "stops", "grid").derive({ before: op.lag("at"), after: op.lead("stops", 2), filled: op.fill_down("at"), first: op.first_value("grid"), any: op.any("at") }).writeParquet(`${out}/windows`);
  await rows.select("id", "at").impute({ at: () => ({ x: -1, y: null }) }).writeParquet(`${out}/imputed`);
  await rows.select("id", "at").join_asof(rows.select("id", { at: "near" }).filter((d) => d.id % 10 === 0), { on: "id" }).writeParquet(`${out}/near`);
  await rows.select("id", "at", "cells").sample(10, { seed: 3 }).writeParquet(`${out}/some`);
}

/** What has no objects. */
export async function refused(path: string, out: string): Promise<void> {
  "use spmd";
  await (await readParquet<Foreign>(path)).select("id", "at").writeCsv(`${out}/csv`);
}

interface Line {
  id: number;
  at: { x: number | null; name: string | null; deep: { ok: boolean | null; tags: (string | null)[] | null } | null } | null;
  stops: ({ place: string | null; n: number | null } | null)[] | null;
  grid: ((number | null)[] | null)[] | null;
  empty: { never: string | null; some: number } | null;
}

/** Of JSON Lines, members in any order and some of them absent. */
export async function lines(path: string, out: string): Promise<unknown> {
  "use spmd";
  const rows = await readJsonLines<Line>(path);
  await rows.writeJsonLines(`${out}/lines`);
  await rows.select("id", "at", "stops", "grid").writeParquet(`${out}/all`);
  const some = rows.derive({ x: (d) => d.at?.x, tag: (d) => d.at?.deep?.tags?.[0], stops: (d) => d.stops?.length, first: (d) => d.stops?.[0]?.place, sum: (d): number => (d.grid ?? []).flat().reduce((sum: number, x) => sum + (x ?? 0), 0) });
  return [rows.objects(), some.select("id", "x", "tag", "stops", "first", "sum").objects(), rows.unroll("stops").select("id", "stops").objects()];
}

/** Of several types in some line. */
export async function mixed(path: string): Promise<unknown> {
  "use spmd";
  const rows = await readJsonLines<{ id: number; mixed: { a: number } }>(path);
  return rows.derive({ a: (d) => d.mixed.a }).select("id", "a").objects();
}

/** An integer past 2^53 in an object. */
export async function far(path: string): Promise<unknown> {
  "use spmd";
  const rows = await readJsonLines<{ id: number; far: { serial: number } }>(path);
  return rows.derive({ serial: (d) => d.far.serial }).select("id", "serial").objects();
}

/** A member that the interface leaves out. */
export async function unnamed(path: string): Promise<unknown> {
  "use spmd";
  const rows = await readJsonLines<{ id: number; at: { x: number | null; name: string | null } | null }>(path);
  return rows.derive({ x: (d) => d.at?.x }).select("id", "x").objects();
}

/** Objects that the program makes, in row functions and in V8. */
export async function made(path: string, out: string): Promise<unknown> {
  "use spmd";
  const rows = await readParquet<Foreign>(path);
  const boxes = rows.derive({
    box: (d) => ({ id: d.id, at: d.at, name: d.who?.name ?? null, when: { day: new Date(d.id * 1e8), ok: d.id % 2 === 0 }, tags: ["a", `t${d.id}`], none: null }),
    half: (d) => (d.id % 2 ? { x: d.id, y: "odd" } : null),
    either: (d) => (d.id % 3 ? { n: 1, of: "three" } : { n: d.id, of: "none" }),
    point: (d) => d.at ?? { x: 0, y: null },
    parsed: (d): { a: number; b: string[] } => JSON.parse(`{"a":${d.id},"b":["x","${d.id}"]}`),
    pairs: (d) => [1, 2].map((n) => ({ n, id: d.id })),
  }).select("id", "box", "half", "either", "point", "parsed", "pairs");
  await boxes.writeParquet(`${out}/boxes`);
  await boxes.writeJsonLines(`${out}/lines`);
  const again = boxes.filter((d) => d.box.when.ok && d.either.of !== "none").derive({ text: (d) => `${d.box.name} ${d.box.tags[1]} ${d.parsed.b.length}`, day: (d) => d.box.when.day.getUTCMonth() });
  return [boxes.objects(), again.select("id", "text", "day").objects(), boxes.unroll("pairs").derive({ n: (d) => d.pairs.n }).select("id", "pairs", "n").objects(), boxes.get("box", 3), boxes.array("half")];
}

/** Members that are named by integers, which objects of JavaScript have first, and as what op makes has them. */
export async function numbered(path: string, out: string): Promise<unknown> {
  "use spmd";
  const rows = await readParquet<{ id: number; at: { y: number; 10: string; 2: number } }>(path);
  const made = rows.derive({
    named: (d) => ({ y: d.id, 10: d.at["10"], 2: d.at["2"], "01": "text" }),
    parsed: (d): { y: number; 0: number } => JSON.parse(`{"y":1,"0":${d.id}}`),
    handed: (d): { y: number; 10: string; 2: number } | null => (JSON.parse(`[${d.id}]`)[0] > 3 ? d.at : null),
    keys: (d): string => Object.keys({ y: d.id, 0: 1 }).join(),
    either: (d) => (d.id % 2 ? { y: d.id, 0: 1 } : { 0: 2, y: d.id }),
    made: (d) => ({ aggregate: d.id, window: "w" }),
    madeInV8: (d): { aggregate: number; window: { function: string } } => JSON.parse(`{"aggregate":${d.id},"window":{"function":"lag"}}`),
  });
  await made.select("id", "named", "parsed", "handed", "either", "made", "madeInV8").writeParquet(`${out}/made`);
  return made.objects();
}

/** A null object has no members. */
export async function nobody(path: string): Promise<unknown> {
  "use spmd";
  const rows = await readParquet<Foreign>(path);
  return rows.derive({ x: (d) => d.at!.x }).select("id", "x").objects();
}

/** An integer past 2^53 in a member that nobody looks at, and then in one that is. */
export async function large(path: string): Promise<unknown> {
  "use spmd";
  const rows = await readParquet<{ id: number; at: { serial: number; name: string } }>(path);
  return rows.derive({ name: (d) => d.at.name, there: (d) => d.at !== null }).select("id", "name", "there").objects();
}

export async function tooLarge(path: string): Promise<unknown> {
  "use spmd";
  const rows = await readParquet<{ id: number; at: { serial: number; name: string } }>(path);
  return rows.derive({ serial: (d) => d.at.serial }).select("id", "serial").objects();
}

export async function tooLargeWhole(path: string): Promise<unknown> {
  "use spmd";
  return (await readParquet<{ id: number; at: { serial: number; name: string } }>(path)).objects();
}

/** Interfaces of other members than the objects have. */
export async function mistaken(path: string): Promise<unknown> {
  "use spmd";
  return (await readParquet<{ id: number; at: { x: number; z: number } }>(path)).select("id", "at").objects();
}

/** In another order they are the same. */
export async function reordered(path: string): Promise<unknown> {
  "use spmd";
  const rows = await readParquet<{ id: number; at: { y: number | null; x: number } | null }>(path);
  return rows.select("id", "at").derive({ json: (d): string => JSON.stringify(d.at), sum: (d) => (d.at?.x ?? 0) + (d.at?.y ?? 0), boxed: (d) => ({ at: d.at, of: [d.id] }), either: (d) => d.at ?? d.at, chosen: (d) => (d.id % 2 ? d.at : null) }).objects();
}

/** What V8 hands on has the order of its type. */
export async function handed(path: string): Promise<unknown> {
  "use spmd";
  const rows = await readParquet<{ id: number; at: { y: number | null; x: number } | null }>(path);
  return rows.derive({ same: (d): { y: number | null; x: number } | null => (JSON.parse(`[${d.id}]`)[0] > 3 ? d.at : null) }).select("id", "same").objects();
}

interface Heavy {
  id: number;
  key: number;
  at: { place: string; tags: (string | null)[] | null } | null;
}

/** More than memory holds: sorted, joined, grouped. */
export async function spilled(path: string, out: string): Promise<unknown> {
  "use spmd";
  const rows = await readParquet<Heavy>(path);
  await rows.orderby("key", "id").writeParquet(`${out}/sorted-ordered`);
  const some = rows.filter((d) => d.id % 3 === 0).select("id", { at: "other" });
  await rows.join_left(some, "id").writeParquet(`${out}/joined`);
  const groups = rows.groupby("key").rollup({ all: op.array_agg((d) => ({ id: d.id, place: d.at?.place ?? null })) });
  return [await groups.derive({ n: (d) => d.all.length, last: (d) => d.all.at(-1) }).select("key", "n", "last").orderby("key").slice(0, 100).objects(), await rows.unroll({ tag: (d) => d.at?.tags ?? [] }).numRows()];
}
