/** What is said where the package pg is not there. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { root } from "../scripts/lib.mjs";

// In the checkout, so that the program finds @lockstep/runtime.
const folder = mkdtempSync(join(root, ".lockstep-driver-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a process of Node prints that looks for pg where nothing is. */
function failing(...args: string[]): Promise<string> {
  const hook = join(folder, "hook.mjs");
  writeFileSync(hook, `import { registerHooks } from "node:module";\nregisterHooks({ resolve: (name, context, next) => next(name, name === "pg" ? { ...context, parentURL: "file:///nowhere/x.mjs" } : context) });\n`);
  return new Promise((resolve, reject) => {
    execFile(process.execPath, ["--import", hook, ...args], { cwd: folder }, (error, _, printed) => (error ? resolve(printed) : reject(new Error("it did not fail"))));
  });
}

it.each(["program", "lockstep schema pull"])("%s", async (what) => {
  const program = join(folder, "program.mjs");
  writeFileSync(program, 'import { readPostgres } from "@lockstep/runtime";\nawait readPostgres("t", { url: "postgres://localhost/x" });\n');
  const printed = what === "program" ? await failing(program) : await failing(join(root, "runtime/bin/lockstep.mjs"), "schema", "pull", "postgres://localhost/x", "t");
  expect(printed).toContain("error LS2015: the package pg, by which Node speaks to PostgreSQL, is not installed\n  because a program that runs without Lockstep's plugin needs it");
  expect(printed).toContain("\n  fix: npm install pg\n");
  // Nothing of ours, and nothing of Node's error.
  expect(printed).not.toMatch(/\[cause\]|ERR_MODULE_NOT_FOUND|session\.|connectors/);
});
