/** The peers that no Python has: made once in the cache, versions pinned. */
import { copyFileSync, existsSync } from "node:fs";
import { basename, join } from "node:path";
import { cargo } from "../scripts/cargo.mjs";
import { cache, cargoTarget, run } from "../scripts/lib.mjs";

const NODE_PACKAGES = ["nodejs-polars@0.26.1", "nodejs-polars-linux-x64-gnu@0.26.1"];

/** A folder from which `file` finds the Node peers: a copy of it beside their node_modules. */
export async function besideNodePeers(file: string): Promise<string> {
  const folder = join(cache, "peers-nodejs-polars0.26.1");
  if (!existsSync(join(folder, "node_modules"))) {
    await run("npm", ["install", "--silent", "--no-audit", "--no-fund", "--prefix", folder, ...NODE_PACKAGES], { stdio: ["ignore", 2, 2] });
  }
  const copy = join(folder, basename(file));
  copyFileSync(file, copy);
  return copy;
}

/** DataFusion's own SQL in a program of ours. */
export async function dataFusionProgram(): Promise<string> {
  await cargo(["build", "--release", "--locked", "--quiet", "-p", "lockstep-exec", "--example", "datafusion_taxi"], { stdio: ["ignore", 2, 2] });
  return join(cargoTarget, "release/examples/datafusion_taxi");
}
