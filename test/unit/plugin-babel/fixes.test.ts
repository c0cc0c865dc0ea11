// A fix that has edits is code: it parses, and mends what it is the fix of.
import { readFileSync } from "node:fs";
import { compileFile } from "@lockstep/plugin-babel";
import { expect, test } from "vitest";
import { findFixtures } from "../../snap/fixtures.ts";

type Diagnostics = ReturnType<typeof compileFile>["diagnostics"];
type Edit = Diagnostics[number]["fix"]["edits"][number];

const compile = (source: string, id: string) => compileFile(source, { id, root: "/", check: true }).diagnostics;

function edited(source: string, edits: readonly Edit[]): string {
  const lines = source.split("\n").map((line) => `${line}\n`);
  const offset = (line: number, column: number) => lines.slice(0, line - 1).join("").length + column;
  const ordered = edits.map((e) => ({ start: offset(e.line, e.column), end: offset(e.endLine, e.endColumn), text: e.text })).sort((a, b) => b.start - a.start);
  return ordered.reduce((code, { start, end, text }) => code.slice(0, start) + text + code.slice(end), source);
}

const fixes = findFixtures().flatMap((fixture) => {
  const source = readFileSync(fixture.input, "utf8");
  const found = compile(source, fixture.input);
  const own = found.filter(({ fix, locations: [place] }) => fix.edits.length > 0 && [place!, ...fix.edits].every(({ file }) => fixture.input.endsWith(file)));
  return own.map((d) => ({ name: `${fixture.name}: ${d.message} → ${d.fix.message}`, fixture, source, found, d }));
});

test.each(fixes)("$name", ({ fixture, source, found, d: { code, message, fix } }) => {
  const after = compile(edited(source, fix.edits), fixture.input);
  expect(after.filter((d) => d.code === "LS1005").map(({ text }) => text)).toEqual([]);
  const like = (all: Diagnostics) => all.filter((d) => d.code === code && d.message === message).length;
  expect(like(after)).toBeLessThan(like(found));
});
