/** `not("note", startswith("debug_"))`: columns chosen by their names. Which there are infer-types finds. */
import type * as t from "@babel/types";
import { verbArgument } from "../../../diagnostics/verb-argument.ts";
import type { Selector } from "../../../ir/ir.ts";
import { constantOf, writtenOut } from "../../../source/constants.ts";
import { bare, spanOf } from "../../../source/module.ts";
import { runtimeName } from "../../../source/names.ts";
import type { ArgumentContext, Arguments } from "./arguments.ts";
import { columnName, flattened } from "./columns.ts";

const patterns = { startswith: "startsWith", endswith: "endsWith", matches: "includes" } as const;
/** Arquero's others: what they give depends on where columns stand. */
const ofPlaces: readonly string[] = ["range", "names"];

/** Undefined: it is no selection. Null: it is one that cannot be read, which is reported. */
export function readSelector(node: t.Node, context: ArgumentContext, out: Arguments): Selector | null | undefined {
  const written = writtenOut(node, context.place);
  const e = bare(written.node);
  const name = e.type === "CallExpression" ? runtimeName(e.callee, written.place) : null;
  if (e.type !== "CallExpression" || name === null) return undefined;
  const there = { ...context, place: written.place };
  const refuse = (expected: string, at: t.Node, fix: string, taker = name): null => {
    out.open = true;
    context.report(verbArgument(taker, expected, spanOf(at, written.place.module), fix));
    return null;
  };
  if (ofPlaces.includes(name)) return refuse("columns by their names", e, "name them one by one, or by what the names are like: startswith, endswith, matches, not. Where a column stands no type says", context.verb.name);
  const [first, ...more] = e.arguments as t.Node[];
  if (name === "all") return first ? refuse("no argument", first, "leave it out: it is all columns") : { names: [], like: [], not: true };
  if (Object.hasOwn(patterns, name)) {
    const text = first && constantOf(first, written.place)?.value;
    const isPattern = first !== undefined && bare(first).type === "RegExpLiteral";
    if (typeof text !== "string" || more.length > 0) return refuse("a text that is known when building", more[0] ?? first ?? e, isPattern ? "name the columns, or write what the names begin or end with: of a regular expression no type knows what it matches" : `write the text where it stands: ${name}("x")`);
    return { names: [], like: [{ how: patterns[name as keyof typeof patterns], text }], not: false };
  }
  return name === "not" ? readNot(e, there, out, refuse) : undefined;
}

function readNot(e: t.CallExpression, context: ArgumentContext, out: Arguments, refuse: (expected: string, at: t.Node, fix: string) => null): Selector | null {
  const left = flattened(e.arguments, context).map((node) => ({ node, name: columnName(node, context), selector: readSelector(node, context, out) }));
  if (left.some(({ selector }) => selector === null)) return null;
  const wrong = left.find(({ name, selector }) => name === null && (selector === undefined || selector!.not));
  if (wrong) return refuse("column names, startswith, endswith and matches", wrong.node, wrong.selector ? "name the columns themselves" : 'write the names where they stand: not("a", "b")');
  return { names: left.flatMap(({ name }) => name ?? []), like: left.flatMap(({ selector }) => selector?.like ?? []), not: true };
}
