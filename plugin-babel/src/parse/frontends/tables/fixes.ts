/** How arguments of a form that a verb does not take are mended. */
import type * as t from "@babel/types";
import type { TextEdit } from "../../../diagnostics/diagnostic.ts";
import { aggregateFunctions } from "../../../functions/index.ts";
import type { SourceSpan } from "../../../ir/types.ts";
import { constantOf, keyName } from "../../../source/constants.ts";
import { bare, spanOf, textOf } from "../../../source/module.ts";
import { type Place, runtimeName } from "../../../source/names.ts";
import { childNodes } from "../../../source/walk.ts";
import { type ArgumentContext } from "./arguments.ts";
import { columnName } from "./columns.ts";

type Fix = [message: string, edits?: TextEdit[]];

/** What a surplus argument may have been meant for. */
export const surplus: Readonly<Record<string, string>> = {
  filter: "write all conditions in one row function, (d) => a && b, or call filter again",
  array: "take several columns with select(…).objects(), typed arrays of a step's rows with batches(…)",
  count: 'group by it first, groupby("x").count(); another name gives count({ as: "n" })',
  impute: 'make all rows before, of the distinct values of each column: t.select("a").dedupe().cross(t.select("b").dedupe()).join_left(t, [["a", "b"], ["a", "b"]])',
  numRows: "filter first, then count: filter(…).numRows()",
  cross: "join takes keys",
};

/** `(d) => d.fare`, where a name is wanted. */
export function namedColumn(node: t.Node, context: ArgumentContext): Fix {
  const e = bare(node);
  const name = e.type === "ArrowFunctionExpression" ? columnRead(e) : null;
  if (name === null) return [isComputed(node) ? knownNames : 'write the name as a text: "x"'];
  return [`write "${name}"`, [{ ...spanOf(node, context.place.module), text: JSON.stringify(name) }]];
}

const ofAggregates = 'each column is one aggregate; compute with them in a derive after: rollup({ a: op.sum("x"), n: op.count() }).derive({ c: (d) => d.a / d.n })';

/** `(d) => op.sum(d.fare)`, as Arquero has it. */
export function aggregateFix(e: t.Node, { place }: ArgumentContext): Fix {
  const call = e.type === "ArrowFunctionExpression" ? bare(e.body) : e;
  const fn = call.type === "CallExpression" ? runtimeName(call.callee, place) : null;
  if (e.type === "ArrowFunctionExpression" && call.type !== "CallExpression" && usesAggregates(e.body, place)) return [ofAggregates];
  if (e.type !== "ArrowFunctionExpression" || call.type !== "CallExpression" || !aggregateFunctions.has(fn?.slice("op.".length) ?? "")) {
    if (e.type === "CallExpression" && runtimeName(e.callee, place) === "rolling") return ["a frame moves with the row: it stands in derive"];
    if (isBin(e, place)) return ["each row has a bin of its own: it stands in derive, or in groupby"];
    if (usesAggregates(e, place)) return [ofAggregates];
    return ['write an aggregate: op.sum("x"), op.sum((d) => d.x * d.y)'];
  }
  const [argument, ...rest] = call.arguments;
  const name = argument && columnRead({ ...e, body: argument as t.Expression });
  const parameters = place.module.code.slice(e.start!, e.body.start!);
  const of = argument === undefined ? "" : name ? JSON.stringify(name) : `${parameters}${textOf(argument, place.module)}`;
  const text = `${textOf(call.callee, place.module)}(${[of, ...rest.map((node) => textOf(node, place.module))].join(", ")})`;
  return [`write ${text}`, [{ ...spanOf(e, place.module), text }]];
}

