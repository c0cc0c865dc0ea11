/** The tables of TPC-H, by tpchgen: the official generator's rows, money as decimal(15, 2), days as date32, a Parquet file a table. */
import { join } from "node:path";
import { pythonWith } from "../python.ts";
import { cache, run } from "../scripts/lib.mjs";
import { madeOnce } from "./made-once.ts";

/** Makes the data, in the cache by default, unless it is there; a scale factor of 1 is 6 million rows of lineitem. */
export async function makeTpch(scale: number, folder = join(cache, `data/tpch-v1-${scale}`)): Promise<string> {
  await madeOnce(folder, async (staging) => {
    const programs = await pythonWith("tpchgen").catch((error: unknown) => {
      throw new Error(`the data of TPC-H is made by tpchgen-cli, which python3 with pip gets from PyPI: ${String(error)}`, { cause: error });
    });
    await run(join(programs, "tpchgen-cli"), ["parquet", "--quiet", "--scale-factor", `${scale}`, "--output-dir", staging], { stdio: ["ignore", 2, 2] });
  });
  return folder;
}
