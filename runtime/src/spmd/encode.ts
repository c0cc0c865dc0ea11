import type { ColumnType, JsType } from "@lockstep/native/plan";
import { bool, float64, int64, tableFromArrays, tableToIPC, timestamp, TimeUnit, utf8, type DataType } from "@uwdata/flechette";
import { LockstepError } from "../errors/index.ts";

const arrowTypes: Record<JsType, () => DataType> = {
  number: float64,
  bigint: int64,
  string: utf8,
  boolean: bool,
  date: () => timestamp(TimeUnit.MILLISECOND, "UTC"),
};

/** Columns of JavaScript values as an Arrow IPC stream of the given types. */
export function encodeTable(columns: Record<string, readonly unknown[]>, types: readonly ColumnType[], site: string): Uint8Array {
  const arrays: [string, unknown[]][] = types.map((column) => [column.name, stored(columns[column.name] ?? [], column, site)]);
  const table = tableFromArrays(arrays, { types: Object.fromEntries(types.map(({ name, type }) => [name, arrowTypes[type]()])) });
  const ipc = tableToIPC(table, { format: "stream" });
  if (!ipc) throw new LockstepError({ code: "LS2099", message: "a table could not be encoded", site });
  return ipc;
}

function stored(values: readonly unknown[], { name, type }: ColumnType, site: string): unknown[] {
  return Array.from(values, (value, row) => {
    if (value === null || value === undefined) return null;
    if (type === "date" && value instanceof Date) {
      const time = value.getTime();
      return Number.isNaN(time) ? null : time;
    }
    if (typeof value === type) return value;
    throw new LockstepError({
      code: "LS2017",
      message: `column "${name}" of a table literal is ${type}, but row ${row} holds ${value instanceof Date ? "a Date" : `a ${typeof value}`}`,
      site,
    });
  });
}
