/** The 22 queries of TPC-H on a hundredth of its smallest data: plain Node's answers and those of 1, 2, 3 and 7 ranks against DuckDB's of the SQL. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { answerDifference, type Rows } from "../bench/answers.ts";
import { queries } from "../bench/programs/tpch/index.ts";
import { makeTpch } from "../data/tpch.ts";
import { shared } from "../sample.ts";
import { root } from "../scripts/lib.mjs";
import { buildPrograms, type Program } from "./build-programs.ts";
import { RankPool } from "./rank-pool.ts";

const SCALE = 0.01;
const names = Object.keys(queries);
const fileOf = (name: string): string => `test/bench/programs/tpch/${name}.ts`;

// In the checkout, so that the built programs find @lockstep/runtime.
const scratch = mkdtempSync(join(root, ".lockstep-tpch-"));
let data: string;
let right: Map<string, Rows>;
let programs: Map<string, Program>;

beforeAll(async () => {
  data = await makeTpch(SCALE);
  right = await duckDbAnswers();
  programs = new Map((await buildPrograms(names.map((name) => join(root, fileOf(name))), scratch)).map((program) => [program.id, program]));
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

async function duckDbAnswers(): Promise<Map<string, Rows>> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "2" });
  const connection = await instance.connect();
  await connection.run(`set variable scale = ${SCALE}::double`);
  for (const file of readdirSync(data)) await connection.run(`create view ${file.replace(".parquet", "")} as from '${join(data, file)}'`);
  const answers = new Map<string, Rows>();
  for (const [, name, sql] of readFileSync(join(root, "test/bench/peers/tpch.sql"), "utf8").matchAll(/^-- (\w+)\n((?:(?!-- ).*\n)*)/gm)) {
    answers.set(name!, (await connection.runAndReadAll(sql!)).getRowsJson());
  }
  connection.closeSync();
  instance.closeSync();
  return answers;
}

const rowsOf = (objects: unknown): Rows => JSON.parse(JSON.stringify((objects as Record<string, unknown>[]).map((row) => Object.values(row)))) as Rows;

it("the SQL has all queries", () => expect([...right.keys()]).toEqual(names));

it.each(names)("%s on plain Node", async (name) => {
  expect(answerDifference(right.get(name)!, rowsOf(await queries[name]!(data, SCALE)))).toBeNull();
});

describe.each(shared([1, 2, 3, 7], 1))("on %i ranks", (ranks) => {
  let pool: RankPool;
  beforeAll(() => void (pool = new RankPool(ranks)));
  afterAll(() => pool.close());

  it.each(names)("%s", async (name) => {
    const id = `${fileOf(name)}#${name}`;
    const { chunk, module } = programs.get(id)!;
    const answer = await pool.run({ chunk, id, module, name, args: [data, SCALE] });
    if ("error" in answer) expect.fail(`the ranks threw ${JSON.stringify(answer.error)}`);
    expect(answerDifference(right.get(name)!, rowsOf(answer.value))).toBeNull();
  });
});
