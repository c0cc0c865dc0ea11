/** The peers' Python environment: made once in the cache, versions pinned. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { run } from "../scripts/lib.mjs";

const cache = process.env["LOCKSTEP_CACHE"] ?? join(homedir(), ".cache/lockstep");
const UV = "uv==0.13.9";
const PACKAGES = ["duckdb==2.0.0", "polars==2.1.0"];

/** The interpreter that has the peers. */
export async function pythonWithPeers(): Promise<string> {
  const folder = join(cache, `peers-${PACKAGES.join("-").replaceAll("==", "")}`);
  const python = join(folder, "venv/bin/python");
  const ready = join(folder, "venv/ready");
  if (!existsSync(ready)) {
    const tools = join(folder, "uv");
    await run("python3", ["-m", "pip", "install", "--quiet", "--target", tools, UV], { stdio: ["ignore", 2, 2] });
    const uv = join(tools, "bin/uv");
    await run(uv, ["venv", "--quiet", "--clear", join(folder, "venv")], { stdio: ["ignore", 2, 2] });
    await run(uv, ["pip", "install", "--quiet", "--python", python, ...PACKAGES], { stdio: ["ignore", 2, 2] });
    await run("touch", [ready]);
  }
  return python;
}
