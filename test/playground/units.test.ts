/** What of the page is plain functions. */
import { deflateSync, strToU8 } from "fflate";
import { expect, it } from "vitest";
import { CompileClient, type CompileOutcome, type CompilerThread } from "../../playground/src/compile/client.ts";
import { leftOutOf, skewOf, type Profile } from "../../playground/src/run/profile.ts";
import { timelineOf } from "../../playground/src/run/spans.ts";
import { firstAfter } from "../../playground/src/run/timeline-drawing.ts";
import { instructionsOf } from "../../playground/src/state/instructions.ts";
import { defaultOptions } from "../../playground/src/state/options.ts";
import { fromHash, toHash } from "../../playground/src/state/share.ts";
import { highlighted } from "../../playground/src/views/highlighted.ts";
import { diffLines, type Known } from "../../playground/src/views/diff.ts";
import { collectivesOf, pairsOf, patternOf } from "../../playground/src/views/plan-exchanges.ts";
import { findFixtures } from "../snap/fixtures.ts";
import { compileFixture } from "../snap/render.ts";

it("a link holds what was put in", () => {
  const shared = { title: "über <b>", files: { "src/job.ts": "const a = '😀';\n", "b.ts": "" }, entry: "src/job.ts", options: { ...defaultOptions, strict: true, native: "copy" as const }, view: "plan" };
  expect(fromHash(toHash(shared, "1.2.3"))).toEqual({ shared, version: "1.2.3" });
  expect(fromHash("#other")).toBeNull();
  expect(fromHash("#v=1&s=%%%")).toHaveProperty("problem");
});

it("a stranger's link sets known options to known values only", () => {
  const hash = toHash({ title: "", files: { "a.ts": "" }, entry: "nowhere.ts", options: { ...defaultOptions, strict: "yes", native: "rm -rf" } as never, view: "" }, "1");
  expect(fromHash(hash)).toMatchObject({ shared: { options: defaultOptions, entry: "a.ts" } });
});

/** A link as a stranger may write it. */
const linkOf = (value: unknown, version = "1"): string => `#v=${version}&s=${Buffer.from(deflateSync(strToU8(typeof value === "string" ? value : JSON.stringify(value)))).toString("base64url")}`;

it("a stranger's link has no file but sources of the workspace, and no long title or version", () => {
  const files = { "../up.ts": "", "/root.ts": "", "a/../../b.ts": "", "C:\\x.ts": "", "<img src=x>.ts": "", "run.sh": "", "a\0.ts": "", [`${"x".repeat(300)}.ts`]: "", "src/größe 2.ts": "const a = 1;" };
  const opened = fromHash(linkOf({ title: "t".repeat(10_000), files, entry: "../up.ts" }, "9".repeat(10_000)));
  expect(opened).toMatchObject({ shared: { files: { "src/größe 2.ts": "const a = 1;" }, entry: "src/größe 2.ts", title: "t".repeat(100) }, version: "9".repeat(20) });
  expect(Object.keys((opened as { shared: { files: object } }).shared.files)).toHaveLength(1);
  for (const value of [[], 1, null, "text", { files: [] }, { files: { "a.ts": 1 } }, { files: { "../a.ts": "" } }]) expect(fromHash(linkOf(value)), JSON.stringify(value)).toHaveProperty("problem");
});

it("a link that would become gigabytes is refused in time; one that was cut off is damaged", () => {
  const started = performance.now();
  expect(fromHash(linkOf("x".repeat(20_000_000)))).toEqual({ problem: "The link holds more than 4 MB, which is no program." });
  expect(performance.now() - started).toBeLessThan(5000);
  const whole = linkOf({ files: { "a.ts": Array.from({ length: 2000 }, (_, n) => `const a${n} = ${Math.sin(n)};`).join("\n") } });
  expect(fromHash(whole)).toHaveProperty("shared");
  for (const length of [20, whole.length >> 1, whole.length - 8]) expect(fromHash(whole.slice(0, length))).toEqual({ problem: expect.stringContaining("damaged") });
});

it("a difference pairs instructions and marks their words", () => {
  const lines = diffLines("b0:\n  %1 = read @a\n  %2 = filter %1\n  return", "b0:\n  %1 = read on block @a\n  return");
  expect(lines.map(({ kind, pieces }) => [kind, pieces.filter((p) => p.kind !== "same").map((p) => p.text).join("|")])).toEqual([
    ["same", ""],
    ["changed", "on block "],
    ["removed", "  %2 = filter %1"],
    ["same", ""],
  ]);
  const rebuilt = lines.filter((l) => l.kind !== "removed").map((l) => l.pieces.filter((p) => p.kind !== "removed").map((p) => p.text).join("")).join("\n");
  expect(rebuilt).toBe("b0:\n  %1 = read on block @a\n  return");
});

