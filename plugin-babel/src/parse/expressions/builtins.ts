/** What JavaScript gives to the types of columns beyond the catalogue: legal, run by V8, with the type of the result where one is known. */
import { methodNames } from "../../functions/index.ts";
import type { JsType, ScalarType } from "../../ir/types.ts";
import { plain, type StaticType } from "./value.ts";

/** Names by type and, within it, by the type of the result; "" where that is no column's. */
const names: Readonly<Record<ScalarType, Partial<Record<ScalarType | "", string>>>> = {
  // replace and replaceAll with a regular expression or a function: plain texts are in the catalogue.
  string: {
    string: "normalize toLocaleUpperCase toLocaleLowerCase toWellFormed substr replace replaceAll",
    number: "localeCompare search",
    boolean: "isWellFormed",
    "": "split match matchAll",
  },
  number: { string: "toPrecision toExponential toLocaleString" },
  boolean: {},
  bigint: { string: "toLocaleString" },
  date: { string: "toString toDateString toTimeString toUTCString toLocaleString toLocaleDateString toLocaleTimeString", "": "toTemporalInstant" },
};

const results: ReadonlyMap<string, ReadonlyMap<string, JsType | "">> = new Map(
  Object.entries(names).map(([js, lists]) => {
    const pairs = Object.entries(lists).flatMap(([result, list]) => list.split(" ").map((name) => [name, result as JsType | ""] as const));
    return [js, new Map(pairs)];
  }),
);

/** undefined: no such method; null: its result has no column's type. */
export function builtinResult(js: JsType, name: string): StaticType | null | undefined {
  const result = results.get(js)?.get(name);
  return result === undefined ? undefined : result === "" ? null : plain(result);
}

/** Methods that change the Date they are called on. */
export const isSetter = (js: JsType, name: string): boolean => js === "date" && /^set(UTC)?[A-Z]/.test(name) && name in Date.prototype;

export function builtinMembers(js: JsType): ReadonlySet<string> {
  const converted = js === "date" ? ["valueOf"] : ["toString", "valueOf"];
  return new Set([...methodNames(js), ...(results.get(js)?.keys() ?? []), ...converted]);
}
