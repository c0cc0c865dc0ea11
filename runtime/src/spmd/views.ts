import type { Expression, JoinColumn, JsType, NamedAggregate, Node, Plan } from "@lockstep/native/plan";
import { elementView, isListView, type View } from "../tables/js-view.ts";

/**
 * The columns of a plan's node that JavaScript sees as bigint, or as lists or objects of bigints. Arrow's types do not tell: an int64 column is a
 * number by default. What was opened or computed as bigint stays one, wherever the plan carries it.
 */
export function bigintViews({ nodes }: Pick<Plan, "nodes">, id: number): Record<string, View> {
  const seen: Views[] = [];
  for (const node of nodes) seen.push(new Map(bigints(node, (input) => seen[input]!)));
  return Object.fromEntries(seen[id]!);
}

type Views = ReadonlyMap<string, View>;
type Pairs = (readonly [name: string, view: View])[];

function bigints(node: Node, of: (input: number) => Views): Pairs {
  const without = (input: number, names: readonly (string | undefined)[]): Pairs => [...of(input)].filter(([name]) => !names.includes(name));
  switch (node.op) {
    case "scan":
      return node.columns.flatMap(({ name, type }) => view(name, type));
    case "derive":
      return [...without(node.input, node.columns.map(({ name }) => name)), ...named(node.columns)];
    case "unroll":
      return [...without(node.input, [...node.lists.map(({ name }) => name), node.index]), ...node.lists.flatMap(({ name, expression }) => view(name, elementOf(typeOf(expression))))];
    case "select":
      return node.columns.flatMap((column) => under(column.as, of(node.input).get(column.from)));
    case "asofJoin":
      return inJoin(node.columns, of(node.left), of(node.right));
    case "join":
      if (node.columns.length === 0) return [...of(node.left)];
      return inJoin(node.columns, of(node.left), of(node.right));
    case "aggregate":
      return [...named(node.keys), ...node.aggregates.flatMap((aggregate) => view(aggregate.name, typeOfAggregate(aggregate)))];
    case "concat":
      return [...of(node.inputs[0]!)];
    default:
      return [...of(node.input)];
  }
}

function inJoin(columns: readonly JoinColumn[], left: Views, right: Views): Pairs {
  return columns.flatMap(({ side, from, as }) => under(as, (side === "left" ? left : right).get(from)));
}

const under = (name: string, seen: View | undefined): Pairs => (seen === undefined ? [] : [[name, seen]]);

const view = (name: string, type: JsType | undefined): Pairs => (type !== undefined && /\bbigint\b/.test(type) ? [[name, type]] : []);

const elementOf = (type: JsType): JsType | undefined => (isListView(type) ? (elementView(type) as JsType) : undefined);

/** Aggregates whose result has their argument's type. */
const carriesType: ReadonlySet<string> = new Set(["sum", "min", "max", "any", "mode", "first", "last"]);

function typeOfAggregate({ function: name, arg }: NamedAggregate): JsType | undefined {
  const type = arg && typeOf(arg);
  if (name === "arrayAgg" || name === "arrayAggDistinct") return type && `${type}[]`;
  return carriesType.has(name) ? type : undefined;
}

const named = (columns: readonly { readonly name: string; readonly expression: Expression }[]): Pairs => columns.flatMap(({ name, expression }) => view(name, typeOf(expression)));

function typeOf(expression: Expression): JsType {
  return expression.kind === "let" ? typeOf(expression.body) : expression.type;
}
