/**
 * Tables of lists and structs that both executions write: PyIceberg and Java's Iceberg read them, DuckDB their files, and PyIceberg changes members of structs
 * before we go on. (What PyIceberg and Java wrote is in read.test.ts.)
 */
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { table } from "@lockstep/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parquetMetadataAsync, asyncBufferFromFile } from "hyparquet";
import { withDuckDb } from "../duckdb.ts";
import { shared } from "../sample.ts";
import { Lake } from "./lake.ts";
import * as jobs from "./programs/nested.ts";

const lake = new Lake("nested", jobs, "nested");
beforeAll(() => lake.open(), 600_000);
afterAll(() => lake.close());

const run = (ranks: number, name: keyof typeof jobs, ...args: unknown[]): Promise<unknown> => lake.run(ranks, name as never, args);
const at = (ranks: number, name: string): string => join(lake.scratch, `${ranks}`, name);
const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** 0: plain Node. */
const EXECUTIONS = [0, ...shared([1, 2, 3, 7], 2)];

type Row = Record<string, unknown> & jobs.Row;

/** `shift`: another state of these rows. */
function rowsOf(ids: readonly number[], shift = 0): Row[] {
  return ids.map((i) => ({
    id: i,
    region: ["eu", "us", "日本"][i % 3]!,
    loc: i % 8 === 3 ? null : { x: i % 9 === 4 ? null : i + shift, y: i % 2 ? i / 4 : null, who: i % 5 === 2 ? null : { name: i % 3 === 1 ? null : `w${i + shift}`, at: i % 7 === 1 ? null : new Date(Date.UTC(1969, 11, 30, i)) } },
    tags: i % 6 === 4 ? null : Array.from({ length: i % 4 }, (_, n) => ((i + n) % 4 === 0 ? null : `t${i}.${n} and so on and on`)),
    stops: i % 10 === 7 ? null : Array.from({ length: i % 4 }, (_, n) => ((i + n) % 5 === 0 ? null : { place: n === 1 ? null : `p${n}`, n: i * n + shift })),
    grid: i % 7 === 5 ? null : Array.from({ length: i % 3 }, (_, n) => (n === 1 ? null : Array.from({ length: (i + n) % 4 }, (_, m) => (m === 2 ? null : i - m)))),
    price: i % 5 === 0 ? null : i / 4,
  }));
}

/** A Parquet file of rows, in several row groups. */
async function source(rows: readonly object[], types: Record<string, string> = { ...jobs.types, tags: "list<string>", grid: "list<list<float64>>" }): Promise<string> {
  const names = Object.keys(rows[0]!);
  const columns = Object.fromEntries(names.map((name) => [name, rows.map((row) => (row as Record<string, unknown>)[name])])) as Record<string, number[]>;
  const path = join(lake.scratch, "sources", `${sources++}`);
  await table(columns).writeParquet(path, { rowGroupRows: 9, types });
  return path;
}
let sources = 0;

const byId = (rows: readonly { id?: unknown }[]): unknown[] => [...rows].sort((a, b) => Number(a.id) - Number(b.id));
/** As PyIceberg has it: of a list of structs that is null it makes an empty one (https://github.com/apache/iceberg-python/issues/3833). */
const inPython = (rows: readonly Row[]): unknown[] => byId(JSON.parse(JSON.stringify(rows, (key, value: unknown) => (key === "stops" ? (value ?? []) : key === "at" && value !== null ? new Date(value as string).getTime() : value))) as Row[]);
/** As a program has it, whose numbers that no cent is left of are the table's. */
const asRead = (rows: readonly Row[]): unknown[] => byId(rows.map((row) => ({ ...row, price: row.price === null ? null : Math.round(row.price * 100) / 100 })));
const filesOf = (folder: string): string[] => readdirSync(join(folder, "data"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".parquet")).map((name) => join(folder, "data", name));

