// Only a bug throws: whatever is wrong with a program is a diagnostic, also in programs nobody would write.
import { readFileSync } from "node:fs";
import { compileFile } from "@lockstep/plugin-babel";
import { describe, expect, test } from "vitest";
import { sampled } from "../../sample.ts";
import { findFixtures } from "../../snap/fixtures.ts";

const compile = (source: string, id: string) => compileFile(source, { id, root: "/", check: true });

describe.each(findFixtures().map((f, turn) => [f.name, f, turn] as const))("%s", (_, fixture, turn) => {
  const source = readFileSync(fixture.input, "utf8");

  test("without any one line", () => {
    const lines = source.split("\n");
    for (const n of sampled(lines.length, turn, 12)) expect(() => compile(lines.toSpliced(n, 1).join("\n"), fixture.input), lines[n]).not.toThrow();
  });

  test("without any one argument, operand or member", () => {
    const found = [...source.matchAll(/\([^()]*\)|\.\w+|"[^"\n]*"|\bawait |<[^<>=]*>|\{ [^{}]* \}/g)];
    for (const n of sampled(found.length, turn, 12)) {
      const { index, 0: text } = found[n]!;
      const mutated = source.slice(0, index) + (text.startsWith("(") ? "()" : text.startsWith("{") ? "{}" : "") + source.slice(index + text.length);
      expect(() => compile(mutated, fixture.input), text).not.toThrow();
    }
  });
});

test("names of names", () => {
  const names = Array.from({ length: 60 }, (_, n) => `const a${n + 1} = b ? a${n} : a${n}.other;`).join("\n");
  const { diagnostics } = compile(`import { type Table } from "@lockstep/runtime";
interface Named { other: Named; n: number }
export async function f(t: Table<{ a: number }>, a0: Named, b: boolean): Promise<number> {
"use spmd";
${names}
a60.n = 1;
return t.numRows(); }`, "/src/job.ts");
  expect(diagnostics.map(({ code, message }) => [code, message])).toEqual([["LS1314", "'a0' is an argument, and changed: the caller would not see it"]]);
});

test.each([["verbs", ".filter((d) => d.a > 1)", ""], ["operators", "", "!"]])("with more %s in a row than the stack holds", (_, verb, operator) => {
  const { diagnostics } = compile(`import { type Table } from "@lockstep/runtime";
export async function f(t: Table<{ a: number }>) { "use spmd"; return t${verb.repeat(5000)}.filter((d) => ${operator.repeat(20_000)}d.a).numRows(); }`, "/src/job.ts");
  expect(diagnostics.map(({ code, message }) => [code, message])).toEqual([["LS1006", "src/job.ts nests deeper than the compiler can follow"]]);
});
