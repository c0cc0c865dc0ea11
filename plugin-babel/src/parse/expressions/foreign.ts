/** Types of what only V8 computes, as far as they are plain: so that fewer row functions need an annotation. */
import type { SourceSpan, ValueType } from "../../ir/types.ts";
import { opaque, plain, unknown, type Foreign, type StaticType, type Value } from "./value.ts";

const maybe = (type: StaticType): StaticType => ({ ...type, undefined: true });
const [text, number, boolean] = [plain("string"), plain("number"), plain("boolean")];

/** What does not depend on the elements. */
const anyList: Readonly<Record<string, StaticType | Foreign>> = {
  join: text, some: boolean, every: boolean, includes: boolean,
  length: number, indexOf: number, lastIndexOf: number, findIndex: number, findLastIndex: number,
  ...Object.fromEntries(["map", "flatMap", "filter", "slice", "concat", "sort", "toSorted", "reverse", "toReversed", "flat"].map((name) => [name, "any[]" as const])),
};

/** Members, called or not; "[]" is an element. */
const members: Readonly<Record<Exclude<Foreign, object>, Readonly<Record<string, StaticType | Foreign>>>> = {
  RegExp: { test: boolean, source: text, flags: text, global: boolean },
  Set: { has: boolean, size: number },
  "any[]": anyList,
  "string[]": {
    ...anyList,
    "[]": text, at: maybe(text), pop: maybe(text), shift: maybe(text), find: maybe(text),
    ...Object.fromEntries(["filter", "slice", "sort", "toSorted", "reverse", "toReversed"].map((name) => [name, "string[]" as const])),
  },
};

export function foreignMember(of: Foreign | undefined, name: string, span: SourceSpan): Value {
  if (typeof of === "object") return lookedUp(of.lookUp, name, span);
  const known = of && Object.hasOwn(members[of], name) ? members[of][name] : undefined;
  if (known === undefined) return unknown;
  return typeof known === "string" || "lookUp" in known ? { kind: "any", of: known } : opaque(known, span);
}

/** `weights[key]`, whose absence tsc does not mention, and `weights.get(key)`, where it does. */
function lookedUp({ js, nullable }: ValueType, name: string, span: SourceSpan): Value {
  if (name === "has") return opaque(boolean, span);
  if (name === "size") return opaque(number, span);
  if (name === "get") return opaque(maybe({ js, null: nullable, undefined: false }), span);
  const value = opaque(maybe({ js, null: nullable, undefined: false }), span);
  return value.kind === "scalar" ? { ...value, undefined: false, unchecked: true } : value;
}

/** Functions of JavaScript without native form. */
const functions: Readonly<Record<string, StaticType>> = {
  "JSON.stringify": text,
  encodeURIComponent: text,
  decodeURIComponent: text,
  encodeURI: text,
  decodeURI: text,
  "String.fromCharCode": text,
  "String.fromCodePoint": text,
  "Math.f16round": number,
  "Object.is": boolean,
  "BigInt.asIntN": plain("bigint"),
  "BigInt.asUintN": plain("bigint"),
};

/** The type a function gives; undefined: not in the list. */
export const foreignResult = (name: string): StaticType | undefined => (Object.hasOwn(functions, name) ? functions[name] : undefined);
