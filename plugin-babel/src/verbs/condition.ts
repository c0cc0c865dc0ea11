/** A join by a condition on two rows, `(a, b) => a.zone === b.zone && a.at < b.until`: the equalities in it become keys. */
import { isFallible } from "../functions/fallible.ts";
import { conjuncts, mapChildren } from "../functions/rewrite.ts";
import type { Data } from "../ir/data.ts";
import { columnsRead, type Expression } from "../ir/expression.ts";
import type { Instruction, RowArgument } from "../ir/ir.ts";
import { planExpression } from "../ir/plan-expression.ts";
import { mayBeNull } from "../ir/types.ts";

export const matchOf = (i: Instruction): RowArgument | undefined => i.rows.find((r) => r.role === "match");

/**
 * Pairs of equal keys are all that the rest of the condition is asked of. So an equality becomes a key only if nothing before it, nor
 * its sides, can throw; and where both sides may be null it stays, because null equals null in JavaScript, but no key does.
 */
export function splitCondition(i: Instruction): void {
  const match = matchOf(i);
  if (!match?.expression) return;
  const all = conjuncts(match.expression);
  const throwing = all.findIndex(isFallible);
  const keys = all.map((conjunct, n) => (throwing >= 0 && n >= throwing ? null : keysIn(conjunct)));
  const rest = all.filter((_, n) => keys[n] === null);
  const argument = { name: null, span: match.span, source: "" };
  i.rows = [...i.rows.filter((r) => r !== match), ...keys.flatMap((pair) => (pair === null ? [] : [
    { ...argument, role: "left" as const, input: 0 as const, expression: seen(pair[0]) },
    { ...argument, role: "right" as const, input: 1 as const, expression: seen(pair[1]) },
  ]))];
  if (rest.length === 0) return;
  i.rows.push({ ...match, expression: rest.reduce((left, right) => ({ kind: "and", left, right, type: right.type, span: left.span })) });
}

/** The left and the right side of an equality between the rows. */
function keysIn(e: Expression): readonly [Expression, Expression] | null {
  if (e.kind !== "call" || e.function !== "eq" || e.args.length !== 2) return null;
  const [a, b] = e.args as [Expression, Expression];
  const [one, other] = [sideOf(a), sideOf(b)];
  if (one === null || other === null || one === other) return null;
  if (a.type.js !== b.type.js || (mayBeNull(a.type) && mayBeNull(b.type))) return null;
  const [left, right] = one === "left" ? [a, b] : [b, a];
  return [left, asFirst(right)];
}

function sideOf(e: Expression): "left" | "right" | null {
  const [left, right] = [columnsRead(e).size > 0, columnsRead(e, new Set(), true).size > 0];
  return left === right ? null : left ? "left" : "right";
}

/** The second row's expression as one of that row alone. */
function asFirst(e: Expression): Expression {
  if (e.kind !== "column") return mapChildren(e, asFirst);
  const { second: _, ...column } = e;
  return column;
}

/** A key that is a column is by what JavaScript sees in it. */
function seen(value: Expression): Expression {
  if (value.kind !== "column") return value;
  const { type, span } = value;
  return { kind: "let", name: "value", value, body: { kind: "local", name: "value", type, span }, type, span };
}

/** The condition, and under which names it reads the columns of both sides. */
export function conditionData(i: Instruction): Data {
  const { expression } = matchOf(i)!;
  const left = [...columnsRead(expression!)];
  const renamed = new Map<string, string>();
  for (const name of columnsRead(expression!, new Set(), true)) {
    let as = name;
    while (left.includes(as) || [...renamed.values()].includes(as)) as += "_2";
    renamed.set(name, as);
  }
  const rename = (e: Expression): Expression => (e.kind === "column" ? (e.second ? { ...e, name: renamed.get(e.name)! } : e) : mapChildren(e, rename));
  return {
    expression: planExpression(rename(expression!)),
    columns: [...left.map((name) => ({ side: "left", from: name, as: name })), ...[...renamed].map(([from, as]) => ({ side: "right", from, as }))],
  };
}
