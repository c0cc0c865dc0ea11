// npm test: builds what is missing and runs everything. `npm test -- PATTERN` runs the TypeScript tests that match.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { leftOut } from "./left-out.mjs";
import { root, run } from "./lib.mjs";

const pattern = process.argv.slice(2);
const started = Date.now();
const step = async (name, action) => {
  const start = Date.now();
  await action();
  console.log(`\n── ${name}: ${((Date.now() - start) / 1000).toFixed(0)} s\n`);
};

// Node 26 comes with the packages; what npm started may be an older one. Everything below runs with it.
process.env.PATH = `${join(root, "node_modules/.bin")}:${process.env.PATH}`;

await step("build", () => run(process.execPath, [join(root, "test/scripts/build.mjs")]));
const native = join(root, "test/scripts/test-native.mjs");
const all = pattern.length === 0;
if (all) await step("compile tests", () => run(process.execPath, [native, "--no-run"]));
const without = leftOut();
const vitest = step("vitest", () => run("vitest", ["run", "--root", root, ...without.flatMap(({ files }) => ["--exclude", files]), ...pattern]));
// Tests in Rust wait as much as they compute: they run beside the others.
const ended = await Promise.allSettled(all ? [vitest, step("cargo test, loom", () => collected(process.execPath, [native]))] : [vitest]);
const reasons = without.map(({ files, missing }) => `left out: ${files}, for want of ${missing.join(", ")}`);
if (reasons.length > 0) console.log(reasons.join("\n"));
// Where all is to be tested, what is left out has not passed.
if (reasons.length > 0 && process.env.LOCKSTEP_TEST_ALL) process.exitCode = 1;
console.log(`all tests: ${((Date.now() - started) / 60_000).toFixed(1)} minutes`);
for (const { reason } of ended.filter(({ status }) => status === "rejected")) {
  console.error(reason.message);
  process.exitCode = 1;
}

/** Runs a command to its end and prints then what it said: another one prints meanwhile. */
async function collected(command, args) {
  const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (part) => (text += part));
  const code = await new Promise((resolve, reject) => child.once("error", reject).once("close", resolve));
  console.log(text);
  if (code !== 0) throw new Error(`cargo test, loom: exit ${code}`);
}
