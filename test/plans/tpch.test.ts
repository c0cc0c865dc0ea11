/**
 * How the queries of TPC-H are executed on 1, 4, 16 and 1,000 ranks, as files that a change of the planner changes in its commit:
 * `LOCKSTEP_UPDATE=1` writes them. Planned from a hundredth of the smallest data, by a job that runs on two ranks.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bundled } from "../bench/bundle.ts";
import { queries } from "../bench/programs/tpch/index.ts";
import { makeTpch } from "../data/tpch.ts";
import { End, JobProcess } from "../jobs/job-process.ts";
import { root } from "../scripts/lib.mjs";

const RANKS = [1, 4, 16, 1000];
const SCALE = 0.01;
const names = Object.keys(queries);

// In the checkout, so that the built program finds @lockstep/runtime.
const scratch = mkdtempSync(join(root, ".lockstep-plans-"));
let plans: Map<string, string>;
let data: string;
let program: string;

beforeAll(async () => {
  data = await makeTpch(SCALE);
  program = await bundled("tpch", scratch);
  const end = await run([], RANKS.map((ranks) => `plan:${ranks}`).join(","), "out", names);
  expect(end.code).toBe(0);
  plans = byQuery(end.stderr.replaceAll(data, "data"));
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** The program on two ranks; `topics`: of LOCKSTEP_DEBUG. */
function run(options: readonly string[], topics: string, out: string, queries: readonly string[]): Promise<End> {
  const command = ["run", "-n", "2", "--threads", "1", "--no-progress", ...options, program, "--", data, `${SCALE}`, "1", join(scratch, out), ...queries];
  return new JobProcess([join(root, "runtime/bin/lockstep.mjs"), ...command], { LOCKSTEP_DEBUG: topics }).ended;
}

/** The executions of each query in their order, each for all numbers of ranks; where a plan is that of fewer ranks, it says so. */
function byQuery(text: string): Map<string, string> {
  const found = new Map(names.map((name) => [name, ""]));
  let before = { ranks: "", plan: "" };
  for (const [, name, ranks, numbered] of text.matchAll(/^\S+#(\w+), for (\d+) rank\(s\)\n((?:.+\n)*)/gm)) {
    const plan = renumbered(numbered!);
    const same = Number(ranks) !== RANKS[0] && plan === before.plan;
    found.set(name!, `${found.get(name!)!}# ${ranks} ${ranks === "1" ? "rank" : "ranks"}${same ? `: as on ${before.ranks}` : `\n${plan}`}\n`);
    before = { ranks: ranks!, plan };
  }
  return found;
}

/** DataFusion numbers common expressions over all plans of a process. */
function renumbered(plan: string): string {
  const numbers = [...new Set([...plan.matchAll(/__common_expr_(\d+)/g)].map(([, number]) => number!))];
  return plan.replaceAll(/__common_expr_(\d+)/g, (_, number: string) => `__common_expr_${numbers.indexOf(number) + 1}`);
}

it.each(names)("%s", (name) => {
  const file = join(root, `test/plans/tpch/${name}.txt`);
  if (process.env["LOCKSTEP_UPDATE"]) writeFileSync(file, plans.get(name)!);
  expect(plans.get(name)).toBe(readFileSync(file, "utf8"));
});

it("is planned without specialised operators, and answers the same", async () => {
  const specialised = /PackedAggregateExec|LookupJoinExec|memo\[|codes\(/;
  expect(plans.get("q1")! + plans.get("q5")! + plans.get("q19")!).toMatch(specialised);
  const { code, stderr } = await run(["--without", "specialise"], "plan", "general", ["q1", "q5", "q19"]);
  expect([code, stderr]).toEqual([0, expect.stringMatching(/AggregateExec: mode=[^]*HashJoinExec/)]);
  expect(stderr).not.toMatch(specialised);
  for (const name of ["q1", "q5", "q19"]) expect(JSON.parse(readFileSync(join(scratch, "general", `${name}.json`), "utf8"))).toEqual(JSON.parse(readFileSync(join(scratch, "out", `${name}.json`), "utf8")));
});

it("knows what it can do without", async () => {
  const { code, stderr } = await run(["--without", "magic"], "", "none", ["q1"]);
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^error LS2015: there is no optimisation "magic" to run without; there are: specialise/)]);
});
