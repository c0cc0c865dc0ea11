/** Tables of Iceberg that a call writes: the ranks make data files, rank 0 one snapshot a table when the call has ended. */
import { randomUUID } from "node:crypto";
import type { DataFileInfo, Target, TableWrite } from "../connectors/iceberg/table-write.ts";
import type { WriteIcebergOptions } from "../connectors/iceberg/write.ts";
import { checkOptions } from "../connectors/options.ts";
import { LockstepError } from "../errors/index.ts";
import { agreed } from "./alike.ts";
import { markAgreed, onEveryRank } from "./checked.ts";
import { currentCall, type CallContext } from "./context.ts";
import { execute } from "./execute.ts";
import { committed, jobIdentity } from "./identity.ts";
import { located } from "./located.ts";
import type { SinkOutput } from "./engine.ts";
import type { SinkOf, TableNode } from "./plan.ts";
import { typesOf } from "./types-of.ts";

type Options = WriteIcebergOptions<Record<string, unknown>>;

/** A table that the call writes. Several writes of one table are one snapshot. */
export interface TableOutput {
  /** Rank 0. */
  write?: Promise<TableWrite>;
}

/** Collective. What can be said before a row is computed is an error before. */
export function writeTable(input: TableNode, table: string | URL, options: Options, site: string, ordered: boolean): Promise<void> {
  const call = currentCall();
  return call.inOrder(async () => {
    onEveryRank(() => checkOptions("writeIceberg", options, site));
    // Loaded where it is used: most programs have no such table.
    const { tableKey } = await import("../connectors/iceberg/table-write.ts");
    const key = located(site, () => tableKey(table, options));
    const columns = await typesOf(call, input, site);
    const output = outputOf(call, key, table, options);
    const target = await onFirst(call, site, async (): Promise<Target | null> => {
      const write = await output.write!;
      if (write.isCommitted) return committed(write.name);
      return write.prepare(columns, options);
    });
    if (target === null) return;
    const [sink] = await execute(call, [sinkInto(target, input, site, ordered)]);
    await onFirst(call, site, async () => {
      await (await output.write!).add(target, infosOf(sink), options.mode);
      return null;
    });
  });
}

/** What writes rows to a target, and then says which files these are. `units`: the rows' last column says which are a file of their own. */
export const sinkInto = (target: Target, input: TableNode, site: string, ordered = false, units = false): SinkOf => {
  const { name: path, folder, columns, partition, sort, bloomFilters, cluster, fileBytes, compression, store } = target;
  return { input, build: (id) => ({ op: "writeIceberg", input: id, path, folder, ordered, columns: [...columns], partition: [...partition], cluster: cluster && !units, sort: [...sort], bloomFilters: [...bloomFilters], fileBytes, units, compression, store, site }) };
};

export const infosOf = (sink: SinkOutput | undefined): DataFileInfo[] => sink!.files!.map((file) => JSON.parse(file) as DataFileInfo);

/** The call's output to a table, made with its first write. */
export function outputOf(call: CallContext, key: string, table: string | URL, options: Options): TableOutput {
  const known = call.tables.get(key);
  if (known) return known;
  const output: TableOutput = {};
  const number = call.outputs.next;
  call.tables.set(key, output);
  if (call.world.rank === 0) {
    const job = jobIdentity();
    output.write = open(call, key, table, options, job === undefined ? randomUUID() : `${job}/${call.id}/${number}`);
    // Whoever waits for it reports the error.
    output.write.catch(() => undefined);
  }
  const opened = async (): Promise<TableWrite | undefined> => output.write?.catch(() => undefined);
  call.outputs.add({
    path: options.catalog ? String(table) : key,
    isTable: true,
    commit: async () => (await opened())?.commit(call.read.get(key)),
    remove: async () => (await opened())?.abort(),
  });
  return output;
}

/** Looks at the call's other outputs before it waits: this one is none of them yet. */
async function open(call: CallContext, key: string, table: string | URL, options: Options, id: string): Promise<TableWrite> {
  if (!options.catalog) call.outputs.placeTable(key);
  const { TableWrite } = await import("../connectors/iceberg/table-write.ts");
  return TableWrite.open(table, options, id, call.seen.get(key));
}

/** What rank 0 finds out, on every rank; an error at the statement. */
export async function onFirst<T>(call: CallContext, site: string, evaluate: () => Promise<T>): Promise<T> {
  try {
    return await agreed(call, evaluate);
  } catch (error) {
    if (!(error instanceof LockstepError) || error.site !== undefined) throw error;
    throw markAgreed(new LockstepError({ ...error.toJSON(), site, cause: error }));
  }
}
