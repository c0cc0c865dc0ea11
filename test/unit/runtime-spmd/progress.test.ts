import { PassThrough } from "node:stream";
import { afterEach, expect, it, vi } from "vitest";
import { progressBar, progressInterval, Watch, type Terminal } from "../../../runtime/src/observe/progress.ts";
import { bytes } from "../../../runtime/src/observe/units.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

it("the bar says as much as the line has room for", () => {
  const half = [10e6, 20e6, 9.1e9, 18.3e9] as const;
  expect(progressBar(half, 10, 120)).toBe(`lockstep ${"━".repeat(15)}${"─".repeat(15)} 50%  10 s left, 10.0 of 20.0 M rows, 9.1 of 18.3 GB, 910 MB/s`);
  expect(progressBar(half, 10, 40)).toBe("lockstep ━━━━──── 50%  10 s left");
  for (let columns = 10; columns < 150; columns++) expect(progressBar(half, 7200, columns).length).toBeLessThan(columns);
  expect(progressBar(half, 7300, 120)).toMatch(/  2 h 2 min left, /);
  expect(progressBar([0, 500, 0, 999], 3, 120)).toMatch(/ 0%  0 of 500 rows, 0 of 999 B, 0 B\/s$/);
  expect(progressBar([500, 500, 999, 999], 3, 120)).toMatch(/^lockstep ━+ 100%  input read, 500 of 500 rows, 999 of 999 B, 333 B\/s$/);
});

/** What is written to it. */
function terminal(isTTY: boolean): Terminal & { text(): string } {
  const out = new PassThrough();
  return Object.assign(out, { isTTY, columns: 80, text: () => String(out.read() ?? "") });
}

it("elsewhere than on a terminal: a line every 30 s, over all ranks", () => {
  vi.useFakeTimers();
  const out = terminal(false);
  const watch = new Watch(out, 2);
  watch.tell(0, [1_000_000, 2_000_000, 10e6, 20e6]);
  watch.tell(1, [500_000, 2_000_000, 5e6, 20e6]);
  vi.advanceTimersByTime(29_000);
  expect(out.text()).toBe("");
  vi.advanceTimersByTime(1000);
  expect(out.text()).toBe("lockstep: 37%, 50 s left, 1.5 of 4.0 M rows, 15.0 of 40.0 MB, 500 kB/s\n");
  watch.end();
  vi.advanceTimersByTime(90_000);
  expect(out.text()).toBe("");
});

it("on a terminal: a bar after a second, which is taken away at the end", () => {
  vi.useFakeTimers();
  const out = terminal(true);
  const watch = new Watch(out, 1);
  watch.tell(0, [1, 2, 10, 20]);
  vi.advanceTimersByTime(900);
  expect(out.text()).toBe("");
  vi.advanceTimersByTime(200);
  expect(out.text()).toMatch(/^\rlockstep ━.*50%.*\x1b\[K$/);
  watch.end();
  expect(out.text()).toBe("\r\x1b[K");
});

it("a count of bytes has three digits", () => {
  expect([0, 999, 1000, 999_600, 1.2e9, 4e12].map(bytes)).toEqual(["0 B", "999 B", "1.00 kB", "1.00 MB", "1.20 GB", "4.00 TB"]);
});

it("of one rank alone says whose progress it is, as often as it is told", () => {
  vi.useFakeTimers();
  const out = terminal(false);
  const watch = new Watch(out, 1, 5, "lockstep, rank 0");
  watch.tell(0, [1_000_000, 2_000_000, 10e6, 20e6]);
  vi.advanceTimersByTime(5000);
  expect(out.text()).toBe("lockstep, rank 0: 50%, 5 s left, 1.0 of 2.0 M rows, 10.0 of 20.0 MB, 2.00 MB/s\n");
  watch.end();
  expect(progressBar([10e6, 20e6, 9.1e9, 18.3e9], 10, 48, "lockstep, rank 0")).toBe("lockstep, rank 0 ━━━━──── 50%  10 s left");
});

it("LOCKSTEP_PROGRESS says how often", () => {
  const asked = (text: string | undefined): number => {
    vi.stubEnv("LOCKSTEP_PROGRESS", text);
    return progressInterval();
  };
  expect([asked(undefined), asked(""), asked("0"), asked("0.5")]).toEqual([30, 30, 0, 0.5]);
  expect(() => asked("often")).toThrow(/LOCKSTEP_PROGRESS=often is not a number of seconds/);
});
