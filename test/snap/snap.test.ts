import { parse } from "@babel/parser";
import { printFunction, readFunction } from "@lockstep/plugin-babel/ir";
import { describe, expect, test } from "vitest";
import { findFixtures, readExpected } from "./fixtures.ts";
import { compileFixture, keepResult, render } from "./render.ts";

const fixtures = findFixtures();

describe("fixtures", () => {
  test("there are some", () => expect(fixtures.length).toBeGreaterThan(0));

  test.each(fixtures.map((f) => [f.name, f] as const))("%s", (_, fixture) => {
    const result = compileFixture(fixture);
    const before = readExpected(fixture);
    expect(keepResult(render(fixture, result), before)).toBe(before);

    const errors = result.diagnostics.filter((d) => d.severity === "error");
    if (fixture.status === "ok" || fixture.status === "warning") expect(errors).toEqual([]);
    if (fixture.status === "warning") expect(result.diagnostics).not.toEqual([]);
    if (fixture.status === "error") expect(errors.map((d) => d.kind)).not.toEqual([]);
    if (fixture.status === "todo") expect(errors.map((d) => d.kind)).toContain("not-supported");
  });

  test.each(fixtures.map((f) => [f.name, f] as const))("%s: both outputs are programs", (_, fixture) => {
    const { code, rankModule } = compileFixture(fixture);
    if (rankModule === null) return;
    expect(() => parse(code, { sourceType: "module", plugins: ["typescript"] })).not.toThrow();
    expect(() => parse(rankModule.code, { sourceType: "module" })).not.toThrow();
  });

  test.each(fixtures.map((f) => [f.name, f] as const))("%s: printed IR reads back", (_, fixture) => {
    // What the last pass leaves is JavaScript.
    for (const { text } of compileFixture(fixture).stages.filter(({ name }) => name !== "emit")) {
      for (const fn of text.split("\n\n")) if (fn.startsWith("function ")) expect(printFunction(readFunction(fn))).toBe(fn);
    }
  });
});
