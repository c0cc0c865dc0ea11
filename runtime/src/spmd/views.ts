import type { Expression, JoinColumn, JsType, Node, Plan } from "@lockstep/native/plan";
import type { View } from "../tables/column.ts";

/**
 * The columns of a plan's node that JavaScript sees as bigint. Arrow's types do not tell: an int64 column is a
 * number by default. What was opened or computed as bigint stays one, wherever the plan carries it.
 */
export function bigintViews({ nodes }: Pick<Plan, "nodes">, id: number): Record<string, View> {
  const seen: ReadonlySet<string>[] = [];
  for (const node of nodes) seen.push(new Set(bigints(node, (input) => seen[input]!)));
  return Object.fromEntries(Array.from(seen[id]!, (name) => [name, "bigint"]));
}

function bigints(node: Node, of: (input: number) => ReadonlySet<string>): string[] {
  switch (node.op) {
    case "scan":
      return node.columns.filter(({ type }) => type === "bigint").map(({ name }) => name);
    case "derive": {
      const replaced = new Set(node.columns.map(({ name }) => name));
      return [...[...of(node.input)].filter((name) => !replaced.has(name)), ...named(node.columns)];
    }
    case "unroll":
      return [...of(node.input)].filter((name) => name !== node.name && name !== node.index);
    case "select":
      return node.columns.filter(({ from }) => of(node.input).has(from)).map((column) => column.as);
    case "asofJoin":
      return inJoin(node.columns, of(node.left), of(node.right));
    case "join":
      if (node.columns.length === 0) return [...of(node.left)];
      return inJoin(node.columns, of(node.left), of(node.right));
    case "aggregate": {
      const kept = node.aggregates.filter(({ function: name, arg }) => carriesType.has(name) && arg && typeOf(arg) === "bigint");
      return [...named(node.keys), ...kept.map(({ name }) => name)];
    }
    case "concat":
      return [...of(node.inputs[0]!)];
    default:
      return [...of(node.input)];
  }
}

function inJoin(columns: readonly JoinColumn[], left: ReadonlySet<string>, right: ReadonlySet<string>): string[] {
  return columns.filter(({ side, from }) => (side === "left" ? left : right).has(from)).map((column) => column.as);
}

/** Aggregates whose result has their argument's type. */
const carriesType: ReadonlySet<string> = new Set(["sum", "min", "max", "any", "mode", "first", "last"]);

function named(columns: readonly { readonly name: string; readonly expression: Expression }[]): string[] {
  return columns.filter(({ expression }) => typeOf(expression) === "bigint").map(({ name }) => name);
}

function typeOf(expression: Expression): JsType {
  return expression.kind === "let" ? typeOf(expression.body) : expression.type;
}