it("a line that differs as before is the same object; long texts are compared in time", () => {
  const known: Known = new Map();
  const before = diffLines("%1 = a x\n%2 = b", "%1 = a y\n%2 = b z", known);
  const after = diffLines("%1 = a x\n%2 = b", "%1 = a y\n%2 = b zz", known);
  expect([after[0] === before[0], after[1] === before[1]]).toEqual([true, false]);
  const long = (of: (n: number) => string) => Array.from({ length: 20_000 }, (_, n) => of(n)).join("\n");
  const started = performance.now();
  const lines = diffLines(long((n) => `%${n} = filter`), long((n) => (n % 3 === 0 ? `%${n} = filter on block` : `  line ${n}`)));
  expect(performance.now() - started).toBeLessThan(5000);
  expect(lines.filter((line) => line.kind === "changed")).toHaveLength(6667);
  expect(lines.filter((line) => line.kind !== "removed")).toHaveLength(20_000);
});

it("every instruction of every fixture's IR is drawn, in its place", () => {
  for (const fixture of findFixtures()) {
    const { stages } = compileFixture(fixture);
    for (const { name, text } of stages.filter((s) => s.name !== "emit" && s.name !== "find-directives")) {
      const drawn = [...instructionsOf(text).values()].flat();
      expect(drawn.length, `${fixture.name} ${name}`).toBe(text.match(/^ {2}%\d+ = /gm)?.length ?? 0);
      expect(drawn.every(({ line, inputs }) => line > 0 && inputs.every(Number.isInteger))).toBe(true);
    }
  }
});

it("everything that fixtures communicate has a pattern", () => {
  const said = new Set(findFixtures().flatMap((fixture) => compileFixture(fixture).manifest.flatMap((fn) => fn.communicates.map((c) => c.what))));
  expect(said.size).toBeGreaterThan(10);
  for (const what of said) {
    expect(collectivesOf(what), what).not.toBe("");
    expect(pairsOf(patternOf(what), 3).length, what).toBeGreaterThan(1);
  }
});

it("time is limited from when the compiler listens, not while its script is on the way", async () => {
  const answers: CompileOutcome[] = [];
  const threads: CompilerThread[] = [];
  const start = (): CompilerThread => (threads.push({ postMessage: () => undefined, terminate: () => undefined, onmessage: null, onerror: null }), threads.at(-1)!);
  const client = new CompileClient(start, 1, (outcome) => answers.push(outcome));
  client.compile({ main: "1", files: {}, options: {} });
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(answers).toEqual([]);
  threads[0]!.onmessage!({ data: { ready: true } } as MessageEvent);
  await expect.poll(() => answers).toEqual([{ stopped: true }]);
  client.compile({ main: "2", files: {}, options: {} });
  expect(threads.length).toBe(2);
});

it("the newest request waits for the running one; those between are dropped", () => {
  const posted: string[] = [];
  const answers: CompileOutcome[] = [];
  const thread: CompilerThread = { postMessage: ({ main }) => void posted.push(main), terminate: () => undefined, onmessage: null, onerror: null };
  const client = new CompileClient(() => thread, 60_000, (outcome) => answers.push(outcome));
  for (const main of ["1", "2", "3"]) client.compile({ main, files: {}, options: {} });
  expect(posted).toEqual(["1"]);
  thread.onmessage!({ data: { id: 1, failed: "bug" } } as MessageEvent);
  expect(posted).toEqual(["1", "3"]);
  thread.onmessage!({ data: { id: 1, failed: "late" } } as MessageEvent);
  thread.onmessage!({ data: { id: 2, failed: "bug" } } as MessageEvent);
  expect(answers).toEqual([{ id: 1, failed: "bug" }, { id: 2, failed: "bug" }]);
});

const counters = (busyMs: number, bytesSent = 0) => ({ rows: 1, batches: 1, busyMs, bytesSent, bytesReceived: 0, spilledBytes: 0 });
const profile: Profile = {
  ranks: 2,
  threads: 1,
  executions: [
    { ended: 310, seconds: 0.01, peakBytes: [1, 2], sent: [[0, 640], [0, 0]], spans: [
      // The shuffle looks for a batch, for which the scan works; then it works itself. At the end rows leave the plan.
      [[0, 0, 0, 5], [1, 0, 0, 3], [-1, 0, 6, 7]],
      [[1, 1, 0, 9.5]],
    ], operators: [
      { stage: 0, depth: 0, name: "ShuffleExec", detail: "by hash", ranks: [counters(2, 640), counters(0)] },
      { stage: 0, depth: 1, name: "ScanExec", detail: "a.csv", ranks: [counters(3), counters(20)] },
    ] },
    { ended: 350, seconds: 0.02, peakBytes: [1, 2], spans: [[[0, 0, 0, 5]], [[0, 1, 0, 5]]], operators: [{ stage: 0, depth: 0, name: "ScanExec", detail: "b.csv", ranks: [counters(5), counters(5)] }] },
  ],
};

