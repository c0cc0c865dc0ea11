// What the benchmark says of its aims, where the times are known.
import { expect, it } from "vitest";
import { aims, judged, type Line, suiteLines } from "../../bench/aims.ts";

/** Two cases, the second twice as long. */
const run = (times: Readonly<Record<string, number>>, status = "ok"): Line[] =>
  Object.entries(times).flatMap(([system, seconds]) => [{ case: "q1", system, seconds, status: "ok" }, { case: "q2", system, seconds: 2 * seconds, status: system === "lockstep" ? status : "ok" }]);
const line = (lines: readonly Record<string, unknown>[], name: string, system = "lockstep"): Record<string, unknown> | undefined => lines.find((one) => one["case"] === name && one["system"] === system);

it("compares the sums with the best peer's, and misses by more than the aim", () => {
  const lines = suiteLines("groupby", run({ lockstep: 3, "lockstep-1x2": 2, duckdb: 5, polars: 4 }));
  expect(line(lines, "sum")).toEqual({ suite: "groupby", case: "sum", system: "lockstep", seconds: 9, cases: 2, ratio: 0.75, best_peer: "polars", aim: 1, status: "ok" });
  expect(line(lines, "sum", "duckdb")).toEqual({ suite: "groupby", case: "sum", system: "duckdb", seconds: 15, cases: 2, ratio: 1.25, best_peer: "polars", status: "ok" });
  expect(line(lines, "ranks-over-threads")).toEqual({ suite: "groupby", case: "ranks-over-threads", system: "lockstep", ratio: 1.5, aim: 1.05, status: "missed" });
  expect(line(suiteLines("taxi", run({ lockstep: 3, polars: 4 })), "sum")).toMatchObject({ ratio: 0.75, aim: 0.35, status: "missed" });
  // Nobody has set one.
  expect(line(suiteLines("udf", run({ lockstep: 3, polars: 1 })), "sum")).toEqual({ suite: "udf", case: "sum", system: "lockstep", seconds: 9, cases: 2, ratio: 3, best_peer: "polars", status: "ok" });
});

it("reads two ranks over one against what the machine gives two processes", () => {
  const times = { lockstep: 2, "lockstep-1x1": 3 };
  expect(line(suiteLines("groupby", run(times), [1.5, 1.4, 2]), "two-ranks-over-one")).toEqual({ suite: "groupby", case: "two-ranks-over-one", system: "lockstep", speed_up: 1.5, calibrated_limit: 1.5, ratio: 1, aim: 0.95, status: "ok" });
  expect(line(suiteLines("join", run(times), [1.9, 2.1]), "two-ranks-over-one")).toMatchObject({ calibrated_limit: 2, ratio: 0.75, aim: 0.85, status: "missed" });
  expect(line(suiteLines("join", run(times)), "two-ranks-over-one")).toBeUndefined();
});

it("says what failed in place of whether it was quick, and leaves out who did not run or not everything", () => {
  const failed = suiteLines("join", run({ lockstep: 1, "lockstep-1x2": 1, duckdb: 5 }, "wrong answer"));
  expect([line(failed, "sum")!["status"], line(failed, "ranks-over-threads")!["status"], line(failed, "sum", "duckdb")!["status"]]).toEqual(["wrong answer", "wrong answer", "ok"]);
  expect(line(suiteLines("join", run({ lockstep: 1 })), "sum")).toMatchObject({ ratio: null, best_peer: null, status: "ok" });
  expect(line(suiteLines("join", run({ lockstep: 1 })), "ranks-over-threads")).toBeUndefined();
  const some = suiteLines("join", [...run({ lockstep: 2 }), { case: "q1", system: "polars", seconds: 0.1, status: "ok" }]);
  expect(line(some, "sum", "polars")).toBeUndefined();
  expect(line(some, "sum")).toMatchObject({ ratio: null });
  // A peer that fails sets no aim.
  expect(line(suiteLines("join", [...run({ lockstep: 2, duckdb: 4 }), { case: "q1", system: "polars", seconds: 1, status: "failed: exit 1" }, { case: "q2", system: "polars", seconds: 1, status: "ok" }]), "sum")).toMatchObject({ ratio: 0.5, best_peer: "duckdb" });
});

it("judges", () => {
  expect([judged(1.1, 1.1), judged(1.2, 1.1), judged(0.9, 0.95, true), judged(0.95, 0.95, true), judged(null, 1), judged(9, undefined), judged(2, aims.query)]).toEqual(["ok", "missed", "missed", "ok", "ok", "ok", "missed"]);
});
