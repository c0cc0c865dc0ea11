/** `pivot("month", { miles: op.sum("miles") }, { keys: [1, 2, 3], valueSeparator: "_" })`: whose values become columns, of what, and which. */
import { verbArgument } from "../../../diagnostics/verb-argument.ts";
import { spanOf } from "../../../source/module.ts";
import { constantIn, kinds, literalRow, membersOf, missing, type Reader, rowArgument } from "./arguments.ts";
import { columnName } from "./columns.ts";

const KEYS = "{ keys: […] }, the values that become columns,";

/** The operands: what is pivoted on, the aggregates by their names, and the keys by what they add to the names of columns. */
export const readPivot: Reader = (nodes, out, context) => {
  const { place: { module } } = context;
  const [on, values, options] = nodes.splice(0, 3);
  if (on) kinds.keys([on], out, context, { kind: "keys" });
  if (on && values && (out.rows.length > 1 || out.rows[0]?.selector)) {
    out.open = true;
    return context.report(verbArgument("pivot", "one column whose values become columns", spanOf(on, module), "pivot on both as one text, and list such texts as keys: pivot({ key: (d) => `${d.a}_${d.b}` }, …, { keys: [\"x_1\", \"x_2\"] })"));
  }
  if (!on || !values || out.rows.length !== 1) return missing("one column whose values become columns, and what is aggregated", context);
  const name = columnName(values, context);
  if (name !== null) rowArgument(values, { role: "aggregate", name, input: 0, aggregate: "any" }, out, context);
  else kinds.aggregates([values], out, context, { kind: "aggregates" });
  const members = membersOf(options);
  const keys = constantIn(members, "keys", context.place);
  const separator = members?.has("valueSeparator") ? constantIn(members, "valueSeparator", context.place) : "_";
  const isRead = Array.isArray(keys) && keys.length > 0 && keys.every((key) => isKey(key)) && typeof separator === "string" && [...members!.keys()].every((member) => member === "keys" || member === "valueSeparator");
  if (!isRead) {
    out.open = true;
    const at = spanOf(options ?? context.call, module);
    const other = [...(members?.keys() ?? [])].find((member) => Object.hasOwn(elsewhere, member));
    if (other !== undefined) return context.report(verbArgument("pivot", KEYS, spanOf(members!.get(other)!, module), elsewhere[other]!));
    return context.report(verbArgument("pivot", KEYS, at, 'list them, since the columns have to be known when building: pivot("month", "miles", { keys: [1, 2, 3] })'));
  }
  const isOne = out.rows.filter((r) => r.role === "aggregate").length === 1;
  const span = spanOf(members!.get("keys")!, module);
  for (const key of keys) out.rows.push(literalRow({ role: "on", name: `${isOne ? "" : separator}${String(key)}`, input: 0 }, key as string, span));
};

/** Arquero's options, which speak of keys that only the rows say. */
const elsewhere: Readonly<Record<string, string>> = {
  limit: "leave it out: there are as many columns as keys in the list",
  sort: "leave it out: the columns stand as the keys do in the list",
  keySeparator: "pivot on a text that has it: pivot({ key: (d) => `${d.a}-${d.b}` }, …, { keys: [\"x-1\"] })",
};

const isKey = (key: unknown): boolean => typeof key === "string" || typeof key === "number" || typeof key === "boolean";
