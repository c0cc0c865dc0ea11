// Builds what is missing: npm packages, the TypeScript packages, the addon. Each step is cheap when nothing changed.
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { buildPlayground } from "./build-playground.mjs";
import { cargoTarget, root, run } from "./lib.mjs";

/** `--no-native`: the TypeScript half only. */
const native = !process.argv.includes("--no-native");

await installPackages();
await run("npx", ["--no-install", "tsc", "-b"]);
await buildPlayground();
if (native) {
  if (!existsSync(join(cargoTarget, "release"))) {
    console.log("Compiling DataFusion and the engine: 15 to 25 minutes on 2 cores, once per machine.");
  }
  await run(process.execPath, [join(root, "test/scripts/build-native.mjs")]);
}

/** npm install when the lock file is newer than what it installed. */
async function installPackages() {
  const installed = join(root, "node_modules/.package-lock.json");
  const lock = join(root, "package-lock.json");
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  await run("npm", ["install", "--no-audit", "--no-fund"]);
}
