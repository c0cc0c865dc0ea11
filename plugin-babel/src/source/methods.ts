/** What JavaScript's methods do, by their names: what a method is called of is often not known where that is asked. */
import type { JsType } from "../ir/types.ts";

export interface Method {
  /** An array, a Set or a Map has it. */
  readonly ofList?: true;
  readonly mutates?: true;
  /** Of a list `element`: one of it, if there is one; `elements`: a list of such; `list`: one of what its callback gives, or of others. Null: none of these. */
  readonly gives: JsType | "element" | "elements" | "list" | null;
  /** Of a text it gives a text. */
  readonly ofText?: true;
  /** Which parameters of its callback are elements. */
  readonly hands?: readonly number[];
}

const methods = new Map<string, Method>();
const declare = (names: string, method: Method): void => names.split(" ").forEach((name) => void methods.set(name, method));

declare("trim trimStart trimEnd toUpperCase toLowerCase replace replaceAll padStart padEnd charAt substring normalize repeat", { gives: "string" });
declare("toFixed toPrecision toISOString toString toLocaleString", { gives: "string" });
declare("startsWith endsWith test isArray isInteger isSafeInteger isFinite isNaN hasOwn", { gives: "boolean" });
declare("charCodeAt localeCompare", { gives: "number" });
declare("split", { gives: "list" });

declare("join", { ofList: true, gives: "string" });
declare("includes has", { ofList: true, gives: "boolean" });
declare("indexOf lastIndexOf", { ofList: true, gives: "number" });
declare("some every", { ofList: true, gives: "boolean", hands: [0] });
declare("findIndex findLastIndex", { ofList: true, gives: "number", hands: [0] });
declare("get", { ofList: true, gives: "element" });
declare("at", { ofList: true, gives: "element", ofText: true });
declare("find findLast", { ofList: true, gives: "element", hands: [0] });
declare("slice", { ofList: true, gives: "elements", ofText: true });
declare("filter", { ofList: true, gives: "elements", hands: [0] });
declare("toReversed toSpliced with", { ofList: true, gives: "elements" });
declare("toSorted", { ofList: true, gives: "elements", hands: [0, 1] });
declare("concat", { ofList: true, gives: "list", ofText: true });
declare("flat", { ofList: true, gives: "list" });
declare("map flatMap", { ofList: true, gives: "list", hands: [0] });
declare("forEach", { ofList: true, gives: null, hands: [0] });
declare("reduce reduceRight", { ofList: true, gives: null, hands: [0, 1] });
declare("keys values entries", { ofList: true, gives: null });

declare("push unshift set add delete clear append", { ofList: true, mutates: true, gives: null });
declare("pop shift", { ofList: true, mutates: true, gives: "element" });
declare("sort", { ofList: true, mutates: true, gives: "elements", hands: [0, 1] });
declare("reverse splice fill copyWithin", { ofList: true, mutates: true, gives: "elements" });
declare(
  "setTime setFullYear setMonth setDate setHours setMinutes setSeconds setMilliseconds setUTCFullYear setUTCMonth setUTCDate setUTCHours setUTCMinutes setUTCSeconds setUTCMilliseconds",
  { mutates: true, gives: "number" },
);

export const isScalar = (gives: Method["gives"]): gives is JsType => gives !== null && !/^(element|elements|list)$/.test(gives);

export const methodOf = (name: string): Method | undefined => methods.get(name);
