/** How evenly ranks share what they sort: rows of the largest rank by the mean, from the profile of a run for each count of ranks. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { makeGroupby } from "../../data/db-benchmark.ts";
import { cache, root } from "../../scripts/lib.mjs";
import { bundled } from "../bundle.ts";
import { aims, judged } from "../aims.ts";
import { measure } from "../measure.ts";
import { scratch } from "../scratch.ts";
import { questionsIn } from "./questions.ts";

interface Profile {
  readonly executions: readonly { readonly operators: readonly { readonly name: string; readonly ranks: readonly { readonly rows: number }[] }[] }[];
}

export async function sortBalance(rows: number): Promise<Record<string, unknown>[]> {
  const data = await makeGroupby(join(cache, `data/groupby-v1-${rows}`), rows);
  const folder = scratch(root, ".lockstep-sort-");
  const program = await bundled("sort", folder);
  const [profile, out] = [join(folder, "profile.json"), join(folder, "out")];
  const lines: Record<string, unknown>[] = [];
  for (const question of questionsIn("sort")) {
    for (const ranks of [2, 7]) {
      const { failure } = await measure("time", process.execPath, [join(root, "runtime/bin/lockstep.mjs"), "run", "-n", `${ranks}`, "--threads", "1", "--no-progress", "--profile", profile, program, "--", question, data, out], {});
      const ratio = failure === null ? largestByMean(JSON.parse(readFileSync(profile, "utf8")) as Profile) : null;
      const aim = aims.balance[question];
      lines.push({ suite: "sort", case: `${question}-balance`, system: `lockstep, ${ranks} ranks`, rows, ratio, ...(aim !== undefined && { aim }), status: failure ?? judged(ratio, aim) });
      rmSync(out, { recursive: true, force: true });
    }
  }
  return lines;
}

/** Of the rows that came to each rank by their ranges. */
function largestByMean({ executions }: Profile): number {
  const shuffle = executions.flatMap(({ operators }) => operators).find(({ name }) => name === "RangeShuffleExec");
  if (!shuffle) throw new Error("the plan shares out nothing by ranges");
  const rows = shuffle.ranks.map((rank) => rank.rows);
  return Math.max(...rows) / (rows.reduce((a, b) => a + b, 0) / rows.length);
}
