/** Arguments that name columns: by texts, selections, objects of new names. */
import type * as t from "@babel/types";
import { verbArgument } from "../../../diagnostics/verb-argument.ts";
import type { OutputColumn } from "../../../ir/ir.ts";
import { constantOf } from "../../../source/constants.ts";
import { bare, spanOf, textOf } from "../../../source/module.ts";
import { optionsOf } from "../../../verbs/index.ts";
import { areSound, type ArgumentContext, type Arguments, constantIn, literalRow, membersOf, missing, properties, type Reader } from "./arguments.ts";
import { namedColumn, newNameFix, renamingFix } from "./fixes.ts";
import { readSelector } from "./selector.ts";

/** A column name: a string, also by way of a constant. */
export function columnName(node: t.Node, { place }: ArgumentContext): string | null {
  const value = constantOf(node, place)?.value;
  return typeof value === "string" ? value : null;
}

/** Lists of names, also spread or by way of a constant, as one list. */
export function flattened(nodes: readonly t.Node[], context: ArgumentContext): t.Node[] {
  return nodes.flatMap((node): t.Node[] => {
    const e = bare(node);
    if (e.type === "SpreadElement") return flattened([e.argument], context);
    if (e.type === "ArrayExpression") return flattened(e.elements.filter((x) => x !== null), context);
    const value = e.type === "Identifier" ? constantOf(e, context.place)?.value : undefined;
    if (Array.isArray(value) && value.every((v) => typeof v === "string")) return value.map((v) => ({ ...node, type: "StringLiteral", value: v }) as t.StringLiteral);
    return [node];
  });
}

/** Adds the columns that a text or a selection names. False: it is neither. */
export function named(node: t.Node, column: Pick<OutputColumn, "input" | "option">, out: Arguments, context: ArgumentContext): boolean {
  const selector = readSelector(node, context, out);
  const name = selector ? textOf(node, context.place.module) : columnName(node, context);
  if (name !== null && selector !== null) out.columns.push({ ...column, from: name, as: name, span: spanOf(node, context.place.module), ...(selector && { selector }) });
  return name !== null || selector === null;
}

export const readSelection: Reader = (nodes, out, context) => {
  for (const node of flattened(nodes.splice(0), context)) {
    if (!named(node, { input: 0 }, out, context)) renamed(node, out, context, "column names, selections, or an object of new names");
  }
};

export const readLookedUp: Reader = (nodes, out, context) => {
  const columns = flattened(nodes.splice(0), context);
  if (columns.length > 0) out.rows.push(literalRow({ role: "parameter", name: "values", input: 0 }, true, spanOf(columns[0]!, context.place.module)));
  for (const node of columns) {
    if (named(node, { input: 1 }, out, context)) continue;
    out.open = true;
    context.report(verbArgument(context.verb.name, "column names of the other table", spanOf(node, context.place.module), 'name the columns after the key: lookup(other, "key", "a", "b"); what is computed the other table derives before'));
  }
};

export const readRenaming: Reader = (nodes, out, context) => {
  const selected = nodes.find((node) => readSelector(node, context, out) !== undefined);
  if (selected) {
    nodes.length = 0;
    if (!out.open) context.report(verbArgument("rename", "an object of new names", spanOf(selected, context.place.module), 'write the new names: { old: "new" }'));
    return void (out.open = true);
  }
  if (nodes.length === 0) missing("an object of new names", context);
  if (nodes.length > 0 && nodes.every((node) => columnName(node, context) !== null)) {
    out.open = true;
    const { place } = context;
    const [first, last] = [spanOf(nodes[0]!, place.module), spanOf(nodes.at(-1)!, place.module)];
    return context.report(verbArgument("rename", "an object of new names", { ...first, endLine: last.endLine, endColumn: last.endColumn }, ...renamingFix(nodes.splice(0), context)));
  }
  for (const node of flattened(nodes.splice(0), context)) renamed(node, out, context, "an object of new names");
};

export const readColumnName: Reader = (nodes, out, context) => {
  const node = nodes.shift();
  const name = node && columnName(node, context);
  if (node && name !== null && name !== undefined) out.columns.push({ input: 0, from: name, as: name, span: spanOf(node, context.place.module) });
  else if (node) context.report(verbArgument(context.verb.name, "a column name", spanOf(node, context.place.module), ...namedColumn(node, context)));
  else missing("a column name", context);
};

