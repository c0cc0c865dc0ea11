// Which files a reader reads, and what becomes of those that cannot be read.
import { copyFileSync, mkdirSync, readFileSync, renameSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { LockstepError, op, readParquet, table } from "@lockstep/runtime";
import { duckdb, errorOf, scratch, writtenTypes } from "./helpers.ts";

const folder = scratch();
const data = join(folder, "data");
mkdirSync(join(data, "deep"), { recursive: true });
mkdirSync(join(data, "_staging"));
const file = (name: string) => join(data, name);
for (const [i, name] of ["b.parquet", "a.parquet", "deep/c.PARQUET", "_staging/x.parquet", ".hidden.parquet", "_x.parquet"].entries()) {
  await duckdb(`copy (select ${i} as i, '${name}' as name from range(2)) to '${file(name)}' (format parquet)`);
}
writeFileSync(file("notes.txt"), "no data");

interface Row { i: number; name: string }

test("file, folder, glob and list, in name order", async () => {
  const read = async (path: string | string[]) => (await readParquet<Row>(path)).dedupe("i").array("name");
  expect(await read(file("b.parquet"))).toEqual(["b.parquet"]);
  expect(await read(data)).toEqual(["a.parquet", "b.parquet", "deep/c.PARQUET"]);
  expect(await read(file("*.parquet"))).toEqual(["_x.parquet", "a.parquet", "b.parquet"]);
  expect(await read([file("deep"), file("a.parquet")])).toEqual(["deep/c.PARQUET", "a.parquet"]);
  expect((await readParquet<Row>(data)).rollup({ n: op.count(), sum: op.sum("i") }).objects()).toEqual([{ n: 6, sum: 6 }]);
});

test("missing inputs", async () => {
  const missing = await errorOf(() => readParquet(file("aa.parquet")));
  expect([missing.code, missing.message]).toEqual(["LS2001", `${file("aa.parquet")} does not exist: no "aa.parquet" in ${dirname(file("aa.parquet"))}; did you mean "a.parquet"?`]);
  expect((await errorOf(() => readParquet(file("z*.parquet")))).code).toBe("LS2001");
  expect((await errorOf(() => readParquet([]))).code).toBe("LS2001");
  expect((await readParquet(pathToFileURL(data))).numRows()).toBe(6);
  mkdirSync(join(folder, "empty"));
  expect((await errorOf(() => readParquet(join(folder, "empty")))).message).toContain("has no .parquet file");
});

test("files of different schemas", async () => {
  await duckdb(`copy (select 'x' as i, 'y' as name) to '${join(folder, "other.parquet")}' (format parquet)`);
  const t = await readParquet<Row>([file("a.parquet"), join(folder, "other.parquet")]);
  expect(t.array("name")).toEqual(["a.parquet", "a.parquet", "y"]);
  const error = await errorOf(() => t.array("i"));
  expect(error.code).toBe("LS2002");
  expect(error.message).toMatch(/other\.parquet differs from .*a\.parquet in 1 column\n.*\n  i +string +int32 /);
});

test("truncated and damaged files", async () => {
  const damaged = join(folder, "damaged.parquet");
  await duckdb(`copy (select i, 'text ' || i as name from range(2000) t(i)) to '${damaged}' (format parquet)`);
  const bytes = readFileSync(damaged);
  for (const size of [0, 3, 11, 200, bytes.length - 1]) {
    copyFileSync(damaged, join(folder, "short.parquet"));
    truncateSync(join(folder, "short.parquet"), size);
    const error = await errorOf(() => readParquet(join(folder, "short.parquet")));
    expect([error.code, error.message.includes("short.parquet")]).toEqual(["LS2005", true]);
  }
  writeFileSync(join(folder, "short.parquet"), "not a Parquet file at all, only text");
  expect((await errorOf(() => readParquet(join(folder, "short.parquet")))).code).toBe("LS2018");
  const holed = Buffer.from(bytes);
  holed.fill(0xff, 4, 200);
  writeFileSync(join(folder, "holed.parquet"), holed);
  const t = await readParquet<Row>(join(folder, "holed.parquet"));
  expect((await errorOf(() => t.array("i"))).code).toBe("LS2005");
});

test("a damaged footer is an error of the file, whatever is damaged", async () => {
  const whole = join(folder, "whole.parquet");
  await duckdb(`copy (select i, 'text ' || i as name, [i] as list from range(20) t(i)) to '${whole}' (format parquet)`);
  const bytes = readFileSync(whole);
  const footer = bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8);
  const damaged = join(folder, "footer.parquet");
  for (let at = footer; at < bytes.length - 4; at++) {
    const before = bytes[at]!;
    for (const value of [0, 255, before ^ 1]) {
      bytes[at] = value;
      writeFileSync(damaged, bytes);
      const thrown = await readParquet<Row>(damaged).then((t) => void t.select("i", "name").objects({ limit: 3 })).catch((error: unknown) => error);
      expect(thrown === undefined || thrown instanceof LockstepError, `${value} at ${at}: ${String((thrown as Error)?.stack)}`).toBe(true);
    }
    bytes[at] = before;
  }
});

