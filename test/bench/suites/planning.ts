/**
 * What planning costs a rank: the plans of TPC-H's queries for so many ranks, made without them, by a job that runs on two.
 * Memory is what the process takes more at its peak than a run that plans only for the ranks it has.
 */
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { makeTpch } from "../../data/tpch.ts";
import { root } from "../../scripts/lib.mjs";
import { bundled } from "../bundle.ts";
import { measure, median } from "../measure.ts";
import { scratch } from "../scratch.ts";
import { tpchQueries } from "./tpch.ts";

const RANKS = [16, 1000, 10_000];

export async function planning(scale: number, rounds: number): Promise<Record<string, unknown>[]> {
  const data = await makeTpch(scale);
  const folder = scratch(root, ".lockstep-planning-");
  const program = await bundled("tpch", folder);
  const out = join(folder, "out");
  const command = [join(root, "runtime/bin/lockstep.mjs"), "run", "-n", "2", "--threads", "1", "--no-progress", program, "--", data, `${scale}`, "1", out, ...tpchQueries];
  const peak = async (topics: string): Promise<number> => {
    const { peakBytes, failure } = await measure("memory", process.execPath, command, { LOCKSTEP_DEBUG: topics });
    rmSync(out, { recursive: true, force: true });
    if (failure !== null) throw new Error(failure);
    return peakBytes;
  };
  const without = await peak("");
  const lines: Record<string, unknown>[] = [];
  for (const ranks of RANKS) {
    const runs: Map<string, number[]>[] = [];
    for (let round = 0; round < rounds; round++) {
      runs.push(await secondsOf(command, ranks));
      rmSync(out, { recursive: true, force: true });
    }
    const all = tpchQueries.map((query) => ({ query, plans: runs[0]!.get(query)!.length, seconds: median(runs.map((run) => Math.max(...run.get(query)!))) }));
    const slowest = all.reduce((a, b) => (b.seconds > a.seconds ? b : a));
    // Both ranks plan: half of it is one's.
    const bytes = Math.max(0, (await peak(`plan:${ranks}`)) - without) / 2;
    lines.push({ case: `${ranks}-ranks`, system: "lockstep", scale, plans: all.reduce((sum, { plans }) => sum + plans, 0), seconds: slowest.seconds, slowest: slowest.query, peak_bytes: bytes, status: slowest.seconds <= 1 && bytes <= 100e6 ? "ok" : "missed" });
  }
  return lines;
}

/** Seconds of each plan for `ranks` ranks on rank 0, by query. */
async function secondsOf(command: readonly string[], ranks: number): Promise<Map<string, number[]>> {
  const job = spawn(process.execPath, command, { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, LOCKSTEP_DEBUG: `time,plan:${ranks}` } });
  let text = "";
  job.stderr.on("data", (data: Buffer) => (text += data.toString()));
  const code = await new Promise((resolve) => job.on("close", resolve));
  if (code !== 0) throw new Error(`exit ${String(code)}: ${text.slice(-2000)}`);
  const found = new Map(tpchQueries.map((query): [string, number[]] => [query, []]));
  let cut = 0;
  let took = 0;
  for (const line of text.split("\n")) {
    const [, ms, what] = /^ *([\d.]+) ms {2}rank 0 {2}(plan cut|planned for \d+ ranks)$/.exec(line) ?? [];
    if (what === "plan cut") cut = Number(ms);
    else if (what !== undefined) took = (Number(ms) - cut) / 1000;
    const query = /#(\w+), for \d+ rank\(s\)$/.exec(line)?.[1];
    if (query !== undefined) found.get(query)!.push(took);
  }
  return found;
}
