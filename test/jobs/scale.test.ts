// `lockstep scale` and `lockstep simulate`: what a program takes on more and more ranks, of a part of its input, without its outputs.
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import lockstepPlugin from "@lockstep/plugin-vite/esbuild";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import { scaleTable } from "../../runtime/src/launch/scale.ts";
import { root } from "../scripts/lib.mjs";
import { lockstep, Scratch } from "./job-process.ts";

// In the checkout, so that the built program finds @lockstep/runtime.
const folder = mkdtempSync(join(root, ".lockstep-scale-"));
let job: string;
let input: string;

beforeAll(async () => {
  job = join(folder, "job.mjs");
  await build({ entryPoints: [join(root, "test/jobs/scale/job.ts")], outfile: job, bundle: true, format: "esm", platform: "node", packages: "external", logLevel: "error", plugins: [lockstepPlugin({ root, report: false })] });
  input = join(folder, "rows.csv");
  writeFileSync(input, `id,x\n${Array.from({ length: 1000 }, (_, n) => `${n},${n % 7}\n`).join("")}`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("says what each count of ranks takes; outputs that exist stay, others do not come to be", async () => {
  using scratch = new Scratch();
  const [fresh, kept] = [join(scratch.path, "fresh"), join(scratch.path, "kept")];
  expect((await lockstep(["run", "-n", "1", job, "--", input, kept], {}).ended).code).toBe(0);
  const before = readdirSync(kept);
  for (const out of [fresh, kept]) {
    const { code, stdout, stderr } = await lockstep(["scale", job, "-n", "1,2,3", "--price", "0.05", "--", input, out], { TMPDIR: scratch.path }).ended;
    expect([code, stderr]).toEqual([0, ""]);
    const lines = stdout.split("\n");
    expect(lines[0]).toMatch(/^ranks +rows read +seconds +speed-up +core-seconds +waiting +memory +exchanged +MB\/s a core +cost +Wh$/);
    expect(lines.slice(1, 4).map((line) => line.split(/ +/).slice(0, 2))).toEqual([["1", "1,000"], ["2", "1,000"], ["3", "1,000"]]);
    expect(stdout).toMatch(/^cheapest(: | and fastest: )\d ranks?/m);
  }
  expect(existsSync(fresh)).toBe(false);
  expect(readdirSync(kept)).toEqual(before);
  expect(scratch.leftovers).toEqual([]);
});

it("reads as many rows of an input as it is told", async () => {
  const { code, stdout } = await lockstep(["scale", "-n", "1,2", job, "--sample", "300", input, "--json", "--", join(folder, "never")], {}).ended;
  expect(code).toBe(0);
  const runs = stdout.trimEnd().split("\n").map((line) => JSON.parse(line) as { ranks: number; rows: number; busy: number; memory: number });
  expect(runs.map(({ ranks, rows }) => [ranks, rows])).toEqual([[1, 300], [2, 300]]);
  for (const { busy, memory } of runs) expect([busy > 0, memory > 1e7]).toEqual([true, true]);
});

it("says why a run failed", async () => {
  const { code, stderr } = await lockstep(["scale", "-n", "1", job, "--", join(folder, "missing.csv"), "out"], {}).ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/^error LS2022: the run on 1 rank failed \(exit code 1\):\n[^]*LS2001: .*missing\.csv/);
  expect((await lockstep(["scale", "-n", "1", job], {}).ended).stderr).toContain("the program called no function");
  expect((await lockstep(["scale", "--sample", "few", job], {}).ended).stderr).toContain("a number of rows such as 1e6, or all");
});

it("says what ten thousand ranks would take, and how far it was from eight", async () => {
  using scratch = new Scratch();
  const out = join(scratch.path, "never");
  const { code, stdout, stderr } = await lockstep(["simulate", job, "-n", "10000", "--per-machine", "100", "--", input, out], { TMPDIR: scratch.path }).ended;
  expect([code, stderr]).toEqual([0, ""]);
  const lines = stdout.trimEnd().split("\n");
  expect(lines.slice(0, 7).map((line) => line.split(/ {2,}/)[0])).toEqual(["ranks", "seconds", "core-seconds", "memory a rank", "sent by a rank", "of that, rows", "messages of a rank"]);
  expect(lines[0]!.split(/ {2,}/)).toEqual(["ranks", "2", "4", "8", "10,000"]);
  expect(stdout).toMatch(/; most is (starting|planning|computing|sending|waiting for messages)$/m);
  expect(stdout).toContain("messages go across 100 groups of up to 100 ranks, and inside of a group\n");
  expect(stdout).toMatch(/^8 ranks were predicted from fewer within \d+ % of the core-seconds, \d+ % of the memory, (\d+ %|more than all) of the bytes of rows$/m);
  expect(stdout).toMatch(/^memory is process .*, operators .*, exchanges .*, collectives /m);
  expect(stdout).toContain("messages and bytes of collectives are exact: the runs' ranks sent what is computed for them, and their rows\n");
  expect(existsSync(out)).toBe(false);
  expect(scratch.leftovers).toEqual([]);
});

it("predicts as an object", async () => {
  const { code, stdout } = await lockstep(["simulate", "-n", "16", "--sample", "300", "--bandwidth", "1GB/s", "--latency", "10us", "--json", job, "--", input, join(folder, "never")], {}).ended;
  expect(code).toBe(0);
  const { measured, check, prediction } = JSON.parse(stdout) as { measured: { ranks: number; messages: number }[]; check: { messages: boolean; counted: boolean }; prediction: { groups: number; groupRanks: number; skew: number; seconds: { least: number; most: number } } };
  expect(measured.map(({ ranks }) => ranks)).toEqual([2, 4, 8]);
  expect(measured.every(({ messages }) => messages > 0)).toBe(true);
  expect([check.messages, check.counted]).toEqual([true, true]);
  expect(prediction).toMatchObject({ groups: 1, groupRanks: 16 });
  expect(prediction.skew).toBeGreaterThanOrEqual(1);
  expect(prediction.seconds.most).toBeGreaterThanOrEqual(prediction.seconds.least);
  const idle = join(folder, "idle.mjs");
  await build({ stdin: { contents: 'import { rank } from "@lockstep/runtime";\nasync function where() {\n  "use spmd";\n  return rank();\n}\nawait where();\n', resolveDir: folder, sourcefile: join(folder, "idle.ts"), loader: "ts" }, outfile: idle, bundle: true, format: "esm", platform: "node", packages: "external", logLevel: "error", plugins: [lockstepPlugin({ root, report: false })] });
  expect((await lockstep(["simulate", "-n", "9", idle], {}).ended).stderr).toMatch(/LS2022: (on 2 ranks the program computed no table|the program called no function)/);
  const refused = async (...options: string[]): Promise<string> => (await lockstep(["simulate", ...options, job], {}).ended).stderr;
  expect(await refused()).toContain("required option '-n, --ranks <count>'");
  expect(await refused("-n", "2", "--latency", "soon")).toContain("a time like 20us, 1.5ms or 2s");
  expect(await refused("-n", "2", "--bandwidth", "wide")).toContain("bytes a second like 125MB or 1.25GB");
});

it.each(["run", "scale", "simulate"])("lockstep %s: an option before -- is its own, or an error that says where the program's stand", async (command) => {
  const { code, stderr } = await lockstep([command, job, "-n", "2", "--verbose", input], {}).ended;
  expect([code, stderr]).toEqual([1, `error: unknown option '--verbose'\n  fix: Options of the program stand behind a --: lockstep ${command} dist/job.mjs -- --verbose\n`]);
});

it("tells requests to stores where there were any", () => {
  const run = { ranks: 1, rows: 10, seconds: 1, busy: 1, waiting: 0, memory: 1e6, exchanged: 0, speed: 1e6, requests: 0, transferred: 0 };
  expect(scaleTable([run], undefined)[0]).not.toContain("store");
  const [head, line] = scaleTable([{ ...run, requests: 1234, transferred: 5e6 }], 1);
  expect(head).toMatch(/MB\/s a core +store requests +store bytes +cost +Wh$/);
  expect(line).toMatch(/ 1\.0 +1,234 +5\.00 MB +\S+ +\S+$/);
});