describe("rows with lists and objects", () => {
  it("are to PyIceberg, Java and DuckDB what they were", async () => {
    const all = rowsOf(numbers(0, 97));
    for (const ranks of EXECUTIONS) {
      const folder = at(ranks, "table");
      await run(ranks, "append", await source(all.slice(0, 50)), folder, null);
      await run(ranks, "append", await source(all.slice(50)), folder, null);
      await run(ranks, "files", await source(all), at(ranks, "files"));
      const files = filesOf(folder);
      const differing = await withDuckDb(async (asked) => {
        const [own, plain] = [`from read_parquet([${files.map((file) => `'${file}'`).join()}])`, `from '${at(ranks, "files")}/*.parquet'`];
        return (await asked.runAndReadAll(`(${own} except all ${plain}) union all (${plain} except all ${own})`)).getRowObjectsJson();
      });
      expect(differing, folder).toEqual([]);
      for (const file of files) {
        const { schema } = await parquetMetadataAsync(await asyncBufferFromFile(file));
        expect(schema.flatMap(({ name, field_id }) => (field_id === undefined ? [] : [`${name} ${field_id}`])), file).toEqual([
          "id 1", "region 2", "loc 3", "x 8", "y 9", "who 10", "name 11", "at 12", "tags 4", "element 13", "stops 5", "element 14", "place 15", "n 16", "grid 6", "element 17", "element 18", "price 7",
        ]);
      }
      expect(await run(ranks, "everything", folder)).toEqual(asRead(all));
      expect(await run(0, "everything", folder)).toEqual(asRead(all));
    }
    const over60 = all.filter(({ loc }) => loc !== null && loc.x !== null && loc.x >= 60).length;
    for (const seen of await lake.byPyIceberg(...EXECUTIONS.map((ranks) => at(ranks, "table")))) {
      expect(seen.schema).toBe("struct<1: id: optional long, 2: region: optional string, 3: loc: optional struct<8: x: optional long, 9: y: optional double, 10: who: optional struct<11: name: optional string, 12: at: optional timestamptz>>, 4: tags: optional list<string>, 5: stops: optional list<struct<15: place: optional string, 16: n: optional int>>, 6: grid: optional list<list<double>>, 7: price: optional decimal(9, 2)>");
      expect(byId(seen.rows)).toEqual(inPython(all));
      expect(seen.filtered).toMatchObject({ "loc.x": over60 });
      for (const [ours, theirs, elements] of seen.statistics) expect([ours, elements]).toMatchObject([theirs, []]);
      const known = seen.statistics.map(([ours]) => ours);
      const within = (kind: "lower_bounds" | "upper_bounds", id: number): bigint[] => known.map((of) => Buffer.from(of[kind][id] as string, "hex").readBigInt64LE());
      const xs = all.flatMap(({ loc }) => (loc === null || loc.x === null ? [] : [BigInt(loc.x)])).sort((a, b) => Number(a - b));
      expect([known.reduce((sum, of) => sum + Number(of.null_value_counts[8]), 0), within("lower_bounds", 8).sort((a, b) => Number(a - b))[0], within("upper_bounds", 8).sort((a, b) => Number(b - a))[0]]).toEqual([97 - xs.length, xs[0], xs.at(-1)]);
    }
    for (const [index, seen] of (await lake.byJava("look", ...EXECUTIONS.map((ranks) => at(ranks, "table")))).entries()) {
      expect(seen.records).toBe(97);
      // Of the first append no file can have such a row, by the bounds of the member.
      expect(seen.x60, `${EXECUTIONS[index]}`).toBeLessThanOrEqual(47);
      expect(seen.x60).toBeGreaterThanOrEqual(over60);
    }
  });

  it("are in partitions, and sorted by what stands behind them", async () => {
    for (const ranks of EXECUTIONS) {
      const folder = at(ranks, "parted");
      await run(ranks, "parted", await source(rowsOf(numbers(0, 60))), folder, "append");
      for (const file of filesOf(folder)) {
        const { schema, row_groups } = await parquetMetadataAsync(await asyncBufferFromFile(file));
        const leaves = schema.filter(({ num_children }) => num_children === undefined).map(({ name }) => name);
        expect(row_groups.map(({ sorting_columns }) => sorting_columns?.map(({ column_idx, descending }) => [leaves[column_idx], descending])), file).toEqual([[["price", true], ["id", false]]]);
      }
      await run(ranks, "parted", await source(rowsOf([60])), folder, "overwrite-partitions");
      expect(await run(ranks, "everything", folder)).toEqual(asRead(rowsOf([...numbers(0, 60).filter((id) => id % 3 !== 0), 60])));
      await run(ranks, "parted", await source(rowsOf(numbers(3, 9))), folder, "overwrite");
      expect(await run(ranks, "everything", folder)).toEqual(asRead(rowsOf(numbers(3, 9))));
    }
    const folders = EXECUTIONS.map((ranks) => at(ranks, "parted"));
    for (const seen of await lake.byPyIceberg(...folders)) expect([byId(seen.rows), seen.snapshots]).toEqual([inPython(rowsOf(numbers(3, 9))), [60, 41, 6]]);
    for (const seen of await lake.byJava("compact", ...folders)) expect(seen.records).toBe(6);
  });

  it("are deleted, replaced, merged and compacted", async () => {
    const stays = ({ loc, stops }: Row): boolean => !(loc !== null && loc.x !== null && loc.x >= 70) && !(stops !== null && stops.some((stop) => stop?.place === "p2"));
    const first = rowsOf(numbers(0, 80));
    const gone = first.filter(({ loc }) => loc !== null && loc.x !== null && loc.x >= 70).length;
    const left = first.filter(stays);
    const replaced = [...left.filter(({ id }) => id < 40), ...rowsOf([41, 50, 43], 1000)];
    const news = rowsOf([1, 4, 5, 41, 200], 500).map((row): Row => ({ ...row, loc: { x: row.id, y: row.id / 8, who: null }, grid: null, tags: null }));
    const merged = replaced.flatMap((row): Row[] => {
      const other = news.find(({ id }) => id === row.id);
      if (!other) return [row];
      return row.stops?.length === 1 ? [] : row.price !== null ? [{ ...other, tags: row.tags, grid: row.grid }] : [row];
    });
    const inserted = news.filter(({ id }) => !replaced.some((row) => row.id === id));
    const whole = [...merged, ...inserted];
    for (const ranks of EXECUTIONS) {
      const folder = at(ranks, "changed");
      for (let from = 0; from < 80; from += 20) await run(ranks, "append", await source(first.slice(from, from + 20)), folder, null);
      expect(await run(ranks, "forget", folder, 70)).toEqual([gone, first.length - gone - left.length]);
      expect(await run(ranks, "everything", folder)).toEqual(asRead(left));
      expect(await run(ranks, "again", await source(rowsOf([41, 50, 43], 1000)), folder, 40)).toBe(left.filter(({ id }) => id >= 40).length);
      expect(await run(ranks, "everything", folder)).toEqual(asRead(replaced));
      const counts = await run(ranks, "late", await source(rowsOf([1, 4, 5, 41, 200], 500)), folder);
      expect(await run(ranks, "everything", folder), JSON.stringify(counts)).toEqual(asRead(whole));
      expect(await run(ranks, "compacted", folder, null)).toMatchObject({ into: 1 });
      expect(await run(ranks, "everything", folder)).toEqual(asRead(whole));
    }
    const folders = EXECUTIONS.map((ranks) => at(ranks, "changed"));
    for (const seen of await lake.byPyIceberg(...folders)) expect([byId(seen.rows), seen.operations.at(-1)]).toEqual([inPython(whole), "replace"]);
    for (const seen of await lake.byJava("compact", ...folders)) expect(seen.records).toBe(whole.length);
  });
});