test("maps are lists of their entries, and lists and maps of maps", async () => {
  const whole = join(folder, "maps.parquet");
  await duckdb(`copy (select [map {'a': i}, null] as deep, case when i = 3 then null else map {'a': [i], 'b': null} end as map, map {i: map {uuid(): time '09:05:00'}} as keyed from range(20) t(i)) to '${whole}' (format parquet)`);
  interface Maps { deep: ({ key: string; value: number }[] | null)[]; map: { key: string; value: number[] | null }[] | null }
  const t = await readParquet<Maps>(whole);
  expect(t.select("deep", "map").objects({ offset: 2, limit: 2 })).toEqual([
    { deep: [[{ key: "a", value: 2 }], null], map: [{ key: "a", value: [2] }, { key: "b", value: null }] },
    { deep: [[{ key: "a", value: 3 }], null], map: null },
  ]);
  const out = join(folder, "maps");
  await t.writeParquet(out, { rowGroupRows: 7 });
  expect(await duckdb(`select count(*) as n from (select * from '${whole}' except all select * from '${out}/*.parquet')`)).toEqual([{ n: 0n }]);
  expect(await duckdb(`select distinct typeof(deep) as deep, typeof(map) as map, typeof(keyed) as keyed from '${out}/*.parquet'`)).toEqual([{ deep: "MAP(VARCHAR, BIGINT)[]", map: "MAP(VARCHAR, BIGINT[])", keyed: "MAP(BIGINT, MAP(UUID, TIME))" }]);
});

test("lists of every type and shape, whoever wrote them, keep every bit", async () => {
  const from = join(folder, "lists.parquet");
  for (const version of ["v1", "v2"]) {
    await duckdb(`copy (select i::int as id, case when i % 7 = 0 then null when i % 5 = 0 then [] when i % 3 = 0 then [null, 'b' || i] else ['a', '', 'c'] end as tags,
      list_transform(range(0, i % 4), lambda n: (n + i) / 3.0) as scores, [9007199254740993 + i, null] as serials, [[i], [], null] as deep, [(i / 4.0)::decimal(20, 2)] as prices, range(0, case when i = 1500 then 100000 else 1 end) as long
      from range(3000) t(i)) to '${from}' (format parquet, parquet_version ${version}, row_group_size 2048)`);
    interface Lists { id: number; tags: (string | null)[] | null; scores: number[]; serials: (bigint | null)[]; long: number[] }
    const t = await readParquet<Lists>(from, { types: { serials: "bigint[]" } });
    expect(t.select("id", "tags", "scores", "serials").objects({ offset: 5, limit: 2 })).toEqual([
      { id: 5, tags: [], scores: [5 / 3], serials: [9007199254740998n, null] },
      { id: 6, tags: [null, "b6"], scores: [2, 7 / 3], serials: [9007199254740999n, null] },
    ]);
    expect([t.get("tags", 7), t.get("long", 1500).length, t.get("long", 1500).at(-1)]).toEqual([null, 100000, 99999]);
    const out = join(folder, `lists-${version}`);
    await t.writeParquet(out, { rowGroupRows: 1000 });
    expect(await duckdb(`select count(*) as n from (select * from '${from}' except all select * from '${out}/*.parquet')`)).toEqual([{ n: 0n }]);
  }
});

test("compressions, encodings and row groups of other writers", async () => {
  for (const codec of ["uncompressed", "snappy", "gzip", "zstd", "lz4", "brotli"]) {
    for (const version of ["v1", "v2"]) {
      const path = join(folder, `${codec}-${version}.parquet`);
      await duckdb(`copy (select i, (i * 1.5)::double as f, case when i % 3 > 0 then 'n' || i % 7 end as s, i % 2 = 0 as b, case when i % 5 > 0 then timestamp '2024-01-01' + interval (i) second end as at
        from range(5000) t(i)) to '${path}' (format parquet, compression ${codec}, parquet_version ${version}, row_group_size 2048)`);
      const t = await readParquet<{ i: number; f: number; s: string | null; b: boolean; at: Date | null }>(path);
      expect(t.numRows()).toBe(5000);
      expect(t.objects({ offset: 4095, limit: 3 })).toEqual([
        { i: 4095, f: 6142.5, s: null, b: false, at: null },
        { i: 4096, f: 6144, s: "n1", b: true, at: new Date(Date.UTC(2024, 0, 1, 0, 0, 4096)) },
        { i: 4097, f: 6145.5, s: "n2", b: false, at: new Date(Date.UTC(2024, 0, 1, 0, 0, 4097)) },
      ]);
    }
  }
});

