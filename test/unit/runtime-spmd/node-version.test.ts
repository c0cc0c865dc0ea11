import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";

const entry = (path: string) => JSON.stringify(pathToFileURL(join(import.meta.dirname, "../../../runtime/dist", path)).href);

test.each(["index.js", "spmd/index.js"])("%s says which Node it needs", (path) => {
  const program = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.20.2" } }); await import(${entry(path)}); console.log("loaded");`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" });
  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr).toContain("error: Lockstep needs Node 22.18 or newer; this is ");
});
