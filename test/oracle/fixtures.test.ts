/**
 * The compiler's fixtures, run: plain Node's answer is the section Result of expected.md, and that of ranks is the same.
 * `LOCKSTEP_UPDATE=1` writes the sections.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { format, inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { withDuckDb } from "../duckdb.ts";
import { rankCounts } from "../sample.ts";
import { root } from "../scripts/lib.mjs";
import { expectedFile, findFixtures, readExpected } from "../snap/fixtures.ts";
import { runnableFixtures, type RunnableFixture } from "../snap/run.ts";
import { withResult } from "../snap/render.ts";
import { buildPrograms, type Program } from "./build-programs.ts";
import { difference, sortedRows } from "./compare.ts";
import { type Answer, RankPool } from "./rank-pool.ts";
import { readWritten, writtenDifference } from "./written.ts";

/** Rows of a dataset that are shown. */
const SHOWN = 8;
/** Lines of the console that are shown. */
const PRINTED = 30;
/** Their answer is another each time, or their input is no file that SQL writes (test/iceberg, test/postgres, test/flight, test/snowflake, test/adbc). */
const NOT_RUN = ["control/values-of-rank-0", "types/interfaces", "verbs/iceberg", "verbs/iceberg-changes", "verbs/iceberg-compact", "verbs/postgres", "verbs/flight-sql", "verbs/snowflake", "verbs/adbc"];

// In the checkout, so that the built programs find @lockstep/runtime.
const scratch = mkdtempSync(join(root, ".lockstep-fixtures-"));
const fixtures = await runnableFixtures();
const pools = new Map<number, RankPool>();
/** By their files. */
let programs: Map<string, Program>;

beforeAll(async () => {
  const built = await buildPrograms(fixtures.map(({ input }) => input), join(scratch, "built"));
  programs = new Map(built.map((program) => [program.id.slice(0, program.id.indexOf("#")), program]));
});

afterAll(async () => {
  await Promise.all([...pools.values()].map((pool) => pool.close()));
  rmSync(scratch, { recursive: true, force: true });
});

/** A folder with the fixture's inputs, made once, of which each call has a copy to run in. */
async function inputsOf(fixture: RunnableFixture): Promise<string> {
  const folder = join(scratch, "inputs", fixture.name.replaceAll("/", "-"));
  if (existsSync(folder)) return folder;
  mkdirSync(folder, { recursive: true });
  await withDuckDb(async (connection) => {
    for (const [name, query] of Object.entries(fixture.run.inputs)) {
      mkdirSync(join(folder, dirname(name)), { recursive: true });
      await connection.run(`copy (${query}) to '${join(folder, name)}' (${name.endsWith(".csv") ? "format csv, header" : name.endsWith(".jsonl") ? "format json" : "format parquet, row_group_size 2048"})`);
    }
  });
  return folder;
}

async function folderFor(fixture: RunnableFixture, who: string, call: number): Promise<string> {
  const folder = join(scratch, "runs", who, fixture.name.replaceAll("/", "-"), `${call}`);
  cpSync(await inputsOf(fixture), folder, { recursive: true });
  return folder;
}

interface Plain {
  readonly answer: Answer;
  readonly printed: readonly string[];
  readonly folder: string;
}

/** Plain Node's answer to a call; a table is its rows. */
async function plain(fixture: RunnableFixture, call: number, folder: string): Promise<Plain> {
  const [name, ...args] = fixture.run.calls[call]!;
  const module = (await import(pathToFileURL(fixture.input).href)) as Record<string, (...args: unknown[]) => Promise<unknown>>;
  const before = process.cwd();
  const printed: string[] = [];
  const console_ = vi.spyOn(console, "log").mockImplementation((...parts: unknown[]) => void printed.push(...format(...parts).split("\n")));
  process.chdir(folder);
  try {
    return { answer: { value: rowsOf(await module[name]!(...structuredClone(args))) }, printed, folder };
  } catch (error) {
    return { answer: { error: { message: (error as Error).message } }, printed, folder };
  } finally {
    process.chdir(before);
    console_.mockRestore();
  }
}

const rowsOf = (value: unknown): unknown => (typeof value === "object" && value !== null && "numRows" in value ? (value as { objects(): unknown }).objects() : value);

/** Without the inputs, which stand in the same folder. */
async function written(folder: string, fixture: RunnableFixture) {
  const inputs = new Set(Object.keys(fixture.run.inputs).map((name) => dirname(name)).map((name) => (name === "." ? "" : name)));
  return [...(await readWritten(folder))].filter(([name]) => !inputs.has(name));
}

async function shown(fixture: RunnableFixture, call: number, { answer, printed, folder }: Plain): Promise<string> {
  const [name, ...args] = fixture.run.calls[call]!;
  const text = (value: unknown) => inspect(value, { depth: 6, breakLength: 140, maxArrayLength: SHOWN, compact: 3 });
  const lines = [`### ${name}(${args.map((arg) => inspect(arg, { breakLength: Infinity })).join(", ")})`, "```", "error" in answer ? `throws ${answer.error.message}` : text(answer.value), "```"];
  if (printed.length > 0 && !fixture.run.printsAnew) lines.push("prints", "```", ...printed.slice(0, PRINTED), "```");
  for (const [path, { schema, rows }] of await written(folder, fixture)) {
    const some = sortedRows(rows).slice(0, SHOWN);
    lines.push(`${path} (${rows.length} rows): ${schema.join(", ")}`, "```", ...some.map((row) => inspect(row, { breakLength: Infinity })), "```");
  }
  return lines.join("\n");
}

it("every fixture that compiles is run", () => {
  const run = new Set([...fixtures.map(({ name }) => name), ...NOT_RUN]);
  expect(findFixtures().filter(({ status, name }) => status === "ok" && !run.has(name)).map(({ name }) => name)).toEqual([]);
});

describe.each(fixtures.map((fixture, turn) => [fixture.name, fixture, turn] as const))("%s", (_, fixture, turn) => {
  const right: Plain[] = [];

  it("plain Node's answer is the Result of expected.md", async () => {
    const parts: string[] = [];
    for (const call of fixture.run.calls.keys()) {
      const folder = await folderFor(fixture, "plain", call);
      right.push(await plain(fixture, call, folder));
      parts.push(await shown(fixture, call, right[call]!));
    }
    const before = readExpected(fixture)!;
    const now = withResult(before, parts.join("\n\n"));
    if (process.env.LOCKSTEP_UPDATE) writeFileSync(expectedFile(fixture), now);
    else expect(now, "LOCKSTEP_UPDATE=1 npm test -- oracle/fixtures writes it").toBe(before);
  });

  it.each(rankCounts(turn))("that of %i ranks is the same", async (ranks) => {
    const pool = pools.get(ranks) ?? new RankPool(ranks);
    pools.set(ranks, pool);
    for (const [call, [name, ...args]] of fixture.run.calls.entries()) {
      const folder = await folderFor(fixture, `ranks-${ranks}`, call);
      const program = programs.get(relative(root, fixture.input))!;
      const answer = await pool.run({ ...program, args, module: program.module, name, cwd: folder });
      const expected = right[call]!;
      if ("error" in expected.answer) expect(answer).toMatchObject(expected.answer);
      else if ("error" in answer) expect.fail(`${name} on ${ranks} ranks threw ${JSON.stringify(answer.error)}`);
      else expect(difference(expected.answer.value, answer.value)).toBeNull();
      if (!fixture.run.printsAnew) expect(pool.printed).toEqual(expected.printed);
      expect(await writtenDifference(fixture.name, expected.folder, folder)).toBeNull();
    }
  });
});
