/** `{ weight: "miles" }` among the options of sample, which stay where they are. */
import { verbArgument } from "../../../diagnostics/verb-argument.ts";
import { constantOf, writtenOut } from "../../../source/constants.ts";
import { spanOf } from "../../../source/module.ts";
import { membersOf, type Reader, rowArgument } from "./arguments.ts";
import { columnName } from "./columns.ts";

/** The operand: what rows weigh. Options that are computed have none: the runtime refuses a weight there. */
export const readWeight: Reader = ([options], out, context) => {
  if (!options) return;
  const written = writtenOut(options, context.place);
  const members = membersOf(written.node);
  const weight = members?.get("weight");
  const there = { ...context, place: written.place };
  // What is no name and no function the options report.
  const constant = weight && constantOf(weight, written.place);
  if (!weight || (constant && typeof constant.value !== "string")) return;
  if (members!.has("replace") && constantOf(members!.get("replace")!, written.place)?.value !== false) {
    context.report(verbArgument("sample", "weight or replace", spanOf(members!.get("replace")!, written.place.module), "leave one of them out: rows are drawn by weight without replacement"));
  }
  rowArgument(weight, { role: "key", name: columnName(weight, there), input: 0 }, out, there);
};
