/** What the values of a nested column are: put together from all of them, as the ranks do it. */
import { nothing } from "../../tables/arrow-type.ts";
import { objectView } from "../../tables/js-view.ts";
import { textTypes } from "../text/types.ts";
import { Digits } from "./parse.ts";
import type { Rule } from "./read.ts";

/** Objects in one another, and members of one object, that are looked at: of more a column has no type. */
const deepest = 64;
const mostMembers = 1000;

/** "nothing" is what null says, "mixed" are values of several types; absent members are null. */
export type Shape = "nothing" | "number" | "string" | "boolean" | "mixed" | { readonly of: Shape } | { readonly members: ReadonlyMap<string, Shape> };

export function shapeOf(value: unknown, depth = 0): Shape {
  if (value === null) return "nothing";
  if (typeof value === "number" || value instanceof Digits) return "number";
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "boolean";
  if (depth === deepest) return "mixed";
  if (Array.isArray(value)) return { of: (value as unknown[]).reduce((of: Shape, element) => joined(of, shapeOf(element, depth + 1)), "nothing") };
  const members = membersOf(value as object);
  return members.size > mostMembers ? "mixed" : { members: new Map([...members].map(([name, member]) => [name, shapeOf(member, depth + 1)])) };
}

/** What values of both are; members in order of appearance. */
export function joined(a: Shape, b: Shape): Shape {
  if (a === "nothing" || a === b) return b;
  if (b === "nothing") return a;
  if (typeof a === "string" || typeof b === "string") return "mixed";
  if ("of" in a && "of" in b) return { of: joined(a.of, b.of) };
  if (!("members" in a && "members" in b)) return "mixed";
  const members = new Map(a.members);
  for (const [name, member] of b.members) members.set(name, joined(members.get(name) ?? "nothing", member));
  return members.size > mostMembers ? "mixed" : { members };
}

/** How such values are read; undefined where they are of several types. */
export function ruleOfShape(shape: Shape): Rule | undefined {
  if (shape === "mixed") return undefined;
  // Of what is null alone nothing is known.
  if (shape === "nothing") return { ...textTypes.number, type: nothing };
  if (typeof shape === "string") return textTypes[shape];
  if ("of" in shape) {
    const of = ruleOfShape(shape.of);
    return of && { type: { id: "list", of: of.type }, view: `${of.view}[]`, described: `a list, each of it ${of.described}`, of };
  }
  const members = [...shape.members].map(([name, member]) => [name, ruleOfShape(member)] as const);
  const known = members.filter((member): member is [string, Rule] => member[1] !== undefined);
  if (known.length === 0 || known.length < members.length) return undefined;
  const type = { id: "struct", fields: known.map(([name, rule]) => ({ name, type: rule.type })) } as const;
  return { type, view: objectView(known.map(([name, rule]) => [name, rule.view])), described: "an object of the members that those before have, each of its type", members: known };
}

/** The first place where values are of several types, behind the column's name: `.a`, `[].n`; undefined where there is none. */
export function mixedIn(shape: Shape): string | undefined {
  if (shape === "mixed") return "";
  if (typeof shape === "string") return undefined;
  const inside = "of" in shape ? ([["[]", shape.of]] as const) : [...shape.members].map(([name, member]) => [`.${name}`, member] as const);
  for (const [step, of] of inside) {
    const found = mixedIn(of);
    if (found !== undefined) return step + found;
  }
  return undefined;
}

/** An object's members; half a surrogate pair in a name is U+FFFD. */
export const membersOf = (object: object): Map<string, unknown> => new Map(Object.entries(object).map(([name, value]) => [name.toWellFormed(), value as unknown]));