test("a reader sees the file as it was when it was read", async () => {
  const path = join(folder, "changing.parquet");
  await duckdb(`copy (select 1 as i, 'old' as name) to '${path}' (format parquet)`);
  const t = await readParquet<Row>(path);
  await duckdb(`copy (select 2 as i, 'new' as name) to '${join(folder, "new.parquet")}' (format parquet)`);
  renameSync(join(folder, "new.parquet"), path);
  expect(t.objects()).toEqual([{ i: 1, name: "old" }]);
});

test("written tables are read back equal, by us and by DuckDB", async () => {
  const rows = 3000;
  const t = table({
    n: Array.from({ length: rows }, (_, i) => (i % 5 === 0 ? null : i % 7 === 0 ? NaN : i / 7)),
    s: Array.from({ length: rows }, (_, i) => (i % 4 === 0 ? null : `ключ ${i % 9}`)),
    b: Array.from({ length: rows }, (_, i) => i % 3 === 0),
    d: Array.from({ length: rows }, (_, i) => new Date(i * 1e9)),
    g: Array.from({ length: rows }, (_, i) => BigInt(i) * 10n ** 14n),
  });
  for (const compression of ["snappy", "zstd", "gzip", "none"] as const) {
    const out = join(folder, `back-${compression}`);
    await t.writeParquet(out, { compression, rowGroupRows: 1000 });
    const back = await readParquet<{ n: number | null; s: string | null; b: boolean; d: Date; g: bigint }>(out, { types: { g: "bigint" } });
    expect(back.objects()).toEqual(t.objects());
    expect(await duckdb(`select count(*) as n, count(distinct s) as s, sum(epoch_ms(d))::double as d from '${out}/*.parquet'`)).toEqual([{ n: 3000n, s: 9n, d: 2999 * 1500 * 1e9 }]);
    expect(await duckdb(`select count(distinct row_group_id) as n from parquet_metadata('${out}/*.parquet')`)).toEqual([{ n: 3n }]);
  }
  expect((await errorOf(() => t.writeParquet(join(folder, "lz4"), { compression: "lz4" }))).code).toBe("LS2015");
});

test("empty tables are written with their columns", async () => {
  const out = join(folder, "none");
  await table({ n: [1], s: ["x"] }).filter(() => false).writeParquet(out);
  expect(await writtenTypes(out)).toEqual({ n: "DOUBLE", s: "VARCHAR" });
  expect((await readParquet<{ n: number }>(out)).numRows()).toBe(0);
});

test("types of a writer", async () => {
  const out = join(folder, "cast");
  const t = table({ i: [1, null, -3], f: [0.5, 1.5, null], d: [new Date(86_400_000), null, new Date(-1)], s: ["a", "a", null] });
  await t.writeParquet(out, { types: { i: "int32", f: "decimal128(10, 2)", d: "date32", s: "dictionary<values=string, indices=int32>" } });
  expect(await writtenTypes(out)).toEqual({ i: "INTEGER", f: "DECIMAL(10,2)", d: "DATE", s: "VARCHAR" });
  expect((await readParquet<{ i: number | null; f: number | null; d: Date | null; s: string | null }>(out)).objects()).toEqual([
    { i: 1, f: 0.5, d: new Date(86_400_000), s: "a" },
    { i: null, f: 1.5, d: null, s: "a" },
    { i: -3, f: null, d: new Date(-86_400_000), s: null },
  ]);
  const misfit = await errorOf(() => t.writeParquet(out, { mode: "overwrite", types: { f: "int32" } }));
  expect([misfit.code, misfit.message]).toEqual(["LS2015", 'the column "f", row 0: 0.5 is no int32']);
  expect((await errorOf(() => t.writeParquet(out, { mode: "overwrite", types: { s: "int32" } }))).message).toContain("cannot be written as int32");
  expect((await errorOf(() => t.writeParquet(out, { mode: "overwrite", types: { s: "text" } }))).fix).toContain("timestamp[ms, tz=UTC]");
  expect((await errorOf(() => t.writeParquet(out, { mode: "overwrite", types: { x: "int32" } as never }))).code).toBe("LS2016");
  expect((await readParquet(out)).numRows()).toBe(3);
});