function renamed(node: t.Node, out: Arguments, context: ArgumentContext, expected: string): void {
  for (const [from, value, key] of properties(node, out, context, expected)) {
    const as = columnName(value, context);
    if (as === null) context.report(verbArgument(context.verb.name, "a new name", spanOf(value, context.place.module), newNameFix(value)));
    else out.columns.push({ input: 0, from, as, span: spanOf(key, context.place.module) });
  }
}

const PLACE = '{ before: "x" } or { after: "x" }, the columns where others are put,';

/** `relocate(["a", "b"], { before: "c" })`: what is moved, and where. */
export const readRelocated: Reader = (nodes, out, context) => {
  const columns = nodes.shift();
  if (!columns) return missing("the columns that are moved, and where", context);
  readSelection([columns], out, context, { kind: "selection" });
  const [place] = nodes;
  readPlaced(nodes, out, context, { kind: "placed" });
  if (!out.open && !out.columns.some((c) => c.option !== undefined)) refusePlace(place, out, context);
};

function refusePlace(node: t.Node | undefined, out: Arguments, context: ArgumentContext): void {
  out.open = true;
  context.report(verbArgument(context.verb.name, PLACE, spanOf(node ?? context.call, context.place.module), 'write one of them where it stands: { before: "x" }'));
}

/** `{ before: "c" }`, `{ after: not("c") }`, and of derive `{ drop: true }`. */
export const readPlaced: Reader = (nodes, out, context) => {
  const node = nodes.shift();
  if (!node) return;
  const { place, verb } = context;
  if (!areSound(node, verb.name === "derive" ? optionsOf.derive : optionsOf.relocate, out, context)) return;
  const members = membersOf(node);
  const anchors = (["before", "after"] as const).filter((option) => members?.has(option));
  const isDropped = members?.has("drop") ? constantIn(members, "drop", place) : false;
  if (!members || anchors.length > 1 || typeof isDropped !== "boolean") return refusePlace(node, out, context);
  if (isDropped) return void out.rows.push(literalRow({ role: "parameter", name: null, input: 0 }, true, spanOf(node, place.module)));
  for (const option of anchors) {
    for (const anchor of flattened([members.get(option)!], context)) {
      if (!named(anchor, { input: 0, option }, out, context)) refusePlace(anchor, out, context);
    }
  }
};

const VALUES = "the columns of both tables, [[\"a\", \"b\"], [\"c\"]],";

/** `join(other, on, [["a"], not("b")], { suffix: ["_left", "_right"] })`: which columns, and what those of one name end in. */
export const readJoinValues: Reader = (nodes, out, context) => {
  const [values, options] = nodes.splice(0, 2);
  const { place, report, verb } = context;
  const parameter = (name: string, value: string | boolean, node: t.Node): void => void out.rows.push(literalRow({ role: "parameter", name, input: 0 }, value, spanOf(node, place.module)));
  const wrong = (node: t.Node, fix: string): void => {
    out.open = true;
    report(verbArgument(verb.name, VALUES, spanOf(node, place.module), fix));
  };
  const e = values && bare(values);
  const none = e && constantOf(e, place);
  if (e?.type === "ArrayExpression" && e.elements.length <= 2) {
    parameter("values", true, values!);
    e.elements.forEach((side, n) => {
      for (const node of side ? flattened([side], context) : []) {
        if (!named(node, { input: n as 0 | 1 }, out, context)) wrong(node, "name them, or select them with not, startswith, endswith and matches; what is computed of both rows is derived after the join");
      }
    });
  } else if (values && !(none && none.value == null)) {
    const isFunctions = e!.type === "ObjectExpression" || e!.type === "ArrayExpression";
    const isOptions = membersOf(values)?.has("suffix");
    wrong(values, isOptions ? `options come after them: ${verb.name}(…, null, { suffix: ["_left", "_right"] })` : isFunctions ? "what is computed of both rows is derived after the join: join(other, on).derive({ x: (d) => … })" : "write the list where it stands");
  }
  if (!options) return;
  areSound(options, optionsOf.join, out, context);
  const members = membersOf(options);
  const [suffix, texts] = [members?.get("suffix"), constantIn(members, "suffix", place)];
  if (Array.isArray(texts) && texts.length === 2) texts.forEach((text, n) => parameter(`suffix ${n}`, text as string, suffix!));
  else if (!out.open && (suffix || bare(options).type !== "ObjectExpression")) {
    out.open = true;
    report(verbArgument(verb.name, "two suffixes that are known when building", spanOf(suffix ?? options, place.module), 'write them where they stand: { suffix: ["_left", "_right"] }'));
  }
};
