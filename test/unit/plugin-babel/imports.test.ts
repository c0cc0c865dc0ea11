// Who may import whom inside the compiler: the stages never import each other, only the pipeline knows them all.
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../scripts/lib.mjs";

const src = join(root, "plugin-babel/src");
const language = ["ir", "diagnostics", "functions", "verbs"];
const allowed: Readonly<Record<string, readonly string[]>> = {
  ir: ["ir"],
  diagnostics: ["ir", "diagnostics"],
  functions: ["ir", "diagnostics", "functions"],
  verbs: language,
  source: [...language, "source"],
  parse: [...language, "source", "parse"],
  infer: [...language, "infer"],
  validate: [...language, "validate"],
  lower: [...language, "lower"],
  distribute: [...language, "distribute"],
  emit: [...language, "source", "emit"],
};

test.each(Object.keys(allowed))("%s", (folder) => {
  const files = globSync("**/*.ts", { cwd: join(src, folder) });
  expect(files.length).toBeGreaterThan(0);
  for (const file of files) {
    const path = join(src, folder, file);
    for (const [, specifier] of readFileSync(path, "utf8").matchAll(/^(?:import|export) .* from "(\.[^"]+)";$/gm)) {
      const target = relative(src, resolve(dirname(path), specifier!)).split("/")[0]!;
      expect(allowed[folder], `${folder}/${file} imports ${specifier}`).toContain(target);
    }
  }
});

test("no file is long", () => {
  for (const file of globSync("**/*.ts", { cwd: src })) expect(readFileSync(join(src, file), "utf8").split("\n").length, file).toBeLessThan(400);
});
