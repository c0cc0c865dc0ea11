/** Structs, and lists of lists and structs, as others write them. Both executions see the same, and pyarrow and DuckDB what they wrote in what they write. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withDuckDb } from "../duckdb.ts";
import { pythonWith } from "../python.ts";
import { shared } from "../sample.ts";
import { root } from "../scripts/lib.mjs";
import { buildPrograms, type Program } from "./build-programs.ts";
import { difference } from "./compare.ts";
import * as programs from "./objects/programs.ts";
import { type Answer, RankPool } from "./rank-pool.ts";
import { writtenDifference } from "./written.ts";

const scratch = mkdtempSync(join(root, ".lockstep-objects-"));
const pools = [1, 2, 3, 7].map((ranks) => new RankPool(ranks));
let [python, built] = ["", new Map<string, Program>()];
const path = (name: string): string => join(scratch, name);
const structs = async (...args: string[]): Promise<string[]> => (await promisify(execFile)(join(python, "python"), [join(root, "test/oracle/objects/foreign.py"), ...args])).stdout.trim().split("\n");

const duckdb = async (sql: string): Promise<Record<string, unknown>[]> => withDuckDb(async (asked) => (await asked.runAndReadAll(sql)).getRowObjectsJson());

beforeAll(async () => {
  python = await pythonWith("pyiceberg");
  for (const version of ["1.0", "2.0"]) await structs("write", path(`all-${version}.parquet`), version);
  await structs("arrow", path("all.arrow"));
  await duckdb(`copy (select i::int as id, {'serial': case when i = 40 then 9007199254740993 else i end::bigint, 'name': 'n' || i} as at from range(60) t(i)) to '${path("large.parquet")}' (format parquet)`);
  await duckdb(`copy (select i::int as id, {'y': i, '10': 'n' || i, '2': i / 2} as at from range(7) t(i)) to '${path("numbered.parquet")}' (format parquet)`);
  built = new Map((await buildPrograms([join(root, "test/oracle/objects/programs.ts")], path("built"))).map((program) => [program.id.split("#")[1]!, program]));
}, 900_000);

afterAll(async () => {
  for (const pool of pools) await pool.close();
  rmSync(scratch, { recursive: true, force: true });
});

const onRanks = (pool: RankPool, name: keyof typeof programs, ...args: string[]): Promise<Answer> => {
  const { chunk, id } = built.get(name)!;
  return pool.run({ chunk, id, args });
};

/** What the program answers under plain Node, or the error. */
async function plain(name: keyof typeof programs, ...args: string[]): Promise<Answer> {
  try {
    return { value: await (programs[name] as (...args: string[]) => Promise<unknown>)(...args) } as Answer;
  } catch (error) {
    return { error } as Answer;
  }
}

async function expectSame(name: keyof typeof programs, turn: number, ...args: string[]): Promise<unknown> {
  const right = await plain(name, ...args);
  if ("error" in right) expect.fail(`${name}: ${String(right.error)}`);
  for (const pool of shared(pools, turn)) {
    const answer = await onRanks(pool, name, ...args);
    if ("error" in answer) expect.fail(`${name}: ${JSON.stringify(answer.error)}`);
    expect(difference(right.value, answer.value), name).toBeNull();
  }
  return right.value;
}

describe.each([["1.0", 0], ["2.0", 1]] as const)("structs in pages of version %s", (version, turn) => {
  it("are the same in both executions", async () => {
    await expectSame("observed", turn, path(`all-${version}.parquet`));
    await expectSame("reordered", turn, path(`all-${version}.parquet`));
  });

  it("are to pyarrow and DuckDB in our files what they were in pyarrow's", async () => {
    const file = path(`all-${version}.parquet`);
    const asked = shared(pools, turn);
    const [own, ...ranks] = ["plain", ...asked.keys()].map((where) => path(`${version}-${where}`)) as [string, ...string[]];
    mkdirSync(own);
    await programs.copied(file, own);
    for (const [i, pool] of asked.entries()) {
      expect(await onRanks(pool, "copied", file, ranks[i]!)).toEqual({ value: undefined });
      expect(await writtenDifference("copied", own, ranks[i]!)).toBeNull();
    }
    const copies = [own, ...ranks].flatMap((where) => ["all", "joined", "parts"].map((name) => join(where, name)));
    const [same, types] = (await structs("same", ...copies)).map((line) => JSON.parse(line) as unknown[]);
    expect(same).toEqual(copies.map(() => true));
    for (const copy of copies) {
      const differing = await duckdb(`from (from '${file}' except all from '${copy}/*.parquet') union all from (from '${copy}/*.parquet' except all from '${file}')`);
      expect(differing, copy).toEqual([]);
    }
    expect(types![0]).toEqual(types![3]);
    expect((types![3] as string[])[1]).toBe("struct<x: double, y: int64>");
    const lines = await duckdb(`select id, "at", deep from read_json('${own}/lines/*.jsonl') order by id limit 3`);
    expect(lines).toEqual(await duckdb(`select id, "at", deep from read_json('${ranks[1]}/lines/*.jsonl') order by id limit 3`));
  });
});

