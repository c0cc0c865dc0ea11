/**
 * What an expression of a row function stands for while it is read. Most are scalars, which end in a column; the others
 * (arrays of literals, the row itself, namespaces, helpers) only exist at build time.
 */
import type * as t from "@babel/types";
import type { CapturedForm, CapturedPath } from "../../ir/captured.ts";
import type { CapturedExpression, Expression, LiteralExpression } from "../../ir/expression.ts";
import { printJs, printType, type JsType, type SourceSpan, type ValueType } from "../../ir/types.ts";
import type { Scope } from "../row-function.ts";
import { isNot, onlySaid, type Facts, type Place, type Truth } from "./facts.ts";
import type { Frame } from "./frame.ts";

/** An object: a literal, a constant table, a namespace. */
export interface Fields {
  readonly kind: "record";
  readonly names: readonly string[] | null;
  member(name: string, at: t.Node): Value | null;
  /** Where it is undefined instead (`list.find(…)`). */
  readonly absent?: Expression;
  /** Where a captured one is not there, which tsc may not say. */
  readonly missing?: CapturedExpression;
  readonly place?: Place;
}

export interface TextPattern {
  readonly text: string;
  /** `^` and `$`. */
  readonly start: boolean;
  readonly end: boolean;
  readonly global: boolean;
}

/** A type as tsc sees it. `js` null: null or undefined only. */
export interface StaticType {
  readonly js: JsType | null;
  readonly null: boolean;
  readonly undefined: boolean;
  /** Of a list: null may be among its elements. */
  readonly holes?: true;
}

/**
 * A value of a column's type. `null` and `undefined` are tsc's view; `expression.type.nullable` is what may really come:
 * `x!` changes the first only. undefined is null in an expression, so where both may come they cannot be told apart.
 */
export interface Scalar {
  readonly kind: "scalar";
  readonly expression: Expression;
  readonly null: boolean;
  readonly undefined: boolean;
  /** What facts about it are recorded under. */
  readonly place?: Place;
  readonly truth?: Truth;
  /** Of an optional chain: what holds when it did not stop short. */
  readonly chain?: Facts;
  /** undefined may come although tsc does not say so (an index out of range, `x!`): only tests and defaults may look at it. */
  readonly unchecked?: boolean;
  /** Of what is unchecked null may come as well. */
  readonly either?: boolean;
  /** An argument of the annotated function whose type does without null: a caller without types may leave it out. */
  readonly required?: boolean;
  /** The argument of a helper: its caller may hold the same Date. */
  readonly lent?: boolean;
  /** This text is the `typeof` of that place. */
  readonly typeOf?: Place;
}

export type Value =
  | Scalar
  /** The literals null and undefined. */
  | { readonly kind: "nothing"; readonly value: null | undefined; readonly span: SourceSpan }
  /** Values of several types, named one by one ("string", "null"): only its truthiness has a native form. */
  | { readonly kind: "mixed"; readonly types: readonly string[]; readonly test: Expression; readonly truth?: Truth }
  | { readonly kind: "list"; readonly items: readonly Value[]; readonly set: boolean }
  | Fields
  /** An array or Set known when the verb is called. */
  | { readonly kind: "values"; readonly item: ValueType; readonly path: CapturedPath; readonly missing?: CapturedExpression }
  /** `text.split(separator)`: its elements have native forms, the array has not. */
  | { readonly kind: "parts"; readonly text: Scalar; readonly separator: string }
  /** A regular expression that is a plain text. */
  | { readonly kind: "pattern"; readonly pattern: TextPattern }
  | { readonly kind: "row"; readonly param: number }
  | { readonly kind: "helper"; readonly node: t.Function; readonly name: string; readonly scope: Scope; readonly closure: Frame | null }
  /** `Math`, `Number`, `op` …, or a global function. */
  | { readonly kind: "namespace"; readonly name: string }
  /** After an error, or what only V8 knows: never complained about again. `of` names what is known of it. */
  | { readonly kind: "any"; readonly of?: Foreign };

