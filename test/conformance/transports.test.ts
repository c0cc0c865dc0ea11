/**
 * One suite for all transports: the tests of native-rs/crates/comm, which cargo runs over the local transport, once more
 * over every MPI. (What is local's own, the rendezvous, stays with it: tests/connect.rs.)
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isLong } from "../sample.ts";
import { cargoTarget, root } from "../scripts/lib.mjs";
import { mpis } from "./mpis.ts";

const suites = ["collectives", "schedule", "exchange", "hops", "failure", "leaving", "processes", "mpi"];
const binaries = new Map<string, string>();
// What the ranks of a test record for its process.
const scratch = mkdtempSync(join(tmpdir(), "lockstep-transports-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly text: string;
}

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  const child = spawn(command, args, { cwd: join(root, "native-rs"), env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const parts: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => parts.push(data));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, text: Buffer.concat(parts).toString() }));
  });
}

beforeAll(async () => {
  // With the whole workspace, so that nothing is compiled with other features than before, which scripts/cargo.mjs did.
  const args = ["test", "--release", "--locked", "--workspace", "--no-run", "--message-format=json", ...suites.flatMap((suite) => ["--test", suite])];
  const { code, text } = await run("cargo", args, { CARGO_TARGET_DIR: cargoTarget });
  expect(code, text).toBe(0);
  for (const line of text.split("\n").filter((candidate) => candidate.startsWith("{"))) {
    const { executable, target } = JSON.parse(line) as { executable?: string | null; target?: { name: string } };
    if (executable && target) binaries.set(target.name, executable);
  }
}, 1_800_000);

const all = await mpis();
for (const [index, { name, launcher, env }] of all.entries()) {
  describe(name, () => {
    it.each(suites)("%s", async (suite) => {
      const binary = binaries.get(suite)!;
      const tests = [...(await run(binary, ["--list"], {})).text.matchAll(/^(\S+): test$/gm)].map(([, test]) => test!);
      // In the short form they share what only MPI has, and half of the rest, all of which cargo runs over the local transport.
      const own = isLong ? tests : tests.filter((_, n) => n % (suite === "mpi" ? all.length : 2 * all.length) === index);
      const args = ["--test-threads=2", "--include-ignored", "--exact", ...own];
      const { code, text } = await run(binary, args, { ...env, TMPDIR: scratch, LOCKSTEP_TEST_MPI: launcher.join(" ") });
      expect(text).toContain(`test result: ok. ${own.length} passed`);
      expect(code, text).toBe(0);
    });
  });
}