const python = (script: string, ...args: string[]): Promise<unknown> =>
  promisify(execFile)(join(lake.python, "python"), ["-c", `
import os, sys
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.schema import Schema
from pyiceberg.types import *
s3 = {"s3.endpoint": os.environ["AWS_ENDPOINT_URL"], "s3.access-key-id": os.environ["AWS_ACCESS_KEY_ID"], "s3.secret-access-key": os.environ["AWS_SECRET_ACCESS_KEY"], "s3.region": "us-east-1"}
catalog = RestCatalog("test", uri=sys.argv[1], **s3)
${script}`, lake.catalog.uri, ...args], { env: { ...process.env, ...lake.environment() } });

it("members of structs change their names, types and places", async () => {
  const ids = numbers(0, 40);
  const evolved = ({ id, region, loc, tags, stops, grid, price }: Row): Record<string, unknown> => ({
    id, region, where: loc && { who: loc.who && { at: loc.who.at, title: loc.who.name, born: null }, x: loc.x, z: null }, tags,
    stops: stops?.map((stop) => stop && { n: stop.n, late: null }) ?? null, grid, price: price === null ? null : Math.round(price * 100) / 100,
  });
  const more = rowsOf([100, 101, 102, 103]).map(({ id, tags }) => ({ id, region: null, where: { who: null, x: id, z: [`z${id}`, null] }, tags, stops: [{ n: id, late: id % 2 === 0 }], grid: null, price: null }));
  const all = [...rowsOf(ids).map(evolved), ...more];
  for (const ranks of [0, 3]) {
    const name = `nested.evolved${ranks}`;
    const { uri } = lake.catalog;
    await run(ranks, "append", await source(rowsOf(ids.slice(0, 25))), name, uri);
    await run(ranks, "append", await source(rowsOf(ids.slice(25))), name, uri);
    await python(`
table = catalog.load_table(sys.argv[2])
with table.update_schema() as update:
    update.rename_column("loc", "where")
    update.rename_column(("loc", "who", "name"), "title")
    update.move_first(("loc", "who", "at"))
    update.move_first(("loc", "who"))
    update.delete_column(("loc", "y"))
    update.add_column(("loc", "who", "born"), DateType())
    update.add_column(("loc", "z"), ListType(1000, StringType(), False))
    update.update_column(("stops", "element", "n"), LongType())
    update.delete_column(("stops", "element", "place"))
    update.add_column(("stops", "element", "late"), BooleanType())
`, name);
    expect(await run(ranks, "evolved", name, uri)).toEqual(all.slice(0, 40));
    await run(ranks, "appendEvolved", await source(rowsOf([100, 101, 102, 103])), name, uri);
    expect(await run(ranks, "evolved", name, uri)).toEqual(all);
    // Old files and new ones become one, which has the members of today.
    expect(await run(ranks, "compacted", name, uri)).toMatchObject({ into: 1 });
    expect(await run(ranks, "evolved", name, uri)).toEqual(all);
    expect(await run(3 - ranks, "evolved", name, uri)).toEqual(all);
    const [seen] = await lake.byPyIceberg(`${uri}|${name}`);
    expect(byId(seen!.rows)).toEqual(inPython(all as unknown as Row[]));
    expect((await lake.byJava("compact", `${uri}|${name}`))[0]!.records).toBe(44);
  }
});

