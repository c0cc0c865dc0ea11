/** Bloom filters that `bloomFilters` asks for: DuckDB asks those of both executions, plain Node's have the bits of the engine's, and our reader leaves out row groups by them. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parquetMetadata } from "hyparquet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withDuckDb } from "../../duckdb.ts";
import { lockstep } from "../../jobs/job-process.ts";
import { buildPrograms, type Program } from "../../oracle/build-programs.ts";
import { RankPool } from "../../oracle/rank-pool.ts";
import { shared } from "../../sample.ts";
import { root } from "../../scripts/lib.mjs";
import * as jobs from "./bloom-filters.ts";

const scratch = mkdtempSync(join(root, ".lockstep-bloom-"));
const looks = ["absent", "named", "float", "there", "zero"] as const;
const pools = new Map<number, RankPool>();
let programs: Map<string, Program>;

beforeAll(async () => {
  programs = new Map((await buildPrograms([join(root, "test/unit/files/bloom-filters.ts")], join(scratch, "built"))).map((program) => [program.id.split("#")[1]!, program]));
});
afterAll(async () => {
  for (const pool of pools.values()) await pool.close();
  rmSync(scratch, { recursive: true, force: true });
});

/** 0 ranks: plain Node. */
async function run(ranks: number, name: keyof typeof jobs, ...args: unknown[]): Promise<unknown> {
  if (ranks === 0) return (jobs[name] as (...all: unknown[]) => Promise<unknown>)(...args);
  if (!pools.has(ranks)) pools.set(ranks, new RankPool(ranks, {}));
  const { chunk, id } = programs.get(name)!;
  const answer = await pools.get(ranks)!.run({ chunk, id, args });
  if ("error" in answer) throw Object.assign(new Error(answer.error.message), answer.error);
  return answer.value;
}

const asked = (query: string): Promise<Record<string, unknown>[]> => withDuckDb(async (duckdb) => (await duckdb.runAndReadAll(query)).getRowObjectsJson());

/** The filters of a file, a row group after another: column → its bytes. */
function filtersOf(path: string): Record<string, string>[] {
  const bytes = readFileSync(path);
  const { row_groups: groups } = parquetMetadata(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer);
  return groups.map(({ columns }) => Object.fromEntries(columns.flatMap(({ meta_data: column }) => {
    if (column?.bloom_filter_offset === undefined) return [];
    const from = Number(column.bloom_filter_offset);
    return [[column.path_in_schema[0]!, bytes.subarray(from, from + column.bloom_filter_length!).toString("base64")]];
  })));
}

const partsIn = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".parquet")).map((name) => join(folder, name));

/** In how many of the row groups DuckDB takes the value for absent, and how many there are. */
async function excluded(path: string, column: string, value: string): Promise<[number, number]> {
  const [{ out, groups }] = await asked(`select count(*) filter (bloom_filter_excludes)::int as out, count(*)::int as groups from parquet_bloom_probe('${path}', '${column}', ${value})`) as [{ out: number; groups: number }];
  return [out, groups];
}

