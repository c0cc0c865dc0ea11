/** `count()`, `count({ as: "trips" })`. */
import { verbArgument } from "../../../diagnostics/verb-argument.ts";
import { constantOf } from "../../../source/constants.ts";
import { bare, spanOf } from "../../../source/module.ts";
import { optionsOf } from "../../../verbs/index.ts";
import { membersOf, type Reader } from "./arguments.ts";
import { surplus } from "./fixes.ts";
import { readOptions } from "./options.ts";

/** The one aggregate there is. */
export const readCount: Reader = (nodes, out, { call, place, report }) => {
  const node = nodes.shift();
  const as = node && membersOf(node)?.get("as");
  const name = as ? constantOf(as, place)?.value : "count";
  out.rows.push({ role: "aggregate", name: typeof name === "string" ? name : "count", input: 0, span: spanOf(call, place.module), source: "", expression: null, aggregate: "count" });
  if (!node) return;
  const found: unknown[] = [];
  const e = bare(node);
  if (e.type === "ObjectExpression") readOptions(node, "count", optionsOf.count, place, (d) => found.push(report(d)));
  out.open ||= found.length > 0;
  if (found.length > 0 || (e.type === "ObjectExpression" && typeof name === "string" && (as || e.properties.length === 0))) return;
  out.open = true;
  report(verbArgument("count", '{ as: "n" }', spanOf(node, place.module), e.type === "ObjectExpression" ? "write the name where it stands" : surplus.count!));
};
