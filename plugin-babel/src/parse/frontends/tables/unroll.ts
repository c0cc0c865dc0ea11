/** `unroll({ word: (d) => d.words.split(" ") }, { index: "place", limit: 10, drop: "words" })`. */
import { verbArgument } from "../../../diagnostics/verb-argument.ts";
import { constantOf } from "../../../source/constants.ts";
import { spanOf } from "../../../source/module.ts";
import { literalRow, membersOf, missing, properties, type Reader, rowArgument } from "./arguments.ts";

/** The operands: what is split, the limit, the index' name; the columns that are dropped. */
export const readUnroll: Reader = (nodes, out, context) => {
  const { place } = context;
  const [values, options] = nodes.splice(0, 2);
  if (!values) return missing("an object of one text that is split", context);
  const found = properties(values, out, context, "an object of one text that is split");
  for (const [name, value, key] of found.slice(0, 1)) rowArgument(value, { role: "parts", name, input: 0 }, out, context, key);
  const span = spanOf(options ?? context.call, place.module);
  const members = options ? membersOf(options) : new Map();
  const constant = (name: string) => (members?.has(name) ? constantOf(members.get(name)!, place)?.value : undefined);
  const [index, limit, drop] = [constant("index"), constant("limit"), constant("drop")];
  const dropped = (typeof drop === "string" ? [drop] : drop ?? []) as readonly unknown[];
  const isRead =
    members !== null && [...members.entries()].every(([name]) => ["index", "limit", "drop"].includes(name) && constant(name) !== undefined) &&
    (index === undefined || typeof index === "boolean" || typeof index === "string") && (limit === undefined || (Number.isSafeInteger(limit) && (limit as number) > 0)) &&
    Array.isArray(dropped) && dropped.every((name) => typeof name === "string");
  if (found.length !== 1 || !isRead) {
    out.open = true;
    const [words, fix] = found.length !== 1 ? ["one text that is split", "split one text, and the others in a second unroll"] : ["index (a name, or true), limit and drop, known when building,", 'write them where they stand: { index: "place", limit: 10, drop: "words" }'];
    return context.report(verbArgument("unroll", words, found.length !== 1 ? spanOf(values, place.module) : span, fix));
  }
  if (index !== undefined && index !== false) out.rows.push(literalRow({ role: "parameter", name: "index", input: 0 }, index === true ? "index" : index as string, span));
  if (limit !== undefined) out.rows.push(literalRow({ role: "parameter", name: "limit", input: 0 }, limit as number, span));
  for (const name of dropped as string[]) out.columns.push({ input: 0, from: name, as: name, span });
};
