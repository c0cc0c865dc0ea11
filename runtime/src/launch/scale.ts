/** `lockstep scale`: one run after another on more and more ranks, and a table of what each took. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { alignColumns } from "../observe/columns.ts";
import { cost, type Took, took } from "../observe/summary.ts";
import { bytes } from "../observe/units.ts";
import { allowedCores } from "./resources.ts";
import { tried } from "./trial-run.ts";

export interface ScaleRequest {
  readonly ranks: readonly number[];
  /** Rows that are read of inputs that have more; null: all. */
  readonly sample: number | null;
  readonly price?: number | undefined;
  readonly json?: boolean | undefined;
}

/** Prints what the program takes on each count of ranks, one thread each. LS2022: a run failed. */
export async function scale(bundle: string, args: readonly string[], { ranks, sample, price, json = false }: ScaleRequest): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "lockstep-scale-"));
  const runs: Took[] = [];
  try {
    // The first run finds files and programs that are not in the system's caches: it is not among those compared.
    for (const [at, count] of [ranks[0]!, ...ranks].entries()) {
      const report = await tried("scale", bundle, args, count, { sample, report: join(folder, `${at}.json`) });
      if (at === 0) continue;
      runs.push(took({ size: count, threads: 1, price }, report));
      if (json) process.stdout.write(`${JSON.stringify({ ...runs.at(-1), ...(price !== undefined && cost(runs.at(-1)!, price)) })}\n`);
    }
  } finally {
    if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
    rmSync(folder, { recursive: true, force: true });
  }
  if (!json) process.stdout.write(`${scaleTable(runs, price).join("\n")}\n`);
}

/** A line a run; requests to stores where there were any, money where it has a price. */
export function scaleTable(runs: readonly Took[], price: number | undefined): string[] {
  const [first] = runs;
  const remote = runs.some(({ requests }) => requests > 0);
  const head = ["ranks", "rows read", "seconds", "speed-up", "core-seconds", "waiting", "memory", "exchanged", "MB/s a core", ...(remote ? ["store requests", "store bytes"] : []), ...(price === undefined ? [] : ["cost", "Wh"])];
  const rows = runs.map((one) => {
    const { ranks, rows, seconds, busy, waiting, memory, exchanged, speed, requests, transferred } = one;
    const stores = remote ? [requests.toLocaleString("en-US"), bytes(transferred)] : [];
    const money = price === undefined ? [] : Object.values(cost(one, price)).map((value) => value.toPrecision(3));
    return [`${ranks}`, rows.toLocaleString("en-US"), seconds.toFixed(2), (first!.seconds / seconds).toFixed(2), busy.toFixed(2), waiting.toFixed(2), bytes(memory), bytes(exchanged), (speed / 1e6).toFixed(1), ...stores, ...money];
  });
  const least = (of: (one: Took) => number) => runs.reduce((best, one) => (of(one) < of(best) ? one : best));
  const [cheapest, fastest] = [least(({ busy, waiting }) => busy + waiting), least(({ seconds }) => seconds)];
  const dearer = (fastest.busy + fastest.waiting) / (cheapest.busy + cheapest.waiting);
  const cores = allowedCores();
  return [
    ...alignColumns([head, ...rows]),
    cheapest === fastest ? `cheapest and fastest: ${on(cheapest)}` : `cheapest: ${on(cheapest)}; fastest: ${on(fastest)}, ${(cheapest.seconds / fastest.seconds).toFixed(2)} times as fast for ${dearer.toFixed(2)} times the core-seconds`,
    ...(runs.some(({ ranks }) => ranks > cores) ? [`this machine has ${cores} core${cores === 1 ? "" : "s"}, which more ranks share: what they take on a machine with as many is not seen here`] : []),
  ];
}

const on = ({ ranks }: Took): string => `${ranks} rank${ranks === 1 ? "" : "s"}`;
