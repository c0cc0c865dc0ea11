/** Row functions read by the compiler, against the same functions run by V8 on random rows. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluate, inTable } from "./evaluate.ts";
import { compiled, expression, type Setting } from "./support.ts";
import { lambdas } from "./lambdas.ts";
import { captured, helpers, lists } from "./module.ts";
import { program } from "./programs.ts";
import { rows } from "./rows.ts";

type Outcome = { readonly value: unknown } | { readonly thrown: string };

function outcome(f: () => unknown): Outcome {
  try {
    return { value: inTable(f()) };
  } catch (error) {
    return { thrown: (error as Error).message };
  }
}

const setting: Setting = { helpers, captured, lists };

function agrees(source: string, runs: number): void {
  const [native, real] = [expression(source, setting), compiled(source, setting)];
  // Natively a half of a pair is U+FFFD: the ranks are compared in test/oracle.
  if (native.kind === "script" && native.reason.includes("half of a surrogate pair")) return;
  fc.assert(
    fc.property(rows, (d) => {
      const [ours, theirs] = [outcome(() => evaluate(native, d, { ...captured, ...lists })), outcome(() => real(d))];
      expect(ours, source).toEqual(theirs);
      // What is not nullable is never null, but for an index that misses and an invalid date, which tsc does not see either.
      if ("value" in theirs && !native.type.nullable && native.type.js !== "date" && !/\w\[/.test(source)) expect(theirs.value, source).not.toBeNull();
      if ("value" in theirs && theirs.value !== null) expect(kindOf(theirs.value), source).toBe(native.type.js.replace(/.*(?=\[\]$)|\{.*(?=\}$)/, ""));
    }),
    { numRuns: runs },
  );
}

/** Of a type what is told without looking inside. */
function kindOf(value: unknown): string {
  if (value instanceof Date) return "date";
  return Array.isArray(value) ? "[]" : typeof value === "object" ? "}" : typeof value;
}

describe("written row functions", () => {
  test.each(lambdas)("%s", (source) => agrees(source, 60));
});

test("generated row functions", () => {
  fc.assert(
    fc.property(program, (source) => agrees(source, 12)),
    { numRuns: 400 },
  );
});
