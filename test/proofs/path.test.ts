// Proofs that the path is real: built programs on whole processes share out rows, read once, and stay small.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import lockstepPlugin from "@lockstep/plugin-vite/esbuild";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Scratch } from "../jobs/job-process.ts";
import { shared } from "../sample.ts";
import { root } from "../scripts/lib.mjs";
import { Built } from "./built.ts";
import { anonymousKb, treeOf } from "./processes.ts";

const ROWS = 400_000;
const built = new Built("proofs");

beforeAll(async () => {
  await built.make();
  await built.data("rows", ROWS);
});

afterAll(() => built.remove());

interface Operator {
  readonly name: string;
  readonly detail: string;
  readonly ranks: readonly { readonly rows: number; readonly batches: number; readonly bytesReceived: number }[];
}

/** Runs an action and returns what it printed, and its operators. */
async function profiled(ranks: number, args: readonly string[], profile: string): Promise<{ result: unknown; operators: Operator[] }> {
  const end = await built.start(ranks, args, {}, ["--profile", profile]).ended;
  expect(end).toMatchObject({ code: 0, stderr: "" });
  const { executions } = JSON.parse(readFileSync(profile, "utf8")) as { executions: { operators: Operator[] }[] };
  return { result: JSON.parse(end.stdout.split("\n")[1]!), operators: executions.flatMap((execution) => execution.operators) };
}

const total = (operator: Operator): number => operator.ranks.reduce((sum, rank) => sum + rank.rows, 0);

const RANKS = [2, 3, 7];

it.each(shared(RANKS, 0))("on %i ranks none holds more than its share + 10 % of the rows, the first no other than its own", async (ranks) => {
  using scratch = new Scratch();
  const { result, operators } = await profiled(ranks, ["everything", built.at("rows"), join(scratch.path, "out")], join(scratch.path, "profile"));
  expect(result).toBe(ROWS);
  const large = operators.filter((operator) => total(operator) >= ROWS);
  expect(large.map((operator) => operator.name)).toEqual(expect.arrayContaining(["ScanExec", "SortRowsExec"]));
  const uneven = large.filter((operator) => operator.ranks.some((rank) => rank.rows > (1.1 * total(operator)) / ranks));
  expect(uneven.map((operator) => [operator.name, operator.ranks.map((rank) => rank.rows)])).toEqual([]);
  // An exchange of fewer batches than its buffers hold would never wait.
  const exchanges = large.filter((operator) => /^(Shuffle|RangeShuffle)Exec$/.test(operator.name));
  expect(exchanges.map((operator) => operator.name)).toContain("RangeShuffleExec");
  expect(Math.min(...exchanges.flatMap((operator) => operator.ranks.map((rank) => rank.batches)))).toBeGreaterThanOrEqual(20);
  expect(readdirSync(join(scratch.path, "out"))).toHaveLength(ranks);
});

it.each(shared(RANKS, 1))("a table with four readers is read once by %i ranks", async (ranks) => {
  using scratch = new Scratch();
  const { result, operators } = await profiled(ranks, ["four", built.at("rows"), join(scratch.path, "out")], join(scratch.path, "profile"));
  expect(result).toEqual([5000, ROWS, ROWS]);
  expect(operators.filter((operator) => operator.name === "ScanExec").map(total)).toEqual([ROWS]);
});

it.each(shared(RANKS, 0))("a reader that stops early hangs none of %i ranks", async (ranks) => {
  const end = await built.start(ranks, ["first", built.at("rows")]).ended;
  expect(end).toMatchObject({ code: 0, stderr: "", stdout: "top level\n[1,1,1,20000,0]\n" });
});

it("top-level code, files and state happen once on 3 ranks", async () => {
  using scratch = new Scratch();
  const log = join(scratch.path, "log");
  writeFileSync(log, "");
  const end = await built.start(3, ["once", built.at("rows"), log]).ended;
  expect(end).toEqual({ code: 0, signal: null, stderr: "", stdout: "top level\n[5000,5000,1]\n" });
  expect(readFileSync(log, "utf8")).toBe("0 1\n");
});

it("every row function of the taxi job runs in the engine", async () => {
  const dist = built.at("taxi");
  await build({
    entryPoints: [join(root, "playground/examples/monthly-trips/src/job.ts")], outdir: dist, bundle: true, format: "esm", platform: "node", logLevel: "error",
    plugins: [lockstepPlugin({ root, report: false })],
  });
  const manifest = JSON.parse(readFileSync(join(dist, "lockstep.manifest.json"), "utf8")) as { functions: { rowFunctions: { column: string; tier: string }[] }[] };
  const tiers = manifest.functions.flatMap((f) => f.rowFunctions);
  expect(tiers.length).toBeGreaterThan(5);
  expect(tiers.filter((f) => f.tier !== "native")).toEqual([]);
});

/** The most memory that the processes of a job had together. */
async function peakOf(input: string): Promise<number> {
  const job = built.start(2, ["grouped", input]);
  let ended = false;
  let peak = 0;
  const end = job.ended.finally(() => (ended = true));
  while (!ended) {
    peak = Math.max(peak, treeOf(job.pid).reduce((sum, pid) => sum + anonymousKb(pid), 0));
    await delay(10);
  }
  expect(await end).toMatchObject({ code: 0, stdout: "top level\n5000\n" });
  return peak;
}

it("memory of filter and group does not grow with the input", async () => {
  const more = await built.data("more", 8 * ROWS);
  // Samples of a run of a fifth of a second can miss its peak: several runs do not.
  const peaks = async (input: string): Promise<number[]> => [await peakOf(input), await peakOf(input), await peakOf(input)];
  const small = Math.max(...(await peaks(built.at("rows"))));
  const large = Math.min(...(await peaks(more)));
  expect(small, "Node alone takes more than this").toBeGreaterThan(40_000);
  // Holding the two columns that it reads, 12 bytes a row, would be 34 MB more.
  expect({ small, large, fits: large < small + 24_576 }).toMatchObject({ fits: true });
});
