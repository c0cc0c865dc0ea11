// Deaths, signals and divergence: all ranks go, soon, with one message, and nothing half-written stays.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { alive, Scratch, start, type Mode } from "./job-process.ts";

const modes: Mode[] = ["run", "self"];

describe.each(modes)("%s", (mode) => {
  it.each([
    ["linger", 0], ["linger", 2], ["straggle", 2], ["straggle", 1],
  ])("%s: SIGKILL of rank %i ends the job within 3 s", async (what, victim) => {
    using scratch = new Scratch();
    const job = start(mode, 3, [what, scratch.path], { env: { TMPDIR: scratch.path } });
    const pids = await scratch.pids(3);
    const begin = performance.now();
    process.kill(pids[victim]!, "SIGKILL");
    const { code, signal, stderr } = await job.ended;
    expect(performance.now() - begin).toBeLessThan(3000);
    if (mode === "self" && victim === 0) expect(signal).toBe("SIGKILL");
    else expect(code).toBe(137);
    expect(stderr.match(/error LS/g)).toHaveLength(1);
    expect(stderr).toMatch(new RegExp(`^error LS2011: rank ${victim} was killed`));
    await expect.poll(() => alive(pids)).toEqual([]);
    expect(scratch.leftovers).toEqual([]);
    expect(existsSync(join(scratch.path, "out"))).toBe(false);
  });

  it.each([["SIGTERM", 143], ["SIGINT", 130]] as const)("%s ends it with %i", async (signal, expected) => {
    using scratch = new Scratch();
    const job = start(mode, 3, ["linger", scratch.path], { env: { TMPDIR: scratch.path } });
    const pids = await scratch.pids(3);
    job.kill(signal);
    const { code, stderr } = await job.ended;
    expect(code).toBe(expected);
    expect(stderr).toMatch(new RegExp(`^error LS2014: interrupted by ${signal}`));
    expect(stderr.match(/error/g)).toHaveLength(1);
    await expect.poll(() => alive(pids)).toEqual([]);
    expect(scratch.leftovers).toEqual([]);
  });

  it("leaves a signal to the program's own handler", async () => {
    using scratch = new Scratch();
    const job = start(mode, 2, ["handled", scratch.path], { env: { TMPDIR: scratch.path } });
    const pids = await scratch.pids(2);
    job.kill("SIGTERM");
    const { code, stdout, stderr } = await job.ended;
    expect([code, stderr]).toEqual([9, ""]);
    expect(stdout).toContain("handled by the program");
    await expect.poll(() => alive(pids)).toEqual([]);
    expect(scratch.leftovers).toEqual([]);
  });
});

it.each([
  ["leaves", /rank 1 is at the end of call #0(,|$)/m],
  ["collects", /rank 1 is at plan #0\.\d+ \(program\/job\.ts:2:1\)/],
  ["slices", /rank 1 /],
])("a rank that %s while the others do not is found, and the program may go on", async (how, said) => {
  const { code, stdout, stderr } = await start("run", 3, ["diverge", how]).ended;
  expect(stdout).toMatch(/caught LS2012 .*rank 1/);
  expect(stdout).toMatch(said);
  expect(stdout).toMatch(/then 3\n$/);
  expect([code, stderr]).toEqual([0, ""]);
});

it.each([
  ["SIGTERM", /because a person, a scheduler or the end of a session sent it\n  fix: Start the job again\./],
  ["SIGSEGV", /because its native code crashed\n  fix: Please report it/],
] as const)("what %s tells of a rank that could not say anything", async (signal, said) => {
  using scratch = new Scratch();
  const job = start("run", 3, ["linger", scratch.path], { env: { TMPDIR: scratch.path } });
  const pids = await scratch.pids(3);
  process.kill(pids[1]!, signal);
  const { stderr } = await job.ended;
  expect(stderr).toMatch(new RegExp(`^error LS2011: rank 1 was killed by ${signal}\n`));
  expect(stderr).toMatch(said);
});

it.each(modes)("%s: an error of one rank while an output is staged leaves nothing of it", async (mode) => {
  using scratch = new Scratch();
  const { code, stderr } = await start(mode, 3, ["stumble", scratch.path], { env: { TMPDIR: scratch.path } }).ended;
  expect([code, stderr]).toEqual([1, expect.stringContaining("RangeError: stumbled")]);
  expect(scratch.leftovers).toEqual([]);
});

it("SIGKILL of the launcher takes all ranks along", async () => {
  using scratch = new Scratch();
  const job = start("run", 3, ["linger", scratch.path], { env: { TMPDIR: scratch.path } });
  const pids = await scratch.pids(3);
  job.kill("SIGKILL");
  await job.ended;
  await expect.poll(() => alive(pids), { timeout: 3000 }).toEqual([]);
  expect(scratch.leftovers).toEqual([]);
});