describe.each([0, ...shared([1, 2, 3, 7], 0)])("%i ranks", (ranks) => {
  const at = (name: string): string => join(scratch, `${name}-${ranks}.parquet`);

  it("columns that are named have one in each row group, and DuckDB finds by it what is there", async () => {
    await run(ranks, "one", at("one"));
    for (const filters of filtersOf(at("one"))) expect(Object.keys(filters)).toEqual(["code", "name", "value", "at", "few"]);
    for (const code of [0, 2, 4000, 77_776]) {
      const groups = filtersOf(at("one")).length;
      for (const [column, value] of [["code", `${code}::integer`], ["name", `'name ${code}'`]] as const) {
        const there = Number((await asked(`select count(*)::int as n from '${at("one")}' where ${column} = ${value}`))[0]!.n);
        const [out, of] = await excluded(at("one"), column, value);
        expect(of).toBe(groups);
        expect(out).toBeLessThanOrEqual(groups - there);
      }
    }
    // Of absent values about one in a hundred is taken for present.
    const outs = await Promise.all([4001, 4003, 4005, 4007, 4009].map((code) => excluded(at("one"), "code", `${code}::integer`)));
    expect(outs.filter(([out, groups]) => out === groups).length).toBeGreaterThanOrEqual(3);
    expect(await excluded(at("one"), "few", "'label 9'")).toEqual([filtersOf(at("one")).length, filtersOf(at("one")).length]);
    expect((await excluded(at("one"), "value", "0.75::double"))[0]).toBeLessThan(filtersOf(at("one")).length);
  });

  it("files of folders and of an Iceberg table that says so have them", async () => {
    await run(ranks, "folders", at("folders"));
    const parts = partsIn(at("folders"));
    expect(parts.length).toBeGreaterThanOrEqual(2);
    for (const filters of parts.flatMap(filtersOf)) expect(Object.keys(filters)).toEqual(["code"]);
    expect(partsIn(`${at("folders")}-empty`).length).toBeGreaterThanOrEqual(1);
    const table = join(scratch, `table-${ranks}`);
    await run(ranks, "iceberg", table);
    expect(partsIn(table).flatMap(filtersOf).every((filters) => Object.keys(filters).length === 0)).toBe(true);
    const file = join(table, "metadata/v1.metadata.json");
    const latest = existsSync(join(table, "metadata/v2.metadata.json")) ? join(table, "metadata/v2.metadata.json") : file;
    const metadata = JSON.parse(readFileSync(latest, "utf8")) as { properties: Record<string, string> };
    for (const column of ["code", "name", "ok"]) metadata.properties[`write.parquet.bloom-filter-enabled.column.${column}`] = "true";
    writeFileSync(latest, JSON.stringify(metadata));
    const before = new Set(partsIn(table));
    await run(ranks, "iceberg", table);
    const added = partsIn(table).filter((path) => !before.has(path));
    expect(added.length).toBeGreaterThanOrEqual(1);
    for (const filters of added.flatMap(filtersOf)) expect(Object.keys(filters)).toEqual(["code", "name"]);
  });

  it("columns without filters are refused before anything is written", async () => {
    for (const [names, why] of [
      [["cod"], 'the table has no column "cod"'], [["code", "code"], "stands there twice"], [["part"], "names folders"],
      [["ok"], '"ok" is bool, which has none'], [["tags"], '"tags" is list<string>, which has none'], [["value"], '"value" is decimal128(20, 4), which has none'],
    ] as const) {
      await expect(run(ranks, "refused", at("refused"), [...names])).rejects.toMatchObject({ code: "LS2016", message: expect.stringContaining(why) });
    }
    await expect(run(ranks, "refused", at("refused"), "code")).rejects.toMatchObject({ code: "LS2016", message: expect.stringContaining("a list of columns' names") });
    expect(existsSync(at("refused"))).toBe(false);
  });

  it.each(looks)("%s: the rows of plain Node", async (name) => {
    expect(await run(ranks, name, at("one"))).toEqual(name === "there" ? [{ code: 4000, name: "name 4000" }] : name === "zero" ? [{ code: ((2 * 7919) % 60_013) * 2, value: -0 }] : []);
  });
});

it("plain Node's have the bits of the engine's", async () => {
  const [plain, ranks] = [join(scratch, "bits-plain.parquet"), join(scratch, "bits-ranks.parquet")];
  await run(0, "one", plain);
  await run(1, "one", ranks);
  expect(filtersOf(plain)).toHaveLength(3);
  expect(filtersOf(ranks)).toEqual(filtersOf(plain));
});

it.each([0, 2])("row groups without the value are not read, of a file that %i ranks have written", async (ranks) => {
  const [file, main, profile] = [join(scratch, `read-${ranks}.parquet`), join(scratch, `built/main-${ranks}.mjs`), join(scratch, `profile-${ranks}.json`)];
  await run(ranks, "one", file);
  writeFileSync(main, looks.map((name) => `import { ${name} } from ${JSON.stringify(programs.get(name)!.module)};\nawait ${name}(${JSON.stringify(file)});`).join("\n"));
  expect(await lockstep(["run", "-n", "2", "--profile", profile, main]).ended).toMatchObject({ code: 0 });
  const { executions } = JSON.parse(readFileSync(profile, "utf8")) as { executions: { operators: { name: string; ranks: { rows: number; rowsPruned: number }[] }[] }[] };
  const scans = executions.flatMap(({ operators }) => operators.filter(({ name }) => name === "ScanExec"));
  const sums = (count: "rows" | "rowsPruned"): number[] => scans.map((scan) => scan.ranks.reduce((all, of) => all + of[count], 0));
  expect(sums("rows").slice(0, 3)).toEqual([0, 0, 0]);
  // Of a float, which ascends, the bounds leave out the row groups between.
  expect(sums("rowsPruned").slice(0, 2)).toEqual([60_000, 60_000]);
  // Nearly all row groups but one.
  for (const rows of sums("rows").slice(3)) expect(rows).toBeLessThanOrEqual(40_000);
});
