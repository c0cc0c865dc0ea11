import { expect, it } from "vitest";
import { literal, literals } from "../../../runtime/src/spmd/literal.ts";

it("writes what JSON lacks as the plan has it", () => {
  expect([0.1, 0.30000000000000004, 1e300, 1, -0, NaN, -Infinity].map((value) => literal(value, "number", "limit"))).toEqual([0.1, "0.30000000000000004", "1e+300", 1, "-0", "NaN", "-Infinity"]);
  expect([literal(5n, "bigint", "limit"), literal("x", "string", "limit"), literal(true, "boolean", "limit")]).toEqual(["5", "x", true]);
  expect([new Date(3), new Date(NaN)].map((value) => literal(value, "date", "limit"))).toEqual([3, "NaN"]);
  expect([null, undefined].map((value) => literal(value, "number", "limit", true))).toEqual([null, null]);
  expect([literal(undefined, "number", "limit"), literal(undefined, "date", "limit"), literal(undefined, "string", "limit")]).toEqual(["NaN", "NaN", null]);
  expect(literals(new Set([1, undefined, null]), "number", "limit", "has", true)).toEqual([{ kind: "literal", type: "number", value: 1 }, { kind: "literal", type: "number", value: null }]);
});

it("refuses what is not of its type", () => {
  expect(() => literal("5", "number", "limit")).toThrow("a row function captures limit, which is '5', not a number as its type says");
  expect(() => literal(5, "date", "limit")).toThrow("a row function captures limit, which is 5, not a Date as its type says");
  expect(() => literal({}, "string", "limit", true)).toThrow("captures limit, which is {}, not a string");
  expect(() => literals(["a", 1], "string", "limit", "includes")).toThrow("captures an element of limit, which is 1, not a string");
  expect(() => literals(new Set(["a"]), "string", "limits", "includes")).toThrow("captures limits, which is Set(1) { 'a' }, not an array as its type says");
  expect(() => literals(["a"], "string", "limits", "has")).toThrow("captures limits, which is [ 'a' ], not a Set as its type says");
  expect(() => literals("abc", "string", "limits", "includes")).toThrow("captures limits, which is 'abc', not an array");
  expect(() => literals(undefined as never, "string", "limits", "includes")).toThrow("captures limits, which is undefined, not an array");
});

it("refuses what is not there where JavaScript makes no number of it", () => {
  expect([undefined, null].map((value) => () => literal(value, "date", "since", "required")).map((call) => { try { return call(); } catch (error) { return (error as Error).message; } })).toEqual([
    "a row function captures since, which is undefined, not a Date as its type says",
    "a row function captures since, which is null, not a Date as its type says",
  ]);
  expect(literal(3, "number", "limit", "required")).toBe(3);
});
