import { expect, it } from "vitest";
import { literal } from "../../../runtime/src/spmd/literal.ts";

it("writes what JSON lacks as the plan has it", () => {
  expect([0.1, 0.30000000000000004, 1e300].map(literal)).toEqual([0.1, "0.30000000000000004", "1e+300"]);
  expect([1, -0, NaN, -Infinity, 5n, "x", true, null, undefined, new Date(3), new Date(NaN)].map(literal)).toEqual([
    1, "-0", "NaN", "-Infinity", "5", "x", true, null, null, 3, "NaN",
  ]);
  expect(() => literal({})).toThrow(/type object/);
});
