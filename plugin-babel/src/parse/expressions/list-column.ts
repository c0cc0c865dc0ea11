/** Arrays in columns: `d.tags.length`, `d.tags[0]`, `d.tags.includes(x)`; and the arrays that become columns. */
import type * as t from "@babel/types";
import { datesCompared } from "../../diagnostics/dates-compared.ts";
import { possiblyNull } from "../../diagnostics/possibly-null.ts";
import { rowFunctionWrites } from "../../diagnostics/row-function-writes.ts";
import { notAssignable } from "../../diagnostics/wrong-arguments.ts";
import { eitherType, elementsOf, isList, isNested, isSameJs, type JsType, listOf, type SourceSpan } from "../../ir/types.ts";
import type { Argument } from "./apply.ts";
import { readArguments, type Call } from "./calls.ts";
import { unsupported } from "./expression.ts";
import type { Frame } from "./frame.ts";
import { once } from "./list-callbacks.ts";
import { noProperty, requireObject } from "./member.ts";
import { columnValue } from "./object-column.ts";
import { absence } from "./operators.ts";
import { absences, call, describe, fromValueType, literal, opaque, optional, plain, printStatic, scalar, typeOf, type Scalar, type StaticType, type Value } from "./value.ts";

type Member = t.MemberExpression | t.OptionalMemberExpression;

/** An array as a column holds it: of values of one type. Null: it is none. `element`: what an empty one is of. */
export function listColumn(value: Value, span: SourceSpan, element?: JsType): Scalar | null {
  if (value.kind === "scalar") return isList(value.expression.type.js) ? value : null;
  if (value.kind === "parts") return scalar(call("string.split", [value.text.expression, literal(value.separator, "string", span)], "string[]", span));
  if (value.kind !== "list" || value.set) return null;
  const items = value.items.map((item) => (item.kind === "nothing" ? item : columnValue(item, span)));
  const known = items.flatMap((item) => (item?.kind === "scalar" ? [item] : []));
  const js = known[0]?.expression.type.js ?? element;
  if (js === undefined || items.includes(null) || known.some((item) => !isSameJs(item.expression.type.js, js))) return null;
  const holes = items.some((item) => item!.kind === "nothing" || item!.null || item!.undefined);
  // Without a native form: whoever takes it has it made in V8.
  if (known.length > 0 && isNested(js)) return opaque(fromValueType(listOf({ ...known.map((item) => item.expression.type).reduce(eitherType), nullable: holes })), span) as Scalar;
  if (isNested(js)) return null;
  const args = items.map((item) => (item!.kind === "nothing" ? literal(null, js, span) : optional(item!).expression));
  // A call has arguments: an empty array is a part of one that has.
  const whole = call("Array.of", args.length === 0 ? [literal(null, js, span)] : args, `${js}[]`, span);
  const expression = args.length === 0 ? call("list.slice", [whole, literal(1, "number", span)], `${js}[]`, span) : whole;
  return scalar({ ...expression, type: { ...expression.type, ...(holes && { holes: true as const }) } });
}

/** What tsc says of an element. */
export function elementType({ expression: { type } }: Scalar): StaticType {
  return fromValueType(elementsOf(type));
}

/** An element that may not be there. Null may be among the elements whatever their type says. */
function element(list: Scalar, name: "item" | "at", index: Scalar, span: SourceSpan): Scalar {
  const type = elementType(list);
  const found = call(`list.${name}`, [list.expression, index.expression], type.js!, span, true);
  return scalar(found, { null: type.null, undefined: name === "at", unchecked: name === "item", either: name === "item" });
}

/** `d.tags[i]` */
export function listItem(list: Scalar, key: Value, node: Member, frame: Frame): Value {
  if (!requireObject(list, node, frame)) return opaque(elementType(list), frame.span(node));
  const index = isNested(elementType(list).js!) ? null : sureNumber(key);
  return index ? element(list, "item", index, frame.span(node)) : unsupported(node, "this index has no native form", elementType(list), frame);
}

/** `d.tags.length`, and methods that are not called. */
export function listMember(list: Scalar, name: string, node: Member, frame: Frame): Value {
  if (!requireObject(list, node, frame)) return opaque(plain("number"), frame.span(node));
  if (name === "length") return scalar(call("list.length", [list.expression], "number", frame.span(node)));
  if (name in Array.prototype) return unsupported(node, `a method that is not called (${name}) has no native form`, null, frame);
  return noProperty(list, name, node, ["length"], frame);
}

/** `d.tags.includes(x)` */
export function callListColumn(list: Scalar, name: string, callee: Member, node: Call, frame: Frame): Value {
  if (!requireObject(list, callee, frame)) {
    readArguments(node.arguments, frame);
    return opaque(resultOf(list, name, node, frame), frame.span(node));
  }
  if (!(name in Array.prototype)) {
    readArguments(node.arguments, frame);
    return noProperty(list, name, callee, [...Object.keys(methods), ...Object.getOwnPropertyNames(Array.prototype)], frame);
  }
  if (mutating.has(name) && list.expression.kind === "column") {
    frame.state.report(rowFunctionWrites(frame.text(callee.object), frame.span(node), "row"));
    return opaque(resultOf(list, name, node, frame), frame.span(node));
  }
  const method = Object.hasOwn(methods, name) && !isNested(elementType(list).js!) ? methods[name] : undefined;
  const args = method ? readArguments(node.arguments, frame) : null;
  const value = args && method!(list, args, node, frame);
  return value ?? unsupported(node, `${name} of an array runs in V8`, resultOf(list, name, node, frame), frame);
}

