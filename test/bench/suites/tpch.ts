/**
 * The 22 queries of TPC-H over the same Parquet files, each system in a process of its own that answers all of them three
 * times: the first pass warms it up, the others are timed. Every answer is compared with DuckDB's,
 * of the standard's text and parameters; but q11 is sorted by its key as well, because values are equal at scale factor 10.
 */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeTpch } from "../../data/tpch.ts";
import { pythonWith } from "../../python.ts";
import { root } from "../../scripts/lib.mjs";
import { aims, judged, type Line, suiteLines } from "../aims.ts";
import { answerDifference, type Rows } from "../answers.ts";
import { bundled } from "../bundle.ts";
import { measure, median, type Aim, type Measured } from "../measure.ts";
import { scratch } from "../scratch.ts";
import { shapes, type Shape } from "../shapes.ts";

const PASSES = 3;

interface System {
  readonly name: string;
  run(aim: Aim, passes: number, out: string): Promise<Measured>;
}

interface Run extends Measured {
  /** Seconds of each pass, by query. */
  readonly passes: Readonly<Record<string, readonly number[]>>;
}

export const tpchQueries: readonly string[] = Array.from({ length: 22 }, (_, i) => `q${i + 1}`);

/** A line a query and system, and a line a system of all queries together. `wanted`: names of systems, all by default; `without`, `memory`: as in `shapes`; others know no limit. */
export async function tpch(scale: number, queries: readonly string[], rounds: number, wanted?: readonly string[], without?: string, memory?: number): Promise<Record<string, unknown>[]> {
  const all = await tpchSystems(await makeTpch(scale), scale, queries, without, memory);
  const systems = all.filter(({ name }) => wanted?.includes(name) ?? true);
  const folder = scratch(tmpdir(), "lockstep-tpch-");
  const runs = new Map<string, Run[]>(systems.map(({ name }) => [name, []]));
  const peaks = new Map<string, number>();
  for (const { name, run } of systems) {
    peaks.set(name, (await run("memory", 1, join(folder, name))).peakBytes);
    rmSync(join(folder, name), { recursive: true, force: true });
  }
  for (let round = 0; round < rounds; round++) {
    // Each round begins with another system, as in `compare`; what the last round answered stays.
    for (const { name, run } of [...systems.slice(round % systems.length), ...systems.slice(0, round % systems.length)]) {
      const out = join(folder, name);
      rmSync(out, { recursive: true, force: true });
      const measured = await run("time", PASSES, out);
      runs.get(name)!.push({ ...measured, passes: measured.failure === null ? (JSON.parse(readFileSync(join(out, "seconds.json"), "utf8")) as Run["passes"]) : {} });
      console.error(`tpch ${round + 1}/${rounds} ${name.padEnd(14)} ${measured.seconds.toFixed(2)} s ${measured.failure ?? ""}`);
    }
  }

  const answer = (name: string, query: string): Rows | null => {
    const file = join(folder, name, `${query}.json`);
    return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Rows) : null;
  };
  const status = (name: string, query: string): string => {
    const failure = runs.get(name)!.find((run) => run.failure !== null)?.failure;
    if (failure !== undefined) return `failed: ${failure}`;
    const [right, own] = [name === "duckdb" ? null : answer("duckdb", query), answer(name, query)];
    if (right === null || own === null) return "ok, not compared";
    const difference = answerDifference(right, own);
    return difference === null ? "ok" : `wrong answer: ${difference}`;
  };
  const first = (name: string, query: string): number[] => runs.get(name)!.map((run) => run.passes[query]?.[0] ?? NaN);
  const warm = (name: string, query: string): number[] => runs.get(name)!.flatMap((run) => run.passes[query]?.slice(1) ?? [NaN]);
  const total = (name: string, seconds: (name: string, query: string) => number[]): number => queries.reduce((sum, query) => sum + median(seconds(name, query)), 0);
  const ratio = (own: number, duckdb: () => number): number | null => (runs.has("duckdb") ? own / duckdb() : null);
  const lines: Record<string, unknown>[] = [];
  for (const query of queries) {
    for (const { name } of systems) {
      const times = warm(name, query);
      const [share, told] = [ratio(median(times), () => median(warm("duckdb", query))), status(name, query)];
      lines.push({
        suite: "tpch", case: query, system: name, scale, seconds: median(times), seconds_min: Math.min(...times), seconds_max: Math.max(...times),
        seconds_first: median(first(name, query)), ratio: share, status: name === "lockstep" && told === "ok" ? judged(share, aims.query) : told,
      });
    }
  }
  for (const { name } of systems) {
    const wrong = queries.map((query) => status(name, query)).find((each) => !each.startsWith("ok"));
    const share = ratio(total(name, warm), () => total("duckdb", warm));
    const aim = name === "lockstep" ? aims.sum["tpch"] : undefined;
    lines.push({
      suite: "tpch", case: "sum", system: name, scale, seconds: total(name, warm), seconds_first: total(name, first), seconds_process: median(runs.get(name)!.map((run) => run.seconds)),
      peak_bytes: peaks.get(name), ratio: share,
      ...(aim !== undefined && { aim }), status: wrong ?? judged(share, aim),
    });
  }
  const each = lines.filter((line) => line["case"] !== "sum") as unknown as Line[];
  return [...lines, ...suiteLines("tpch", each).filter((line) => line["case"] === "ranks-over-threads").map((line) => ({ ...line, scale }))];
}

async function tpchSystems(data: string, scale: number, queries: readonly string[], without?: string, memory?: number): Promise<System[]> {
  const peer = (file: string): string => join(root, "test/bench/peers", file);
  const python = join(await pythonWith("peers"), "python");
  const program = await bundled("tpch", scratch(root, ".lockstep-tpch-"));
  const lockstep = ({ name, options }: Shape): System => {
    const command = [join(root, "runtime/bin/lockstep.mjs"), "run", ...options, program, "--"];
    return { name, run: (aim, passes, out) => measure(aim, process.execPath, [...command, data, `${scale}`, `${passes}`, out, ...queries], {}) };
  };
  return [
    ...shapes(without, memory).map(lockstep),
    { name: "duckdb", run: (aim, passes, out) => measure(aim, python, [peer("tpch_duckdb.py"), peer("tpch.sql"), data, `${scale}`, `${passes}`, out, "2", ...queries], {}) },
    { name: "polars", run: (aim, passes, out) => measure(aim, python, [peer("tpch_polars.py"), data, `${scale}`, `${passes}`, out, ...queries], { POLARS_MAX_THREADS: "2" }) },
  ];
}
