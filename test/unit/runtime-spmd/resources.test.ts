// What a cgroup of either version allows, read from files that stand for /proc and /sys.
import { afterEach, describe, expect, it, vi } from "vitest";
import { allowedCores, allowedMemory } from "../../../runtime/src/launch/resources.ts";

let files: Readonly<Record<string, string>> = {};
vi.mock("node:fs", async (original) => ({
  ...(await original<typeof import("node:fs")>()),
  readFileSync: (path: string) => {
    if (path in files) return `${files[path]}\n`;
    throw Object.assign(new Error(`no ${path}`), { code: "ENOENT" });
  },
}));
vi.mock("node:os", async (original) => ({ ...(await original<typeof import("node:os")>()), availableParallelism: () => 16, totalmem: () => 64 * 2 ** 30 }));
afterEach(() => void (files = {}));

describe("version 2", () => {
  it("the tightest quota of the group and those around it counts, in whole cores", () => {
    files = { "/proc/self/cgroup": "0::/jobs/a/step", "/sys/fs/cgroup/jobs/a/step/cpu.max": "max 100000", "/sys/fs/cgroup/jobs/a/cpu.max": "350000 100000", "/sys/fs/cgroup/jobs/cpu.max": "800000 100000" };
    expect(allowedCores()).toBe(3);
  });

  it("in a container the group's path may be the host's: the root is the container's own", () => {
    files = { "/proc/self/cgroup": "0::/../../kubepods/pod1/c1", "/sys/fs/cgroup/cpu.max": "50000 100000", "/sys/fs/cgroup/memory.max": "1073741824" };
    expect(allowedCores()).toBe(1);
    expect(allowedMemory()).toBe(2 ** 30);
  });

  it("without a quota it is the affinity, without a limit the machine", () => {
    files = { "/proc/self/cgroup": "0::/", "/sys/fs/cgroup/cpu.max": "max 100000", "/sys/fs/cgroup/memory.max": "max" };
    expect([allowedCores(), allowedMemory()]).toEqual([16, 64 * 2 ** 30]);
  });
});

describe("version 1", () => {
  it("has a folder a controller, -1 for no quota and a huge number for no limit", () => {
    const root = "/sys/fs/cgroup";
    files = {
      "/proc/self/cgroup": "7:cpu,cpuacct:/docker/x\n4:memory:/docker/x\n0::/",
      [`${root}/cpu/docker/x/cpu.cfs_quota_us`]: "-1", [`${root}/cpu/docker/x/cpu.cfs_period_us`]: "100000",
      [`${root}/cpu/cpu.cfs_quota_us`]: "250000", [`${root}/cpu/cpu.cfs_period_us`]: "100000",
      [`${root}/memory/docker/x/memory.limit_in_bytes`]: "2147483648", [`${root}/memory/memory.limit_in_bytes`]: "9223372036854771712",
    };
    expect([allowedCores(), allowedMemory()]).toEqual([2, 2 ** 31]);
  });
});
