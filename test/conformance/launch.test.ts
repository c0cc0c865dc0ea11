// Starts and ends of jobs under an MPI launcher: as under `lockstep run`, as far as the launcher lets one.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { alive, program, Scratch } from "../jobs/job-process.ts";
import { isLong } from "../sample.ts";
import { root } from "../scripts/lib.mjs";
import { mpis, type Mpi } from "./mpis.ts";

const exec = join(root, "runtime/bin/exec.mjs");

interface End {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

class MpiJob {
  readonly child: ChildProcess;
  readonly ended: Promise<End>;

  constructor({ launcher, env }: Mpi, ranks: number, command: readonly string[], more: NodeJS.ProcessEnv = {}) {
    const { VITEST: _, NODE_TEST_CONTEXT: __, ...inherited } = process.env;
    const [first, ...rest] = launcher;
    this.child = spawn(first!, [...rest, "-n", `${ranks}`, process.execPath, ...command], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...inherited, ...env, LOCKSTEP_MEMORY: "256MB", ...more },
    });
    const text = { stdout: "", stderr: "" };
    this.child.stdout!.on("data", (data: Buffer) => (text.stdout += data.toString()));
    this.child.stderr!.on("data", (data: Buffer) => (text.stderr += data.toString()));
    this.ended = new Promise((resolve) => this.child.once("close", (code) => resolve({ code, ...text })));
  }
}

const all = await mpis();
for (const [index, mpi] of all.entries()) {
  describe(mpi.name, () => {
    // In the short form they share the tests.
    let turn = 0;
    const own = (): typeof it => it.runIf(isLong || turn++ % all.length === index) as typeof it;
    const start = (ranks: number, args: readonly string[], env?: NodeJS.ProcessEnv) => new MpiJob(mpi, ranks, [exec, program, ...args], env);

    own().each([["exec.mjs", [exec, program]], ["the bundle itself", [program]]] as const)("runs the program once: %s", async (_, command) => {
      using scratch = new Scratch();
      const [out, result] = [join(scratch.path, "out"), join(scratch.path, "result.json")];
      const env = { TMPDIR: scratch.path, LOCKSTEP_RESULT: result, LOCKSTEP_SUMMARY: "1", LOCKSTEP_THREADS: "1" };
      const { code, stdout, stderr } = await new MpiJob(mpi, 3, [...command, "write", out, "x"], env).ended;
      expect(stdout.split("\n")).toEqual([`top level: main true, write ${out} x`, "inherited: ", "written", "rows 3", ""]);
      expect(stderr).toMatch(/^lockstep: 3 ranks × 1 thread, .* s\nlockstep: [\d.]+ core-seconds busy, .*\n$/);
      expect(code).toBe(0);
      expect(existsSync(out)).toBe(true);
      expect(JSON.parse(readFileSync(result, "utf8"))).toEqual({ result: "rows 3", big: "5" });
      expect(scratch.leftovers).toEqual([]);
    });

    own()("ends without a call as well", async () => {
      const { code, stdout } = await start(2, ["nothing"]).ended;
      expect([code, stdout.split("\n").at(-2)]).toEqual([0, "no call"]);
    });

    own()("has the program's exit code", async () => {
      using scratch = new Scratch();
      expect((await start(2, ["exit", join(scratch.path, "a")]).ended).code).toBe(7);
      const { code, stderr } = await start(2, ["throw", join(scratch.path, "b")]).ended;
      expect(code).toBe(1);
      expect(stderr.match(/TypeError: of the program/g)).toHaveLength(1);
      expect(stderr).not.toContain("LS2");
    });

    own()("lets the program catch an error of one rank and go on", async () => {
      const { code, stdout } = await start(3, ["twice", "1"]).ended;
      expect(stdout).toContain("caught RangeError: failed on 1\nthen 3\n");
      expect(code).toBe(0);
    });

    own()("finds a rank that leaves while the others do not", async () => {
      const { code, stdout } = await start(3, ["diverge", "leaves"]).ended;
      expect(stdout).toMatch(/caught LS2012 .*rank 1/);
      expect(stdout).toMatch(/then 3\n$/);
      expect(code).toBe(0);
    });

    own().each([0, 2])("SIGKILL of rank %i ends all", async (victim) => {
      using scratch = new Scratch();
      const job = start(3, ["linger", scratch.path], { TMPDIR: scratch.path });
      const pids = await scratch.pids(3);
      process.kill(pids[victim]!, "SIGKILL");
      expect((await job.ended).code).not.toBe(0);
      await expect.poll(() => alive(pids), { timeout: 5000 }).toEqual([]);
      expect(existsSync(join(scratch.path, "out"))).toBe(false);
      await expect.poll(() => scratch.leftovers, { timeout: 5000 }).toEqual([]);
    });

    own()("SIGTERM of the launcher ends all, with nothing left behind", async () => {
      using scratch = new Scratch();
      const job = start(3, ["linger", scratch.path], { TMPDIR: scratch.path });
      const pids = await scratch.pids(3);
      job.child.kill("SIGTERM");
      expect((await job.ended).code).not.toBe(0);
      await expect.poll(() => alive(pids), { timeout: 5000 }).toEqual([]);
      expect(existsSync(join(scratch.path, "out"))).toBe(false);
      await expect.poll(() => scratch.leftovers, { timeout: 5000 }).toEqual([]);
    });

    own()("says once which rank chunk does not load, and ends all", async () => {
      using scratch = new Scratch();
      mkdirSync(join(scratch.path, "dist"));
      const write = (name: string, text: string) => writeFileSync(join(scratch.path, "dist", name), text);
      write("lockstep.manifest.json", JSON.stringify({ version: 2, chunks: { "job.spmd.mjs": {} } }));
      write("job.spmd.mjs", "throw new Error('top level of the chunk')");
      write("job.mjs", "setTimeout(() => {}, 20000)");
      const { code, stderr } = await new MpiJob(mpi, 3, [exec, join(scratch.path, "dist/job.mjs")]).ended;
      expect(code).not.toBe(0);
      expect(stderr.match(/top level of the chunk/g)).toHaveLength(1);
    });

    own()("ends all where one rank cannot start: others would wait for it", async () => {
      using scratch = new Scratch();
      // Rank 1 finds no manifest.
      const script = join(scratch.path, "rank.sh");
      writeFileSync(script, `if [ "\${OMPI_COMM_WORLD_RANK:-$PMI_RANK}" = 1 ]; then exec "$0" ${exec} ${scratch.path}/no.mjs; fi; exec "$0" ${exec} ${program} linger ${scratch.path}`);
      const { launcher, env } = mpi;
      const job = new MpiJob({ ...mpi, launcher, env }, 3, ["-e", `process.execve("/bin/sh", ["sh", "-c", require("fs").readFileSync(${JSON.stringify(script)}, "utf8"), process.execPath], process.env)`]);
      const { code, stderr } = await job.ended;
      expect(code).not.toBe(0);
      expect(stderr.match(/error LS2022: no lockstep.manifest.json/g)).toHaveLength(1);
    });

    own()("`lockstep run` is refused under it, and says what to do", async () => {
      const { code, stderr } = await new MpiJob(mpi, 2, [join(root, "runtime/bin/lockstep.mjs"), "run", "-n", "2", program, "nothing"]).ended;
      expect(code).not.toBe(0);
      expect(stderr).toMatch(/error LS2015: this process is rank \d of 2 .*lockstep run.*\n.*mpirun -n 2 node/);
    });
  });
}
