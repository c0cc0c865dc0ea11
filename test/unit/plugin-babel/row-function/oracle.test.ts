/** Row functions read by the compiler, against the same functions run by V8 on random rows. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluate, inTable } from "./evaluate.ts";
import { compiled, expression, type Setting } from "./support.ts";
import { lambdas } from "./lambdas.ts";
import { captured, helpers } from "./module.ts";
import { program } from "./programs.ts";

const finite = fc.oneof(fc.integer({ min: -20, max: 60 }), fc.double({ noDefaultInfinity: true, min: -1e6, max: 1e6 }), fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 2 ** 53, 0.1));
// Names of Object.prototype are left out: constant tables are looked up as if they had no prototype.
const text = fc.oneof(fc.constantFrom("", "a", "b", "abc", " x ", "10", "-3.5", "é", "😀z", "ÄÖ", "2024-02-29T12:00:00.000Z", "a-b-c"), fc.string({ maxLength: 8 }).filter((s) => !(s in {})));
const date = fc.date({ min: new Date("1901-01-01"), max: new Date("2099-12-31"), noInvalidDate: true });
const orNull = <T>(of: fc.Arbitrary<T>) => fc.oneof({ weight: 2, arbitrary: of as fc.Arbitrary<T | null> }, { weight: 1, arbitrary: fc.constant(null) });

const rows = fc.record({
  n: finite, m: orNull(finite), k: fc.integer({ min: 0, max: 30 }),
  s: text, q: orNull(text),
  b: fc.boolean(), c: orNull(fc.boolean()),
  t: date, u: orNull(date),
  g: fc.bigInt({ min: -(2n ** 40n), max: 2n ** 40n }), h: orNull(fc.bigInt({ min: -9n, max: 9n })),
});

type Outcome = { readonly value: unknown } | { readonly thrown: string };

function outcome(f: () => unknown): Outcome {
  try {
    return { value: inTable(f()) };
  } catch (error) {
    return { thrown: (error as Error).message };
  }
}

const setting: Setting = { helpers, captured };

function agrees(source: string, runs: number): void {
  const [native, real] = [expression(source, setting), compiled(source, setting)];
  fc.assert(
    fc.property(rows, (d) => {
      const [ours, theirs] = [outcome(() => evaluate(native, d, captured)), outcome(() => real(d))];
      expect(ours, source).toEqual(theirs);
      // What is not nullable is never null.
      if ("value" in theirs && !native.type.nullable && !(theirs.value === null && native.type.js === "date")) expect(theirs.value, source).not.toBeNull();
      if ("value" in theirs && theirs.value !== null) expect(theirs.value instanceof Date ? "date" : typeof theirs.value, source).toBe(native.type.js);
    }),
    { numRuns: runs },
  );
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