it("are in Arrow files what they are in Parquet's", async () => {
  const arrow = await expectSame("arrow", 0, path("all.arrow"));
  expect(difference(await programs.observed(path("all-2.0.parquet")), arrow)).toBeNull();
});

it.each([["made", 0], ["numbered", 1]] as const)("are %s by programs", async (name, turn) => {
  const file = path(name === "made" ? "all-2.0.parquet" : "numbered.parquet");
  const own = path(`${name}-plain`);
  mkdirSync(own);
  const right = await programs[name](file, own);
  for (const [i, pool] of shared(pools, turn).entries()) {
    const answer = await onRanks(pool, name, file, path(`${name}-${i}`));
    if ("error" in answer) expect.fail(JSON.stringify(answer.error));
    expect(difference(right, answer.value)).toBeNull();
    expect(await writtenDifference(name, own, path(`${name}-${i}`))).toBeNull();
  }
});

it("have no members where they are null", async () => {
  const right = (await plain("nobody", path("all-2.0.parquet"))) as { error: Error };
  expect(right.error).toMatchObject({ name: "TypeError", message: "Cannot read properties of null (reading 'x')" });
  for (const pool of shared(pools, 1)) expect(await onRanks(pool, "nobody", path("all-2.0.parquet"))).toMatchObject({ error: { message: expect.stringContaining("Cannot read properties of null (reading 'x')") } });
});

it("are looked at member by member", async () => {
  await expectSame("large", 0, path("large.parquet"));
  for (const [turn, name] of (["tooLarge", "tooLargeWhole"] as const).entries()) {
    expect(await plain(name, path("large.parquet"))).toMatchObject({ error: { code: "LS2004", message: expect.stringContaining("9007199254740993") } });
    for (const pool of shared(pools, turn)) expect(await onRanks(pool, name, path("large.parquet"))).toMatchObject({ error: { code: "LS2004", message: expect.stringContaining("9007199254740993") } });
  }
});

it("have no form in CSV", async () => {
  expect(await plain("refused", path("all-2.0.parquet"), path("refused-plain"))).toMatchObject({ error: { code: "LS2015", message: expect.stringContaining("struct<x: float64, y: int64>") } });
  expect(await onRanks(pools[1]!, "refused", path("all-2.0.parquet"), path("refused"))).toMatchObject({ error: { code: "LS2015", message: expect.stringContaining("struct<x: float64, y: int64>") } });
});

it("are refused as what they are not", async () => {
  expect(await onRanks(pools[1]!, "handed", path("all-2.0.parquet"))).toMatchObject({ error: { code: "LS2017", message: expect.stringContaining("of the type object") } });
  expect(await onRanks(pools[1]!, "mistaken", path("all-2.0.parquet"))).toMatchObject({ error: { code: "LS2002", message: expect.stringContaining("struct<x: float64, y: int64>  { x: number; z: number }  at: { x: number; y: number }") } });
});

