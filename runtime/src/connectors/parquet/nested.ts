/** Nested columns of Parquet: each of their leaves is a column of its own, and a row's value is put together from them. */
import type { DecodedArray, SchemaTree } from "hyparquet";
import type { ArrowType } from "../../tables/arrow-type.ts";
import type { Stored } from "../../tables/column.ts";
import { storedValues } from "./decode.ts";
import { elementNode } from "./schema.ts";

/** A leaf below a column's node: its path in the file, and its type. */
export interface Leaf {
  readonly path: readonly string[];
  readonly type: ArrowType;
  /** How many arrays hyparquet puts around a value: one for each level above it that is optional or repeated. */
  readonly depth: number;
}

/** The leaves in the file's order. Of what has no type here the name of the type is all that is known. */
export function leavesOf(node: SchemaTree, type: ArrowType, path: readonly string[] = [], depth = 0): Leaf[] {
  const own = [...path, node.element.name];
  const isLeaf = node.children.length === 0;
  const within = depth + (node.element.repetition_type === "REPEATED" || (node.element.repetition_type === "OPTIONAL" && !isLeaf) ? 1 : 0);
  const held = node.element.repetition_type === "REPEATED" && type.id === "list" ? type.of : type;
  if (isLeaf) return [{ path: own, type: held, depth: within }];
  return node.children.flatMap((child, i) => leavesOf(child, partType(node, held, i), own, within));
}

/** What a node's child is, where the node is `type`. */
function partType(node: SchemaTree, type: ArrowType, child: number): ArrowType {
  if (type.id === "struct") return type.fields[child]!.type;
  if (type.id !== "list") return { id: "other", name: "nested" };
  if (type.map) return type.of;
  // The repeated group stands for the list's elements, or is one itself.
  return elementNode(node.children[0]!) === node.children[0] ? type.of : { id: "struct", fields: [{ name: "element", type: type.of }] };
}

/** hyparquet's values of a leaf as they are stored, in the arrays that they were in. */
export function leafValues(rows: DecodedArray, { type, depth }: Leaf): unknown[] {
  const flat: unknown[] = [];
  const collect = (value: unknown, levels: number): void => {
    if (levels === 0) flat.push(value);
    else for (const part of (value ?? []) as unknown[]) collect(part, levels - 1);
  };
  for (const row of rows as ArrayLike<unknown> & Iterable<unknown>) collect(row, depth);
  const stored = storedValues(flat as DecodedArray, type);
  let at = 0;
  const restore = (value: unknown, levels: number): unknown => (levels === 0 ? stored[at++]! : ((value ?? []) as unknown[]).map((part) => restore(part, levels - 1)));
  return Array.from(rows as ArrayLike<unknown>, (row) => restore(row, depth));
}

/**
 * A row's value of its leaves' values. What is optional above a value is an array of one there, of none where it is null, and
 * what is repeated an array of all.
 */
export function assembled(node: SchemaTree, type: ArrowType, leaves: readonly unknown[]): Stored {
  const { element, children } = node;
  if (element.repetition_type === "REPEATED") {
    const of = type.id === "list" ? type.of : type;
    return places(leaves).map((at) => inside(node, of, at));
  }
  if (children.length === 0 || element.repetition_type !== "OPTIONAL") return inside(node, type, leaves);
  return (leaves[0] as unknown[]).length === 0 ? null : inside(node, type, leaves.map((leaf) => (leaf as unknown[])[0]));
}

/** The value of a node that is there. */
function inside(node: SchemaTree, type: ArrowType, leaves: readonly unknown[]): Stored {
  if (node.children.length === 0) return (leaves[0] as Stored | undefined) ?? null;
  if (type.id === "list") {
    const repeated = node.children[0]!;
    const own = type.map ? repeated : elementNode(repeated);
    return places(leaves).map((at) => (own === repeated ? inside(repeated, type.of, at) : assembled(own, type.of, at)));
  }
  if (type.id !== "struct") return null;
  let from = 0;
  return node.children.map((child, i) => {
    const count = leavesOf(child, type.fields[i]!.type).length;
    return assembled(child, type.fields[i]!.type, leaves.slice(from, (from += count)));
  });
}

/** The leaves' values at each place of a list. */
const places = (leaves: readonly unknown[]): unknown[][] => (leaves[0] as unknown[]).map((_, place) => leaves.map((leaf) => (leaf as unknown[])[place]));
