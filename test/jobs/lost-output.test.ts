// What a job prints or reports finds no place: it ends as good programs of the command line do.
import { spawn, spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../scripts/lib.mjs";
import { program, Scratch, start } from "./job-process.ts";

const cli = join(root, "runtime/bin/lockstep.mjs");
const { VITEST: _, NODE_TEST_CONTEXT: __, ...inherited } = process.env;

/** Ends with the code and standard error of `command`, of whose output a reader takes one line, or which goes to a full disk. */
async function ends(command: readonly string[], output: "head" | "full", env: NodeJS.ProcessEnv = {}): Promise<[number | null, string]> {
  const full = output === "full" ? openSync("/dev/full", "w") : undefined;
  const child = spawn(process.execPath, command, { stdio: ["ignore", full ?? "pipe", "pipe"], env: { ...inherited, ...env } });
  if (full !== undefined) closeSync(full);
  let stderr = "";
  child.stderr!.on("data", (data: Buffer) => (stderr += data.toString()));
  child.stdout?.once("data", () => child.stdout!.destroy());
  return new Promise((resolve) => child.once("close", (code) => resolve([code, stderr])));
}

const full = /^error LS2008: cannot write standard output: no space left on the disk\n  fix: .*\n$/;

describe.each([
  ["lockstep run", [cli, "run", "-n", "2", program, "--", "chatter"], {}],
  ["node job.mjs", [program, "chatter"], { LOCKSTEP_RANKS: "2" }],
])("%s", (_name, command, env) => {
  it("ends quietly when nobody reads on", async () => expect(await ends(command, "head", env)).toEqual([141, ""]));
  it("says that there is no space", async () => expect(await ends(command, "full", env)).toEqual([1, expect.stringMatching(full)]));
});

it.each([["explain", "LS1101"], ["doctor"]])("lockstep %s says that there is no space", async (...command) => {
  expect(await ends([cli, ...command], "full")).toEqual([1, expect.stringMatching(full)]);
});

it.each(["--result", "--profile", "--trace"])("%s names the file that cannot be written", async (option) => {
  using scratch = new Scratch();
  const { code, stderr } = await start("run", 2, ["write", join(scratch.path, "out")], { options: [option, join(scratch.path, "no-such/file")] }).ended;
  expect([code, stderr]).toEqual([1, expect.stringMatching(new RegExp(`^error LS2008: cannot write .*/no-such/file \\(${option}\\): .*\\n  fix: .*\\n$`))]);
});

it("--result goes into a device, not in its place", async () => {
  const piped = 'exec "$@" | cat';
  const { stdout } = spawnSync("sh", ["-c", piped, "sh", process.execPath, cli, "run", "-n", "1", "--result", "/dev/stdout", program, "--", "nothing"], { encoding: "utf8" });
  expect(stdout).toContain(`\n{\n  "result": "no call",\n`);
});