it("what scans left out is a sum over executions, of each rank, and none that is nothing", () => {
  const [counted] = profile.executions[1]!.operators[0]!.ranks;
  const scan = (left: object) => ({ stage: 0, depth: 0, name: "ScanExec", detail: "c.csv", ranks: [counted!, { ...counted!, groupsSkipped: 0, ...left }] });
  const leaving = { ...profile, executions: [{ rowsDropped: 5, rowsPruned: 1000 }, {}, { rowsDropped: 7 }].map((left) => ({ ...profile.executions[1]!, operators: [scan(left)] })) };
  expect(leftOutOf(leaving).map(({ name, of }) => [name, of(0), of(1)])).toEqual([["rows without a partner, left out by scans", 0, 12], ["rows that a filter does not match, not read", 0, 1000]]);
  expect(leftOutOf(profile)).toEqual([]);
});

it("a timeline has the innermost work of each rank, and waiting while an execution runs", () => {
  const { lanes, end } = timelineOf(profile);
  expect(end).toBe(50);
  expect(lanes[0]!.map(({ name, kind, start, end }) => [name, kind, start, end])).toEqual([
    ["ScanExec", "operator", 0, 3],
    ["ShuffleExec", "exchange", 3, 5],
    ["wait", "wait", 5, 6],
    ["output", "operator", 6, 7],
    ["wait", "wait", 7, 10],
    ["ScanExec", "operator", 30, 35],
    ["wait", "wait", 35, 50],
  ]);
  expect(lanes[1]!.slice(0, 3).map(({ name, start, end }) => [name, start, end])).toEqual([["ScanExec", 0, 9.5], ["wait", 9.5, 10], ["ScanExec", 30, 35]]);
  expect([0, 2.9, 3, 6.5, 20, 60].map((time) => firstAfter(lanes[0]!, time))).toEqual([0, 0, 1, 3, 5, 7]);
});

it("a timeline shows the making of a plan as planning, on every rank until the first operator of one of them works", () => {
  const [execution] = profile.executions;
  const { lanes } = timelineOf({ ...profile, executions: [{ ...execution!, spans: [[[1, 0, 4, 5]], [[1, 1, 6, 9.5]]] }] });
  const drawn = (rank: number) => lanes[rank]!.map(({ name, kind, start, end }) => [name, kind, start, end]);
  expect(drawn(0)).toEqual([["planning", "planning", 0, 4], ["ScanExec", "operator", 4, 5], ["wait", "wait", 5, 10]]);
  expect(drawn(1).slice(0, 2)).toEqual([["planning", "planning", 0, 4], ["wait", "wait", 4, 6]]);
  // No operator worked: the plan was all there was to do.
  expect(timelineOf({ ...profile, executions: [{ ...execution!, spans: [[], []] }] }).lanes[0]!.map(({ name, end }) => [name, end])).toEqual([["planning", 10]]);
});

it("skew is the largest by the mean", () => {
  expect([skewOf([4, 4]), skewOf([6, 2]), skewOf([0, 0])]).toEqual([1, 1.5, 1]);
});

/** `class text` of what has a colour. */
const coloured = (code: string): string[][] => highlighted(code, null).lines.map(({ tokens }) => tokens.filter(({ classes }) => classes !== "").map(({ text, classes }) => `${classes.replaceAll("tok-", "")} ${text}`));

it("code that changed in a few places is highlighted as if it were new", () => {
  const text = (n: number, more = "") => Array.from({ length: 40 }, (_, i) => `const value_${i} = { a: "x", n: ${i % 9 === 0 ? n : 1} };`).join("\n") + more;
  let last = highlighted(text(1), null);
  for (const code of [text(12), text(345), text(345, "\n/* more"), text(345, "\n/* more */ f(`a${1}b`);"), `\n${text(0)}`]) {
    const before = last;
    last = highlighted(code, before);
    expect(last.lines).toEqual(highlighted(code, null).lines);
    expect(last.lines.map(({ tokens }) => tokens.map((token) => token.text).join("")).join("\n")).toBe(code);
    // A line that stays is the same object: it is not rendered again.
    expect(before.lines).toContain(last.lines[7]);
  }
});

it("comments and texts of several lines, patterns, keys and numbers have their colours", () => {
  expect(coloured("const a = `x\nconst b ${1} \\` y\n`; /* c\nlet d\n*/ return /a[/]\"b/g.test(e / f / 2);")).toEqual([
    ["keyword const", "variableName definition a", "string2 `x"], ["string2 const b ${1} \\` y"], ["string2 `", "comment /* c"], ["comment let d"],
    ["comment */", "keyword return", "string /a[/]\"b/g", "propertyName test", "number 2"],
  ]);
  expect(coloured('  "a\\"b": ["x", -1.5e-3, true], key: d.new ? null : 0xffn // end')).toEqual([['propertyName "a\\"b"', 'string "x"', "number 1.5e-3", "bool true", "propertyName key", "propertyName new", "bool null", "number 0xffn", "comment // end"]]);
  expect(coloured("export async function f(d: Trip, n: number) {")).toEqual([["keyword export", "keyword async", "keyword function", "variableName definition f", "propertyName d", "typeName Trip", "propertyName n", "typeName number"]]);
});
