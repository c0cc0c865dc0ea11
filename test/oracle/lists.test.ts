/** Lists as others write them: large, of fixed size, of dictionaries, named otherwise. Both executions see the same, and pyarrow what it wrote in what they write. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pythonWith } from "../python.ts";
import { root } from "../scripts/lib.mjs";
import { buildPrograms, type Program } from "./build-programs.ts";
import { difference } from "./compare.ts";
import * as programs from "./lists/programs.ts";
import { type Answer, RankPool } from "./rank-pool.ts";
import { writtenDifference } from "./written.ts";

const scratch = mkdtempSync(join(root, ".lockstep-lists-"));
const pool = new RankPool(3);
let [python, built] = ["", new Map<string, Program>()];
const files = [["element", "1.0"], ["item", "2.0"]] as const;
const pathOf = (name: string): string => join(scratch, `${name}.parquet`);
const arrow = join(scratch, "all.arrow");
const lists = async (...args: string[]): Promise<string[]> => (await promisify(execFile)(join(python, "python"), [join(root, "test/oracle/lists/foreign.py"), ...args])).stdout.trim().split("\n");

beforeAll(async () => {
  python = await pythonWith("pyiceberg");
  for (const [name, version] of files) await lists("write", pathOf(name), name, version);
  await lists("arrow", arrow);
  built = new Map((await buildPrograms([join(root, "test/oracle/lists/programs.ts")], join(scratch, "built"))).map((program) => [program.id.split("#")[1]!, program]));
}, 900_000);

afterAll(async () => {
  await pool.close();
  rmSync(scratch, { recursive: true, force: true });
});

const onRanks = (name: keyof typeof programs, ...args: string[]): Promise<Answer> => {
  const { chunk, id } = built.get(name)!;
  return pool.run({ chunk, id, args });
};

describe.each(files)("lists whose elements are called %s", (name) => {
  it("are the same in both executions", async () => {
    const answer = await onRanks("observed", pathOf(name));
    if ("error" in answer) expect.fail(JSON.stringify(answer.error));
    expect(difference(await programs.observed(pathOf(name)), answer.value)).toBeNull();
  });

  it("are to pyarrow in our files what they were in its own", async () => {
    const [plain, ranks] = ["plain", "ranks"].map((where) => join(scratch, `${name}-${where}`)) as [string, string];
    mkdirSync(plain);
    await programs.copied(pathOf(name), plain);
    expect(await onRanks("copied", pathOf(name), ranks)).toEqual({ value: undefined });
    const [same, types] = (await lists("same", join(plain, "all"), join(ranks, "all"))).map((line) => JSON.parse(line) as unknown[]);
    expect(await writtenDifference("copied", plain, ranks)).toBeNull();
    expect(same).toEqual([true, true]);
    expect(types![1]).toEqual(["int32", "list<element: string>", "list<element: float>", "list<element: string>", "list<element: uint8>", "list<element: date32[day]>", "list<element: decimal128(9, 2)>", "list<element: int64>"]);
  });

  it("are refused as what they are not", async () => {
    for (const [program, type] of [["mistaken", "list<float32>"], ["nested", "list<list<int32>>"]] as const) {
      const answer = await onRanks(program, pathOf(name));
      expect(answer).toMatchObject({ error: { code: "LS2002", message: expect.stringContaining(type) } });
    }
  });
});

it("are in Arrow files what they are in Parquet's", async () => {
  const answer = await onRanks("arrow", arrow);
  if ("error" in answer) expect.fail(JSON.stringify(answer.error));
  expect(difference(await programs.arrow(arrow), answer.value)).toBeNull();
  const [rows] = (await programs.arrow(arrow)) as [unknown];
  const [others] = (await programs.observed(pathOf("item"))) as [unknown];
  expect(difference(others, rows)).toBeNull();
});

it("are the same where memory holds a part of them", async () => {
  const file = pathOf("heavy");
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  const tags = "case when i % 11 = 0 then null else list_transform(range(0, i % 6), lambda n: case when (i + n) % 13 = 0 then null else repeat(chr((97 + (i + n) % 26)::int), 150) || i end) end";
  await connection.run(`copy (select i::int as id, (hash(i) % 5003)::int as key, ${tags} as tags from range(40000) t(i)) to '${file}' (format parquet, row_group_size 6144)`);
  connection.closeSync();
  const small = new RankPool(2, { LOCKSTEP_MEMORY: "16MB" });
  try {
    const { chunk, id } = built.get("spilled")!;
    const [plain, ranks] = ["spilled-plain", "spilled-ranks"].map((where) => join(scratch, where)) as [string, string];
    const answer = await small.run({ chunk, id, args: [file, ranks] });
    if ("error" in answer) expect.fail(JSON.stringify(answer.error));
    expect(difference(await programs.spilled(file, plain), answer.value)).toBeNull();
    expect(await writtenDifference("spilled", plain, ranks)).toBeNull();
  } finally {
    await small.close();
  }
});
