import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { closest } from "../../../plugin-babel/src/diagnostics/closest.ts";
import { diagnosticPages } from "../../../plugin-babel/src/diagnostics/registry.ts";
import { pipeline } from "../../../plugin-babel/src/pipeline.ts";
import { root } from "../../scripts/lib.mjs";

const folder = join(root, "plugin-babel/src/diagnostics");

test("every diagnostic has a code of its own and stands in the registry", () => {
  const declared = globSync("*.ts", { cwd: folder }).flatMap((file) => [...readFileSync(join(folder, file), "utf8").matchAll(/code: "(LS1\d{3})"/g)].map((m) => m[1]!));
  expect(new Set(declared).size).toBe(declared.length);
  expect(diagnosticPages.map((p) => p.code)).toEqual(declared.toSorted());
  for (const page of diagnosticPages) expect(page.docs.length, page.code).toBeGreaterThan(40);
});

test("every pass has a page", () => {
  const pages = globSync("*.md", { cwd: join(root, "plugin-babel/docs/passes") }).toSorted();
  expect(pages).toEqual(pipeline.map(({ name }, n) => `${String(n + 1).padStart(2, "0")}-${name}.md`));
});

test.each([
  ["amuont", "amount"], ["Amount", "amount"], ["amout", "amount"], ["x", null], ["zone", null], ["idd", "id"],
])("did you mean: %s → %s", (typed, meant) => expect(closest(typed, ["amount", "id", "PULocationID"])).toBe(meant));
