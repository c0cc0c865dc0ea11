/** Arrays and objects in columns: what is asked of them natively. All else runs in V8. */
import { any, number, operator, optional, rest, string } from "./scalar-function.ts";
import type { ScalarFunction } from "./scalar-function.ts";

const method = (name: string, ...[params, result, docs]: [params: Parameters<typeof operator>[1], result: ScalarFunction["result"], docs: string]): ScalarFunction => ({
  ...operator(`list.${name}`, params, result, docs),
  form: "method",
});
const absent = { mayBeUndefined: true };

/** The array is the first argument, and no parameter. */
export const lists: readonly ScalarFunction[] = [
  method("length", [], "number", "number of elements; written without parentheses"),
  { ...method("item", [number], "element", "list[i]: undefined outside"), ...absent },
  { ...method("at", [number], "element", "the element at a place, counted from the end if negative, undefined outside"), ...absent },
  method("includes", [any], "boolean", "is the value among the elements"),
  method("indexOf", [any], "number", "first place of the value, -1 if absent"),
  method("join", [optional(string)], "string", "the elements as texts, one after another; null is \"\""),
  method("slice", [optional(number), optional(number)], "same", "from start to before end; negative places count from the end"),
  operator("Array.of", [rest(any)], "list", "[a, b]: an array of its arguments"),
  { ...operator("object.member", [any, string], "element", "d.at.x"), form: "method" },
  operator("object.of", [rest(any)], "object", "{ x: a, y: b }: an object of its names and values"),
  { ...operator("string.split", [string, optional(number)], "string[]", "the parts between the separators"), form: "method" },
];
