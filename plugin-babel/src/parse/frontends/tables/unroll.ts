/** `unroll("tags")`, `unroll({ word: (d) => d.words.split(" ") }, { index: "place", limit: 10, drop: "words" })`. */
import type * as t from "@babel/types";
import { verbArgument } from "../../../diagnostics/verb-argument.ts";
import { bare, spanOf } from "../../../source/module.ts";
import { type ArgumentContext, type Arguments, constantIn, literalRow, membersOf, missing, properties, type Reader, rowArgument } from "./arguments.ts";
import { columnName, flattened, named } from "./columns.ts";

export const ARRAYS = "columns of arrays, or an object of row functions that give arrays,";

/** A name, or a list of names, and where they stand; null: something else. */
function namesIn(node: t.Node, context: ArgumentContext): { readonly name: string; readonly node: t.Node }[] | null {
  const e = bare(node);
  const nodes = e.type === "ArrayExpression" ? e.elements.filter((x) => x !== null) : [e];
  const names = nodes.map((each) => columnName(each, context));
  return nodes.length > 0 && names.every((name) => name !== null) ? nodes.map((each, n) => ({ name: names[n]!, node: each })) : null;
}

/** The arrays: columns, or functions by the names of what they give. */
export function readLists(values: t.Node, out: Arguments, context: ArgumentContext): void {
  const names = namesIn(values, context);
  if (names) return names.forEach(({ name, node }) => rowArgument(node, { role: "list", name, input: 0 }, out, context));
  const found = properties(values, out, context, ARRAYS);
  for (const [name, value, key] of found) rowArgument(value, { role: "list", name, input: 0 }, out, context, key);
  if (found.length === 0 && !out.open) missing(ARRAYS, context);
}

/** The operands: the arrays, the limit, the index' name; the columns that are dropped. */
export const readUnroll: Reader = (nodes, out, context) => {
  const { place } = context;
  const [values, options] = nodes.splice(0, 2);
  if (!values) return missing(ARRAYS, context);
  readLists(values, out, context);
  const span = spanOf(options ?? context.call, place.module);
  const members = options ? membersOf(options) : new Map();
  const constant = (name: string) => constantIn(members, name, place);
  const [index, limit] = [constant("index"), constant("limit")];
  const drop = members?.has("drop") ? [members.get("drop")!] : [];
  const isRead =
    members !== null && [...members.keys()].every((name) => name === "drop" || (["index", "limit"].includes(name) && constant(name) !== undefined)) &&
    (index === undefined || typeof index === "boolean" || typeof index === "string") && (limit === undefined || (Number.isSafeInteger(limit) && (limit as number) > 0)) &&
    flattened(drop, context).every((node) => named(node, { input: 0 }, out, context));
  if (!isRead) {
    out.open = true;
    return context.report(verbArgument("unroll", "index (a name, or true), limit and drop, known when building,", span, 'write them where they stand: { index: "place", limit: 10, drop: "words" }'));
  }
  if (index !== undefined && index !== false) out.rows.push(literalRow({ role: "parameter", name: "index", input: 0 }, index === true ? "index" : index as string, span));
  if (limit !== undefined) out.rows.push(literalRow({ role: "parameter", name: "limit", input: 0 }, limit as number, span));
};
