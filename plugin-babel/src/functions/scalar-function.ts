/** What the compiler knows of one function of the catalogue: how it is written, what it takes, gives, and whether it throws. */
import type { JsType } from "../ir/types.ts";

/** How JavaScript writes it: `a + b`, `Math.floor(x)`, `parseInt(s)`, `s.trim()`, `new Date(x)`. */
export type CallForm = "operator" | "static" | "global" | "method" | "constructor";

export interface Parameter {
  /** The types tsc admits; null where it admits every type. */
  readonly types: readonly JsType[] | null;
  /** null and undefined are admitted as well (always so where `types` is null). */
  readonly nullable?: boolean;
  readonly optional?: boolean;
  /** Takes all further arguments. */
  readonly rest?: boolean;
}

export interface ScalarFunction {
  /** The plan's name, e.g. "string.slice". */
  readonly name: string;
  readonly form: CallForm;
  /** Methods: the type left of the dot; the receiver is the first argument of the call. */
  readonly receiver?: JsType;
  readonly params: readonly Parameter[];
  /** "same": the type of the first argument; "element": of what it is an array of; "list": an array of it; "object": an object. */
  readonly result: JsType | "same" | "element" | "list" | "object";
  /** undefined is a possible result (`"".at(0)`), null in a table. */
  readonly mayBeUndefined: boolean;
  /** Can throw although no argument is null. */
  readonly fallible: boolean;
  readonly docs: string;
}

const param = (types: readonly JsType[] | null, rest: Partial<Parameter> = {}): Parameter => ({ types, ...rest });

/** Parameters in the notation of the families: `number`, `optional(string)`, `rest(number)`. */
export const number = param(["number"]);
export const string = param(["string"]);
export const boolean = param(["boolean"]);
export const date = param(["date"]);
export const numeric = param(["number", "bigint"]);
export const any = param(null);
export const optional = (p: Parameter): Parameter => ({ ...p, optional: true });
export const rest = (p: Parameter): Parameter => ({ ...p, rest: true });
export const oneOf = (...types: JsType[]): Parameter => param(types);

type Traits = Partial<Pick<ScalarFunction, "fallible" | "mayBeUndefined">>;

function define(form: CallForm, name: string, params: readonly Parameter[], result: ScalarFunction["result"], docs: string, traits: Traits = {}): ScalarFunction {
  return { name, form, params, result, docs, mayBeUndefined: false, fallible: false, ...traits };
}

export const operator = define.bind(null, "operator");
export const staticFunction = define.bind(null, "static");
export const globalFunction = define.bind(null, "global");
export const constructor = define.bind(null, "constructor");

/** `name` is written after the dot; the plan's name has the receiver's type before it. */
export function method(receiver: JsType, name: string, params: readonly Parameter[], result: JsType, docs: string, traits: Traits = {}): ScalarFunction {
  return { ...define("method", `${receiver}.${name}`, params, result, docs, traits), receiver };
}
