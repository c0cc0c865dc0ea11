// README's tsconfig.json and its job in a project of their own: all declarations that they reach are checked.
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { root } from "../scripts/lib.mjs";
import { files } from "./readme.ts";

const scratch = mkdtempSync(join(tmpdir(), "lockstep-types-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
const { dependencies } = JSON.parse(readFileSync(join(root, "runtime/package.json"), "utf8")) as { dependencies: Record<string, string> };

/** Copies: links would lead to what else the checkout has. */
function install(folder: string, packages: readonly string[]): void {
  for (const one of packages) cpSync(join(root, "node_modules", one), join(folder, "node_modules", one), { recursive: true, dereference: true });
}

beforeAll(() => {
  writeFileSync(join(scratch, "package.json"), '{ "type": "module" }');
  install(scratch, Object.keys(dependencies).filter((one) => !one.startsWith("@lockstep/")));
  const runtime = join(scratch, "node_modules/@lockstep/runtime");
  cpSync(join(root, "runtime/dist"), join(runtime, "dist"), { recursive: true, filter: (file) => !/\.(js|map)$/.test(file) });
  cpSync(join(root, "runtime/package.json"), join(runtime, "package.json"));
});

function makeProject(name: string, job: string, config: object, packages: readonly string[]): string {
  const folder = join(scratch, name);
  mkdirSync(join(folder, "src"), { recursive: true });
  install(folder, packages);
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  writeFileSync(join(folder, "src/job.ts"), job);
  return folder;
}

const check = (folder: string): Promise<string> => promisify(execFile)(process.execPath, [tsc, "-p", folder]).then(({ stdout }) => stdout, ({ stdout }: { stdout: string }) => stdout);

const job = files.get("src/job.ts")!;
const config = JSON.parse(files.get("tsconfig.json")!.replace(/^\/\/.*/, "")) as { compilerOptions: { strict: boolean; skipLibCheck?: boolean; types: string[] } };

it("README's job, by its tsconfig.json", async () => {
  expect(config.compilerOptions).toMatchObject({ strict: true });
  expect(config.compilerOptions.skipLibCheck ?? false).toBe(false);
  expect(await check(makeProject("job", job, config, ["@types/node", "undici-types"]))).toBe("");
});

it("nothing of Node's own is needed, where the program itself needs nothing", async () => {
  const alone = { ...config, compilerOptions: { ...config.compilerOptions, types: [] } };
  expect(job).toContain("process.argv");
  expect(await check(makeProject("without", job.replace(/process\.argv\[\d\]!/, '"sales.csv"'), alone, []))).toBe("");
});

it("and a mistake is found", async () => {
  expect(await check(makeProject("mistake", job.replace("d.amount", "d.amuont"), config, ["@types/node", "undici-types"]))).toMatch(/Property 'amuont' does not exist on type 'Readonly<Sale>'/);
});
