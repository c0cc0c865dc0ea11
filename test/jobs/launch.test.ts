// Starts and ends of jobs: what runs where, how often, and with which exit code.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../scripts/lib.mjs";
import { JobProcess, lockstep, program, Scratch, start, type Mode } from "./job-process.ts";

const modes: Mode[] = ["run", "self"];

describe.each(modes)("%s", (mode) => {
  it.each([1, 2, 3])("runs the program once on %i ranks", async (ranks) => {
    using scratch = new Scratch();
    const out = join(scratch.path, "out");
    const { code, stdout, stderr } = await start(mode, ranks, ["write", out, "x"], { env: { TMPDIR: scratch.path } }).ended;
    expect(stderr).toBe("");
    expect(stdout.split("\n")).toEqual([`top level: main true, write ${out} x`, "inherited: ", "written", "rows 3", ""]);
    expect(code).toBe(0);
    expect(existsSync(out)).toBe(true);
    expect(scratch.leftovers).toEqual([]);
  });

  it("ends without a call as well", async () => {
    const { code, stdout } = await start(mode, 2, ["nothing"]).ended;
    expect([code, stdout.split("\n").at(-2)]).toEqual([0, "no call"]);
  });

  it("has the program's exit code", async () => {
    using scratch = new Scratch();
    expect((await start(mode, 2, ["exit", join(scratch.path, "a")]).ended).code).toBe(7);
    const { code, stderr } = await start(mode, 2, ["throw", join(scratch.path, "b")]).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/TypeError: of the program\n\s+at .*job\.mjs/);
    expect(stderr).not.toContain("LS2");
  });

  it("prints an error of a call once, without a stack where it is ours", async () => {
    const { code, stderr } = await start(mode, 2, ["fail", "all"]).ended;
    expect(code).toBe(1);
    expect(stderr.match(/RangeError: failed on all/g)).toHaveLength(1);
  });

  it.each(["all", "0", "1"])("lets the program catch an error of rank %s and go on", async (where) => {
    const { code, stdout, stderr } = await start(mode, 2, ["twice", where]).ended;
    expect(stderr).toBe("");
    expect(stdout).toContain(`caught RangeError: failed on ${where}\nthen 3\n`);
    expect(code).toBe(0);
  });

  it("takes relative paths as rank 0 does", async () => {
    using scratch = new Scratch();
    expect((await start(mode, 2, ["chdir", scratch.path]).ended).code).toBe(0);
    expect(existsSync(join(scratch.path, "relative"))).toBe(true);
  });

  it("takes the place that a cluster's launcher gives it, and says what is missing there", async () => {
    const env = { OMPI_COMM_WORLD_SIZE: "4", OMPI_COMM_WORLD_RANK: "0", LOCKSTEP_MPI: "/nowhere/libmpi.so" };
    const ranks = mode === "run" ? [lockstep(["exec", program, "nothing"], env)] : [start(mode, 1, ["fail", "nobody"], { env })];
    for (const { code, stderr } of await Promise.all(ranks.map((job) => job.ended))) {
      expect(code).toBe(1);
      expect(stderr).toMatch(/^error LS2015: .*LOCKSTEP_MPI=\/nowhere\/libmpi\.so: cannot open/);
    }
    if (mode === "self") return;
    const { code, stderr } = await start(mode, 2, ["nothing"], { env }).ended;
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^error LS2015: this process is rank 0 of 4 that mpirun \(Open MPI\) started/)]);
  });
});

