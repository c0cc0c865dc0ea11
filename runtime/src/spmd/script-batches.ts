/** Row functions over batches: Arrow in, Arrow out, a JavaScript value at a time between. */
import { inspect } from "node:util";
import type { Scripts } from "@lockstep/native";
import type { JsType } from "@lockstep/native/plan";
import { LockstepError, packed } from "../errors/index.ts";
import { Column, elementView, isListView, type Stored, type View } from "../tables/column.ts";
import { canonicalInteger } from "../tables/infer.ts";
import { fromIpc, toIpc } from "../tables/ipc.ts";
import { recordsOf } from "../tables/record.ts";
import { arrowTypeOf } from "./encode.ts";
import type { ScriptFunction } from "./scripts.ts";

/** What the engine calls for the row functions of one execution. */
export function scriptRunner(functions: readonly ScriptFunction[]): Scripts {
  return (id, batch, result) => {
    let row = 0;
    try {
      const type = result as JsType;
      const run = functions[id]!;
      const { columns, rows } = fromIpc(batch);
      const record = recordsOf([...columns].map(([name, column]) => [name, column.seenAs(exactView(column)).at] as const));
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
function exactView({ type, view }: Column): View {
  if (type.id === "int") return "bigint";
  return type.id === "list" && type.of.id === "int" ? "bigint[]" : view;
}

/** A value as a column of its declared type holds it. A condition's value is its truth. */
function stored(value: unknown, type: JsType): Stored {
  if (value === null || value === undefined) return null;
  if (isListView(type)) {
    if (!Array.isArray(value)) throw another(value, type);
    return Array.from(value as unknown[], (element) => element === null || element === undefined ? null : elementOf(element, elementView(type)));
  }
  if (type === "boolean") return Boolean(value);
  return elementOf(value, type);
}

/** A scalar; what is no boolean is none in a list. */
function elementOf(value: unknown, type: JsType): Stored {
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
  const wanted = type.replace("date", "Date");
  return new LockstepError({ code: "LS2017", message: `a row function whose values are of the type ${wanted} gave one of the type ${given} (${inspect(value, { breakLength: Infinity })})` });
}
