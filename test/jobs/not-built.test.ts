// What `lockstep run` says where there is less than was asked for: a program that is not built, one that exports nothing.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { root } from "../scripts/lib.mjs";

const folder = mkdtempSync(join(tmpdir(), "lockstep-not-built-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const { VITEST: _, NODE_TEST_CONTEXT: __, LOCKSTEP_RANKS: ___, ...inherited } = process.env;
mkdirSync(join(folder, "src"));

function run(options: readonly string[], text: string, env: NodeJS.ProcessEnv = {}) {
  writeFileSync(join(folder, "src/job.ts"), `console.log("ran");\n${text}`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "runtime/bin/lockstep.mjs"), "run", ...options, "src/job.ts"], { cwd: folder, encoding: "utf8", env: { ...inherited, ...env } });
  return { status, stdout, stderr };
}

const program = "export const rows: number[] = [];\n";

it("a program that is not built runs in one process, which is said with how to build it", () => {
  const found = run([], program);
  expect(found).toEqual({
    status: 0,
    stdout: "ran\n",
    stderr: "lockstep: src/job.ts is not built (no lockstep.manifest.json beside it): it runs under plain Node, in one process\n  fix: Build it with a Lockstep plugin (npx vite build), then run what the build wrote: lockstep run dist/job.mjs. With -n 1 this is not said.\n",
  });
});

it("which is not said to who asks for one", () => {
  expect(run(["-n", "1"], program)).toEqual({ status: 0, stdout: "ran\n", stderr: "" });
  expect(run([], program, { LOCKSTEP_RANKS: "1" })).toEqual({ status: 0, stdout: "ran\n", stderr: "" });
});

it("and refused to who asks for more", () => {
  expect(run(["-n", "2"], program)).toEqual({ status: 1, stdout: "", stderr: expect.stringMatching(/^error LS2022: no lockstep\.manifest\.json beside src\/job\.ts: it is not built, [^]*\n  fix: Build it .* lockstep run dist\/job\.mjs; one rank \(-n 1\) runs any program\.\n$/) });
});

it.each([
  ["", "the program has no default export"],
  ["export default undefined;", "the program's default export is undefined"],
  ["export default Promise.resolve();", "the program's default export is undefined"],
  ["export default async function totals() { return []; }", "the program's default export is a function"],
])("--result of %j is null, which is said with the reason", (text, reason) => {
  const file = join(folder, "result.json");
  const { status, stderr } = run(["-n", "1", "--result", file], program + text);
  expect([status, stderr]).toEqual([0, `lockstep: ${file} (--result) has null: ${reason}\n  fix: Export what is to be written: export default await totals(path);\n`]);
  expect(readFileSync(file, "utf8")).toBe("null\n");
});

it.each([["export default null;", "null\n"], ["export default { id: 1n };", '{\n  "id": "1"\n}\n']])("--result of %j says nothing", (text, written) => {
  const file = join(folder, "result.json");
  expect(run(["-n", "1", "--result", file], program + text)).toMatchObject({ status: 0, stderr: "" });
  expect(readFileSync(file, "utf8")).toBe(written);
});

it("the job service has nothing of a program that exports nothing", () => {
  const file = join(folder, "value.json");
  expect(run(["-n", "1", "--result-if-any", file], program)).toMatchObject({ status: 0, stderr: "" });
  expect(existsSync(file)).toBe(false);
  expect(run(["-n", "1", "--result-if-any", file], `${program}export default 1;`)).toMatchObject({ status: 0, stderr: "" });
  expect(readFileSync(file, "utf8")).toBe("1\n");
});
