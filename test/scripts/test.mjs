// npm test: builds what is missing and runs everything. `npm test -- PATTERN` runs the TypeScript tests that match.
import { join } from "node:path";
import { cargo } from "./cargo.mjs";
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
if (pattern.length === 0) {
  await step("cargo test", () => cargo(["test", "--release", "--locked", "--workspace", "--quiet"]));
}
if (pattern.length === 0) await step("loom", () => run(process.execPath, [join(root, "test/scripts/loom.mjs")]));
const without = leftOut();
await step("vitest", () => run("vitest", ["run", "--root", root, ...without.flatMap(({ files }) => ["--exclude", files]), ...pattern]));
const reasons = without.map(({ files, missing }) => `left out: ${files}, for want of ${missing.join(", ")}`);
if (reasons.length > 0) console.log(reasons.join("\n"));
// Where all is to be tested, what is left out has not passed.
if (reasons.length > 0 && process.env.LOCKSTEP_TEST_ALL) process.exitCode = 1;
console.log(`all tests: ${((Date.now() - started) / 60_000).toFixed(1)} minutes`);
