/** Environments of Python: made once in the cache, versions pinned. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { cache, run } from "./scripts/lib.mjs";

const UV = "uv==0.13.9";
/** What is installed together; Bodo wants a pandas of its own. */
const ENVIRONMENTS = { peers: ["duckdb==2.0.0", "polars==2.1.0"], spark: ["pyspark==4.3.0"], bodo: ["bodo==2026.10", "pandas==3.0.6"], tpchgen: ["tpchgen-cli==4.0.0"], pyiceberg: ["pyiceberg[sql-sqlite,pyarrow,pyiceberg-core]==0.12.0"] };

/** The folder of programs of a Python that has them. */
export async function pythonWith(name: keyof typeof ENVIRONMENTS): Promise<string> {
  const packages = ENVIRONMENTS[name];
  const folder = join(cache, `peers-${packages.join("-").replaceAll(/==|\[.*?\]/g, "")}`);
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
