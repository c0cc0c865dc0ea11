/** Environments of Python: made once in the cache, versions pinned. */
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { cache, run } from "./scripts/lib.mjs";

const UV = "uv==0.13.9";
/** What is installed together; Bodo wants a pandas of its own. */
const ENVIRONMENTS = { adbc: ["adbc-driver-postgresql==1.13.0", "adbc-driver-manager==1.13.0", "pyarrow==26.0.1"], peers: ["duckdb==2.0.0", "polars==2.1.0", "numpy==2.4.6"], spark: ["pyspark==4.3.0"], mpi: ["mpi4py==4.1.2", "numpy==2.4.6"], bodo: ["bodo==2026.10", "pandas==3.0.6"], tpchgen: ["tpchgen-cli==4.0.0"], pyiceberg: ["pyiceberg[sql-sqlite,pyarrow,pyiceberg-core]==0.12.0"], flight: ["pyarrow==26.0.1", "duckdb==2.0.0"], adbcdrivers: ["adbc-driver-sqlite==1.13.0", "adbc-driver-flightsql==1.13.0"], snowflake: ["fakesnow[server]==0.12.1", "snowflake-connector-python[pandas]==4.8.1"], icebergsql: ["pyiceberg[sql-sqlite,pyarrow,pyiceberg-core]==0.12.0", "psycopg2-binary==2.9.11"] };

/** The folder of programs of a Python that has them. */
export async function pythonWith(name: keyof typeof ENVIRONMENTS): Promise<string> {
  const packages = ENVIRONMENTS[name];
  const folder = join(cache, `peers-${packages.join("-").replaceAll(/==|\[.*?\]/g, "")}`);
  const ready = join(folder, "venv/ready");
  await alone(folder, ready, async () => {
    const [tools, venv] = [join(folder, "uv"), join(folder, "venv")];
    await run("python3", ["-m", "pip", "install", "--quiet", "--root-user-action", "ignore", "--target", tools, UV], { stdio: ["ignore", 2, 2] });
    const uv = join(tools, "bin/uv");
    await run(uv, ["venv", "--quiet", "--clear", venv], { stdio: ["ignore", 2, 2] });
    await run(uv, ["pip", "install", "--quiet", "--compile-bytecode", "--python", join(venv, "bin/python"), ...packages], { stdio: ["ignore", 2, 2] });
    writeFileSync(ready, "");
  });
  return join(folder, "venv/bin");
}

const LONGEST = 900_000;

/** Makes what is not `ready`; processes that want the same wait for the first one, unless it seems to have died. */
async function alone(folder: string, ready: string, make: () => Promise<void>): Promise<void> {
  const lock = `${folder}.lock`;
  mkdirSync(cache, { recursive: true });
  while (!existsSync(ready)) {
    try {
      mkdirSync(lock);
    } catch {
      const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
      if (Date.now() - since > LONGEST) rmSync(lock, { recursive: true, force: true });
      await wait(200);
      continue;
    }
    try {
      if (!existsSync(ready)) await make();
    } finally {
      rmSync(lock, { recursive: true });
    }
  }
}
