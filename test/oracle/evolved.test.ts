/**
 * Files of one input with other columns, in another order and of other types: columns are found by name, null where a file lacks
 * them, of a common type where types differ. Both executions see what DuckDB (union_by_name) and pyarrow's datasets see.
 */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pythonWith } from "../python.ts";
import { root } from "../scripts/lib.mjs";
import { buildPrograms, type Program } from "./build-programs.ts";
import { difference } from "./compare.ts";
import * as programs from "./evolved/programs.ts";
import { type Answer, RankPool } from "./rank-pool.ts";
import { writtenDifference } from "./written.ts";

const scratch = mkdtempSync(join(root, ".lockstep-evolved-"));
const pools = new Map<number, RankPool>();
let [python, built] = ["", new Map<string, Program>()];
const inputs = ["parquet", "arrow"].map((format) => join(scratch, format)) as [string, string];
const [parquet] = inputs;
const pairs = join(scratch, "pairs");
const foreign = async (...args: string[]): Promise<unknown> => {
  const { stdout } = await promisify(execFile)(join(python, "python"), [join(root, "test/oracle/evolved/foreign.py"), ...args]);
  return stdout === "" ? undefined : JSON.parse(stdout);
};

beforeAll(async () => {
  python = await pythonWith("pyiceberg");
  for (const input of inputs) await foreign("write", input, input === parquet ? "parquet" : "arrow");
  const statements = Object.entries(pairsOf).flatMap(([name, files]) => files.map((select, i) => `copy (${select}) to '${join(pairs, name, `${i}.parquet`)}' (format parquet)`));
  for (const name of Object.keys(pairsOf)) mkdirSync(join(pairs, name), { recursive: true });
  await query(...statements);
  built = new Map((await buildPrograms([join(root, "test/oracle/evolved/programs.ts")], join(scratch, "built"))).map((program) => [program.id.split("#")[1]!, program]));
}, 900_000);

afterAll(async () => {
  await Promise.all([...pools.values()].map((pool) => pool.close()));
  rmSync(scratch, { recursive: true, force: true });
});

/** Two files each, whose column `it` is of other types. */
const pairsOf: Record<string, readonly [string, string]> = {
  "number-string": ["select 1 as id, 1 as it", "select 2 as id, 'a' as it"],
  "boolean-number": ["select 1 as id, true as it", "select 2 as id, 1.5::double as it"],
  "number-date": ["select 1 as id, 1 as it", "select 2 as id, timestamp '2024-01-01 00:00:00' as it"],
  "list-number": ["select 1 as id, [1] as it", "select 2 as id, 1 as it"],
  "past-exact": ["select 1 as id, 9007199254740993::bigint as it", "select 2 as id, 0.5::double as it"],
  "past-int64": ["select 1 as id, 18446744073709551615::ubigint as it", "select 2 as id, -1::bigint as it"],
};

async function query(...statements: string[]): Promise<Record<string, unknown>[]> {
  const connection = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect();
  let rows: Record<string, unknown>[] = [];
  for (const statement of statements) rows = (await connection.runAndReadAll(statement)).getRowObjectsJson() as Record<string, unknown>[];
  connection.closeSync();
  return rows;
}

type Name = keyof typeof programs;
const plain = (name: Name, ...args: string[]): Promise<Answer> =>
  (programs[name] as (...args: string[]) => Promise<unknown>)(...args).then((value): Answer => ({ value }), (error: Error & { code?: string }): Answer => ({ error: { message: error.message, code: error.code! } }));

/** As JSON has it, of names alone. */
const rowsOf = (answer: Answer, names: readonly string[]): unknown[] => {
  if ("error" in answer) expect.fail(JSON.stringify(answer.error));
  const [rows] = answer.value as [Record<string, unknown>[]];
  return JSON.parse(JSON.stringify(rows.map((row) => Object.fromEntries(names.map((name) => [name, row[name]]))))) as unknown[];
};

describe("plain Node", () => {
  it("sees what DuckDB sees by name", async () => {
    const columns = ["id::int as id", "note", "n::int as n", "f::double as f", "mixed::double as mixed", "price::double as price", "strftime(\"at\" at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%gZ') as \"at\"", "strftime(day, '%Y-%m-%dT%H:%M:%S.%gZ') as day", "text", "nothing", "wide::int as wide", "late"];
    const names = columns.map((column) => column.split(/ as |::/).at(-1)!.replaceAll('"', ""));
    const found = await query("set timezone = 'UTC'", `select ${columns.join(", ")} from read_parquet('${parquet}/*.parquet', union_by_name = true) order by id`);
    expect(rowsOf(await plain("observed", parquet), names)).toEqual(found.map((row) => Object.fromEntries(names.map((name) => [name, row[name]]))));
  });

  it("sees what pyarrow's dataset sees", async () => {
    expect(rowsOf(await plain("observed", parquet), ["id", "note", "n", "f", "mixed", "late"])).toEqual(await foreign("read", parquet));
  });

  it("sees the same in Arrow IPC", async () => {
    const [a, b] = [await plain("observed", inputs[0]), await plain("observed", inputs[1])];
    if ("error" in a || "error" in b) expect.fail(JSON.stringify([a, b]));
    expect(difference(a.value, b.value)).toBeNull();
  });
});

