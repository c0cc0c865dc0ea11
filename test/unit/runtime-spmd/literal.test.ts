import { expect, it } from "vitest";
import { engineText } from "../../../runtime/src/spmd/engine-text.ts";
import { literal } from "../../../runtime/src/spmd/literal.ts";

it("writes what JSON lacks as the plan has it", () => {
  expect([0.1, 0.30000000000000004, 1e300].map(literal)).toEqual([0.1, "0.30000000000000004", "1e+300"]);
  expect([1, -0, NaN, -Infinity, 5n, "x", true, null, undefined, new Date(3), new Date(NaN)].map(literal)).toEqual([
    1, "-0", "NaN", "-Infinity", "5", "x", true, null, null, 3, "NaN",
  ]);
  expect(() => literal({})).toThrow(/type object/);
});

it("refuses what UTF-8 has not, wherever it stands in a plan", () => {
  expect(engineText({ "\\ud83d": ["😀", "\\udc00"] })).toBe('{"\\\\ud83d":["😀","\\\\udc00"]}');
  const refused = expect.objectContaining({ code: "LS2015", message: expect.stringMatching(/^"x\\ud83d" holds half of a surrogate pair/) as string }) as object;
  for (const plan of [{ a: ["x\ud83d"] }, { a: { "x\ud83d": 1 } }]) expect(() => engineText(plan)).toThrow(refused);
});
