/** Objects of the run time that a row function looks into: lists, Sets, Maps and records, as far as their declaration tells. */
import type * as t from "@babel/types";
import type { ValueType } from "../ir/types.ts";
import { bare, type Binding } from "./module.ts";
import type { Place } from "./names.ts";
import { type Knowledge, localOf, typeOfScalar } from "./scalar-types.ts";
import { memberTypesOf, valueTypeOf } from "./types.ts";

/** A Set of what is no list of values, or what gives a value of this type for a key. */
export type Held = "Set" | { readonly lookUp: ValueType };

/** The elements of `options.zones`, declared in the interface of `options`. */
export function listMember(member: string, record: t.Identifier, place: Place, know: Knowledge): ValueType | null {
  return declaredMember(member, record, place, know, "lists");
}

/** What a `Map` or `Record<string, number>` gives for a key, as far as its declaration tells. */
export function lookUpOf(binding: Binding, place: Place, know: Knowledge): Held | null {
  const { node } = binding.path;
  const scoped = { module: place.module, scope: binding.scope };
  const annotation = binding.identifier.typeAnnotation;
  if (annotation?.type === "TSTypeAnnotation") {
    const type = valueTypeOf(annotation.typeAnnotation, place.module, know.modules, "lookups");
    return type && { lookUp: type };
  }
  if (node.type !== "VariableDeclarator") return null;
  if (node.id.type === "ObjectPattern" && node.init?.type === "Identifier") {
    const property = node.id.properties.find((p) => p.type === "ObjectProperty" && localOf(p.value) === binding.identifier.name);
    const type = property?.type === "ObjectProperty" && property.key.type === "Identifier" ? declaredMember(property.key.name, node.init, scoped, know, "lookups") : null;
    return type && { lookUp: type };
  }
  return node.init?.type === "NewExpression" && node.init.callee.type === "Identifier" ? constructed(node.init.callee.name, node.init, scoped, know) : null;
}

/** `new Map<string, number>(…)`, `new Map(rows.map((r) => [r.key, r.value]))`, `new Set(…)` of what is no list of values. */
function constructed(name: string, e: t.NewExpression, place: Place, know: Knowledge): Held | null {
  if (name === "Set") return "Set";
  if (name !== "Map") return null;
  const declared = e.typeArguments?.params[1] as t.TSType | undefined;
  const [entries] = e.arguments;
  const callback = entries?.type === "CallExpression" ? entries.arguments[0] : undefined;
  const entry = callback?.type === "ArrowFunctionExpression" ? bare(callback.body) : null;
  const value = entry?.type === "ArrayExpression" ? entry.elements[1] : null;
  const written = entries?.type === "ArrayExpression" ? writtenEntries(entries, place, know) : null;
  const type = declared ? valueTypeOf(declared, place.module, know.modules)
    : written ? written
    : value ? typeOfScalar(value, { module: place.module, scope: place.module.scopeOf(callback!) ?? place.scope }, know) : null;
  return type && { lookUp: type };
}

/** `[["a", 1], ["b", 2]]`: values of one type. */
function writtenEntries({ elements }: t.ArrayExpression, place: Place, know: Knowledge): ValueType | null {
  const types = elements.map((entry) => (entry?.type === "ArrayExpression" && entry.elements[1] ? typeOfScalar(entry.elements[1], place, know) : null));
  const [first] = types;
  return first && types.every((type) => type?.js === first.js) ? { js: first.js, nullable: types.some((type) => type!.nullable) } : null;
}

function declaredMember(member: string, record: t.Identifier, place: Place, know: Knowledge, kind: "lists" | "lookups"): ValueType | null {
  const annotation = place.scope.getBinding(record.name)?.identifier.typeAnnotation;
  const row = annotation?.type === "TSTypeAnnotation" ? memberTypesOf(annotation.typeAnnotation, place.module, know.modules, kind) : null;
  return row?.find((c) => c.name === member)?.type ?? null;
}
