/** Reading Parquet files of this machine down to one row, by ours and by others over the same files. */
import { join } from "node:path";
import { makeTaxi } from "../../data/taxi.ts";
import { pythonWith } from "../../python.ts";
import { cache, root } from "../../scripts/lib.mjs";
import { bundled } from "../bundle.ts";
import type { Job, System } from "../compare.ts";
import { measure } from "../measure.ts";
import { scratch } from "../scratch.ts";
import { shapes } from "../shapes.ts";

export async function scanFiles(rows: number): Promise<Job> {
  const { trips } = await makeTaxi(join(cache, `data/taxi-v1-${rows}`), rows);
  const job = await bundled("scan", scratch(root, ".lockstep-scan-"));
  const python = join(await pythonWith("peers"), "python");
  const peer = (name: string): string => join(root, "test/bench/peers", name);
  const systems: System[] = [
    ...shapes().map(({ name, options }): System => ({ name, rows, run: (aim) => measure(aim, process.execPath, [join(root, "runtime/bin/lockstep.mjs"), "run", ...options, job, "--", trips], {}) })),
    { name: "duckdb", rows, run: (aim) => measure(aim, python, [peer("scan_duckdb.py"), trips, "2"], {}) },
    { name: "polars", rows, run: (aim) => measure(aim, python, [peer("scan_polars.py"), trips], { POLARS_MAX_THREADS: "2" }) },
  ];
  return { suite: "scan", case: "files", rows, systems, answer: async (_, { answer }) => answer };
}
