// A test can start at any stage: IR as text in, one pass, IR as text out.
import { describe, expect, test } from "vitest";
import { inferDistributions } from "../../../plugin-babel/src/distribute/infer.ts";
import { inferOrder } from "../../../plugin-babel/src/infer/order.ts";
import type { FunctionIR } from "../../../plugin-babel/src/ir/ir.ts";
import { printFunction } from "../../../plugin-babel/src/ir/print.ts";
import { readFunction } from "../../../plugin-babel/src/ir/read.ts";
import { cutPlans } from "../../../plugin-babel/src/lower/cut-plans.ts";
import { pruneColumns } from "../../../plugin-babel/src/lower/prune-columns.ts";
import { pushFilters } from "../../../plugin-babel/src/lower/push-filters.ts";
import { checkLockstep } from "../../../plugin-babel/src/validate/lockstep.ts";

const ROW = `{"id": number, "name": string}`;
const READ = `readParquet path="p" declares ${ROW} : ${ROW} @f:1:0-1:9`;

function run(lines: string[], ...passes: ((fn: FunctionIR) => void)[]): string[] {
  const fn = readFunction(["function f", "b0:", ...lines.map((l) => (/^b\d/.test(l) ? l : `  ${l}`))].join("\n"));
  for (const pass of passes) pass(fn);
  return printFunction(fn).split("\n").map((l) => l.trim());
}
const line = (lines: string[], start: string) => lines.find((l) => l.startsWith(start)) ?? "";

describe("infer-distributions", () => {
  test("a group-by after a group-by on fewer keys moves nothing; a dropped key loses the partitioning", () => {
    const out = run([
      `%1 = ${READ}`,
      `%2 = groupby %1 key "name" = $"name":string; : ${ROW} by {"name": string} reading ["name"] @f:2:0-2:9`,
      `%3 = rollup %2 declares {"name": string} aggregate "n" count written "op.count()"; : {"name": string, "n": number} @f:3:0-3:9`,
      `%4 = rename %3 left "name" as "who" left "n" : {"who": string, "n": number} @f:4:0-4:9`,
      `%5 = select %4 left "n" : {"n": number} @f:5:0-5:9`,
      "return",
    ], inferDistributions);
    expect(line(out, "%3")).toContain(`on hash["name"]`);
    expect(line(out, "%4")).toContain(`on hash["who"]`);
    expect(line(out, "%5")).toContain("on any");
  });

  test("loops reach a fixpoint", () => {
    const out = run([
      `%1 = ${READ}`, "goto b1", "b1: ; loop 1",
      `%2 = phi %1 %3 : ${ROW} @f:2:0-2:9`, `branch "c" b2 b3 @f:2:0-2:9`, "b2: ; loop 1",
      `%3 = dedupe %2 key "id" = $"id":number; : ${ROW} @f:3:0-3:9`, "goto b1", "b3:", "return %2",
    ], inferDistributions);
    expect(line(out, "%2")).toContain("on any");
    expect(line(out, "%3")).toContain(`on hash["id"]`);
  });
});

describe("push-filters", () => {
  const filter = (predicate: string) => [
    `%1 = ${READ}`,
    `%2 = derive %1 column "up" = string.toUpperCase($"name":string):string; : {"id": number, "name": string, "up": string} @f:2:0-2:9`,
    `%3 = filter %2 predicate = ${predicate}; : {"id": number, "name": string, "up": string} @f:3:0-3:9`,
    "return %3",
  ];
  const early = () => true;

  test("moves past a derive into the scan", () => {
    const out = run(filter(`gt($"id":number, 1:number):boolean`), (fn) => pushFilters(fn, early));
    expect(line(out, "%1")).toContain("pushed predicate = gt(");
    expect(line(out, "%3")).toBe("");
    expect(out).toContain("return %2");
  });

  test.each([
    ["reads a derived column", `eq($"up":string, "x":string):boolean`],
    ["can throw", `gt(string.length(string.repeat($"name":string, $"id":number):string):number, 1:number):boolean`],
    ["is only truthy", `$"id":number`],
  ])("stays when it %s", (_, predicate) => {
    expect(line(run(filter(predicate), (fn) => pushFilters(fn, early)), "%1")).not.toContain("pushed");
  });

  test("a value computed after the reader cannot move before it", () => {
    const predicate = `gt($"id":number, captured("late"):number):boolean`;
    expect(line(run(filter(predicate), (fn) => pushFilters(fn, () => false)), "%1")).not.toContain("pushed");
    expect(line(run(filter(predicate), (fn) => pushFilters(fn, early)), "%1")).toContain("pushed");
  });

  test("captured values read back, whatever is made of them", () => {
    const captured = [`captured.typeof("größe", "?.a b", ".c"):string`, `captured.equal("x", captured.text("y", ".z"):string):boolean`, `capturedList.elements("x"):number?`, `capturedSet("x"):number`, `captured.required("x"):string`, `$"x":date!`];
    for (const one of captured) expect(run([`%1 = ${READ}`, `%2 = filter %1 predicate = ${one}; : ${ROW} @f:2:0-2:9`, "return %2"], () => undefined).join()).toContain(one);
    const asked: string[] = [];
    run(filter(`eq(${captured[1]}, ${captured[1]}):boolean`), (fn) => pushFilters(fn, ({ path }) => Boolean(asked.push(path.root))));
    expect(asked).toEqual(["x", "y", "x", "y"]);
  });
});

