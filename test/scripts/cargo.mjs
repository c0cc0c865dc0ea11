// How the scripts have cargo compile: over native-rs, with a target folder that all checkouts of this machine share.
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cargoTarget, root, run } from "./lib.mjs";

/**
 * Runs cargo to its end. It takes a crate for fresh when its sources are older than what was built, whichever checkout that was
 * built from: so sources get new times where another checkout began the last build, or ended one while this waited for it.
 */
export async function cargo(args, { target = cargoTarget, ...options } = {}) {
  const native = join(root, "native-rs");
  const crates = realpathSync(join(native, "crates"));
  const stamp = join(target, "checkout");
  const last = () => (existsSync(stamp) ? readFileSync(stamp, "utf8").split("\n") : []);
  mkdirSync(target, { recursive: true });
  do {
    if (last()[0] !== crates) touch(crates);
    writeFileSync(stamp, crates);
    await run("cargo", args, { ...options, cwd: native, env: { ...options.env, CARGO_TARGET_DIR: target } });
  } while (last()[0] !== crates && last()[1] === "built");
  writeFileSync(stamp, `${crates}\nbuilt`);
}

function touch(crates) {
  const now = new Date();
  for (const name of readdirSync(crates)) utimesSync(join(crates, name, "src/lib.rs"), now, now);
}
