// The scale model beside what ranks have done: a job of every shape, on 1 to 16 ranks of one node and of several. Every message and every
// byte that a rank has sent is one of the schedule that is computed without ranks, or of the rows that exchanges count.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import lockstepPlugin from "@lockstep/plugin-vite/esbuild";
import { schedule as native } from "@lockstep/native";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Layout, type Log, predictCollectives, schedule } from "../../runtime/src/launch/collectives.ts";
import { isCounted, type Report } from "../../runtime/src/launch/simulate.ts";
import { root } from "../scripts/lib.mjs";
import { lockstep } from "./job-process.ts";

// In the checkout, so that the built program finds @lockstep/runtime.
const folder = mkdtempSync(join(root, ".lockstep-counted-"));
const job = join(folder, "job.mjs");
const args = ["rows.csv", "groups.csv", "out"].map((name) => join(folder, name));
const computed = { schedule: native };

/** Of one node all send to all; of several, of so many ranks each, in two hops. */
const layouts: readonly Layout[] = [
  ...[1, 2, 4, 8, 16].map((ranks) => ({ ranks, local: ranks, group: 0 })),
  ...[[4, 2], [8, 4], [16, 4]].map(([ranks, group]) => ({ ranks: ranks!, local: group!, group: group! })),
];
const runs = new Map<Layout, Report>();

const log = (ranks: number, group = 0): Log => {
  const { collectives, profiles } = runs.get(layouts.find((one) => one.ranks === ranks && one.group === group)!)!;
  return { ranks, all: collectives.slice(0, profiles.at(-1)!.recorded) };
};

beforeAll(async () => {
  await build({ entryPoints: [join(root, "test/jobs/scale/shapes.ts")], outfile: job, bundle: true, format: "esm", platform: "node", packages: "external", logLevel: "error", plugins: [lockstepPlugin({ root, report: false })] });
  writeFileSync(args[0]!, `id,x,name\n${Array.from({ length: 3000 }, (_, n) => `${n},${n % 7},name ${(n * n) % 11}\n`).join("")}`);
  writeFileSync(args[1]!, `x,label\n${Array.from({ length: 7 }, (_, x) => `${x},label ${x % 3}\n`).join("")}`);
  for (const layout of layouts) {
    const report = join(folder, `${layout.ranks}-${layout.group}.json`);
    const env = { LOCKSTEP_TRIAL: JSON.stringify({ sample: null, report, plannedFor: layout.ranks }), LOCKSTEP_GROUP: `${layout.group}` };
    const { code, stderr } = await lockstep(["run", "-n", `${layout.ranks}`, "--threads", "1", "--no-progress", "--no-summary", job, "--", ...args], env).ended;
    expect([code, stderr]).toEqual([0, ""]);
    runs.set(layout, JSON.parse(readFileSync(report, "utf8")) as Report);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(layouts)("$ranks ranks, in groups of $group", (layout) => {
  it("send what the schedule says, and rows", () => {
    const { profiles } = runs.get(layout)!;
    const { all } = log(layout.ranks, layout.group);
    expect(profiles.length).toBeGreaterThan(10);
    const scheduled = schedule(computed, layout, all);
    expect(scheduled.messages.length).toBe(layout.ranks);
    if (layout.ranks > 1) expect(new Set(all.map(({ collective }) => collective))).toEqual(new Set(["broadcast", "allgather", "gather", "alltoall", "barrier"]));
    const rows = (rank: number, of: "messagesSent" | "bytesSent") => profiles.flatMap(({ operators }) => operators).reduce((sum, { ranks }) => sum + ranks[rank]![of], 0);
    const { messages, bytes } = profiles.at(-1)!;
    expect(messages).toEqual(scheduled.messages.map((count, rank) => count + rows(rank, "messagesSent")));
    expect(bytes).toEqual(scheduled.bytes.map((count, rank) => count + rows(rank, "bytesSent")));
    expect(isCounted(runs.get(layout)!, scheduled)).toBe(true);
    expect(isCounted(runs.get(layout)!, { ...scheduled, bytes: scheduled.bytes.map((count) => count + 1) })).toBe(false);
    // In each collective, no more than a rank has ranks in its group and groups in the job.
    const [groups, members] = layout.group === 0 ? [1, layout.ranks] : [layout.ranks / layout.group, layout.group];
    expect(Math.max(...scheduled.messages)).toBeLessThanOrEqual(all.length * (groups - 1 + members - 1));
  });
});

// All but the lengths of parts follows from the ranks: the messages of 16 are exact before anyone has run them.
it.each([{ group: 0 }, { group: 4 }])("16 ranks in groups of $group are predicted from 4 and 8 of one node", ({ group }) => {
  const layout = layouts.find((one) => one.ranks === 16 && one.group === group)!;
  const real = schedule(computed, layout, log(16, group).all);
  const predicted = predictCollectives(computed, [log(4), log(8)], layout);
  expect(predicted.alike).toBe(true);
  expect(predicted.messages).toBe(Math.max(...real.messages));
  const most = Math.max(...real.bytes);
  // What differs is what ranks tell of themselves: seconds and counts, of more or fewer digits.
  expect(most).toBeGreaterThan(predicted.bytes.least * 0.9);
  expect(most).toBeLessThan(predicted.bytes.most * 1.1);
});
