// How the scripts have cargo compile: over native-rs, with a target folder that all checkouts of this machine share.
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cargoTarget, root, run } from "./lib.mjs";

/**
 * Runs cargo to its end. It takes a crate for fresh when its sources are older than what was built, whichever checkout that was
 * built from: so sources get new times where another checkout began the last build, or ended one while this waited for it. Only
 * where they need them: what is built in other target folders from these sources stays fresh.
 */
export async function cargo(args, { target = cargoTarget, ...options } = {}) {
  const native = join(root, "native-rs");
  const crates = realpathSync(join(native, "crates"));
  const stamp = join(target, "checkout");
  const last = () => (existsSync(stamp) ? readFileSync(stamp, "utf8").split("\n") : []);
  const sources = readdirSync(crates).map((name) => join(crates, name, "src/lib.rs"));
  mkdirSync(target, { recursive: true });
  do {
    // Without a stamp something may be there that older scripts built.
    const built = existsSync(stamp) ? statSync(stamp).mtimeMs : existsSync(join(target, "release")) ? Infinity : 0;
    if (last()[0] !== crates && sources.some((source) => statSync(source).mtimeMs <= built)) sources.forEach(touch);
    writeFileSync(stamp, crates);
    await run("cargo", args, { ...options, cwd: native, env: { ...options.env, CARGO_TARGET_DIR: target } });
  } while (last()[0] !== crates && last()[1] === "built");
  writeFileSync(stamp, `${crates}\nbuilt`);
}

function touch(source) {
  const now = new Date();
  utimesSync(source, now, now);
}
