/**
 * Peak memory of operators whose memory is a tenth of their data: what two ranks take beyond what they take for nothing, by the limit
 * that they were given together.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { makeGroupby } from "../../data/db-benchmark.ts";
import { cache, root } from "../../scripts/lib.mjs";
import { aims, judged } from "../aims.ts";
import { bundled } from "../bundle.ts";
import { measure, median } from "../measure.ts";
import { scratch } from "../scratch.ts";

/** Bytes of a row in memory: three texts of 5, 5 and 12 with their offsets, five integers, a float. */
const ROW = 3 * 4 + 22 + 5 * 4 + 8;
const RANKS = 2;

export async function memory(rows: number, rounds: number): Promise<Record<string, unknown>[]> {
  const data = await makeGroupby(join(cache, `data/groupby-v1-${rows}`), rows);
  const folder = scratch(root, ".lockstep-memory-");
  const program = await bundled("memory", folder);
  const out = join(folder, "out");
  const limit = Math.round((rows * ROW) / 10 / RANKS);
  const peak = async (action: string): Promise<{ bytes: number; failure: string | null }> => {
    const bytes: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const run = ["run", "-n", `${RANKS}`, "--threads", "1", "--memory", `${limit}`, "--no-progress", program, "--", action, data, out];
      const { peakBytes, failure } = await measure("memory", process.execPath, [join(root, "runtime/bin/lockstep.mjs"), ...run], {});
      rmSync(out, { recursive: true, force: true });
      if (failure !== null) return { bytes: NaN, failure };
      bytes.push(peakBytes);
    }
    return { bytes: median(bytes), failure: null };
  };
  const { bytes: base } = await peak("nothing");
  const lines: Record<string, unknown>[] = [];
  for (const action of ["sort", "groups", "medians", "median", "join", "window_of_groups", "window_of_table"]) {
    const { bytes, failure } = await peak(action);
    const ratio = failure === null ? (bytes - base) / (limit * RANKS) : null;
    lines.push({ suite: "memory", case: action, system: `lockstep, ${RANKS} ranks`, rows, limit_bytes: limit * RANKS, base_bytes: base, peak_bytes: failure === null ? bytes : null, ratio, aim: aims.memory, status: failure ?? judged(ratio, aims.memory) });
  }
  return lines;
}
