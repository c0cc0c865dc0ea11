import type { CompactCounts, CompactIcebergOptions } from "../connectors/iceberg/units.ts";
import type { Sited } from "./table.ts";

/** Compacts an Iceberg table; what does it is loaded by those who do it. */
export async function compactIceberg(table: string | URL, options: CompactIcebergOptions | undefined, descriptor: Sited): Promise<CompactCounts> {
  return (await import("./table-compact.ts")).compactTable(table, options ?? {}, descriptor);
}
