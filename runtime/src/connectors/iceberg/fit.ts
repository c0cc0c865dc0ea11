/** A file's column as the table has it: members of structs found by their ids, simple values of the table's type or of one that was promoted to it. */
import type { SchemaTree } from "hyparquet";
import { isCarried, printType, sameType, type ArrowType } from "../../tables/arrow-type.ts";
import type { Stored } from "../../tables/column.ts";
import { uuidText } from "../../tables/kinds.ts";
import { elementsOf } from "../parquet/schema.ts";
import { partsOf, type Field } from "./metadata.ts";
import { arrowTypeOf } from "./types.ts";

/** A value that is not null → the table's; undefined: it is the same. */
export type Fit = ((value: NonNullable<Stored>) => Stored) | undefined;

/** A column of a file. */
export interface Held {
  readonly node: SchemaTree;
  readonly type: ArrowType;
}

/** `isIt`: whether a node of the file is the field. What no value of the file's type can be is told to `refuse`. */
export function fitOf({ node, type: from }: Held, field: Field, isIt: (node: SchemaTree, field: Field) => boolean, refuse: (what: string) => Error, path = field.name): Fit {
  const to = arrowTypeOf(field);
  // Nobody looks at it.
  if (!isCarried(to)) return undefined;
  const parts = partsOf(field.type);
  const inside = (held: Held, part: Field): Fit => fitOf(held, part, isIt, refuse, `${path}.${part.name}`);
  if (from.id === "list" && to.id === "list") {
    const fit = inside({ node: elementsOf(node), type: from.of }, parts[0]!);
    return fit && ((list) => (list as readonly Stored[]).map((value) => (value === null ? null : fit(value))));
  }
  if (from.id === "struct" && to.id === "struct") {
    const members = parts.map((part) => {
      const index = node.children.findIndex((child) => isIt(child, part));
      return { index, fit: index < 0 ? undefined : inside({ node: node.children[index]!, type: from.fields[index]!.type }, part) };
    });
    if (members.length === from.fields.length && members.every(({ index, fit }, at) => index === at && fit === undefined)) return undefined;
    return (object) => members.map(({ index, fit }) => {
      const value = (object as readonly Stored[])[index] ?? null;
      return value === null || fit === undefined ? value : fit(value);
    });
  }
  if (sameType(from, to) || isPromoted(from, to)) return undefined;
  if (from.id === "date" && to.id === "timestamp" && to.unit === "us" && to.zone === null) return (day) => (day as number) * 86_400_000_000;
  // Older writers do not say that bytes are uuids.
  if (to.id === "uuid" && from.id === "binary" && node.element.type === "FIXED_LEN_BYTE_ARRAY" && node.element.type_length === 16) return (bytes) => uuidText(bytes as Uint8Array);
  throw refuse(`column ${path} is ${printType(from)}, the table says ${printType(to)}`);
}

/** Whether values of the first type are stored as those of the second. */
function isPromoted(from: ArrowType, to: ArrowType): boolean {
  if (to.id === "binary") return true;
  if (from.id === "int" && to.id === "int") return from.signed && from.bits < to.bits;
  if (from.id === "float" && to.id === "float") return from.bits < to.bits;
  if (from.id === "decimal" && to.id === "decimal") return from.scale === to.scale && from.precision <= to.precision;
  return from.id === "timestamp" && to.id === "timestamp" && (from.zone === null) === (to.zone === null) && from.unit === to.unit;
}