/** `op.sum("fare") / op.count()`, `op.lag(op.sum("fare"))`: what stands as a value is computed with in the next step. */
export function usesAggregates(node: t.Node, place: Place): boolean {
  if (/Function/.test(node.type)) return false;
  if (node.type === "CallExpression" && /^(op\.|(rolling|bin)$)/.test(runtimeName(node.callee, place) ?? "")) return true;
  return childNodes(node).some((child) => usesAggregates(child, place));
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

/** Conditions as in SQL, options as in pandas. */
export function keysFix(node: t.Node, context: ArgumentContext): Fix {
  const e = bare(node);
  if (/Function/.test(e.type)) return ['name the keys that are equal, ["left", "right"]; filter the result for other conditions'];
  const members = e.type === "ObjectExpression" ? new Map(e.properties.flatMap((p): [string | null, t.Node][] => (p.type === "ObjectProperty" ? [[keyName(p.key), p.value]] : []))) : null;
  const name = (key: string) => (members?.has(key) ? columnName(members.get(key)!, context) : null);
  const [left, right, on] = [name("left"), name("right"), name("on")];
  const text = left !== null && right !== null ? JSON.stringify([left, right]).replace(",", ", ") : members?.size === 1 && on !== null ? JSON.stringify(on) : null;
  if (text !== null) return [`write ${text}`, [{ ...spanOf(node, context.place.module), text }]];
  return ['write the keys where they stand: "id", or ["left_id", "right_id"]; which rows stay is the verb\'s name: join_left, join_right, join_full'];
}

/** `orderby({ fare: "desc" })`, `orderby((a, b) => a.fare - b.fare)`. */
export function sortKeyFix(node: t.Node, context: ArgumentContext): Fix {
  const e = bare(node);
  const [only, ...more] = e.type === "ObjectExpression" ? e.properties : [];
  const key = only?.type === "ObjectProperty" && !only.computed && more.length === 0 ? keyName(only.key) : null;
  if (only?.type !== "ObjectProperty" || key === null) return [isComputed(node) ? knownNames : 'write a key, "x" or (d) => d.x; desc("x") sorts from the largest'];
  if (/Function/.test(bare(only.value).type)) {
    const text = textOf(only.value, context.place.module);
    return [`a key has no name: write ${text}`, [{ ...spanOf(node, context.place.module), text }]];
  }
  const direction = constantOf(only.value, context.place)?.value;
  // { desc: "x" }: the direction stands where the key should.
  const turned = /^(desc|asc)/i.exec(key);
  if (turned && typeof direction === "string" && !/^(desc|asc)/i.test(direction)) {
    const text = /^d/i.test(turned[0]) ? `desc(${JSON.stringify(direction)})` : JSON.stringify(direction);
    return [`write ${text}`, [{ ...spanOf(node, context.place.module), text }]];
  }
  const text = direction === -1 || direction === false || /^desc/i.test(String(direction)) ? `desc(${JSON.stringify(key)})` : JSON.stringify(key);
  return [`write ${text}`, [{ ...spanOf(node, context.place.module), text }]];
}

export function keyFix(node: t.Node, context: ArgumentContext): Fix {
  if (context.verb.name === "orderby" && !isBin(node, context.place)) return sortKeyFix(node, context);
  if (usesAggregates(node, context.place)) return ["derive it before, in a step of its own, and name it here"];
  return isComputed(node) ? [knownNames] : ['write "x", or (d) => d.x'];
}

const knownNames = "columns are known when building: write the names themselves";

function isBin(node: t.Node, place: Place): boolean {
  const e = bare(node);
  return e.type === "CallExpression" && runtimeName(e.callee, place) === "bin";
}

/** A variable, a member: what the program computes. */
const isComputed = (node: t.Node): boolean => /^(Identifier|(Optional)?MemberExpression|SpreadElement|CallExpression)$/.test(bare(node).type);

/** A row function by itself has no name to give its column. */
export function unnamedFix(node: t.Node, context: ArgumentContext): Fix {
  const e = bare(node);
  if (isBin(e, context.place)) return [`give it a name: ${context.verb.name}({ x: ${textOf(e, context.place.module)} })`];
  if (isComputed(node) && (context.verb.signature[0]?.kind === "selection" || context.verb.signature[0]?.kind === "keys")) return [knownNames];
  if (e.type === "NumericLiteral" && context.verb.signature[0]?.kind === "selection") return ["write the column's name: where a column stands no type says"];
  if (!/Function/.test(e.type)) return [`write it where it stands, as in ${context.verb.example}`];
  const name = e.type === "ArrowFunctionExpression" ? columnRead(e) : null;
  if (name !== null) return [`write "${name}"`, [{ ...spanOf(node, context.place.module), text: JSON.stringify(name) }]];
  return context.verb.signature[0]?.kind === "selection" ? ['compute it before, derive({ x: (d) => … }), and name it: "x"'] : [`give it a name: ${context.verb.name}({ x: (d) => … })`];
}

/** `{ a: (d) => d.b }` among new names. */
export const newNameFix = (node: t.Node): string => (/Function|CallExpression/.test(bare(node).type) ? 'compute it before, derive({ x: (d) => … }); select and rename only name columns' : 'write the new name as a text: { old: "new" }');

/** `rename("zone", "place")`. */
export function renamingFix(nodes: readonly t.Node[], context: ArgumentContext): Fix {
  const [from, to, ...more] = nodes.map((node) => columnName(node, context)!);
  if (from === undefined || to === undefined || more.length > 0) return ['write the new names: { old: "new" }'];
  const text = `{ ${/^[A-Za-z_$][\w$]*$/.test(from) ? from : JSON.stringify(from)}: ${JSON.stringify(to)} }`;
  const [first, last] = [nodes[0]!, nodes.at(-1)!].map((node) => spanOf(node, context.place.module)) as [SourceSpan, SourceSpan];
  return [`write ${text}`, [{ ...first, endLine: last.endLine, endColumn: last.endColumn, text }]];
}
