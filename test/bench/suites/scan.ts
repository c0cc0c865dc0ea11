/**
 * Reading Parquet from an S3 server of this machine, whole processes: as fast as the machine allows, next to Polars; and
 * behind a proxy that makes the store far away (50 ms a request, 50 MB/s each), as a share of what the requests in flight
 * could bring at most.
 */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { makeTaxi } from "../../data/taxi.ts";
import { pythonWith } from "../../python.ts";
import { cache, root } from "../../scripts/lib.mjs";
import { Bucket } from "../../stores/bucket.ts";
import { proxy } from "../../stores/proxy.ts";
import { versitygw } from "../../stores/servers.ts";
import { bundled } from "../bundle.ts";
import { measure, median, type Measured } from "../measure.ts";
import { scratch } from "../scratch.ts";

/** As in connectors/src/store/remote.rs. */
const IN_FLIGHT = 8;
const LATENCY = 50;
const BANDWIDTH = 50e6;

export async function scan(rows: number, rounds: number): Promise<Record<string, unknown>[]> {
  const data = await makeTaxi(join(cache, `data/taxi-v1-${rows}`), rows);
  const files = readdirSync(data.trips);
  const bytes = files.reduce((sum, name) => sum + statSync(join(data.trips, name)).size, 0);
  const folder = scratch(root, ".lockstep-scan-");
  const server = await versitygw();
  const far = await proxy(server);
  try {
    await new Bucket(server).copy(data.trips, "trips");
    const job = await bundled("scan", folder);
    const lockstep = (ranks: number, env: Readonly<Record<string, string>>): Promise<Measured> =>
      measure("time", process.execPath, [join(root, "runtime/bin/lockstep.mjs"), "run", "-n", `${ranks}`, "--threads", "1", "--no-progress", job, "--", "s3://lockstep/trips"], { ...env });
    const python = join(await pythonWith("peers"), "python");
    const polars = (): Promise<Measured> => measure("time", python, [join(root, "test/bench/peers/scan_polars.py"), "s3://lockstep/trips"], { ...server.env, POLARS_MAX_THREADS: "2" });
    const runs = new Map<string, Measured[]>([["lockstep", []], ["polars", []]]);
    for (let round = 0; round < rounds; round++) {
      runs.get("lockstep")!.push(await lockstep(2, server.env));
      runs.get("polars")!.push(await polars());
    }
    const seconds = (name: string): number => median(runs.get(name)!.map((run) => run.seconds));
    const failure = [...runs.values()].flat().find((run) => run.failure !== null)?.failure;
    const lines: Record<string, unknown>[] = [...runs.keys()].map((system) => ({
      case: "s3", system, seconds: seconds(system), rows, bytes, ratio: seconds(system) / seconds("polars"), status: failure ?? "ok",
    }));
    far.faults = { latency: LATENCY, bandwidth: BANDWIDTH };
    far.taken();
    const distant: Measured[] = [];
    for (let round = 0; round < rounds; round++) distant.push(await lockstep(1, far.env));
    const asked = far.taken();
    const fetched = asked.filter(({ range }) => range !== undefined).map(({ range }) => /^bytes=(\d+)-(\d+)$/.exec(range!)!).reduce((sum, [, from, to]) => sum + Number(to) + 1 - Number(from), 0) / rounds;
    const time = median(distant.map((run) => run.seconds));
    const near = await lockstep(1, server.env);
    lines.push({
      case: "s3-far", system: "lockstep", seconds: time, seconds_near: near.seconds, rows, bytes: fetched, requests: asked.length / rounds,
      ratio: fetched / time / (IN_FLIGHT * BANDWIDTH), status: distant.find((run) => run.failure !== null)?.failure ?? "ok",
    });
    return lines;
  } finally {
    await far.stop();
    await server.stop();
  }
}
