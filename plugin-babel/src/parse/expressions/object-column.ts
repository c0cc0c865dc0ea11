/** Objects in columns: `d.at.x`, `d["at"].x`; and the object literals that become columns. */
import { identifier } from "@babel/types";
import type * as t from "@babel/types";
import { elementOf, isList, isObject, type JsType, membersOf, type ObjectType, objectOf, type SourceSpan } from "../../ir/types.ts";
import { type Facts, noFacts } from "./facts.ts";
import type { Frame } from "./frame.ts";
import { listColumn } from "./list-column.ts";
import { noProperty, requireObject } from "./member.ts";
import { ifElse } from "./truth.ts";
import { call, literal, narrow, opaque, optional, scalar, typeOf, type Scalar, type Value } from "./value.ts";

type Member = t.MemberExpression | t.OptionalMemberExpression;

/** A value as a column holds it: also an array or an object that is written out. Null: it is none. `wanted`: what null or an empty array is of. */
export function columnValue(value: Value, span: SourceSpan, wanted?: JsType): Scalar | null {
  if (value.kind === "scalar") return value;
  if (value.kind === "nothing") return scalar(literal(null, wanted ?? "number", span), { null: value.value === null, undefined: value.value === undefined });
  return listColumn(value, span, wanted !== undefined && isList(wanted) ? elementOf(wanted) : undefined) ?? objectColumn(value, span, wanted);
}

/** An object as a column holds it. Null: it is none. */
export function objectColumn(value: Value, span: SourceSpan, wanted?: JsType): Scalar | null {
  if (value.kind === "scalar") return isObject(value.expression.type.js) ? value : null;
  if (value.kind !== "record" || !value.names?.length || value.missing) return null;
  const types = new Map(wanted !== undefined && isObject(wanted) ? membersOf(wanted).map(({ name, type }) => [name, type.js]) : []);
  const members = value.names.map((name) => {
    const member = value.member(name, SOMEWHERE);
    const held = member && columnValue(member, span, types.get(name));
    return held && { name, held: optional(held) };
  });
  if (members.includes(null)) return null;
  const known = members.map((member) => member!);
  const js = objectOf(known.map(({ name, held }) => ({ name, type: { ...held.expression.type, nullable: held.null || held.undefined } })));
  const object = call("object.of", known.flatMap(({ name, held }) => [literal(name, "string", span), held.expression]), js, span);
  return value.absent ? scalar(ifElse(value.absent, literal(null, js, span), object, span), { null: false, undefined: true }) : scalar(object);
}

/** Members that have names are told without a place. */
const SOMEWHERE = identifier("member");

/** `d.at.x`. Null may be in it whatever its type says. */
export function objectMember(object: Scalar, name: string, node: Member, frame: Frame): Value {
  if (!requireObject(object, node, frame)) return opaque(memberType(object, name), frame.span(node));
  return memberOf(object, name, frame.span(node), frame.flow.facts) ?? noProperty(object, name, node, membersOf(object.expression.type.js as ObjectType).map((member) => member.name), frame, false);
}

/** The member of an object that is there, where `facts` hold; null where its type has none of the name. */
export function memberOf(object: Scalar, name: string, span: SourceSpan, facts: Facts): Scalar | null {
  const member = membersOf(object.expression.type.js as ObjectType).find((m) => m.name === name);
  if (!member) return null;
  const found = call("object.member", [object.expression, literal(name, "string", span)], member.type.js, span, true);
  const { holes } = member.type;
  // No column's name has the character between them.
  const place = object.place === undefined ? {} : { place: `${object.place}\0${name}` };
  return narrow(scalar({ ...found, type: { ...found.type, ...(holes && { holes }) } }, { null: member.type.nullable, ...place }), facts) as Scalar;
}

function memberType(object: Scalar, name: string): ReturnType<typeof typeOf> {
  const member = memberOf(object, name, object.expression.span, noFacts);
  return member && typeOf(member);
}