const mutating: ReadonlySet<string> = new Set(["push", "pop", "shift", "unshift", "splice", "sort", "reverse", "fill", "copyWithin"]);

type Method = (list: Scalar, args: readonly Argument[], node: Call, frame: Frame) => Value | null;

/** Null: this use has no native form. */
const methods: Readonly<Record<string, Method>> = {
  at: (list, [index, ...more], node, frame) => {
    const place = index && more.length === 0 ? sureNumber(index.value) : null;
    return place && element(list, "at", place, frame.span(node));
  },
  includes: (list, args, node, frame) => found("includes", "boolean", list, args, node, frame),
  indexOf: (list, args, node, frame) => found("indexOf", "number", list, args, node, frame),
  join: (list, [separator, ...more], node, frame) => {
    const text = separator?.value;
    const isText = text === undefined || (text.kind === "scalar" && text.expression.type.js === "string" && isSure(text));
    if (!isText || more.length > 0 || elementType(list).js === "date") return null;
    return scalar(call("list.join", [list.expression, ...(text ? [(text as Scalar).expression] : [])], "string", frame.span(node)));
  },
  slice: (list, args, node, frame) => {
    const places = args.map(({ value }) => sureNumber(value));
    if (places.includes(null) || places.length > 2) return null;
    const { js, holes } = list.expression.type;
    const sliced = call("list.slice", [list.expression, ...places.map((place) => place!.expression)], js, frame.span(node));
    return scalar({ ...sliced, type: { ...sliced.type, ...(holes && { holes }) } });
  },
};

/** `includes` and `indexOf` of one value. */
function found(name: "includes" | "indexOf", result: JsType, list: Scalar, [sought, ...more]: readonly Argument[], node: Call, frame: Frame): Value | null {
  const span = frame.span(node);
  if (!sought || more.length > 0) return null;
  const { value } = sought;
  const type = elementType(list);
  if (value.kind === "any") return opaque(plain(result), span);
  const given = typeOf(value);
  if ((given?.js && given.js !== type.js) || given === null) {
    frame.state.typeError(notAssignable(describe(value), printStatic(type), frame.span(sought.node)));
    return opaque(plain(result), span);
  }
  if ((given.null && !type.null) || given.undefined) {
    const what = value.kind === "scalar" ? absence(value) : given.null ? "null" : "undefined";
    frame.state.typeError(possiblyNull(frame.text(sought.node), what, frame.span(sought.node), "argument"));
    return opaque(plain(result), span);
  }
  if (type.js === "date") {
    frame.state.report(datesCompared(name, span, []));
    return opaque(plain(result), span);
  }
  // Null is found where null is; undefined is nowhere.
  if (value.kind === "scalar" && (absences(value).undefined || value.required)) return null;
  const expression = value.kind === "scalar" ? value.expression : literal(null, type.js!, span);
  return scalar(call(`list.${name}`, [list.expression, expression], result, span));
}

const isSure = (value: Scalar): boolean => !value.null && !value.undefined && !value.unchecked && !value.required && !value.expression.type.nullable;

function sureNumber(value: Value): Scalar | null {
  return value.kind === "scalar" && value.expression.type.js === "number" && isSure(value) ? value : null;
}

const [text, number, boolean] = [plain("string"), plain("number"), plain("boolean")];
const results: Readonly<Record<string, StaticType | "same" | "element">> = {
  join: text, toString: text, toLocaleString: text,
  indexOf: number, lastIndexOf: number, findIndex: number, findLastIndex: number, push: number, unshift: number,
  includes: boolean, some: boolean, every: boolean,
  ...Object.fromEntries(["slice", "filter", "concat", "toSorted", "toReversed", "toSpliced", "with", "sort", "reverse", "splice", "fill", "copyWithin", "flat"].map((name) => [name, "same" as const])),
  ...Object.fromEntries(["at", "find", "findLast", "pop", "shift"].map((name) => [name, "element" as const])),
};

/** What a method gives where V8 runs it; null: not known. */
function resultOf(list: Scalar, name: string, node: Call, frame: Frame): StaticType | null {
  const result = Object.hasOwn(results, name) ? results[name]! : null;
  if (result === "same") {
    const { holes, ...type } = typeOf(list)!;
    // tsc sees that `filter((tag) => tag !== null)` leaves no null.
    return { ...type, ...(holes && name !== "filter" && { holes }), null: false, undefined: false };
  }
  if (result === "element") return { ...elementType(list), undefined: true };
  if (name === "map") return mapped(list, node, frame);
  return name === "reduce" || name === "reduceRight" ? reduced(list, node, frame) : result;
}

/** What the reduction starts with: a value, or an element. */
function reduced(list: Scalar, node: Call, frame: Frame): StaticType | null {
  const [, start] = readArguments(node.arguments, frame) ?? [];
  return start ? typeOf(start.value) : elementType(list);
}

/** An array of what the callback gives for an element. */
function mapped(list: Scalar, node: Call, frame: Frame): StaticType | null {
  const [callback] = readArguments(node.arguments, frame) ?? [];
  if (callback?.value.kind !== "helper") return null;
  const span = frame.span(node);
  const given = typeOf(once(callback.value, [opaque(elementType(list), span), opaque(number, span)], node, frame));
  return given?.js ? fromValueType(listOf({ js: given.js, nullable: given.null || given.undefined, ...(given.holes && { holes: given.holes }) })) : null;
}
