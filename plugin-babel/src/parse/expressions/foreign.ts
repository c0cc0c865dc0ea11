/** Types of what only V8 computes, as far as they are plain: so that fewer row functions need an annotation. */
import type { SourceSpan } from "../../ir/types.ts";
import { opaque, plain, unknown, type Foreign, type StaticType, type Value } from "./value.ts";

const maybe = (type: StaticType): StaticType => ({ ...type, undefined: true });
const [text, number, boolean] = [plain("string"), plain("number"), plain("boolean")];

/** Members, called or not; "[]" is an element. */
const members: Readonly<Record<Foreign, Readonly<Record<string, StaticType>>>> = {
  RegExp: { test: boolean, source: text, flags: text, global: boolean },
  "string[]": {
    "[]": text, at: maybe(text), pop: maybe(text), shift: maybe(text), join: text,
    has: boolean, some: boolean, every: boolean, findIndex: number,
    length: number, indexOf: number, lastIndexOf: number,
    includes: boolean,
  },
};

export function foreignMember(of: Foreign | undefined, name: string, span: SourceSpan): Value {
  const known = of && Object.hasOwn(members[of], name) ? members[of][name] : undefined;
  return known ? opaque(known, span) : unknown;
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
