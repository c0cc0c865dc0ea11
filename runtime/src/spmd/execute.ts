import type { Sink } from "@lockstep/native/plan";
import { checkOptions } from "../connectors/options.ts";
import type { StoreOptions } from "../connectors/store/options.ts";
import { debugging, reached } from "../observe/debug.ts";
import { onEveryRank } from "./checked.ts";
import { currentCall, type CallContext } from "./context.ts";
import type { SinkOutput } from "./engine.ts";
import { engineText } from "./engine-text.ts";
import { collectLimit } from "./limits.ts";
import { located } from "./located.ts";
import { outputTarget } from "./outputs.ts";
import { cutPlan, type SinkOf, type TableNode } from "./plan.ts";

/** Runs one plan on all ranks. Sinks that tell a row count leave it at their node. */
export async function execute(call: CallContext, sinks: readonly SinkOf[]): Promise<SinkOutput[]> {
  const { profiled, rank } = call.world;
  const plan = engineText(await cutPlan(call, sinks));
  reached(rank, "plan cut");
  if (debugging("plan")) {
    const text = await call.collective((engine) => engine.explain(plan));
    if (rank === 0) process.stderr.write(`${call.name}\n${text}\n`);
  }
  const scripts = call.scripts.length > 0 ? (await import("./script-batches.ts")).scriptRunner(call.scripts) : undefined;
  const result = await call.collective((engine) => engine.execute(plan, scripts));
  reached(rank, "plan executed");
  profiled(result.profile);
  for (const [index, { rows }] of result.sinks.entries()) {
    if (typeof rows === "number") sinks[index]!.input.rows = rows;
  }
  return result.sinks;
}

/** The number of rows; nothing runs if an earlier execution told it. */
export function count(input: TableNode, site: string): Promise<number> {
  const call = currentCall();
  return call.inOrder(async () => {
    if (input.rows === undefined) await execute(call, [{ input, build: (id) => ({ op: "count", input: id, site }) }]);
    return input.rows!;
  });
}

/** All rows as an Arrow IPC stream, on every rank or on rank 0 alone. */
export function collect(input: TableNode, site: string, everywhere = true): Promise<Uint8Array | undefined> {
  const call = currentCall();
  return call.inOrder(async () => {
    const [sink] = await execute(call, [{ input, build: (id) => ({ op: "collect", input: id, limit: collectLimit(), everywhere, site }) }]);
    return sink?.ipc ?? undefined;
  });
}

/** Some rows of a table on rank 0 (nothing elsewhere), and how many it has: in one execution. */
export function look(whole: TableNode, part: TableNode, site: string): Promise<{ rows: number; ipc: Uint8Array | undefined }> {
  const call = currentCall();
  return call.inOrder(async () => {
    const sinks: SinkOf[] = [{ input: part, build: (id) => ({ op: "collect", input: id, limit: collectLimit(), everywhere: false, site }) }];
    if (whole.rows === undefined) sinks.push({ input: whole, build: (id) => ({ op: "count", input: id, site }) });
    const [{ ipc } = {}] = await execute(call, sinks);
    return { rows: whole.rows!, ipc: ipc ?? undefined };
  });
}

interface WriteOptions {
  readonly overwrite?: boolean;
  readonly store?: StoreOptions;
}

/** Stages an output and writes it, unless an earlier attempt of the job has committed it. */
export function write(input: TableNode, path: string | URL, verb: "writeParquet" | "writeCsv" | "writeJsonLines", options: WriteOptions | undefined, site: string, build: (input: number, path: string, staging: string) => Sink): Promise<void> {
  const call = currentCall();
  const target = located(site, () => outputTarget(path));
  return call.inOrder(async () => {
    onEveryRank(() => checkOptions(verb, options, site));
    const staging = await call.outputs.stage(target, options?.overwrite ?? false, options?.store ?? {}, site);
    if (staging !== undefined) await execute(call, [{ input, build: (id) => build(id, target, staging) }]);
  });
}
