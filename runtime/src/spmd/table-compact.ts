/**
 * A table's files written again by all ranks: those that become one file are read, in their order, by one partition of a rank, which writes it.
 */
import type { CompactCounts, CompactIcebergOptions } from "../connectors/iceberg/units.ts";
import type { DataFile } from "../connectors/iceberg/manifests.ts";
import type { IcebergTable } from "../connectors/iceberg/table.ts";
import type { Target, TableWrite } from "../connectors/iceberg/table-write.ts";
import { checkOptions } from "../connectors/options.ts";
import { onEveryRank } from "./checked.ts";
import { currentCall } from "./context.ts";
import { execute } from "./execute.ts";
import { located } from "./located.ts";
import type { Sited } from "./table.ts";
import { FILE, scanFiles } from "./table-files.ts";
import { committed } from "./identity.ts";
import { infosOf, onFirst, outputOf, sinkInto } from "./table-outputs.ts";

/** Collective. */
export function compactTable(table: string | URL, options: CompactIcebergOptions, { site }: Sited): Promise<CompactCounts> {
  const call = currentCall();
  return call.inOrder(async () => {
    onEveryRank(() => checkOptions("compactIceberg", options, site));
    const [{ tableKey }, { existing, wantedBytes }, { unitsOf }] = await Promise.all([import("../connectors/iceberg/table-write.ts"), import("../connectors/iceberg/compact.ts"), import("../connectors/iceberg/units.ts")]);
    const output = outputOf(call, located(site, () => tableKey(table, options)), table, { catalog: options.catalog, store: options.store } as object);
    let write: TableWrite | undefined;
    let now: IcebergTable | undefined;
    let units: DataFile[][] = [];
    const begun = await onFirst(call, site, async (): Promise<{ told: CompactCounts } | { target: Target }> => {
      write = await output.write!;
      if (write.isCommitted) {
        committed(write.name);
        return { told: write.answer as CompactCounts };
      }
      now = await existing(write);
      const bytes = wantedBytes(write, options);
      units = unitsOf(now, bytes, options);
      if (units.length === 0) return { told: { files: 0, into: 0, deleteFiles: 0 } };
      return { target: await write.prepareMove(bytes) };
    });
    if ("told" in begun) return begun.told;
    const { target } = begun;
    const rows = await scanFiles(call, now, units.flat(), site, { columns: [], all: true, units: units.flatMap((files, unit) => files.map(() => unit)) });
    const named = rows.select({ site, columns: [...target.columns.map(({ name }) => name), FILE].map((name) => ({ from: name, as: name })) });
    const [sink] = await execute(call, [sinkInto(target, named.node, site, false, true)]);
    return onFirst(call, site, async () => {
      const counts = await write!.move(now!, units.flat(), target, infosOf(sink));
      write!.note(counts);
      return counts;
    });
  });
}
