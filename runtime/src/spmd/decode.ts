import type { ColumnType, JsType } from "@lockstep/native/plan";
import { tableFromIPC, type Column } from "@uwdata/flechette";
import { LockstepError } from "../errors/index.ts";

/** The rows of an Arrow IPC stream as records of JavaScript values. */
export function decodeRows(ipc: Uint8Array | undefined, columns: readonly ColumnType[], site: string): Record<string, unknown>[] {
  const table = read(ipc);
  const arrays = columns.map((column) => values(table.getChild(column.name), column, site));
  const names = columns.map(({ name }) => name);
  return Array.from({ length: table.numRows }, (_, row) => {
    const record: Record<string, unknown> = {};
    for (let index = 0; index < names.length; index++) record[names[index]!] = arrays[index]![row];
    return record;
  });
}

/** One column of an Arrow IPC stream. */
export function decodeColumn(ipc: Uint8Array | undefined, column: ColumnType, site: string): unknown[] {
  return values(read(ipc).getChild(column.name), column, site);
}

function read(ipc: Uint8Array | undefined) {
  if (!ipc) throw new LockstepError({ code: "LS2099", message: "a collected table has no data" });
  // Arrow's typed arrays are views: they need the stream to start at a multiple of eight bytes.
  const aligned = ipc.byteOffset % 8 === 0 ? ipc : new Uint8Array(ipc);
  return tableFromIPC(new Uint8Array(aligned.buffer, aligned.byteOffset, aligned.byteLength), { useBigInt: true });
}

function values(column: Column<unknown> | undefined, { name, type }: ColumnType, site: string): unknown[] {
  if (!column) throw new LockstepError({ code: "LS2099", message: `a collected table lacks its column "${name}"`, site });
  const view = views[type];
  const result: unknown[] = [];
  for (const value of column) result.push(value === null || value === undefined ? null : view(value, name, site));
  return result;
}

type View = (value: unknown, column: string, site: string) => unknown;

const views: Record<JsType, View> = {
  number: (value, column, site) => (typeof value === "bigint" ? safe(value, column, site) : value),
  bigint: (value) => (typeof value === "number" ? BigInt(value) : value),
  string: (value) => value,
  boolean: (value) => value,
  // Finer units arrive as fractions of milliseconds.
  date: (value) => new Date(Math.floor(Number(value))),
};

function safe(value: bigint, column: string, site: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new LockstepError({ code: "LS2004", message: `column "${column}" holds ${value}, which a number cannot represent`, site });
}
