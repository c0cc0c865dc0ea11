import type { ColumnType, JsType } from "@lockstep/native/plan";
import { LockstepError } from "../errors/index.ts";
import { bool, float64, int64, string, timestamp, type ArrowType } from "../tables/arrow-type.ts";
import { Column, type Stored } from "../tables/column.ts";
import { elementView, isListView, isObjectView, memberViews } from "../tables/js-view.ts";
import { isPlain, storedBigint } from "../tables/infer.ts";
import { toIpc } from "../tables/ipc.ts";

/** The Arrow type of a column of JavaScript values. */
const scalarTypes = { number: float64, bigint: int64, string, boolean: bool, date: timestamp } as const;

export function arrowTypeOf(type: JsType): ArrowType {
  if (isListView(type)) return { id: "list", of: arrowTypeOf(elementView(type) as JsType) };
  if (isObjectView(type)) return { id: "struct", fields: memberViews(type).map(([name, view]) => ({ name, type: arrowTypeOf(view as JsType) })) };
  return scalarTypes[type];
}

/** Columns of JavaScript values as an Arrow IPC stream of the declared types. */
export function encodeTable(columns: Record<string, readonly unknown[]>, types: readonly ColumnType[], site: string): Uint8Array {
  const encoded = types.map((type): [string, Column] => {
    const values = Array.from(columns[type.name] ?? [], (value, row) => stored(value, type, row, site));
    return [type.name, new Column(arrowTypeOf(type.type), values.length, values)];
  });
  return toIpc(new Map(encoded));
}

/** Whether a value is an object of these members, in their order. */
export function hasMembers(value: unknown, members: readonly (readonly [name: string, view: unknown])[]): value is Record<string, unknown> {
  if (!isPlain(value)) return false;
  const names = Object.keys(value as object);
  return names.length === members.length && members.every(([name], i) => name === names[i]);
}

function stored(value: unknown, { name, type }: ColumnType, row: number, site: string): Stored {
  if (value === null || value === undefined) return null;
  if (isListView(type) && Array.isArray(value)) return (value as unknown[]).map((element) => stored(element, { name, type: elementView(type) as JsType, nullable: true }, row, site));
  if (isObjectView(type) && hasMembers(value, memberViews(type))) return memberViews(type).map(([member, view]) => stored(value[member], { name: `${name}.${member}`, type: view as JsType, nullable: true }, row, site));
  if (type === "date" && value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.getTime();
  if (typeof value === "bigint" && type === "bigint") return storedBigint(value, `column "${name}"`, row, site);
  if (typeof value === type && typeof value !== "object") return value as Stored;
  throw new LockstepError({
    code: "LS2017",
    message: `column "${name}" of a table literal is ${type}, but row ${row} holds ${value instanceof Date ? "a Date" : `a ${typeof value}`}`,
    site,
  });
}
