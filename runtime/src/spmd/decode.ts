import type { ColumnType } from "@lockstep/native/plan";
import { LockstepError } from "../errors/index.ts";
import { fromIpc } from "../tables/ipc.ts";
import { printTable } from "../tables/print.ts";
import { recordsOf } from "../tables/record.ts";
import type { Reader } from "../tables/view.ts";
import { located } from "./located.ts";

type Decoded = ReturnType<typeof fromIpc>;

/** The rows of an Arrow IPC stream as records of JavaScript values. */
export function decodeRows(ipc: Uint8Array | undefined, types: readonly ColumnType[], site: string): Record<string, unknown>[] {
  const table = read(ipc, site);
  const record = recordsOf(types.map((type) => [type.name, readerOf(table, type, site)] as const));
  return located(site, () => Array.from({ length: table.rows }, (_, row) => record(row)));
}

/** One column of an Arrow IPC stream. */
export function decodeColumn(ipc: Uint8Array | undefined, type: ColumnType, site: string): unknown[] {
  const table = read(ipc, site);
  const at = readerOf(table, type, site);
  return located(site, () => Array.from({ length: table.rows }, (_, row) => at(row)));
}

/** What `print()` shows of a table of `all` rows: those of an Arrow IPC stream. */
export function decodeText(ipc: Uint8Array, types: readonly ColumnType[], all: number): string {
  const { columns, rows } = fromIpc(ipc, Object.fromEntries(types.map(({ name, type }) => [name, type])));
  return printTable(columns, rows, { limit: rows, offset: 0 }, all);
}

function read(ipc: Uint8Array | undefined, site: string): Decoded {
  if (!ipc) throw new LockstepError({ code: "LS2099", message: "a collected table has no data", site });
  return fromIpc(ipc);
}

function readerOf({ columns }: Decoded, { name, type }: ColumnType, site: string): Reader {
  const column = columns.get(name);
  if (!column) throw new LockstepError({ code: "LS2099", message: `a collected table lacks its column "${name}"`, site });
  return column.seenAs(type).at;
}
