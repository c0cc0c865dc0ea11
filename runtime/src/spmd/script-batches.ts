/** Row functions over batches: Arrow in, Arrow out, a JavaScript value at a time between. */
import { inspect } from "node:util";
import type { Scripts } from "@lockstep/native";
import type { JsType } from "@lockstep/native/plan";
import { LockstepError, packed } from "../errors/index.ts";
import type { ArrowType } from "../tables/arrow-type.ts";
import { Column, type Stored } from "../tables/column.ts";
import { elementView, isListView, isObjectView, memberViews, objectView, type View } from "../tables/js-view.ts";
import { canonicalInteger } from "../tables/infer.ts";
import { fromIpc, toIpc } from "../tables/ipc.ts";
import { recordsOf } from "../tables/record.ts";
import { arrowTypeOf, hasMembers } from "./encode.ts";
import type { ScriptFunction } from "./scripts.ts";

/** What the engine calls for the row functions of one execution. */
export function scriptRunner(functions: readonly ScriptFunction[]): Scripts {
  return (id, batch, result) => {
    let row = 0;
    try {
      const type = result as JsType;
      const run = functions[id]!;
      const { columns, rows } = fromIpc(batch);
      const record = recordsOf([...columns].map(([name, column]) => [name, column.seenAs(exactView(column.type, column.view)).at] as const));
      const values = new Array<Stored>(rows);
      for (; row < rows; row++) values[row] = stored(run(record(row)), type);
      const bytes = toIpc(new Map([["value", new Column(arrowTypeOf(type), rows, values)]]));
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    } catch (error) {
      return JSON.stringify({ message: packed(error), row });
    }
  };
}

/** What the engine sends as integers are bigints. */
function exactView(type: ArrowType, view: View): View {
  if (type.id === "int") return "bigint";
  if (type.id === "list" && isListView(view)) return `${exactView(type.of, elementView(view))}[]`;
  if (type.id !== "struct" || !isObjectView(view)) return view;
  const views = new Map(memberViews(view));
  return objectView(type.fields.map(({ name, type: member }) => [name, exactView(member, views.get(name)!)]));
}

/** A value as a column of its declared type holds it. A condition's value is its truth. */
function stored(value: unknown, type: JsType): Stored {
  if (value === null || value === undefined) return null;
  if (isListView(type)) {
    if (!Array.isArray(value)) throw another(value, type);
    return Array.from(value as unknown[], (element) => elementOf(element, elementView(type) as JsType));
  }
  if (isObjectView(type)) {
    const members = memberViews(type);
    if (!hasMembers(value, members)) throw another(value, type);
    return members.map(([name, view]) => elementOf(value[name], view as JsType));
  }
  if (type === "boolean") return Boolean(value);
  return elementOf(value, type);
}

/** What is no boolean is none in a list or an object. */
function elementOf(value: unknown, type: JsType): Stored {
  if (value === null || value === undefined || isListView(type) || isObjectView(type)) return stored(value, type);
  if (type === "date" && value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.getTime();
  if (type === "bigint" && typeof value === "bigint") {
    if (BigInt.asIntN(64, value) !== value) throw new RangeError(`the bigint ${value}n is out of int64's range`);
    return canonicalInteger(value);
  }
  if (typeof value === type) return value as Stored;
  throw another(value, type);
}

function another(value: unknown, type: JsType): LockstepError {
  const given = value instanceof Date ? "Date" : Array.isArray(value) ? "array" : typeof value;
  const wanted = type.replaceAll(/\bdate\b/g, "Date");
  return new LockstepError({ code: "LS2017", message: `a row function whose values are of the type ${wanted} gave one of the type ${given} (${inspect(value, { breakLength: Infinity })})`, ...(given === "object" && isObjectView(type) && { fix: "Give it the members of its type, in this order: an interface's as the file has them." }) });
}
