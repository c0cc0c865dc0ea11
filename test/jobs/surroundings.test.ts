// Where jobs live in production: containers with little in them.
import { execFile, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
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

  it("with one rank where the cgroup's quota is one core", async () => {
    const group = `/sys/fs/cgroup/cpu/lockstep-test-${process.pid}`;
    try {
      mkdirSync(group);
      writeFileSync(join(group, "cpu.cfs_quota_us"), "100000");
    } catch {
      return; // Version 2 without a delegated subtree, or no cgroups at all.
    }
    try {
      const { stdout } = await run("sh", ["-ec", `echo $$ > ${group}/cgroup.procs; exec "$@"`, "sh", process.execPath, cli, "doctor"], { env });
      expect(stdout).toMatch(/^cores +1 allowed/m);
    } finally {
      rmdirSync(group);
    }
  });
});
