/** `{ on: "at", by: "ticker", strategy: "nearest", tolerance: { minutes: 5 } }` of join_asof. */
import { verbArgument } from "../../../diagnostics/verb-argument.ts";
import { spanOf } from "../../../source/module.ts";
import { constantIn, keyPairs, literalRow, membersOf, missing, type Reader, rowArgument } from "./arguments.ts";
import { columnName } from "./columns.ts";
import { distance } from "./windows.ts";

const STRATEGIES: readonly unknown[] = ["backward", "forward", "nearest"];
const MEMBERS: readonly string[] = ["on", "by", "strategy", "tolerance"];

/** The operands: the strategy, the pair of `on`, the pairs of `by`, the tolerance. */
export const readAsof: Reader = (nodes, out, context) => {
  const { place, report } = context;
  const node = nodes.shift();
  if (!node) return missing('{ on: "at" }, the columns by which rows are near', context);
  const members = membersOf(node);
  const on = members?.get("on");
  const pairs = on && keyPairs(on, context);
  const other = [...(members?.keys() ?? [])].find((name) => !MEMBERS.includes(name));
  const isNamed = pairs?.length === 1 && pairs[0]!.every((side) => columnName(side, context) !== null);
  if (!members || !isNamed || other !== undefined) {
    out.open = true;
    return report(verbArgument("join_asof", '{ on: "at" } or { on: ["at", "quoted"] }, and perhaps by, strategy and tolerance', spanOf(node, place.module), 'write the options where they stand: join_asof(quotes, { on: "at", by: "ticker" })'));
  }
  const strategy = members.has("strategy") ? constantIn(members, "strategy", place) : "backward";
  if (!STRATEGIES.includes(strategy)) report(verbArgument("join_asof", '"backward", "forward" or "nearest"', spanOf(members.get("strategy")!, place.module), "write one of them, or leave it out: then it is \"backward\", the last row that is not after"));
  out.rows.push(literalRow({ role: "parameter", name: null, input: 0 }, String(strategy), spanOf(node, place.module)));
  const by = members.has("by") ? keyPairs(members.get("by")!, context) : [];
  if (!by) report(verbArgument("join_asof", 'a column name, [left, right], or [["a", "b"], ["a", "b"]] in `by`', spanOf(members.get("by")!, place.module), 'write by: "ticker", or by: [["a", "b"], ["a", "b"]] for several keys'));
  for (const [left, right] of [...pairs, ...(by ?? [])]) {
    rowArgument(left, { role: "left", name: columnName(left, context), input: 0 }, out, context);
    rowArgument(right, { role: "right", name: columnName(right, context), input: 1 }, out, context);
  }
  const tolerance = members.get("tolerance");
  if (tolerance) distance(tolerance, null, out, context, "join_asof");
};