describe.each([1, 2, 3, 7])("on %i ranks", (ranks) => {
  const onRanks = (name: Name, ...args: string[]): Promise<Answer> => {
    if (!pools.has(ranks)) pools.set(ranks, new RankPool(ranks));
    const { chunk, id } = built.get(name)!;
    return pools.get(ranks)!.run({ chunk, id, args });
  };
  const same = async (name: Name, ...args: string[]): Promise<void> => {
    const [right, answer] = [await plain(name, ...args), await onRanks(name, ...args)];
    if ("error" in right || "error" in answer) expect.fail(JSON.stringify([right, answer]));
    expect(difference(right.value, answer.value)).toBeNull();
  };

  it.each(inputs.flatMap((input) => (["observed", "filtered", "joined"] as const).map((name) => [name, input] as const)))("%s of %s", async (name, input) => {
    await same(name, input);
  });

  it("are written in the common types", async () => {
    const [right, out] = [join(scratch, `right-${ranks}`), join(scratch, `out-${ranks}`)];
    for (const folder of [right, out]) mkdirSync(folder);
    await programs.copied(parquet, right);
    expect(await onRanks("copied", parquet, out)).toEqual({ value: undefined });
    expect(await writtenDifference("copied", right, out)).toBeNull();
    expect(await foreign("types", join(out, "all"))).toMatchObject({ id: "int64", n: "int64", f: "double", mixed: "double", price: "double", at: "timestamp[us, tz=UTC]", day: "timestamp[us]", text: "string", nothing: "string", wide: "int64", note: "string", late: "bool" });
  });

  it("what is appended with other columns is read", async () => {
    const [right, out] = [join(scratch, `appended-right-${ranks}`), join(scratch, `appended-${ranks}`)];
    await programs.appended(parquet, right);
    expect(await onRanks("appended", parquet, out)).toEqual({ value: 0 });
    const [expected, answer] = [await plain("appendedRead", right), await onRanks("appendedRead", out)];
    if ("error" in expected || "error" in answer) expect.fail(JSON.stringify([expected, answer]));
    expect(difference(expected.value, answer.value)).toBeNull();
    await same("appendedRead", out);
  });

  it("an interface without null names the file", async () => {
    const lines = [`${parquet}/0.parquet differs from the interface in 2 columns`, "  column  the file has  the interface says  fix", "  note    (missing)     string              write note: string | null, which it is where a file lacks it", "  late    (missing)     boolean             write late: boolean | null, which it is where a file lacks it"];
    expect(await onRanks("neverNull", parquet)).toMatchObject({ error: { code: "LS2002", message: lines.join("\n") } });
  });

  it.each(["number-string", "boolean-number", "number-date", "list-number"])("%s differ", async (name) => {
    const [right, answer] = [await plain("different", join(pairs, name)), await onRanks("different", join(pairs, name))];
    expect(right).toMatchObject({ error: { code: "LS2002", message: expect.stringMatching(/1\.parquet differs from .*0\.parquet in 1 column\n/) } });
    expect(answer).toMatchObject(right);
    await same("besides", join(pairs, name));
  });

  it.each([["past-exact", "LS2004", /"it" of .*0\.parquet holds 9007199254740993, an integer past ±2\^53/], ["past-int64", "LS2015", /"it" of .*0\.parquet holds 18446744073709551615, which does not fit int64/]] as const)("%s is an error", async (name, code, message) => {
    const [right, answer] = [await plain("different", join(pairs, name)), await onRanks("different", join(pairs, name))];
    for (const found of [right, answer]) expect(found).toMatchObject({ error: { code, message: expect.stringMatching(message) } });
    await same("besides", join(pairs, name));
  });
});

it("schema pull writes the union down, and check compares with it", async () => {
  const cli = async (...args: string[]): Promise<string> => (await promisify(execFile)(process.execPath, [join(root, "runtime/bin/lockstep.mjs"), "schema", ...args], { cwd: scratch })).stdout;
  await cli("pull", parquet, "-o", "parquet.schema.ts");
  const text = readFileSync(join(scratch, "parquet.schema.ts"), "utf8");
  for (const line of ["id: number;", "note: string | null;", "mixed: number | null;", "late: boolean | null;", "place: { x: number | null; s: string | null; y: number | null } | null;"]) expect(text).toContain(line);
  expect(await cli("check", "parquet.schema.ts")).toContain("as the data");
  writeFileSync(join(scratch, "parquet.schema.ts"), text.replaceAll('"late"', '"later"'));
  await expect(cli("check", "parquet.schema.ts")).rejects.toMatchObject({ stdout: expect.stringContaining("late") });
});