/** Objects only V8 has, whose members' types are known (see foreign.ts); `Map` and `Record` with what they give for a key. */
export type Foreign = "RegExp" | "string[]" | "any[]" | "Set" | { readonly lookUp: ValueType };

export const unknown: Value = { kind: "any" };

export function scalar(expression: Expression, extra: Partial<Scalar> = {}): Scalar {
  return { kind: "scalar", expression, null: expression.type.nullable, undefined: false, ...extra };
}

export function literal(value: LiteralExpression["value"], js: JsType, span: SourceSpan): LiteralExpression {
  return { kind: "literal", value, type: { js, nullable: value === null }, span };
}

export function call(name: string, args: readonly Expression[], js: JsType, span: SourceSpan, nullable = false): Expression {
  return { kind: "call", function: name, args, type: { js, nullable }, span };
}

/** Something that is made of a captured value when the verb is called. */
export function capturedAs(form: CapturedForm, { path, span }: Pick<CapturedExpression, "path" | "span">, js: JsType): CapturedExpression {
  return { kind: "captured", path, form, type: { js, nullable: false }, span };
}

/** The value under `x!` or a cast to a type without null. Of a captured one it is known when the verb is called whether it is there. */
export function asserted(value: Scalar): Scalar {
  const unchecked = value.expression.kind !== "captured" && (value.undefined || value.unchecked === true);
  return { ...value, null: false, undefined: false, unchecked, either: unchecked && (value.null || value.either === true) };
}

/** What may come where the value is not there, whatever tsc says. A table holds null, also in columns whose types deny it. */
export function absences(value: Scalar): { readonly null: boolean; readonly undefined: boolean } {
  const isUndefined = value.undefined || value.unchecked === true;
  return { undefined: isUndefined, null: value.null || value.either === true || (value.expression.type.nullable && !isUndefined) };
}

/** What is unchecked of values of which any may come. */
export function uncheckedOf(...values: readonly Scalar[]): Pick<Scalar, "unchecked" | "either"> {
  return values.some((value) => value.unchecked) ? { unchecked: true, either: values.some((value) => value.either || (!value.unchecked && value.expression.type.nullable)) } : {};
}

/** Whether a captured value may be null or undefined although its type, by `!` or `as`, says it is not. */
export const isAsserted = ({ expression, ...value }: Scalar): boolean =>
  expression.kind === "captured" && (expression.type.nullable || value.required === true) && !value.null && !value.undefined;

/** The value where JavaScript makes no number of what is not there: the runtime refuses it. */
export function required(value: Scalar): Scalar {
  const { expression } = value;
  return value.required && expression.kind === "captured" ? { ...value, expression: { ...expression, form: "required" }, required: false } : value;
}

/** The value where it is asked for whether it is there. */
export function optional(value: Scalar): Scalar {
  const { expression } = value;
  return value.required ? { ...value, expression: { ...expression, type: { ...expression.type, nullable: true } }, required: false } : value;
}

/** A value as operators and functions convert it. Null: only V8 can. */
export function converted(value: Scalar): Scalar | null {
  const { expression } = value;
  if (expression.kind !== "captured" || !isAsserted(value)) return value;
  const { js } = expression.type;
  if (value.required) return js === "number" || js === "date" ? value : required(value);
  if (js === "string") return { ...value, expression: { ...expression, form: "textOrNull" } };
  // The runtime makes NaN of undefined where a number or a Date is declared.
  return js === "number" || js === "date" ? { ...value, expression: { ...expression, type: { js, nullable: false } } } : null;
}

