import type { DeleteIcebergOptions } from "../connectors/iceberg/change.ts";
import type { Condition } from "./table-changes.ts";

/** Deletes rows of an Iceberg table; what does it is loaded by those who do it. */
export async function deleteIceberg(table: string | URL, options: DeleteIcebergOptions<Record<string, unknown>> | undefined, condition: Condition): Promise<number> {
  return (await import("./table-changes.ts")).deleteRows(table, options ?? {}, condition);
}
