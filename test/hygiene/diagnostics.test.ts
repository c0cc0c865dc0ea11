/** A diagnostic is a record, a page made of it, and a fixture that shows it. */
import { globSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { diagnose, diagnoseEdited, diagnosticFiles, folder, pages } from "../docs/diagnostics.ts";
import { root } from "../scripts/lib.mjs";

const codes = pages.map(({ code }) => code).sort();

it("the pages are what `npm run docs` writes", () => {
  const committed = readdirSync(folder).sort().map((name) => [name, readFileSync(join(folder, name), "utf8")]);
  expect(committed).toEqual([...diagnosticFiles()].sort(([a], [b]) => (a < b ? -1 : 1)));
});

/** What stands in a file of `plugin-babel/src/diagnostics`, by its name. */
const defined = globSync("plugin-babel/src/diagnostics/*.ts", { cwd: root }).flatMap((file) => (readFileSync(join(root, file), "utf8").match(/(?<=code: ")LS1\d{3}/g) ?? []).map((code) => [basename(file, ".ts"), code] as const));

it("every record stands in a file of its own and is listed", () => {
  expect(defined.map(([, code]) => code).sort()).toEqual(codes);
  expect(new Set(defined.map(([name]) => name)).size).toBe(codes.length);
});

it.each(defined)("a fixture is called %s and shows %s", (name, code) => {
  const severity = pages.find((page) => page.code === code)!.severity ?? "error";
  expect(readFileSync(join(root, "test/fixtures/errors", `${severity}.${name}`, "expected.md"), "utf8")).toContain(`### ${code} ${severity} `);
});

it("one mistake is told once", () => {
  const twice = globSync("test/fixtures/*/*/expected.md", { cwd: root }).flatMap((file) => {
    const places = readFileSync(join(root, file), "utf8").match(/^### LS\d{4} \w+ at \S+$/gm) ?? [];
    return places.filter((place, n) => places.indexOf(place) < n).map((place) => `${file}: ${place}`);
  });
  // A pivot whose several columns clash, each with a name of its own.
  expect(twice).toEqual(["test/fixtures/mistakes/error.pivot/expected.md: ### LS1114 error at input.ts:15:37"]);
});

describe.each(pages.map((page) => [page.code, page] as const))("the example of %s", (code, { example }) => {
  it("makes the mistake, and no other", () => expect([...new Set(diagnose(example.wrong).map((d) => d.code))]).toEqual([code]));
  it("is mended by the edits of its fix", () => {
    const edits = diagnose(example.wrong).flatMap((d) => d.fix?.edits ?? []);
    if (edits.length > 0) expect(diagnoseEdited(example.wrong, edits).filter((d) => d.code === code).map(({ text }) => text)).toEqual([]);
  });
  it("is right when mended", () => expect(diagnose(example.right).map(({ text }) => text)).toEqual([]));
});
