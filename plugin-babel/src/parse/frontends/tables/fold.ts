/** `fold(["low", "high"], { as: ["measure", "amount"] })`. */
import type * as t from "@babel/types";
import { verbArgument } from "../../../diagnostics/verb-argument.ts";
import { spanOf } from "../../../source/module.ts";
import { type ArgumentContext, constantIn, kinds, membersOf, missing, type Reader } from "./arguments.ts";

/** The operands: the columns that are folded; the two that are made. */
export const readFold: Reader = (nodes, out, context) => {
  const [columns, options] = nodes.splice(0, 2);
  if (!columns) return missing("column names", context);
  kinds.keys([columns], out, context, { kind: "keys" });
  const names = options === undefined ? ["key", "value"] : foldedNames(options, context);
  if (names === null) {
    out.open = true;
    return context.report(verbArgument("fold", '{ as: ["name", "value"] }', spanOf(options!, context.place.module), 'write { as: ["name", "value"] }, or leave it out'));
  }
  const span = spanOf(options ?? context.call, context.place.module);
  out.columns.push({ input: 1, from: "key", as: names[0]!, span }, { input: 1, from: "value", as: names[1]!, span });
};

/** The two names in `{ as: ["name", "amount"] }`. */
function foldedNames(options: t.Node, { place }: ArgumentContext): readonly string[] | null {
  const members = membersOf(options);
  if (members === null || [...members.keys()].some((name) => name !== "as")) return null;
  if (members.size === 0) return ["key", "value"];
  const names = constantIn(members, "as", place);
  return Array.isArray(names) && names.length === 2 && names.every((name) => typeof name === "string") ? names : null;
}
