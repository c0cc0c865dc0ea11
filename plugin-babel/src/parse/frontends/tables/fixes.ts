/** How arguments of a form that a verb does not take are mended. */
import type * as t from "@babel/types";
import type { TextEdit } from "../../../diagnostics/diagnostic.ts";
import { aggregateFunctions } from "../../../functions/index.ts";
import { bare, spanOf, textOf } from "../../../source/module.ts";
import { runtimeName } from "../../../source/names.ts";
import type { ArgumentContext } from "./arguments.ts";

type Fix = [message: string, edits?: TextEdit[]];

/** What a surplus argument may have been meant for. */
export const surplus: Readonly<Record<string, string>> = {
  filter: "write all conditions in one row function, (d) => a && b, or call filter again",
  array: "take several columns with select(…).objects()",
  count: "group by it first: groupby(…).count()",
  numRows: "filter first, then count: filter(…).numRows()",
  cross: "join takes keys",
};

/** `(d) => d.fare`, where a name is wanted. */
export function namedColumn(node: t.Node, context: ArgumentContext): Fix {
  const e = bare(node);
  const name = e.type === "ArrowFunctionExpression" ? columnRead(e) : null;
  if (name === null) return ['write the name as a text: "x"'];
  return [`write "${name}"`, [{ ...spanOf(node, context.place.module), text: JSON.stringify(name) }]];
}

/** `(d) => op.sum(d.fare)`, as Arquero has it. */
export function aggregateFix(e: t.Node, { place }: ArgumentContext): Fix {
  const call = e.type === "ArrowFunctionExpression" ? bare(e.body) : e;
  const fn = call.type === "CallExpression" ? runtimeName(call.callee, place) : null;
  if (e.type !== "ArrowFunctionExpression" || call.type !== "CallExpression" || !aggregateFunctions.has(fn?.slice("op.".length) ?? "")) {
    return ['write an aggregate: op.sum("x"), op.sum((d) => d.x * d.y)'];
  }
  const [argument, ...rest] = call.arguments;
  const name = argument && columnRead({ ...e, body: argument as t.Expression });
  const parameters = place.module.code.slice(e.start!, e.body.start!);
  const of = argument === undefined ? "" : name ? JSON.stringify(name) : `${parameters}${textOf(argument, place.module)}`;
  const text = `${textOf(call.callee, place.module)}(${[of, ...rest.map((node) => textOf(node, place.module))].join(", ")})`;
  return [`write ${text}`, [{ ...spanOf(e, place.module), text }]];
}

/** `fare` of `(d) => d.fare`. */
function columnRead({ params: [row], body }: t.ArrowFunctionExpression): string | null {
  const e = bare(body);
  if (row?.type !== "Identifier" || e.type !== "MemberExpression" || e.computed || e.property.type !== "Identifier") return null;
  const object = bare(e.object);
  return object.type === "Identifier" && object.name === row.name ? e.property.name : null;
}

export function fractionFix(name: string, node: t.Node | undefined, value: unknown, { place }: ArgumentContext): Fix {
  if (!node || typeof value !== "number" || value <= 1 || value > 100) return [`write op.${name}("x", 0.9)`];
  return [`write ${value / 100}`, [{ ...spanOf(node, place.module), text: String(value / 100) }]];
}

/** Arquero's and SQL's conditions compare anything. */
export const keysFix = (node: t.Node): string =>
  /Function/.test(bare(node).type) ? 'name the keys that are equal, ["left", "right"]; filter the result for other conditions' : 'write the keys where they stand: "id", or ["left_id", "right_id"]';
