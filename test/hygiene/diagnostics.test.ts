/** A diagnostic is a record, a page made of it, and a fixture that shows it. */
import { globSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { diagnose, diagnoseEdited, diagnosticFiles, folder, pages } from "../docs/diagnostics.ts";
import { root } from "../scripts/lib.mjs";

const codes = pages.map(({ code }) => code).sort();

it("the pages are what `npm run docs` writes", () => {
  const committed = readdirSync(folder).sort().map((name) => [name, readFileSync(join(folder, name), "utf8")]);
  expect(committed).toEqual([...diagnosticFiles()].sort(([a], [b]) => (a < b ? -1 : 1)));
});

it("every record is listed, and every one is shown by a fixture", () => {
  const defined = globSync("plugin-babel/src/diagnostics/*.ts", { cwd: root }).flatMap((file) => readFileSync(join(root, file), "utf8").match(/"LS1\d{3}"/g) ?? []);
  expect(defined.map((code) => code.slice(1, -1)).sort()).toEqual(codes);
  const shown = globSync("test/fixtures/*/*/expected.md", { cwd: root }).flatMap((file) => readFileSync(join(root, file), "utf8").match(/(?<=^### )LS1\d{3}/gm) ?? []);
  expect([...new Set(shown)].sort()).toEqual(codes);
});

describe.each(pages.map((page) => [page.code, page] as const))("the example of %s", (code, { example }) => {
  it("makes the mistake, and no other", () => expect([...new Set(diagnose(example.wrong).map((d) => d.code))]).toEqual([code]));
  it("is mended by the edits of its fix", () => {
    const edits = diagnose(example.wrong).flatMap((d) => d.fix?.edits ?? []);
    if (edits.length > 0) expect(diagnoseEdited(example.wrong, edits).filter((d) => d.code === code).map(({ text }) => text)).toEqual([]);
  });
  it("is right when mended", () => expect(diagnose(example.right).map(({ text }) => text)).toEqual([]));
});
