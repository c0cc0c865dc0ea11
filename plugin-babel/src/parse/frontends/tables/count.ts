/** `count()`, `count({ as: "trips" })`. */
import { verbArgument } from "../../../diagnostics/verb-argument.ts";
import { bare, spanOf } from "../../../source/module.ts";
import { optionsOf } from "../../../verbs/index.ts";
import { areSound, constantIn, membersOf, type Reader } from "./arguments.ts";
import { surplus } from "./fixes.ts";

/** The one aggregate there is. */
export const readCount: Reader = (nodes, out, context) => {
  const { call, place, report } = context;
  const node = nodes.shift();
  const members = node ? membersOf(node) : null;
  const name = members?.has("as") ? constantIn(members, "as", place) : "count";
  out.rows.push({ role: "aggregate", name: typeof name === "string" ? name : "count", input: 0, span: spanOf(call, place.module), source: "", expression: null, aggregate: "count" });
  if (!node) return;
  const isObject = bare(node).type === "ObjectExpression";
  if (isObject && !areSound(node, optionsOf.count, out, context)) return;
  if (isObject && typeof name === "string" && (members?.has("as") || members?.size === 0)) return;
  out.open = true;
  report(verbArgument("count", '{ as: "n" }', spanOf(node, place.module), isObject ? "write the name where it stands" : surplus.count!));
};
