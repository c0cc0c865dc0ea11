// The IR's own rules: each broken in one way, on purpose.
import { expect, test } from "vitest";
import { readFunction } from "../../../plugin-babel/src/ir/read.ts";
import { checkIR, type Stage } from "../../../plugin-babel/src/ir/spec.ts";

const ROW = `{"id": number}`;
const READ = `readParquet path="p" declares ${ROW} : ${ROW} @f:1:0-1:9`;
const at = (line: number) => `@f:${line}:0-${line}:9`;

function check(lines: readonly string[], stage: Stage = "parsed"): string | null {
  const fn = readFunction(["function f", ...lines.map((l) => (/^b\d/.test(l) ? l : `  ${l}`))].join("\n"));
  try {
    checkIR(fn, stage);
    return null;
  } catch (error) {
    return (error as Error).message.replace(/^IR of f after \w+: /, "");
  }
}

/** A branch whose sides meet in b3. */
const diamond = (then: readonly string[], otherwise: readonly string[], after: readonly string[]) => [
  "b0:", `%1 = ${READ}`, `branch "c" b1 b2 ${at(2)}`, "b1:", ...then, "goto b3", "b2:", ...otherwise, "goto b3", "b3:", ...after, "return",
];

test("what is well formed passes", () => {
  expect(check(diamond([`%2 = slice %1 ${at(3)}`], [], [`%3 = phi %2 %1 ${at(4)}`, `%4 = numRows %3 ${at(5)}`]))).toBeNull();
  const loop = ["b0:", `%1 = ${READ}`, "goto b1", "b1: ; loop 1", `%2 = phi %1 %3 ${at(2)}`, `branch "c" b2 b3 ${at(2)}`, "b2: ; loop 1", `%3 = slice %2 ${at(3)}`, "goto b1", "b3:", "return %2"];
  expect(check(loop)).toBeNull();
});

test("a value is defined once, and somewhere", () => {
  expect(check(["b0:", `%1 = ${READ}`, `%1 = ${READ}`, "return"])).toBe("a value is defined twice at %1 = readParquet (line 1)");
  expect(check(["b0:", `%2 = numRows %1 ${at(2)}`, "return"])).toBe("input %1 is not defined at %2 = numRows (line 2)");
  expect(check(["b0:", "return %1"])).toBe("b0 returns an undefined value");
});

test("every way to a use passes its definition", () => {
  expect(check(["b0:", `%2 = numRows %1 ${at(2)}`, `%1 = ${READ}`, "return"])).toBe("input %1 is not defined on every way here at %2 = numRows (line 2)");
  expect(check(diamond([`%2 = slice %1 ${at(3)}`], [], [`%3 = numRows %2 ${at(4)}`]))).toBe("input %2 is not defined on every way here at %3 = numRows (line 4)");
  expect(check(diamond([`%2 = slice %1 ${at(3)}`], [`%3 = numRows %2 ${at(4)}`], []))).toBe("input %2 is not defined on every way here at %3 = numRows (line 4)");
  expect(check([...diamond([`%2 = slice %1 ${at(3)}`], [], []).slice(0, -1), "return %2"])).toBe("b3 returns %2, which is not defined on every way there");
});

test("a partial value can be where it is used, but on no way that never passes it", () => {
  expect(check(diamond([`%2 = slice %1 partial ${at(3)}`], [], [`%3 = numRows %2 ${at(4)}`]))).toBeNull();
  expect(check(diamond([`%2 = slice %1 partial ${at(3)}`], [`%3 = numRows %2 ${at(4)}`], []))).toBe("input %2 is not defined on every way here at %3 = numRows (line 4)");
});

test("a phi stands first and brings one value a path at most, each by a path", () => {
  const two = [`%2 = slice %1 ${at(3)}`];
  expect(check(diamond(two, [], [`%3 = phi %2 ${at(4)}`]))).toBe("a phi of one value at %3 = phi (line 4)");
  expect(check(diamond(two, [], [`%3 = phi %2 %2 ${at(4)}`]))).toBe("a phi names a value twice, or itself at %3 = phi (line 4)");
  expect(check(diamond(two, [], [`%3 = phi %3 %2 ${at(4)}`]))).toBe("a phi names a value twice, or itself at %3 = phi (line 4)");
  expect(check(diamond(two, [`%4 = slice %1 ${at(3)}`], [`%3 = phi %1 %2 %4 ${at(4)}`]))).toBe("a phi of 3 values where 2 paths meet at %3 = phi (line 4)");
  expect(check(diamond([`%2 = slice %1 ${at(3)}`, `%3 = phi %1 %2 ${at(4)}`], [], []))).toMatch("a phi after other instructions");
  expect(check(diamond([], [], [`%3 = phi %1 %5 ${at(4)}`, `%5 = slice %1 ${at(5)}`]))).toBe("input %5 comes by none of the paths that meet here at %3 = phi (line 4)");
});

test("blocks lead to blocks", () => expect(check(["b0:", "goto b7"])).toBe("b0 goes to b7, which is not there"));

test("stages add to what must be there", () => {
  const read = ["b0:", `%1 = ${READ}`, `%2 = filter %1 predicate written "(d) => d.id > 1"; : ${ROW} ${at(2)}`, "return"];
  expect(check(read)).toBeNull();
  expect(check(read, "typed")).toBe("predicate  has no expression at %2 = filter (line 2)");
  expect(check(["b0:", `%1 = readParquet path="p" : {"id": number, "id": number} ${at(1)}`, "return"], "typed")).toBe("two columns of one name at %1 = readParquet (line 1)");
  expect(check(["b0:", `%1 = ${READ}`, `%2 = numRows %1 ${at(2)}`, `%3 = slice %2 ${at(3)}`, "return"], "typed")).toBe("input %2 is no table at %3 = slice (line 3)");
  const one = (rest: string) => ["b0:", `%1 = readParquet path="p" : ${ROW} ${rest} ${at(1)}`, "return"];
  expect(check(one(""), "pruned")).toBe("no demanded columns at %1 = readParquet (line 1)");
  expect(check(one(`demanded ["id"]`), "distributed")).toBe("no distribution at %1 = readParquet (line 1)");
  expect(check(one(`demanded ["id"] on block`), "ordered")).toBe("no order at %1 = readParquet (line 1)");
  const counted = ["b0:", `%1 = readParquet path="p" : ${ROW} demanded [] on block unordered ${at(1)}`, `%2 = numRows %1 on replicated "all" unordered ${at(2)}`, "return"];
  expect(check(counted, "ordered")).toBeNull();
  expect(check(counted, "cut")).toBe("not known whether it executes at %2 = numRows (line 2)");
});