describe("of JSON Lines", () => {
  const line = (i: number): Record<string, unknown> => {
    const deep = { ...(i % 4 && { ok: i % 3 === 0 }), tags: i % 5 ? ["t", null, `t${i}`].slice(i % 3) : null };
    const at = i % 2 ? { name: i % 7 ? `ä"${i}` : null, x: i / 4, ...(i % 3 && { deep }) } : { x: null, deep, name: "n" };
    return {
      id: i,
      ...(i % 6 ? { at } : i % 12 ? {} : { at: null }),
      stops: i % 9 === 0 ? null : Array.from({ length: i % 4 }, (_, n) => (n === 2 ? null : n % 2 ? { n, place: `p${n}` } : { place: `q${n}` })),
      grid: [[i], [], [null, 2], null].slice(i % 5),
      empty: i % 2 ? { never: null, some: i } : { some: 1 },
    };
  };
  const odd = (i: number): Record<string, unknown> => ({ id: i, at: line(i)["at"], mixed: { a: i === 400 ? "400" : i }, far: { serial: i === 300 ? "FAR" : i } });
  const text = (value: unknown): string => `${JSON.stringify(value).replace('"FAR"', "9007199254740993")}\n`;
  const [folder, others] = [path("json"), path("odd.jsonl")];

  beforeAll(() => {
    mkdirSync(folder);
    for (const [n, [from, to]] of [[0, 250], [250, 251], [251, 251], [251, 501]].entries()) writeFileSync(join(folder, `${n}.jsonl`), Array.from({ length: to! - from! }, (_, i) => text(line(from! + i))).join(""));
    writeFileSync(others, Array.from({ length: 501 }, (_, i) => text(odd(i))).join(""));
  });

  it("have the members that any of them has, in both executions", async () => {
    const own = path("json-plain");
    mkdirSync(own);
    const right = await programs.lines(folder, own);
    const [rows] = right as [Record<string, unknown>[]];
    expect(rows[12]).toEqual({ id: 12, at: null, stops: [], grid: [[null, 2], null], empty: { never: null, some: 1 } });
    expect(rows[7]!["at"]).toEqual({ name: null, x: 7 / 4, deep: { ok: false, tags: [null, "t7"] } });
    for (const [i, pool] of shared(pools, 0).entries()) {
      const answer = await onRanks(pool, "lines", folder, path(`json-${i}`));
      if ("error" in answer) expect.fail(JSON.stringify(answer.error));
      expect(difference(right, answer.value)).toBeNull();
      expect(await writtenDifference("lines", own, path(`json-${i}`))).toBeNull();
    }
  });

  it("say where what stands that is not as the others", async () => {
    const error = (code: string, message: string): unknown => ({ error: { code, message: expect.stringContaining(message) } });
    expect(await plain("mixed", others)).toMatchObject(error("LS2015", `the column "mixed" of ${others} is struct (line 1): it cannot be looked at`));
    expect(await plain("mixed", others)).toMatchObject({ error: { fix: expect.stringContaining("No one type fits mixed.a:") as unknown } });
    expect(await plain("far", others)).toMatchObject(error("LS2004", `${others}, line 301: column far has "9007199254740993"`));
    expect(await plain("unnamed", others)).toMatchObject({ value: expect.anything() as unknown });
    for (const pool of shared(pools, 1)) {
      expect(await onRanks(pool, "mixed", others)).toMatchObject(error("LS2002", "mixed   struct (line 1)  { a: number }       no JavaScript type fits"));
      expect(await onRanks(pool, "far", others)).toMatchObject(error("LS2004", `${others}, line 301: column far has "9007199254740993"`));
      expect(await onRanks(pool, "unnamed", others)).toMatchObject(error("LS2002", "struct<name: string, x: float64, deep: struct<ok: bool, tags: list<string>>>"));
    }
  });
});

it("are the same where memory holds a part of them", async () => {
  const file = path("heavy.parquet");
  const tags = "case when i % 11 = 0 then null else list_transform(range(0, i % 6), lambda n: case when (i + n) % 13 = 0 then null else repeat(chr((97 + (i + n) % 26)::int), 150) || i end) end";
  await duckdb(`copy (select i::int as id, (hash(i) % 5003)::int as key, case when i % 17 = 0 then null else {'place': 'p' || i, 'tags': ${tags}} end as at from range(40000) t(i)) to '${file}' (format parquet, row_group_size 6144)`);
  const small = new RankPool(2, { LOCKSTEP_MEMORY: "16MB" });
  try {
    const [own, ranks] = ["spilled-plain", "spilled-ranks"].map(path) as [string, string];
    const answer = await onRanks(small, "spilled", file, ranks);
    if ("error" in answer) expect.fail(JSON.stringify(answer.error));
    expect(difference(await programs.spilled(file, own), answer.value)).toBeNull();
    expect(await writtenDifference("spilled", own, ranks)).toBeNull();
  } finally {
    await small.close();
  }
});
