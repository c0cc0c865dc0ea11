import { basename } from "node:path";
import type { Layout, Sink } from "@lockstep/native/plan";
import { fileBloomFilters } from "../connectors/bloom-filters.ts";
import type { WrittenColumn } from "../connectors/iceberg/written-columns.ts";
import { checkOptions } from "../connectors/options.ts";
import { adds } from "../connectors/output-place.ts";
import { fileSort, type SortKey } from "../connectors/sort-by.ts";
import type { StoreOptions } from "../connectors/store/options.ts";
import { checkWrite, type WriteFilesOptions } from "../connectors/write-options.ts";
import { modelled } from "../launch/trial.ts";
import { debugging, plannedFor, reached } from "../observe/debug.ts";
import { observeModels } from "../observe/observe.ts";
import { parseType, printType, type ArrowType } from "../tables/arrow-type.ts";
import { agreed } from "./alike.ts";
import { checked, onEveryRank } from "./checked.ts";
import { currentCall, type CallContext } from "./context.ts";
import type { SinkOutput } from "./engine.ts";
import { engineText } from "./engine-text.ts";
import { collectLimit } from "./limits.ts";
import { located } from "./located.ts";
import { outputTarget } from "./outputs.ts";
import { cutPlan, type SinkOf, type TableNode } from "./plan.ts";
import { typesOf } from "./types-of.ts";

/** Runs one plan on all ranks. Sinks that tell a row count leave it at their node. */
export async function execute(call: CallContext, sinks: readonly SinkOf[]): Promise<SinkOutput[]> {
  const { profiled, rank } = call.world;
  const plan = engineText(await cutPlan(call, sinks));
  reached(rank, "plan cut");
  for (const ranks of [...(debugging("plan") ? [undefined] : []), ...plannedFor()]) {
    const text = await call.collective((engine) => engine.explain(plan, ranks));
    if (ranks !== undefined) reached(rank, `planned for ${ranks} ranks`);
    if (rank === 0) process.stderr.write(`${call.name}${ranks === undefined ? "" : `, for ${ranks} rank(s)`}\n${text}\n`);
  }
  const scripts = call.scripts.length > 0 ? (await import("./script-batches.ts")).scriptRunner(call.scripts) : undefined;
  const result = await call.collective((engine) => engine.execute(plan, scripts));
  reached(rank, "plan executed");
  profiled(result.profile, call.name);
  if (modelled && rank === 0) {
    const models: string[] = [];
    for (const ranks of modelled.ranks) models.push(await checked(call.world.engine.model(plan, ranks, modelled.local)));
    observeModels(models);
  }
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

/** Where a write puts its files. */
export interface Place {
  readonly path: string;
  readonly staging: string;
  readonly layout: Layout;
  readonly store: StoreOptions;
}

type FileOptions = WriteFilesOptions<Record<string, unknown>> & { readonly sortBy?: readonly string[]; readonly bloomFilters?: readonly string[]; readonly types?: { readonly [column: string]: string | undefined } };

/** Of the files: what their rows are sorted by, which columns have Bloom filters, and which are of another type, as it is printed. */
interface FileContents {
  readonly sort: SortKey[];
  readonly bloomFilters: string[];
  readonly types: Record<string, string>;
}

/** Stages an output and writes it, unless an earlier attempt of the job has committed it. */
export function write(input: TableNode, path: string | URL, verb: "writeParquet" | "writeArrow" | "writeCsv" | "writeJsonLines", options: FileOptions = {}, site: string, build: (input: number, place: Place, contents: FileContents) => Sink): Promise<void> {
  const call = currentCall();
  const target = located(site, () => outputTarget(path));
  return call.inOrder(async () => {
    onEveryRank(() => {
      checkOptions(verb, options, site);
      checkWrite(verb, path, options, site);
    });
    const { mode = "create", partitionBy = [], distribution, single = false, fileRows, store = {} } = options;
    const columns = options.sortBy || options.bloomFilters ? await typesOf(call, input, site) : [];
    const sort = onEveryRank(() => located(site, () => fileSort(options, columns.map(({ name }) => name))));
    // The same types as in plain Node, of which the engine reads more.
    const types = onEveryRank(() => located(site, () => new Map(Object.entries(options.types ?? {}).flatMap(([name, type]) => (type === undefined ? [] : [[name, parseType(type)] satisfies [string, ArrowType]])))));
    const written = ({ name, type }: WrittenColumn): WrittenColumn => ({ name, type: types.get(name) ?? type });
    const bloomFilters = onEveryRank(() => located(site, () => (options.bloomFilters ? fileBloomFilters(options, columns.map(written)) : [])));
    const contents = { sort: [...sort], bloomFilters: [...bloomFilters], types: Object.fromEntries([...types].map(([name, type]) => [name, printType(type)])) };
    const cluster = partitionBy.length > 0 && distribution !== "none";
    const staged = await call.outputs.stage(target, { mode, single, partitionBy, store }, site);
    if (staged === undefined) return;
    const { staging, ...parts } = staged;
    const run = async (withoutRows: boolean): Promise<number | undefined> => {
      const layout: Layout = { partitionBy: [...partitionBy], cluster: cluster && !withoutRows, withoutRows, single, ...parts, ...(fileRows !== undefined && { fileRows }) };
      const [sink] = await execute(call, [{ input, build: (id) => build(id, { path: target, staging, layout, store }, contents) }]);
      return sink?.rows;
    };
    // Where no row is in a folder a file of its own says what columns there are.
    const isEmpty = (await run(false)) === 0 && partitionBy.length > 0;
    if (isEmpty && adds(mode)) await call.outputs.drop(target);
    else if (isEmpty) await run(true);
    if (single) await agreed(call, async () => checked(call.world.native.joinParts(staging, basename(target))));
  });
}