describe("a program that was not built", () => {
  const launchers = {
    "Open MPI": { OMPI_COMM_WORLD_RANK: "1", OMPI_COMM_WORLD_SIZE: "2" },
    MPICH: { PMI_RANK: "1", PMI_SIZE: "2" },
    Slurm: { SLURM_PROCID: "1", SLURM_STEP_NUM_TASKS: "2" },
  };
  const run = (variables: Record<string, string>) => {
    // In the checkout, so that it finds @lockstep/runtime.
    const folder = mkdtempSync(join(root, ".lockstep-launch-"));
    try {
      const job = join(folder, "job.ts");
      writeFileSync(job, 'import { table } from "@lockstep/runtime";\nconsole.log(table({ id: [1, 2] }).numRows());\n');
      const { VITEST: _, ...env } = process.env;
      return spawnSync(process.execPath, [job], { env: { ...env, ...variables }, encoding: "utf8" });
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  it.each(Object.entries(launchers))("is refused under a launcher of several processes, before it does anything: %s", (_, variables) => {
    const { status, stdout, stderr } = run(variables);
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/error LS2015: this process is rank 1 of 2 that .* started, and plain Node runs the whole program in each of them/);
    expect(stderr).toContain("fix: Let the launcher start the ranks themselves: mpirun -n 2 node ");
  });

  it.each([{}, { OMPI_COMM_WORLD_RANK: "0", OMPI_COMM_WORLD_SIZE: "1" }, { SLURM_PROCID: "0", SLURM_NTASKS: "4" }, { ...launchers.MPICH, LOCKSTEP_PLACED: "1" }])("runs alone: %o", (variables) => {
    expect(run(variables)).toMatchObject({ status: 0, stdout: "2\n" });
  });
});

describe("lockstep run", () => {
  it("writes the default export and the profiles", async () => {
    using scratch = new Scratch();
    const [result, profile] = [join(scratch.path, "result.json"), join(scratch.path, "profile.json")];
    const options = ["--result", result, "--profile", profile, "--summary", "--threads", "1"];
    const { code, stderr } = await start("run", 2, ["write", join(scratch.path, "out")], { options }).ended;
    expect(code).toBe(0);
    expect(JSON.parse(readFileSync(result, "utf8"))).toEqual({ result: "rows 3", big: "5" });
    const told = JSON.parse(readFileSync(profile, "utf8")) as { executions: Record<string, unknown>[] };
    expect(told).toEqual({ ranks: 2, threads: 1, executions: expect.any(Array) });
    for (const { sent, operators, ...execution } of told.executions) {
      expect(execution).toEqual({ ended: expect.any(Number), seconds: expect.any(Number), operations: expect.any(Number), recorded: expect.any(Number), peakBytes: [expect.any(Number), expect.any(Number)], messages: [expect.any(Number), expect.any(Number)], bytes: [expect.any(Number), expect.any(Number)] });
      // Who sent how much to whom.
      expect(sent).toEqual([[expect.any(Number), expect.any(Number)], [expect.any(Number), expect.any(Number)]]);
      for (const { ranks, ...operator } of operators as { ranks: Record<string, number>[] }[]) {
        expect(operator).toEqual({ stage: expect.any(Number), depth: expect.any(Number), lane: expect.any(Number), name: expect.stringMatching(/Exec$/), detail: expect.any(String) });
        expect(ranks).toHaveLength(2);
        for (const counters of ranks) {
          expect(Object.keys(counters)).toEqual(["rows", "batches", "busyMs", "bytesSent", "messagesSent", "bytesReceived", "spilledBytes", "rowsDropped", "groupsSkipped", "rowsPruned", "rowsSplit", "bytesBuffered", "waitMs"]);
          expect(Object.values(counters).every((value) => value >= 0)).toBe(true);
        }
      }
    }
    expect(stderr).toMatch(/^lockstep: 2 ranks × 1 thread, \d+ rows read, .* exchanged, .* s\nlockstep: \d+\.\d\d core-seconds busy, \d+\.\d\d waiting, [\d.]+ MB memory at most\n$/);
  });

  it("explains each plan as it was executed", async () => {
    using scratch = new Scratch();
    const { code, stdout, stderr } = await start("run", 2, ["write", join(scratch.path, "out")], { options: ["--explain"] }).ended;
    expect([code, stdout]).toEqual([0, expect.stringContaining("rows 3\n")]);
    expect(stderr).toMatch(/^\S+#\w+: executed in \d+\.\d{3} s on 2 ranks\n  stage 0\n(?: {4,}\S.*\n)*\n/);
    expect(stderr).toMatch(/^ +MemoryExec: .*\(\d+ rows?/m);
  });

  it("takes down when each operator worked on each rank, and who sent how much to whom", async () => {
    using scratch = new Scratch();
    const [trace, profile] = [join(scratch.path, "trace.json"), join(scratch.path, "profile.json")];
    const { code, stdout, stderr } = await start("run", 3, ["write", join(scratch.path, "out")], { options: ["--trace", trace, "--profile", profile] }).ended;
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("rows 3\n");
    const { traceEvents } = JSON.parse(readFileSync(trace, "utf8")) as { traceEvents: { ph: string; pid: number; tid: number; name: string; ts: number; dur: number }[] };
    const spans = traceEvents.filter((event) => event.ph === "X");
    expect(new Set(spans.map((span) => span.pid))).toEqual(new Set([0, 1, 2]));
    expect(new Set(spans.map((span) => span.name))).toContain("MemoryExec");
    expect(new Set(spans.map((span) => span.name))).toContain("output");
    for (const span of spans) expect(span.dur).toBeGreaterThanOrEqual(0);
    // On one thread of the trace what begins within a span ends within it: Perfetto draws nothing else.
    for (const lane of Map.groupBy(spans, (span) => `${span.pid}/${span.tid}`).values()) {
      const open: number[] = [];
      for (const { ts, dur } of lane.sort((a, b) => a.ts - b.ts || b.dur - a.dur)) {
        while (open.length > 0 && open.at(-1)! <= ts) open.pop();
        if (open.length > 0) expect(ts + dur).toBeLessThanOrEqual(open.at(-1)! + 1);
        open.push(ts + dur);
      }
    }
    const { executions } = JSON.parse(readFileSync(profile, "utf8")) as { executions: { sent: number[][]; spans: unknown[][] }[] };
    for (const { sent, spans: taken } of executions) expect([sent.length, taken.length, ...sent.map((to) => to.length)]).toEqual([3, 3, 3, 3, 3]);
  });

  it("says what is missing", async () => {
    using scratch = new Scratch();
    expect(await lockstep(["run", "-n", "2", join(scratch.path, "no.mjs")]).ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error LS2022: there is no .*no\.mjs/) as string });
    writeFileSync(join(scratch.path, "plain.mjs"), "console.log('plain')");
    expect(await lockstep(["run", join(scratch.path, "plain.js")]).ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/there is no .*plain\.js; did you mean "plain\.mjs"\?/) as string });
    expect(await lockstep(["run", "-n", "2", join(program, "../job.spmd.mjs")]).ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/job\.spmd\.mjs holds the annotated functions/) as string });
    expect(await lockstep(["run", "-n", "2", join(scratch.path, "plain.mjs")]).ended).toMatchObject({ code: 1, stderr: expect.stringContaining("without a Lockstep plugin") as string });
    expect(await lockstep(["run", "-n", "1", join(scratch.path, "plain.mjs")]).ended).toMatchObject({ code: 0, stdout: "plain\n" });
    expect(await lockstep(["run", "-n", "none", program]).ended).toMatchObject({ code: 1, stderr: expect.stringContaining("whole number") as string });
  });

  it("leaves to the program what stands behind --, and words before it", async () => {
    using scratch = new Scratch();
    const plain = join(scratch.path, "plain.mjs");
    writeFileSync(plain, "console.log(JSON.stringify(process.argv.slice(2)))");
    const given = async (...command: string[]): Promise<unknown> => JSON.parse((await lockstep(["run", ...command]).ended).stdout);
    expect(await given(plain, "a", "-n", "1", "b", "--", "-n", "2", "--", "--threads")).toEqual(["a", "b", "-n", "2", "--", "--threads"]);
    expect(await given("-n", "1", plain, "--", "--help")).toEqual(["--help"]);
  });

  it("says once which rank chunk does not load", async () => {
    using scratch = new Scratch();
    mkdirSync(join(scratch.path, "dist"));
    const write = (name: string, text: string) => writeFileSync(join(scratch.path, "dist", name), text);
    write("lockstep.manifest.json", JSON.stringify({ version: 2, chunks: { "job.spmd.mjs": {} } }));
    write("job.spmd.mjs", "throw new Error('top level of the chunk')");
    write("job.mjs", "setTimeout(() => {}, 5000)");
    const { code, stderr } = await lockstep(["run", "-n", "3", join(scratch.path, "dist/job.mjs")]).ended;
    expect(code).toBe(1);
    expect(stderr.match(/top level of the chunk/g)).toHaveLength(1);
  });

  it("finds one rank in a test runner and without a manifest", async () => {
    const { stdout, code } = await new JobProcess([program, "fail", "nobody"], { VITEST: "true" }).ended;
    expect([code, stdout.split("\n").at(-2)]).toEqual([0, "3"]);
  });
});
