/** The peers' environments: made once in the cache, versions pinned. */
import { copyFileSync, existsSync } from "node:fs";
import { basename, join } from "node:path";
import { cargo } from "../scripts/cargo.mjs";
import { cache, cargoTarget, run } from "../scripts/lib.mjs";

const UV = "uv==0.13.9";
/** What is installed together; Bodo wants a pandas of its own. */
const ENVIRONMENTS = { peers: ["duckdb==2.0.0", "polars==2.1.0"], spark: ["pyspark==4.3.0"], bodo: ["bodo==2026.10", "pandas==3.0.6"] };

/** The folder of programs of a Python that has the peers. */
export async function pythonWith(peers: keyof typeof ENVIRONMENTS): Promise<string> {
  const packages = ENVIRONMENTS[peers];
  const folder = join(cache, `peers-${packages.join("-").replaceAll("==", "")}`);
  const python = join(folder, "venv/bin/python");
  const ready = join(folder, "venv/ready");
  if (!existsSync(ready)) {
    const tools = join(folder, "uv");
    await run("python3", ["-m", "pip", "install", "--quiet", "--target", tools, UV], { stdio: ["ignore", 2, 2] });
    const uv = join(tools, "bin/uv");
    await run(uv, ["venv", "--quiet", "--clear", join(folder, "venv")], { stdio: ["ignore", 2, 2] });
    await run(uv, ["pip", "install", "--quiet", "--python", python, ...packages], { stdio: ["ignore", 2, 2] });
    await run("touch", [ready]);
  }
  return join(folder, "venv/bin");
}

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
