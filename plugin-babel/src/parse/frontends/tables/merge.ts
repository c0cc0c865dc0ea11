/** `{ on: ["id"], when: { matched: (s, t) => (s.at > t.at ? "update" : "skip"), notMatched: "insert", delete: (s) => s.op === "D" }, drop: ["op"] }` of mergeIceberg. */
import type * as t from "@babel/types";
import { verbArgument } from "../../../diagnostics/verb-argument.ts";
import { constantOf } from "../../../source/constants.ts";
import { bare, spanOf } from "../../../source/module.ts";
import { isFunction, literalRow, membersOf, missing, type Reader, rowArgument } from "./arguments.ts";
import { columnName } from "./columns.ts";

const MATCHED: readonly unknown[] = ["update", "skip", "delete"];
const UNMATCHED: readonly unknown[] = ["insert", "skip"];

/** The operands: the keys, what becomes of rows that match and of those that do not, which rows take others out; the columns that are dropped. */
export const readMerge: Reader = (nodes, out, context) => {
  const { place, report } = context;
  const node = nodes.shift();
  if (!node) return missing('{ on: ["id"] }, the columns by which rows meet', context);
  const members = membersOf(node);
  const when = members?.has("when") ? membersOf(members.get("when")!) : new Map<string, t.Node>();
  const names = (name: string): readonly t.Node[] | null => {
    if (!members?.has(name)) return [];
    const e = bare(members.get(name)!);
    const listed = e.type === "ArrayExpression" ? e.elements : [null];
    return listed.every((each) => each !== null && columnName(each, context) !== null) ? (listed as t.Node[]) : null;
  };
  const [on, drop] = [names("on"), names("drop")];
  const isRead = members && when && on && on.length > 0 && drop && onlyHas(members, ["on", "when", "drop"]) && onlyHas(when, ["matched", "notMatched", "delete"]);
  if (!isRead) {
    out.open = true;
    return report(verbArgument("mergeIceberg", '{ on: ["id"] }, and perhaps when (matched, notMatched, delete) and drop,', spanOf(node, place.module), 'write them where they stand: { on: ["id"], when: { matched: (s, t) => (s.at > t.at ? "update" : "skip") } }'));
  }
  for (const key of on) rowArgument(key, { role: "key", name: columnName(key, context), input: 0 }, out, context);
  for (const each of drop) out.rows.push(literalRow({ role: "parameter", name: "drop", input: 0 }, columnName(each, context)!, spanOf(each, place.module)));
  const actions = (name: string, role: "match" | "column", known: readonly unknown[], otherwise: string): void => {
    const value = when.get(name);
    if (value && isFunction(value, context)) return rowArgument(value, { role, name, input: 0 }, out, context);
    const said = value ? constantOf(value, place)?.value : otherwise;
    if (!known.includes(said)) {
      const words = known.map((one) => `"${one as string}"`).join(" or ");
      report(verbArgument("mergeIceberg", `${words}, or a function that gives one of them, in ${name}`, spanOf(value!, place.module), `write ${words}`));
    }
    out.rows.push(literalRow({ role: "parameter", name, input: 0 }, String(said), spanOf(value ?? node, place.module)));
  };
  actions("matched", "match", MATCHED, "update");
  actions("notMatched", "column", UNMATCHED, "insert");
  const deletes = when.get("delete");
  if (deletes) rowArgument(deletes, { role: "predicate", name: "delete", input: 0 }, out, context);
};

const onlyHas = (members: ReadonlyMap<string, t.Node>, known: readonly string[]): boolean => [...members.keys()].every((name) => known.includes(name));
