// Where jobs live in production: containers with little in them.
import { execFile, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { root } from "../scripts/lib.mjs";
import { program, Scratch } from "./job-process.ts";

const run = promisify(execFile);
const { VITEST: _, NODE_TEST_CONTEXT: __, ...env } = process.env;
const cli = join(root, "runtime/bin/lockstep.mjs");
const printed = (out: string) => `top level: main true, write ${out}\ninherited: \nwritten\nrows 3\n`;

/** Whether this machine lets a test set up such a place: containers often do not. */
function possible(command: string, ...args: string[]): boolean {
  return spawnSync(command, args).status === 0;
}

const user = ["--reuid=1000", "--regid=1000", "--clear-groups"];

describe("a job runs", () => {
  it.runIf(possible("unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/dev/shm"))("on a read-only root with 1 MB of /dev/shm", async () => {
    using scratch = new Scratch();
    const out = join(scratch.path, "out");
    const script = `
      mount -t tmpfs -o size=1m tmpfs /dev/shm
      mount --bind / /
      mount -t tmpfs tmpfs ${scratch.path}
      mount -o remount,ro,bind /
      cd /
      "$@" && ls ${out} >&2`;
    const { stdout, stderr } = await run("unshare", ["-m", "sh", "-ec", script, "sh", process.execPath, cli, "run", "-n", "3", program, "write", out], { env: { ...env, TMPDIR: "/" } });
    expect(stdout).toBe(printed(out));
    expect(stderr.trim().split("\n")).toEqual(["part-00000.parquet", "part-00001.parquet", "part-00002.parquet"]);
  });

  it.runIf(possible("setpriv", ...user, "test", "-r", program))("as a user without a home", async () => {
    using scratch = new Scratch();
    chmodSync(scratch.path, 0o777);
    const out = join(scratch.path, "out");
    const { stdout } = await run("setpriv", [...user, process.execPath, cli, "run", "-n", "2", program, "write", out], { env: { ...env, HOME: "/nonexistent" } });
    expect(stdout).toBe(printed(out));
    expect(readdirSync(out)).not.toEqual([]);
  });

  it("not where files may not be as large as a rank's memory for messages, and says so", async () => {
    const ended = run("sh", ["-ec", 'ulimit -f 1000; exec "$@"', "sh", process.execPath, cli, "run", "-n", "2", program, "write", "out"], { env });
    await expect(ended).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(/^error LS2008: a rank's memory for messages is larger than files may be here; lift that \(`ulimit -f unlimited`\)/) as string });
  });

  it("with one rank where the cgroup's quota is one core", async ({ skip }) => {
    const group = groupOfOneCore();
    if (typeof group === "string") return skip(group);
    using scratch = new Scratch();
    const inside = (...args: string[]) => run("sh", ["-ec", `echo $$ > ${group.folder}/cgroup.procs; exec "$@"`, "sh", process.execPath, cli, ...args], { env });
    try {
      expect((await inside("doctor")).stdout).toMatch(/^cores +1 allowed/m);
      const out = join(scratch.path, "out");
      expect((await inside("run", program, "write", out)).stdout).toBe(printed(out));
      // Each rank writes a part.
      expect(readdirSync(out)).toEqual(["part-00000.parquet"]);
    } finally {
      rmdirSync(group.folder);
    }
  });
});

/** A cgroup of either version whose processes get one core; or why there can be none. */
function groupOfOneCore(): { readonly folder: string } | string {
  if (availableParallelism() < 2) return "this machine has one core";
  const [, own = "/"] = /^0::(.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8")) ?? [];
  const name = `lockstep-test-${process.pid}`;
  const why: string[] = [];
  for (const [folder, file, quota] of [
    [join("/sys/fs/cgroup/cpu", name), "cpu.cfs_quota_us", "100000"],
    [join("/sys/fs/cgroup", own, name), "cpu.max", "100000 100000"],
  ] as const) {
    try {
      mkdirSync(folder);
    } catch (error) {
      why.push((error as Error).message);
      continue;
    }
    try {
      // Version 2 without a delegated controller has no such file.
      if (existsSync(join(folder, file))) {
        writeFileSync(join(folder, file), quota);
        return { folder };
      }
      why.push(`${folder} has no ${file}`);
    } catch (error) {
      why.push((error as Error).message);
    }
    rmdirSync(folder);
  }
  return `no cgroup with a quota can be made: ${why.join("; ")}`;
}