/** A scalar of a known type that has no native form; the whole function runs in V8. */
export function opaque(type: StaticType | null, span: SourceSpan): Value {
  if (type === null) return unknown;
  if (type.js === null) return { kind: "nothing", value: type.undefined ? undefined : null, span };
  const column = { js: type.js, nullable: type.null || type.undefined, ...(type.holes && { holes: type.holes }) };
  const expression: Expression = { kind: "script", columns: [], types: [], source: "", free: [], reason: "", type: column, span };
  return scalar(expression, { null: type.null, undefined: type.undefined });
}

export const plain = (js: JsType): StaticType => ({ js, null: false, undefined: false });
export const fromValueType = (type: ValueType): StaticType => ({ js: type.js, null: type.nullable, undefined: false, ...(type.holes && { holes: type.holes }) });

/** The members of a union of the values' types. */
export const typesOf = (...values: readonly Value[]): string[] => [...new Set(values.flatMap((value) => describe(value).split(" | ")))];

/** The static type of a value, null when it is no column's. */
export function typeOf(value: Value): StaticType | null {
  if (value.kind === "scalar") return { ...fromValueType(value.expression.type), null: value.null, undefined: value.undefined };
  if (value.kind === "nothing") return { js: null, null: value.value === null, undefined: value.value === undefined };
  return null;
}

/** Its type as TypeScript prints it. */
export function describe(value: Value): string {
  switch (value.kind) {
    case "scalar":
      return printStatic(typeOf(value)!);
    case "nothing":
      return String(value.value);
    case "mixed":
      return value.types.join(" | ");
    case "list": {
      if (value.set) return "Set";
      const items = [...new Set(value.items.map(describe))];
      return items.length === 1 ? `${items[0]}[]` : `(${items.join(" | ")})[]`;
    }
    case "values":
      return value.item.nullable ? `(${printType(value.item)})[]` : `${printType(value.item)}[]`;
    case "parts":
      return "string[]";
    case "pattern":
      return "RegExp";
    case "row":
      return "Row";
    case "record":
      return value.absent ? "object | undefined" : "object";
    case "helper":
      return "function";
    case "namespace":
      return `typeof ${value.name}`;
    case "any":
      return "any";
  }
}

export function printStatic(type: StaticType): string {
  const parts = [type.js && printJs(type.js, type.holes), type.null ? "null" : null, type.undefined ? "undefined" : null];
  return parts.filter((part) => part !== null).join(" | ");
}

/** The value where `facts` hold. */
export function narrow(value: Value, facts: Facts): Value {
  if (value.kind === "record" && value.absent && value.place !== undefined && facts.has(isNot(value.place, "undefined"))) {
    const { absent: _, ...there } = value;
    return there;
  }
  if (value.kind !== "scalar" || value.place === undefined || !(value.null || value.undefined)) return value;
  const mayBeNull = value.null && !facts.has(isNot(value.place, "null"));
  const mayBeUndefined = value.undefined && !facts.has(isNot(value.place, "undefined"));
  if (mayBeNull === value.null && mayBeUndefined === value.undefined) return value;
  const type = { ...value.expression.type, nullable: value.expression.type.nullable && (mayBeNull || mayBeUndefined || facts.has(onlySaid(value.place))) };
  return { ...value, expression: { ...value.expression, type } as Expression, null: mayBeNull, undefined: mayBeUndefined };
}

/** Every expression of a value rebuilt. */
export function mapExpressions(value: Value, f: (e: Expression) => Expression): Value {
  switch (value.kind) {
    case "scalar":
      return { ...value, expression: f(value.expression) };
    case "mixed":
      return { ...value, test: f(value.test) };
    case "list":
      return { ...value, items: value.items.map((item) => mapExpressions(item, f)) };
    case "parts":
      return { ...value, text: { ...value.text, expression: f(value.text.expression) } };
    case "record":
      return {
        ...value,
        ...(value.absent ? { absent: f(value.absent) } : {}),
        member: (name, at) => {
          const member = value.member(name, at);
          return member && mapExpressions(member, f);
        },
      };
    default:
      return value;
  }
}
