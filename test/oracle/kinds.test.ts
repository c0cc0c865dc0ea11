/** Uuids, times of day, long decimals and maps as others write them. Both executions see the same, and pyarrow and DuckDB what they wrote in what they write. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withDuckDb } from "../duckdb.ts";
import { pythonWith } from "../python.ts";
import { root } from "../scripts/lib.mjs";
import { buildPrograms, type Program } from "./build-programs.ts";
import { difference } from "./compare.ts";
import * as programs from "./kinds/programs.ts";
import { type Answer, RankPool } from "./rank-pool.ts";
import { writtenDifference } from "./written.ts";

const scratch = mkdtempSync(join(root, ".lockstep-kinds-"));
const pools = [1, 2, 3, 7].map((ranks) => new RankPool(ranks));
let [python, built] = ["", new Map<string, Program>()];
const path = (name: string): string => join(scratch, name);
const kinds = async (...args: string[]): Promise<string[]> => (await promisify(execFile)(join(python, "python"), [join(root, "test/oracle/kinds/foreign.py"), ...args])).stdout.trim().split("\n");

const duckdb = async (sql: string): Promise<Record<string, unknown>[]> => withDuckDb(async (asked) => (await asked.runAndReadAll(sql)).getRowObjectsJson());

beforeAll(async () => {
  python = await pythonWith("pyiceberg");
  for (const version of ["1.0", "2.0"]) await kinds("write", path(`all-${version}.parquet`), version);
  await kinds("arrow", path("all.arrow"));
  await kinds("long", path("long.parquet"));
  await kinds("bytes", path("bytes.parquet"));
  built = new Map((await buildPrograms([join(root, "test/oracle/kinds/programs.ts")], path("built"))).map((program) => [program.id.split("#")[1]!, program]));
}, 900_000);

afterAll(async () => {
  for (const pool of pools) await pool.close();
  rmSync(scratch, { recursive: true, force: true });
});

const onRanks = (pool: RankPool, name: keyof typeof programs, ...args: string[]): Promise<Answer> => {
  const { chunk, id } = built.get(name)!;
  return pool.run({ chunk, id, args });
};

async function plain(name: keyof typeof programs, ...args: string[]): Promise<Answer> {
  try {
    return { value: await (programs[name] as (...args: string[]) => Promise<unknown>)(...args) } as Answer;
  } catch (error) {
    return { error } as Answer;
  }
}

async function expectSame(name: keyof typeof programs, ...args: string[]): Promise<unknown> {
  const right = await plain(name, ...args);
  if ("error" in right) expect.fail(`${name}: ${String(right.error)}`);
  for (const pool of pools) {
    const answer = await onRanks(pool, name, ...args);
    if ("error" in answer) expect.fail(`${name} on ${pool.size}: ${JSON.stringify(answer.error)}`);
    expect(difference(right.value, answer.value), `${name} on ${pool.size}`).toBeNull();
  }
  return right.value;
}

async function expectRefused(name: keyof typeof programs, code: string, message: string, ...args: string[]): Promise<void> {
  const error = { error: { code, message: expect.stringContaining(message) as unknown } };
  expect(await plain(name, ...args)).toMatchObject(error);
  for (const pool of pools) expect(await onRanks(pool, name, ...args)).toMatchObject(error);
}

describe.each(["1.0", "2.0"])("in pages of version %s", (version) => {
  it("are the same in both executions", async () => {
    const [rows] = (await expectSame("observed", path(`all-${version}.parquet`))) as [Record<string, unknown>[]];
    expect(rows[1]).toMatchObject({ n: 1, id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/) as unknown, ms: "00:59:31", us: "00:59:31", ns: "00:59:31.000003001", price: 0.125, wei: 1e-6, serial: 1e11, huge: 0.25, tags: [{ key: "k0", value: 1 }], half: 0.5, large: 2 ** 40 + 1 });
    // As another reads them.
    const seen = await duckdb(`select n, id::text as id, us::text as us, price::text as price, map_keys(tags) as keys from '${path(`all-${version}.parquet`)}' order by n`);
    expect(rows.map(({ n, id, us, price, tags }) => ({ n, id, us, price: price === null ? null : (price as number).toFixed(3), keys: (tags as { key: string }[] | null)?.map(({ key }) => key) ?? null }))).toEqual(seen);
    await expectSame("joined", path(`all-${version}.parquet`));
  });
});

it("are in Arrow files what they are in Parquet's", async () => {
  const arrow = await expectSame("arrow", path("all.arrow"));
  expect(difference(await programs.observed(path("all-2.0.parquet")), arrow)).toBeNull();
});

it("are to pyarrow and DuckDB in our files what they were in pyarrow's", async () => {
  const file = path("all-2.0.parquet");
  const [own, ...ranks] = ["plain", ...pools.keys()].map((where) => path(`copied-${where}`)) as [string, ...string[]];
  mkdirSync(own);
  await programs.copied(file, own);
  for (const [i, pool] of pools.entries()) {
    expect(await onRanks(pool, "copied", file, ranks[i]!)).toEqual({ value: undefined });
    expect(await writtenDifference("copied", own, ranks[i]!)).toBeNull();
  }
  const outputs = [own, ranks[1]!].flatMap((where) => ["all", "arrow"].map((name) => join(where, name)));
  const [parquet, ...others] = (await kinds("same", ...outputs)).map((line) => JSON.parse(line) as { differing: string[]; types: Record<string, string> });
  for (const found of [parquet!, ...others]) expect(found.differing).toEqual([]);
  expect(parquet!.types).toMatchObject({ id: "extension<arrow.uuid>", ms: "time32[ms]", us: "time64[us]", ns: "time64[ns]", price: "decimal128(20, 3)", wei: "decimal128(38, 18)", serial: "decimal128(38, 0)", huge: "decimal256(50, 2)", half: "halffloat", large: "uint64" });
  for (const found of others) expect(found.types).toMatchObject({ id: "extension<arrow.uuid>", ms: "time32[ms]", us: "time64[us]", ns: "time64[ns]", price: "decimal128(20, 3)", huge: "decimal256(50, 2)" });
  for (const where of [own, ranks[3]!]) {
    const columns = "n, id, ms, us, price, wei, serial, tags, seen";
    expect(await duckdb(`(select ${columns} from '${file}' except all select ${columns} from '${where}/all/*.parquet') union all (select ${columns} from '${where}/all/*.parquet' except all select ${columns} from '${file}')`)).toEqual([]);
    const made = await duckdb(`select typeof(key) as key, typeof("at") as "at", typeof(id) as id, typeof(us) as us, count(*)::int as rows, sum((key::text is distinct from id)::int)::int as other, sum((("at"::text)[1:5] is distinct from us[1:5])::int)::int as late from '${where}/made/*.parquet' group by all`);
    expect(made).toEqual([{ key: "UUID", at: "TIME", id: "VARCHAR", us: "VARCHAR", rows: 97, other: 0, late: 0 }]);
    expect(await duckdb(`select typeof(list) as type, sum(len(map_keys(list)))::int as keys from '${where}/maps/*.parquet' group by all`)).toEqual([{ type: "MAP(VARCHAR, INTEGER)", keys: 2 * 97 }]);
    expect(await duckdb(`select l.id as id, l.us as us, l.price::text as price, l.tags::text as tags from read_json('${where}/lines/*.jsonl', columns = { n: 'int', id: 'varchar', us: 'varchar', price: 'varchar', tags: 'varchar' }) l where l.n = 1`)).toEqual([{ id: expect.any(String) as unknown, us: "00:59:31", price: "0.125", tags: '[{"key":"k0","value":1}]' }]);
  }
});

it("are to PyIceberg in tables that we write what they were", async () => {
  const file = path("all-2.0.parquet");
  const own = path("table-plain");
  const [rows] = (await programs.iceberg(file, own)) as [{ us: string | null }[]];
  expect(rows[97 - 3]!.us).toMatch(/^\d\d:\d\d:\d\d/);
  const ranks = pools.map((_, i) => path(`table-${i}`));
  for (const [i, pool] of pools.entries()) {
    const answer = await onRanks(pool, "iceberg", file, ranks[i]!);
    if ("error" in answer) expect.fail(JSON.stringify(answer.error));
    expect(difference((answer as { value: unknown[] }).value[0], rows)).toBeNull();
  }
  const equal = (await duckdb(`select count(*)::int as n from '${file}' where id = (select id from '${file}' where n = 1)`))[0]!["n"];
  for (const line of await kinds("iceberg", own, ...ranks)) expect(JSON.parse(line)).toEqual({ differing: [], types: { n: "int", id: "uuid", us: "time", price: "decimal(20, 3)", serial: "decimal(38, 0)" }, some: equal, bounds: [16] });
});

it("have their types in a pulled schema", async () => {
  const cli = (...args: string[]) => promisify(execFile)(process.execPath, [join(root, "runtime/bin/lockstep.mjs"), "schema", ...args], { cwd: scratch });
  for (const [from, out] of [["all-2.0.parquet", "parquet"], ["all.arrow", "arrow"]] as const) {
    await cli("pull", from, "-o", `${out}.schema.ts`);
    const text = readFileSync(path(`${out}.schema.ts`), "utf8");
    for (const line of ["id: string | null; // uuid", "ms: string | null; // time32[ms]", "ns: string; // time64[ns]", "price: number | null; // decimal128(20, 3)", "huge: number; // decimal256(50, 2)", "tags: { key: string; value: number | null }[] | null; // map<string, int32>", "half: number; // float16"]) expect(text).toContain(`  ${line}`);
    expect((await cli("check", `${out}.schema.ts`)).stdout).toContain("as the data");
  }
});

it("bytes of sixteen that nobody calls so are none", async () => {
  await expect(programs.bytes(path("bytes.parquet"))).rejects.toMatchObject({ code: "LS2015", message: expect.stringContaining("is binary") as unknown });
  expect(await onRanks(pools[1]!, "bytes", path("bytes.parquet"))).toMatchObject({ error: { code: "LS2002", message: expect.stringMatching(/bytes +binary +string/) as unknown } });
});

it("are refused of texts that are none", async () => {
  await expectRefused("noUuid", "LS2015", "no-", path("all-2.0.parquet"), path("none"));
  await expectRefused("noTime", "LS2015", "time64[us]", path("all-2.0.parquet"), path("none"));
});

describe("decimals of more digits than a number", () => {
  it("keep them where nobody looks", async () => {
    for (const [i, pool] of pools.entries()) expect(await onRanks(pool, "untouched", path("long.parquet"), path(`long-${i}`))).toEqual({ value: undefined });
    await programs.untouched(path("long.parquet"), path("long-plain"));
    for (const where of ["long-plain", "long-0", "long-3"]) {
      expect(await duckdb(`select serial::text as serial, price::text as price from '${path(where)}/*.parquet' order by n`)).toEqual([{ serial: "5", price: "0.500" }, { serial: "9007199254740992", price: null }, { serial: "1152921504606846977", price: "12345678901234567.125" }]);
    }
  });

  it("say which where somebody does", () => expectRefused("tooLong", "LS2004", "12345678901234567.125", path("long.parquet")));

  it("are bigints where the program says so", async () => {
    expect(await expectSame("bigints", path("long.parquet"))).toEqual([{ n: 0, serial: 5n, next: 6n }, { n: 1, serial: 2n ** 53n, next: 2n ** 53n + 1n }, { n: 2, serial: 2n ** 60n + 1n, next: 2n ** 60n + 2n }]);
  });
});
