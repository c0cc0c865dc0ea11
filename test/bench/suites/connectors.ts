/**
 * Connectors next to others that read the same: PostgreSQL next to ADBC's driver, whole processes, with the server's processor
 * time; and an Iceberg table next to the same rows in plain Parquet files, read and written.
 */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { startServer, type Server } from "../../postgres/server.ts";
import { pythonWith } from "../../python.ts";
import { root } from "../../scripts/lib.mjs";
import { bundled } from "../bundle.ts";
import { measure, median, type Measured } from "../measure.ts";
import { scratch } from "../scratch.ts";
import { shapes, type Shape } from "../shapes.ts";

/** No column that both sides would have to convert: numbers, texts, instants, truths. */
const TABLE = (rows: number): string => `
CREATE TABLE orders AS SELECT i AS id, (i * 7919 % 100003)::int4 AS customer, 'customer ' || i * 7919 % 100003 AS name, (i * 7919 % 20011) / 7.0::float8 AS weight,
  (i % 1000 + 0.25)::float8 AS price, timestamptz '2024-01-01 00:00:00+00' + i * interval '7 seconds' AS placed, i % 3 = 0 AS paid FROM generate_series(1::int8, ${rows}) AS i;
ANALYZE orders;
SELECT pg_prewarm('orders')`;

/** A way of doing a case; `before`: what makes it begin like the last time. */
interface Contender {
  readonly system: string;
  run(): Promise<Measured>;
  before?(): void;
}

interface Case {
  readonly name: string;
  /** Whom the ratio of contender `system` is to. */
  readonly base: (system: string) => string;
  readonly contenders: readonly Contender[];
}

export async function connectors(rows: number, rounds: number): Promise<Record<string, unknown>[]> {
  const folder = scratch(root, ".lockstep-connectors-");
  const job = await bundled("connectors", folder);
  const server = await startServer();
  try {
    await server.sql(`CREATE EXTENSION IF NOT EXISTS pg_prewarm;${TABLE(rows)}`);
    const python = join(await pythonWith("adbc"), "python");
    const lockstep = ({ options }: Shape, ...args: string[]): Promise<Measured> => measure("time", process.execPath, [join(root, "runtime/bin/lockstep.mjs"), "run", ...options, job, "--", ...args], server.env);
    // libpq looks for a service of no name where the variable is there.
    const { PGSERVICE: _, ...env } = server.env;
    const adbc = (streams: number): Contender => ({ system: `adbc-${streams}`, run: () => measure("time", python, [join(root, "test/bench/peers/postgres_adbc.py"), `${streams}`], env) });
    const own = shapes();
    const [two, , one] = own as [Shape, Shape, Shape];
    const [parquet, table, out] = [join(folder, "parquet"), join(folder, "table"), join(folder, "out")];
    const cases: Case[] = [
      { name: "postgres-read", base: (system) => (system === "lockstep" || system === "adbc-2" ? "adbc-2" : "adbc-1"), contenders: [{ system: "lockstep", run: () => lockstep(two, "fromPostgres") }, { system: "lockstep-1x1", run: () => lockstep(one, "fromPostgres") }, adbc(1), adbc(2)] },
      { name: "iceberg-read", base: () => "parquet", contenders: [{ system: "iceberg", run: () => lockstep(two, "fromIceberg", table) }, { system: "parquet", run: () => lockstep(two, "fromParquet", parquet) }] },
      { name: "iceberg-append", base: () => "parquet", contenders: [
        { system: "iceberg", before: () => rmSync(out, { recursive: true, force: true }), run: () => lockstep(two, "toIceberg", parquet, out) },
        { system: "parquet", before: () => rmSync(out, { recursive: true, force: true }), run: () => lockstep(two, "toParquet", parquet, out) },
      ] },
    ];
    for (const [what, ...args] of [["postgresToParquet", parquet], ["toIceberg", parquet, table]] as const) {
      const { failure } = await lockstep(two, what, ...args);
      if (failure !== null) throw new Error(`${what}: ${failure}`);
    }
    const lines: Record<string, unknown>[] = [];
    for (const each of cases) lines.push(...(await compared(each, rounds, rows, server)));
    return lines;
  } finally {
    await server.stop();
  }
}

async function compared({ name, base, contenders }: Case, rounds: number, rows: number, server: Server): Promise<Record<string, unknown>[]> {
  const runs = new Map<string, Measured[]>(contenders.map(({ system }) => [system, []]));
  const served = new Map<string, number[]>(contenders.map(({ system }) => [system, []]));
  const postmaster = await postmasterOf(server);
  for (let round = -1; round < rounds; round++) {
    for (const { system, before, run } of [...contenders.slice(Math.max(0, round) % contenders.length), ...contenders.slice(0, Math.max(0, round) % contenders.length)]) {
      before?.();
      const start = processorSeconds(postmaster);
      const measured = await run();
      console.error(`${name} ${round + 1}/${rounds} ${system.padEnd(14)} ${measured.seconds.toFixed(2)} s ${measured.failure ?? ""}`);
      // The first round fills caches.
      if (round < 0 && measured.failure === null) continue;
      runs.get(system)!.push(measured);
      await server.left();
      served.get(system)!.push(processorSeconds(postmaster) - start);
    }
  }
  const seconds = (system: string): number => median(runs.get(system)!.map((run) => run.seconds));
  return contenders.map(({ system }) => {
    const times = runs.get(system)!.map((run) => run.seconds);
    return {
      suite: "connectors", case: name, system, rows, seconds: seconds(system), seconds_min: Math.min(...times), seconds_max: Math.max(...times),
      ...(name.startsWith("postgres") && { server_seconds: median(served.get(system)!) }), ratio: seconds(system) / seconds(base(system)), status: runs.get(system)!.find(({ failure }) => failure !== null)?.failure ?? "ok",
    };
  });
}

/** Sessions are its children, and so is the checkpointer, which stays. */
async function postmasterOf(server: Server): Promise<number> {
  const [row] = await server.sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'");
  return Number(stat(Number(row!["pid"]), "parent"));
}

/** Of the server and of the sessions that have ended. */
const processorSeconds = (postmaster: number): number => stat(postmaster, "time") / 100;

function stat(pid: number, what: "parent" | "time"): number {
  const text = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ").map(Number);
  // utime, stime, cutime and cstime, in hundredths of a second.
  return what === "parent" ? fields[1]! : fields.slice(11, 15).reduce((sum, ticks) => sum + ticks, 0);
}