describe("prune-columns", () => {
  test("reads and computes what is used, whether it could throw or not", () => {
    const out = run([
      `%1 = ${READ}`,
      `%2 = derive %1 column "a" = add($"id":number, 1:number):number; column "b" = string.repeat($"name":string, $"id":number):string; : {"id": number, "name": string, "a": number, "b": string} @f:2:0-2:9`,
      `%3 = select %2 left "id" : {"id": number} @f:3:0-3:9`,
      "return %3",
    ], pruneColumns);
    expect(line(out, "%1")).toContain(`demanded ["id"]`);
    expect(line(out, "%2")).not.toContain("column");
  });

  test("only the count: no column at all", () => {
    const out = run([`%1 = ${READ}`, `%2 = numRows %1 @f:2:0-2:9`, "return"], pruneColumns);
    expect(line(out, "%1")).toContain("demanded []");
  });
});

describe("cut-plans", () => {
  const both = [`%1 = ${READ}`, `%2 = orderby %1 key = $"id":number; : ${ROW} @f:2:0-2:9`];
  const passes = [inferDistributions, inferOrder, cutPlans];

  test("numRows after a write of the same table runs nothing, and nothing is kept", () => {
    const out = run([...both, `%3 = writeParquet %2 path="o" @f:3:0-3:9`, `%4 = numRows %2 @f:4:0-4:9`, "return"], ...passes);
    expect(line(out, "%3")).toContain("executes");
    expect(line(out, "%4")).toContain("answered");
    expect(out.some((l) => l.includes("= spool"))).toBe(false);
  });

  test("numRows on one path does not answer on the other", () => {
    const out = run([
      ...both, `branch "c" b1 b2 @f:3:0-3:9`, "b1:", `%3 = writeParquet %2 path="o" @f:3:0-3:9`, "goto b2", "b2:", `%4 = numRows %2 @f:4:0-4:9`, "return",
    ], ...passes);
    expect(line(out, "%4")).toContain("executes");
    expect(out.some((l) => l.includes("= spool %2"))).toBe(true);
  });

  test("a write after a sort is ordered", () => {
    const out = run([...both, `%3 = writeParquet %2 path="o" @f:3:0-3:9`, `%4 = writeParquet %1 path="o" @f:4:0-4:9`, "return"], ...passes);
    expect(line(out, "%3")).toContain(`ordered "written after orderby"`);
    expect(line(out, "%4")).toContain("unordered");
  });
});

describe("check-lockstep", () => {
  const guarded = (after: string[]) => [`%1 = ${READ}`, `branch "rank() > 0" varying b1 b2 @f:2:0-2:9`, "b1:", ...after];
  const check = (lines: string[]) => {
    const found: string[] = [];
    run(lines, (fn) => checkLockstep(fn, (d) => found.push(d.code)));
    return found;
  };

  test("a varying condition guards no table operation", () => {
    expect(check(guarded([`%2 = numRows %1 @f:3:0-3:9`, "goto b2", "b2:", "return"]))).toEqual(["LS1304"]);
    expect(check(guarded(["goto b2", "b2:", `%2 = numRows %1 @f:3:0-3:9`, "return"]))).toEqual([]);
  });

  test("nor a value that rank 0 sends to the others", () => {
    expect(check(guarded([`send "Date.now()" @f:3:0-3:9`, "goto b2", "b2:", "return"]))).toEqual(["LS1304"]);
  });

  test("a varying operand is said once, not again of what is made of its table", () => {
    expect(check([`%1 = ${READ}`, `%2 = slice %1 start="rank()" varying="rank()" @f:2:0-2:9`, `%3 = numRows %2 varying="t" @f:3:0-3:9`, "return"])).toEqual(["LS1310"]);
  });

  test("nor is the returned table", () => {
    expect(check([`%1 = ${READ}`, `%2 = slice %1 start="0" @f:2:0-2:9`, `return %2 varying "t" @f:3:0-3:9`])).toEqual(["LS1310"]);
    expect(check([`%1 = ${READ}`, `%2 = slice %1 start="r" varying="r" @f:2:0-2:9`, `return %2 varying "t" @f:3:0-3:9`])).toEqual(["LS1310"]);
  });

  test("an early return guards what follows", () => {
    expect(check(guarded(["return", "b2:", `%2 = numRows %1 @f:3:0-3:9`, "return"]))).toEqual(["LS1304"]);
  });
});

test("a rollup without groups keeps its row, though nobody reads it", () => {
  const out = run([
    `%1 = ${READ}`,
    `%2 = rollup %1 aggregate "m" median = $"id":number; : {"m": number?} @f:2:0-2:9`,
    `%3 = numRows %2 @f:3:0-3:9`,
    "return",
  ], pruneColumns);
  expect(line(out, "%1")).toContain("demanded []");
  expect(line(out, "%2")).toContain(`aggregate "m" count`);
});
