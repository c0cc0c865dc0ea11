// What `lockstep run --explain` and `--profile` make of the engine's profile.
import { expect, it } from "vitest";
import { explainExecution } from "../../../runtime/src/observe/explain-plan.ts";
import { type Counters, type Operator, type Profile, timed } from "../../../runtime/src/observe/profile.ts";

const none: Counters = { rows: 0, batches: 0, busyMs: 0, bytesSent: 0, bytesReceived: 0, spilledBytes: 0, rowsDropped: 0, groupsSkipped: 0, rowsPruned: 0, rowsSplit: 0 };
const operator = (depth: number, line: string, ...ranks: Partial<Counters>[]): Operator => {
  const [, name, detail] = /^(\w+)(?:: (.*))?$/s.exec(line)!;
  return { stage: 0, depth, lane: 0, name: name!, detail: detail ?? "", ranks: (ranks.length > 0 ? ranks : [{}, {}]).map((one) => ({ ...none, ...one })) };
};
const profile = (...operators: Operator[]): Profile => ({ seconds: 0.5, peakBytes: operators[0]!.ranks.map(() => 1), messages: [1, 1], operations: 1, operators });
/** Its lines without the first two and without indentation. */
const explained = (...operators: Operator[]): string[] => explainExecution("job.ts#f", profile(...operators)).split("\n").slice(2).map((line) => line.trim());

it("draws the tree with rows, unevenness and what was sent, by names of columns", () => {
  const text = explainExecution("job.ts#f", profile(
    operator(0, "SortRowsExec: by (sort(n@1) DESC, $lockstep:position:2@4 ASC)", { rows: 10 }, { rows: 1 }),
    operator(1, "ShuffleExec: by hash of (k@0)", { rows: 5, bytesSent: 1000 }, { rows: 5, bytesSent: 500 }),
    operator(2, "ProjectionExec: expr=[k@0 as k, n[sum]@1 as n[sum], k#right@2 as r]", { rows: 1 }, { rows: 0 }),
  ));
  expect(text).toBe([
    "job.ts#f: executed in 0.500 s on 2 ranks",
    "  stage 0",
    "    SortRowsExec: by (sort(n) DESC, position 2 ASC)  (11 rows, 1 to 10 a rank)",
    "      ShuffleExec: by hash of (k)  (10 rows, 1.50 kB sent)",
    "        ProjectionExec: expr=[k, n[sum], k#right as r]  (1 row, 0 to 1 a rank)",
  ].join("\n"));
});

it.each([
  ["PackedAggregateExec: keys=[k@0: 1 to 1499] in 11 bits, aggregates=[Count]", {}, /^- packed keys: .* one number of 11 bits;/],
  ["AggregateExec: mode=FinalPartitioned, gby=[k@0 as k], aggr=[count(1) as n]", {}, /^- general keys: /],
  ["AggregateExec: mode=Partial, gby=[k@0 as k], aggr=[count(1) as n]", {}, /^- groups are aggregated on each rank before/],
  ["LookupJoinExec: on=[(a@0, b@0)]", {}, /^- look-up join: /],
  ["HashJoinExec: mode=CollectLeft, join_type=Inner, on=[(a@0, b@0)]", {}, /^- broadcast, decided by size: /],
  ["HashJoinExec: mode=Partitioned, join_type=Inner, on=[(a@0, b@0)]", {}, /^- shuffle, decided by size: /],
  ["SortMergeJoinExec: join_type=Inner", {}, /^- merge join: /],
  ["SemiFilterExec: rows with an equal, on=[(a@0, b@0)]", {}, /^- keys to all ranks, decided by size: /],
  ["BroadcastExec: to every rank, keys told=[a#right@0]", {}, /^- keys told to scans: which a there are /],
  ["ShuffleExec: by hash of (a@0), heavy keys dealt", { rowsSplit: 1000 }, /^- heavy keys: rows of a key .* dealt over all ranks: 2,000 rows$/],
  ["ShuffleExec: by hash of (a@0), heavy keys to all", {}, /^- heavy keys: the partners .*; no key had$/],
  ["ProjectionExec: expr=[memo[1827](month(t@0)) as m]", {}, /^- memo: 1,827 values can be /],
  ["FilterExec: codes(eq(k@0, a))", {}, /^- codes: /],
  ["ScanExec: t.parquet, columns=[a], pruned by=[a]", { rowsPruned: 5 }, /^- pruned: .* of a leaves out .*: of the row groups that were read 10 rows$/],
  ["ScanExec: t.parquet, columns=[a], keys=[a by bits]", { rowsDropped: 7, groupsSkipped: 1 }, /^- keys told by a join's other side \(a by bits\): 14 rows and 2 row groups left out$/],
  ["QueryExec: sales.orders, sessions=2, sql=[SELECT a FROM t WHERE b = '[x]' LIMIT 5], position=p", {}, /^- the database is asked: SELECT a FROM t WHERE b = '\[x\]' LIMIT 5$/],
  ["GroupTopKExec: rows=2, keys=[a@0], order=[b@1 ASC]", {}, /^- first rows of groups: /],
  ["SortExec: TopK(fetch=10), expr=[a@0 ASC]", {}, /^- top-k: /],
  ["GatherExec: to rank 0", {}, /^- all rows go to rank 0/],
  ["SharedExec: #3", {}, /^- computed once/],
  ["SortRowsExec: by (a@0 ASC)", { spilledBytes: 1e6 }, /^- spilled: 2\.00 MB went to the disk/],
] as const)("%s", (line, counters, decision) => {
  expect(explained(operator(0, line, counters, counters))).toEqual([expect.stringContaining(line.split(":")[0]!), expect.stringMatching(decision)]);
});

it("says nothing where nothing was decided", () => {
  for (const line of ["ScanExec: t.parquet, columns=[a]", "FilterExec: a@0 > 1", "ShuffleExec: by hash of (a@0)", "BroadcastExec: to every rank", "SortRowsExec: by (a@0 ASC)", "AggregateExec: mode=Single, gby=[], aggr=[count(1) as n]"]) {
    expect(explained(operator(0, line))).toHaveLength(1);
  }
  // On one rank nothing is sent.
  expect(explained(operator(0, "HashJoinExec: mode=CollectLeft", {}))).toHaveLength(1);
});

it("tells waits of operators by their spans, which stay only where they were asked for", () => {
  const sent = [[0, 5], [7, 0]];
  const spans = [[[0, 0, 10, 12], [0, 0, 20, 21], [0, 1, 10, 11], [0, 1, 13, 14], [-1, 0, 0, 50]], [[0, 0, 5, 6]]] as const;
  const known = { ...profile(operator(0, "ScanExec: t", { rows: 1 }, { rows: 2 })), spans, sent };
  // Of partition 0 eight of eleven milliseconds, of partition 1 two of four.
  expect(timed(known, false)).toEqual({ ...profile({ ...known.operators[0]!, ranks: [{ ...none, rows: 1, waitMs: 10 }, { ...none, rows: 2, waitMs: 0 }] as Counters[] }), sent });
  expect(timed(known, true).spans).toBe(spans);
});
