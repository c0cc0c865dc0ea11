// Built programs whose surroundings fail: one clear message, an exit code, no process and no file left.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { alive, type End, JobProcess, Scratch } from "../jobs/job-process.ts";
import { Built } from "./built.ts";
import { childrenOf } from "./processes.ts";

/** How often ranks are killed; LOCKSTEP_KILLS makes it a long run. */
const KILLS = Number(process.env["LOCKSTEP_KILLS"] ?? 8);
const built = new Built("faults");

beforeAll(async () => {
  await built.make();
  await built.data("rows", 400_000);
  await built.data("serials", 30_000, "i as serial, case when i = 29000 then 0 else i + 1 end as by");
});

afterAll(() => built.remove());

/** What a job left in its scratch folder beside outputs; Node's cache of compiled code is no leftover. */
function left(scratch: Scratch): string[] {
  return readdirSync(scratch.path).filter((name) => !/^(out-\d+|node-compile-cache)$/.test(name));
}

function one(end: End, code: string): void {
  expect(end.stderr).toMatch(new RegExp(`^error ${code}: `));
  expect(end.stderr.match(/error LS/g)).toHaveLength(1);
}

it("SIGKILL of any rank at any time", async () => {
  using scratch = new Scratch();
  const undisturbed = performance.now();
  expect((await built.start(3, ["everything", built.at("rows"), join(scratch.path, "out-0")], { TMPDIR: scratch.path }).ended).code).toBe(0);
  const lasts = performance.now() - undisturbed;
  let killed = 0;
  for (let i = 1; i <= KILLS; i++) {
    const out = join(scratch.path, `out-${i}`);
    const job = built.start(3, ["everything", built.at("rows"), out], { TMPDIR: scratch.path });
    await expect.poll(() => childrenOf(job.pid).length, { interval: 5 }).toBe(3);
    const ranks = childrenOf(job.pid);
    await delay((Math.random() + i - 1) / KILLS * lasts);
    const [victim = 0] = ranks.slice(i % 3);
    if (alive([victim]).length > 0) process.kill(victim, "SIGKILL");
    const end = await job.ended;
    if (end.code === 0) {
      // It was quicker: then all of it is there.
      expect(readdirSync(out)).toHaveLength(3);
    } else {
      killed += 1;
      one(end, "LS2011");
      expect(end.code).toBe(137);
    }
    await expect.poll(() => alive(ranks)).toEqual([]);
    expect(left(scratch)).toEqual([]);
    if (end.code !== 0 && existsSync(out)) expect(readdirSync(out)).toHaveLength(3);
  }
  expect(killed).toBeGreaterThan(0);
});

describe.each([1, 3])("on %i rank(s)", (ranks) => {
  it("a row that throws ends the job where it stands", async () => {
    using scratch = new Scratch();
    const end = await built.start(ranks, ["divided", built.at("serials"), join(scratch.path, "out")], { TMPDIR: scratch.path }).ended;
    expect(end.code).toBe(1);
    expect(end.stderr).toMatch(/Division by zero/i);
    expect(end.stderr.match(/error/gi)).toHaveLength(1);
    expect(left(scratch)).toEqual([]);
  });
});

describe.runIf(spawnSync("unshare", ["-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).status === 0)("a small disk", () => {
  /** Runs with a disk of so many MB at `scratch`; what is left there is listed after a line `left:`. */
  async function small(megabytes: number, scratch: Scratch, args: readonly string[], env: NodeJS.ProcessEnv): Promise<End> {
    const script = `mount -t tmpfs -o size=${megabytes}m tmpfs ${scratch.path}
      set +e; "$@"; code=$?; echo left: $(ls -A ${scratch.path}); exit $code`;
    const run = ["-e", `const { spawnSync } = require("node:child_process");
      process.exitCode = spawnSync("unshare", ["-m", "sh", "-ec", ...process.argv.slice(1)], { stdio: "inherit" }).status`];
    return new JobProcess([...run, "--", script, "sh", process.execPath, ...built.command(3, args)], env).ended;
  }

  it("that fills while writing", async () => {
    using scratch = new Scratch();
    const end = await small(3, scratch, ["everything", built.at("rows"), join(scratch.path, "out")], { NODE_DISABLE_COMPILE_CACHE: "1" });
    one(end, "LS2008");
    expect(end.stderr).toMatch(/no space left on the disk/);
    expect(end).toMatchObject({ code: 1, stdout: expect.stringMatching(/left:\n$/) as string });
  });

  it.each([["wide", "groups"], ["first", "a sort"]])("that fills while spilling (%s: %s)", async (action) => {
    using scratch = new Scratch();
    const end = await small(1, scratch, [action, built.at("rows")], { TMPDIR: scratch.path, LOCKSTEP_MEMORY: "4MB", NODE_DISABLE_COMPILE_CACHE: "1" });
    one(end, "LS2008");
    expect(end.stderr).toMatch(/the spill folder cannot be written: no space left/i);
    expect(end).toMatchObject({ code: 1, stdout: expect.stringMatching(/left:\n$/) as string });
  });
});

it("as many groups as rows in little memory are spilled", async () => {
  using scratch = new Scratch();
  const end = await built.start(3, ["wide", built.at("rows")], { TMPDIR: scratch.path, LOCKSTEP_MEMORY: "4MB" }, ["--profile", built.at("profile")]).ended;
  expect(end).toMatchObject({ code: 0, stderr: "", stdout: "top level\n400000\n" });
  expect(readFileSync(built.at("profile"), "utf8")).toMatch(/"spilledBytes": ?[1-9]/);
  expect(left(scratch)).toEqual([]);
});
