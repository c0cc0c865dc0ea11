/** The main job, process start to last byte written, by every system that can do it. */
import { join } from "node:path";
import { makeTaxi } from "../../data/taxi.ts";
import { pythonWith } from "../../python.ts";
import { cache, root, run } from "../../scripts/lib.mjs";
import { answerOf, type Answer, type System } from "../compare.ts";
import { measure, type Aim } from "../measure.ts";
import { shapes, type Shape } from "../shapes.ts";
import { untilScan } from "./startup.ts";
import { besideNodePeers, dataFusionProgram } from "../peers.ts";

/** `slow`: peers that take minutes, on request; `without`: as in `shapes`. */
export async function taxiSystems(rows: number, slow: { readonly bodo: boolean; readonly spark: boolean }, without?: string): Promise<System[]> {
  const example = join(root, "playground/examples/monthly-trips");
  // First: data take minutes.
  await run(process.execPath, [join(root, "node_modules/vite/bin/vite.js"), "build", "--logLevel", "warn"], { cwd: example });
  const folder = (count: number): string => join(cache, `data/taxi-v1-${count}`);
  const data = await makeTaxi(folder(rows), rows);
  const small = Math.min(rows, 1_000_000);
  const smallData = await makeTaxi(folder(small), small);
  const peer = (file: string): string => join(root, "test/bench/peers", file);
  const python = join(await pythonWith("peers"), "python");
  const cli = join(root, "runtime/bin/lockstep.mjs");
  const lockstep = ({ name, ranks, options }: Shape): System => {
    const command = (out: string): string[] => [cli, "run", ...options, join(example, "dist/job.mjs"), "--", data.weather, data.trips, out];
    return { name, rows, run: (aim, out) => measure(aim, process.execPath, command(out), {}), startup: () => untilScan(command, {}, ranks) };
  };
  return [
    ...shapes(without).map(lockstep),
    { name: "duckdb", rows, run: (aim, out) => measure(aim, python, [peer("taxi_duckdb.py"), data.weather, data.trips, out, "2"], {}) },
    { name: "polars", rows, run: (aim, out) => measure(aim, python, [peer("taxi_polars.py"), data.weather, data.trips, out], { POLARS_MAX_THREADS: "2" }) },
    { name: "datafusion", rows, run: async (aim, out) => measure(aim, await dataFusionProgram(), [data.weather, data.trips, out, "2"], {}) },
    { name: "polars-node", rows, run: async (aim, out) => measure(aim, process.execPath, [await besideNodePeers(peer("taxi_polars.mjs")), data.weather, data.trips, out], { POLARS_MAX_THREADS: "2" }) },
    { name: "duckdb-node", rows, run: (aim, out) => measure(aim, process.execPath, [peer("taxi_duckdb.mjs"), data.weather, data.trips, out, "2"], {}) },
    ...(slow.spark
      ? [{ name: "spark", rows, run: async (aim: Aim, out: string) => measure(aim, join(await pythonWith("spark"), "python"), [peer("taxi_spark.py"), data.weather, data.trips, out, "2"], {}) }]
      : []),
    ...(slow.bodo
      ? [{
          name: "bodo",
          rows,
          run: async (aim: Aim, out: string) => {
            const programs = await pythonWith("bodo");
            // Bodo starts its workers with the mpiexec that it finds first, which has to be its own.
            const env = { BODO_NUM_WORKERS: "2", PATH: `${programs}:${process.env["PATH"]}` };
            return measure(aim, join(programs, "python"), [peer("taxi_bodo.py"), data.weather, data.trips, out], env);
          },
        }]
      : []),
    {
      name: "plain-node",
      rows: small,
      // The preloaded module says when Node and the runtime are there, which the job itself does not.
      run: (aim, out) => measure(aim, process.execPath, ["--import", peer("started.mjs"), join(example, "src/job.ts"), smallData.weather, smallData.trips, out], {}),
    },
  ];
}

/** Row count, sums and a checksum of the keys. */
export const taxiAnswer = (out: string): Promise<Answer | null> =>
  answerOf(out, (files) => `
    select count(*), sum(trips)::bigint, round(sum(avg_distance), 3), sum(hash(PULocationID::bigint, DOLocationID::bigint, month::int, weekday, date_with_precipitation, time_bucket::varchar, trips::bigint) % 1000003)::bigint
    from ${files}`);