it("what a table requires inside of lists and objects is there", async () => {
  await python(`
loc = StructType(NestedField(10, "x", LongType(), required=True), NestedField(11, "y", DoubleType(), required=False))
stops = ListType(12, StructType(NestedField(13, "n", LongType(), required=True)), True)
for name in ("strict0", "strict3"):
    catalog.create_table("nested." + name, Schema(NestedField(1, "id", LongType(), required=True), NestedField(2, "loc", loc, required=False), NestedField(3, "tags", ListType(14, StringType(), False), required=True), NestedField(4, "stops", stops, required=False)))
`);
  for (const ranks of [0, 3]) {
    const name = `nested.strict${ranks}`;
    const { uri } = lake.catalog;
    const strict = async (loc: object | null, tags: unknown, stops: unknown): Promise<unknown> => run(ranks, "strict", await source([{ id: 1, loc: { x: 1, y: 2 }, tags: ["a"], stops: [{ n: 1 }] }, { id: 2, loc, tags, stops }], { id: "int64" }), name, uri);
    const missing = (path: string): object => ({ code: "LS2003", message: expect.stringContaining(`the column "${path}" is required, and a row has null there`) });
    await expect(strict({ x: null, y: 1 }, [], [])).rejects.toMatchObject(missing("loc.x"));
    await expect(strict(null, null, [])).rejects.toMatchObject(missing("tags"));
    await expect(strict(null, [null], [{ n: 1 }, null])).rejects.toMatchObject(missing("stops.element"));
    await expect(strict(null, [null], [{ n: 1 }, { n: null }])).rejects.toMatchObject(missing("stops.element.n"));
    await strict(null, [null], null);
    await strict({ x: 5, y: null }, [], []);
    const [seen] = await lake.byPyIceberg(`${uri}|${name}`);
    const one = { id: 1, loc: { x: 1, y: 2 }, tags: ["a"], stops: [{ n: 1 }] };
    const texts = (rows: readonly object[]): string[] => rows.map((row) => JSON.stringify(row)).sort();
    expect(texts(seen!.rows)).toEqual(texts([one, one, { id: 2, loc: { x: 5, y: null }, tags: [], stops: [] }, { id: 2, loc: null, tags: [null], stops: [] }]));
  }
});

it("what does not fit the table is refused, the same in both executions", async () => {
  const from = await source(rowsOf([1, 2, 3]));
  await run(0, "append", from, at(0, "fits"), null);
  const refused = async (how: keyof typeof jobs, error: { code: string; message: unknown; fix?: unknown }): Promise<void> => {
    for (const ranks of [0, 3]) await expect(run(ranks, how, from, at(0, "fits")), `${how}, ${ranks} ranks`).rejects.toMatchObject(error);
  };
  const has = (text: string): unknown => expect.stringContaining(text);
  await refused("member", { code: "LS2002", message: has('has no column "loc.why"'), fix: has("Its columns are loc.x, loc.y, loc.who") });
  await refused("text", { code: "LS2002", message: has('the column "loc.x" is string, in ') });
  await refused("element", { code: "LS2002", message: has('the column "tags.element" is float64, in ') });
  await refused("list", { code: "LS2002", message: has('the column "loc" is list<float64>, in ') });
  await refused("sortedByList", { code: "LS2016", message: has('sortBy: values of "tags" are lists or objects, which have no order') });
  await refused("partedByObject", { code: "LS2015", message: has('a partition by identity of the column "loc", which is struct, is not supported') });
  await refused("nanoseconds", { code: "LS2015", message: has('the column "loc.who.at" is timestamp[ns, tz=UTC], which tables of Iceberg\'s version 2 do not have') });
});
