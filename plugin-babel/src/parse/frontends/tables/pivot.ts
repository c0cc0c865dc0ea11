/** `pivot("month", { miles: op.sum("miles") }, { keys: [1, 2, 3], valueSeparator: "_" })`: whose values become columns, of what, and which. */
import { verbArgument } from "../../../diagnostics/verb-argument.ts";
import { constantOf } from "../../../source/constants.ts";
import { spanOf } from "../../../source/module.ts";
import { columnName, kinds, literalRow, membersOf, missing, type Reader, rowArgument } from "./arguments.ts";

const KEYS = "{ keys: […] }, the values that become columns,";

/** The operands: what is pivoted on, the aggregates by their names, and the keys by what they add to the names of columns. */
export const readPivot: Reader = (nodes, out, context) => {
  const { place: { module } } = context;
  const [on, values, options] = nodes.splice(0, 3);
  if (on) kinds.keys([on], out, context, { kind: "keys" });
  if (!on || !values || out.rows.length !== 1) return missing("one column whose values become columns, and what is aggregated", context);
  const name = columnName(values, context);
  if (name !== null) rowArgument(values, { role: "aggregate", name, input: 0, aggregate: "any" }, out, context);
  else kinds.aggregates([values], out, context, { kind: "aggregates" });
  const members = membersOf(options);
  const keys = members?.has("keys") ? constantOf(members.get("keys")!, context.place)?.value : undefined;
  const separator = members?.has("valueSeparator") ? constantOf(members.get("valueSeparator")!, context.place)?.value : "_";
  const isRead = Array.isArray(keys) && keys.length > 0 && keys.every((key) => isKey(key)) && typeof separator === "string" && [...members!.keys()].every((member) => member === "keys" || member === "valueSeparator");
  if (!isRead) {
    out.open = true;
    const at = spanOf(options ?? context.call, module);
    return context.report(verbArgument("pivot", KEYS, at, 'list them, since the columns have to be known when building: pivot("month", "miles", { keys: [1, 2, 3] })'));
  }
  const isOne = out.rows.filter((r) => r.role === "aggregate").length === 1;
  const span = spanOf(members!.get("keys")!, module);
  for (const key of keys) out.rows.push(literalRow({ role: "on", name: `${isOne ? "" : separator}${String(key)}`, input: 0 }, key as string, span));
};

const isKey = (key: unknown): boolean => typeof key === "string" || typeof key === "number" || typeof key === "boolean";
