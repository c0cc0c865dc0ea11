/** Sort orders of tables: what a program says of a new one, and what files of an existing one are sorted by. */
import { LockstepError } from "../../errors/index.ts";
import { sortKeys, type SortKey } from "../sort-by.ts";
import type { Field, SortOrder, TableMetadata } from "./metadata.ts";

export const UNSORTED: SortOrder = { "order-id": 0, fields: [] };

/** Of a new table. LS2016 */
export function sortOrder(texts: readonly string[], fields: readonly Field[]): SortOrder {
  const keys = sortKeys(texts, fields.map(({ name }) => name));
  const nested = fields.find(({ name, type }) => typeof type !== "string" && keys.some(({ column }) => column === name));
  if (nested) throw new LockstepError({ code: "LS2016", message: `sortBy: values of "${nested.name}" are lists or objects, which have no order`, fix: "Name a column of plain values." });
  if (keys.length === 0) return UNSORTED;
  const named = keys.map(({ column, descending, nullsFirst }) => ({
    transform: "identity", "source-id": fields.find(({ name }) => name === column)!.id, direction: descending ? ("desc" as const) : ("asc" as const), "null-order": nullsFirst ? ("nulls-first" as const) : ("nulls-last" as const),
  }));
  return { "order-id": 1, fields: named };
}

export const sortOrderOf = (metadata: TableMetadata): SortOrder => metadata["sort-orders"]?.find((one) => one["order-id"] === metadata["default-sort-order-id"]) ?? UNSORTED;

/** The columns that files are sorted by; none where the order is of more than columns' values: then files are not in it, which they need not be. */
export function keysOf({ fields: order }: SortOrder, fields: readonly Field[]): SortKey[] {
  const keys = order.map(({ transform, "source-id": source, direction, "null-order": nulls }) => {
    const column = fields.find(({ id }) => id === source)?.name;
    return transform === "identity" && column !== undefined ? { column, descending: direction === "desc", nullsFirst: nulls === "nulls-first" } : undefined;
  });
  return keys.every((key) => key !== undefined) ? keys : [];
}

/** As a program writes it. */
export function printOrder({ fields: order }: SortOrder, fields: readonly Field[]): string {
  const shown = order.map(({ transform, "source-id": source, direction }) => {
    const column = fields.find(({ id }) => id === source)?.name ?? `#${source}`;
    return `${transform === "identity" ? column : `${transform}(${column})`}${direction === "desc" ? " desc" : ""}`;
  });
  return shown.length === 0 ? "nothing" : shown.join(", ");
}
