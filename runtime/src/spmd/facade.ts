import type { JsType } from "@lockstep/native/plan";
import { LockstepError } from "../errors/index.ts";
import type { Column } from "../tables/column.ts";
import { isSeen, type View } from "../tables/js-view.ts";
import type { LocalTable } from "./handles.ts";

/** The facade's table, told by its shape: its class is not loaded where nobody uses it. */
export interface FacadeTable {
  readonly columns: ReadonlyMap<string, Column>;
  numRows(): number;
}

/** Whether a value of ordinary code is a table. */
export function isLocalTable(value: object): value is FacadeTable {
  return "columns" in value && value.columns instanceof Map && "numRows" in value && "writeParquet" in value;
}

/** The columns of a table made in ordinary code as the ranks see them. LS2015 for a column they could not read. */
export function localColumns(table: FacadeTable): LocalTable["columns"] {
  return [...table.columns].map(([name, { view }]) => {
    if (isSeen(view)) return { name, type: view as JsType, nullable: true };
    throw new LockstepError({ code: "LS2015", message: `the column "${name}" of a table passed to an annotated function has no JavaScript type` });
  });
}

/** A table made in ordinary code on its way to the ranks. */
export async function encodeLocal(table: FacadeTable): Promise<LocalTable> {
  // Arrow is loaded when a table needs it.
  const { toIpc } = await import("../tables/ipc.ts");
  return { ipc: toIpc(table.columns), columns: localColumns(table), rows: table.numRows() };
}

/** A returned table as ordinary code sees it; the number of rows is not in the columns where there are none. */
export async function decodeReturned(ipc: Uint8Array, rows: number, views: Readonly<Record<string, View>>): Promise<object> {
  const [{ Table }, { fromIpc }] = await Promise.all([import("../tables/table.ts"), import("../tables/ipc.ts")]);
  return new Table(fromIpc(ipc, views).columns, rows);
}

/** Stands for a returned table that is too large for rank 0: it knows its size, and everything else is an error. */
export function tooLarge(rows: number, limit: number): object {
  const refuse = (): never => {
    throw new LockstepError({ code: "LS2013", message: `the table has ${rows} rows; code outside annotated functions gets at most ${limit}` });
  };
  return new Proxy({}, {
    get(_, property) {
      if (property === "numRows") return () => rows;
      // Awaiting or printing the handle is no use of it.
      return property === "then" || typeof property === "symbol" ? undefined : refuse;
    },
  });
}
