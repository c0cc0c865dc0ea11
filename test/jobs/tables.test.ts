// The same program under plain Node and on ranks prints the same.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import lockstepPlugin from "@lockstep/plugin-vite/esbuild";
import { table } from "@lockstep/runtime";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import { root } from "../scripts/lib.mjs";
import { JobProcess, lockstep } from "./job-process.ts";

const folder = join(root, `.lockstep-tables-${process.pid}`);
const at = (name: string) => join(folder, name);
const source = join(root, "test/jobs/tables/job.ts");
const args = [at("rows.csv"), at("ids"), "3"];
let expected = "";

beforeAll(async () => {
  mkdirSync(folder);
  writeFileSync(at("rows.csv"), "a,b\n1,x\n2,y\n3,x\n4,y\n5,\n6,x\n");
  await table({ id: [1n, 2n ** 60n, 7n], at: [new Date(1), new Date(2), new Date(3)] }).writeParquet(at("ids"));
  await build({ entryPoints: [source], outdir: at("dist"), bundle: true, format: "esm", platform: "node", logLevel: "error", plugins: [lockstepPlugin({ root, report: false })] });
  expected = (await new JobProcess([source, ...args]).ended).stdout;
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each([1, 2, 3])("on %i ranks", async (ranks) => {
  expect(expected).toMatch(/printed once 2\n/);
  const { stdout, stderr, code } = await lockstep(["run", "-n", `${ranks}`, at("dist/job.mjs"), "--", ...args]).ended;
  expect({ stdout, stderr, code }).toEqual({ stdout: expected, stderr: "", code: 0 });
});
