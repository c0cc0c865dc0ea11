// npm test: builds what is missing and runs everything. `npm test -- PATTERN` runs the TypeScript tests that match.
import { join } from "node:path";
import { cargoTarget, root, run } from "./lib.mjs";

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
  await step("cargo test", () =>
    run("cargo", ["test", "--release", "--locked", "--workspace", "--quiet"], {
      cwd: join(root, "native-rs"),
      env: { CARGO_TARGET_DIR: cargoTarget },
    }),
  );
}
if (pattern.length === 0) await step("loom", () => run(process.execPath, [join(root, "test/scripts/loom.mjs")]));
await step("vitest", () => run("vitest", ["run", "--root", root, ...pattern]));
console.log(`all tests: ${((Date.now() - started) / 60_000).toFixed(1)} minutes`);
