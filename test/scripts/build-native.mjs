// Builds the addon into the cache and copies it beside its loader. `--tests` builds the Rust tests in the same go.
import { copyFileSync, existsSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { cargo } from "./cargo.mjs";
import { cargoTarget, root } from "./lib.mjs";

await cargo(["build", "--release", "--locked", "--workspace", ...process.argv.slice(2)]);
const built = join(cargoTarget, "release/liblockstep_binding.so");
const addon = join(root, `native-rs/lockstep.${process.platform}-${process.arch}.node`);
if (!existsSync(addon) || statSync(addon).mtimeMs < statSync(built).mtimeMs) {
  // Replaced by rename: a running process keeps the file it has mapped. Another build may be here too.
  const copy = addon.replace(/node$/, `${process.pid}.node`);
  copyFileSync(built, copy);
  renameSync(copy, addon);
}
