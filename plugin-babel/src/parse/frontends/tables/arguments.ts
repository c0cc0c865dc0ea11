/** Reads the arguments of a verb as its signature says: one reader a kind. */
import type * as t from "@babel/types";
import type { Diagnostic } from "../../../diagnostics/diagnostic.ts";
import { describeNode, notARowFunction } from "../../../diagnostics/not-a-row-function.ts";
import { unknownAggregate } from "../../../diagnostics/unknown-aggregate.ts";
import { unknownName } from "../../../diagnostics/unknown-name.ts";
import { verbArgument } from "../../../diagnostics/verb-argument.ts";
import { otherAggregates } from "../../../functions/arquero.ts";
import { type AggregateFunction, aggregateFunctions, windowFunctions } from "../../../functions/index.ts";
import type { JsType } from "../../../ir/types.ts";
import type { OutputColumn, RowArgument, Scalar, ValueId } from "../../../ir/ir.ts";
import type { Options, Parameter, Verb } from "../../../verbs/index.ts";
import { constantOf, type ConstantValue, keyName } from "../../../source/constants.ts";
import { bare, spanOf, textOf } from "../../../source/module.ts";
import type { Operand } from "../../../source/frames.ts";
import { helperOf, type Place, runtimeName } from "../../../source/names.ts";
import type { Modules } from "../../../source/modules.ts";
import { aggregateFix, fractionFix, keyFix, keysFix, sortKeyFix, surplus, unnamedFix, usesAggregates } from "./fixes.ts";
import { checkScalar, readOptions } from "./options.ts";
import { readAsof } from "./asof.ts";
import { columnName, flattened, readColumnName, readJoinValues, readLookedUp, readPlaced, readRelocated, readRenaming, readSelection } from "./columns.ts";
import { readCount } from "./count.ts";
import { readFold } from "./fold.ts";
import { readSelector } from "./selector.ts";
import { readBin, readBinning } from "./bins.ts";
import { readMerge } from "./merge.ts";
import { readPivot } from "./pivot.ts";
import { readSpread } from "./spread.ts";
import { readUnroll } from "./unroll.ts";
import { readWeight } from "./weight.ts";
import { readWindow } from "./windows.ts";

export interface Arguments {
  readonly inputs: ValueId[];
  readonly rows: RowArgument[];
  readonly operands: Map<RowArgument, Operand>;
  readonly columns: OutputColumn[];
  readonly scalars: Record<string, Scalar>;
  /** Some columns could not be read: which the result has is not known. */
  open: boolean;
  /** The literal of `table({ … })`. */
  data: t.ObjectExpression | null;
}

export interface ArgumentContext {
  readonly verb: Verb;
  readonly call: t.CallExpression;
  readonly place: Place;
  readonly modules: Modules;
  report(diagnostic: Diagnostic): void;
  /** Lowers an operand that is a table; reports and gives null when it is none. */
  table(node: t.Node): ValueId | null;
  /** Lowers what stays JavaScript. */
  scalar(node: t.Node): void;
}

export type Reader = (nodes: t.Node[], out: Arguments, context: ArgumentContext, parameter: Parameter) => void;

/** Reads all arguments; each reader takes its nodes from the front of the list. */
export function readArguments(call: t.CallExpression, context: ArgumentContext): Arguments {
  const out: Arguments = { inputs: [], rows: [], operands: new Map(), columns: [], scalars: {}, open: false, data: null };
  const nodes = [...call.arguments] as t.Node[];
  for (const parameter of context.verb.signature) kinds[parameter.kind](nodes, out, context, parameter);
  for (const left of nodes) context.report(verbArgument(context.verb.name, "no further argument", spanOf(left, context.place.module), surplus[context.verb.name] ?? "leave it out"));
  return out;
}

export const kinds: Record<Parameter["kind"], Reader> = {
  predicate: (nodes, out, context) => {
    const node = nodes.shift();
    if (node) rowArgument(node, { role: "predicate", name: null, input: 0 }, out, context);
    else missing("a row function", context);
  },
  columns: (nodes, out, context) => {
    const node = nodes.shift();
    if (!node) return missing("an object of row functions and windows", context);
    for (const [name, value, key] of properties(node, out, context, "an object of row functions and windows")) {
      if (!readWindow(name, value, out, context) && !readBin(name, value, out, context)) rowArgument(value, { role: "column", name, input: 0 }, out, context, key);
    }
  },
  keys: (nodes, out, context, parameter) => {
    const takesBins = parameter.kind === "keys" && parameter.bins;
    for (const node of flattened(nodes.splice(0), context)) {
      const name = columnName(node, context);
      const selector = readSelector(node, context, out);
      if (selector) out.rows.push({ role: "key", name: null, input: 0, span: spanOf(node, context.place.module), source: textOf(node, context.place.module), expression: null, selector });
      else if (name !== null) rowArgument(node, { role: "key", name, input: 0 }, out, context);
      else if (selector === undefined) for (const [as, value, key] of properties(node, out, context, "column names, or an object of row functions")) {
        if (!takesBins || !readBin(as, value, out, context)) rowArgument(value, { role: "key", name: as, input: 0 }, out, context, key);
      }
    }
  },
  selection: readSelection,
  "looked-up": readLookedUp,
  renaming: readRenaming,
  relocated: readRelocated,
  placed: readPlaced,
  "join-values": readJoinValues,
  "column-name": readColumnName,
  count: readCount,
  folded: readFold,
  pivoted: readPivot,
  asof: readAsof,
  merge: readMerge,
  unrolled: readUnroll,
  spread: readSpread,
  weight: readWeight,
  "sort-keys": (nodes, out, context) => {
    for (const node of flattened(nodes.splice(0), context)) {
      const isDesc = bare(node).type === "CallExpression" && runtimeName((bare(node) as t.CallExpression).callee, context.place) === "desc";
      const key = isDesc ? ((bare(node) as t.CallExpression).arguments[0] as t.Node | undefined) : node;
      const isComparison = key !== undefined && /^(Arrow)?Function/.test(bare(key).type) && (bare(key) as t.Function).params.length > 1;
      if (isComparison) context.report(verbArgument("orderby", "keys, not a comparison,", spanOf(key, context.place.module), ...sortKeyFix(key, context)));
      else if (key) rowArgument(key, { role: "key", name: columnName(key, context), input: 0, descending: isDesc }, out, context);
      else context.report(verbArgument("desc", "a column name or a row function", spanOf(node, context.place.module), 'write desc("x"), once for each key'));
    }
  },
  "join-keys": (nodes, out, context) => {
    const node = nodes.shift();
    if (!node) return;
    const takesCondition = context.verb.signature.some((p) => p.kind === "join-keys" && p.condition);
    if (takesCondition && isFunction(node, context)) return rowArgument(node, { role: "match", name: null, input: 0 }, out, context);
    const pairs = keyPairs(node, context);
    if (!pairs) return context.report(verbArgument(context.verb.name, 'a column name, [left, right], or [["a", "b"], ["a", "b"]] with as many keys on both sides', spanOf(node, context.place.module), ...keysFix(node, context)));
    for (const [left, right] of pairs) {
      rowArgument(left, { role: "left", name: columnName(left, context), input: 0 }, out, context);
      rowArgument(right, { role: "right", name: columnName(right, context), input: 1 }, out, context);
    }
  },
  aggregates: (nodes, out, context) => {
    if (nodes.length === 0) missing("an object of aggregates", context);
    for (const node of nodes.splice(0)) {
      for (const [name, value] of properties(node, out, context, "an object of aggregates")) aggregate(name, value, out, context);
    }
  },
  table: (nodes, out, context) => {
    const node = nodes.shift();
    const value = node ? context.table(node) : null;
    if (value !== null) out.inputs.push(value);
    if (!node) missing("a table", context);
  },
  tables: (nodes, out, context) => {
    for (const node of flattened(nodes.splice(0), context)) {
      const value = context.table(node);
      if (value !== null) out.inputs.push(value);
    }
  },
  scalar: (nodes, out, context, parameter) => {
    if (parameter.kind !== "scalar") return;
    const node = nodes.shift();
    if (!node && !parameter.optional) return missing(`a ${parameter.name}`, context);
    if (!node) return;
    if (node.type === "SpreadElement") return context.report(verbArgument(context.verb.name, "its arguments one by one", spanOf(node, context.place.module), `write the ${parameter.name} itself`));
    context.scalar(node);
    if (parameter.takes) checkScalar(node, context.verb.name, parameter.takes, context.place, (d) => context.report(d));
    if (parameter.options) {
      for (const { name, option, span } of readOptions(node, context.verb.name, parameter.options, context.place, (d) => context.report(d))) out.columns.push({ input: 0, from: name, as: name, option, span });
    }
    out.scalars[parameter.name] = { source: textOf(node, context.place.module), span: spanOf(node, context.place.module) };
  },
  data: (nodes, out, context) => {
    const node = nodes.shift();
    if (!node) return missing("an object of columns", context);
    const e = bare(node);
    context.scalar(node);
    out.scalars.data = { source: textOf(node, context.place.module), span: spanOf(node, context.place.module) };
    if (e.type === "ObjectExpression") out.data = e;
    else context.report(verbArgument("table", "an object of columns", spanOf(node, context.place.module), "write its columns where it stands: table({ id: rows.map((row) => row.id) })"));
  },
};

/** `op.count()` where nothing named `op` is in scope. */
function reportUnbound(node: t.Node, { place, report }: ArgumentContext): boolean {
  const { module, scope } = place;
  let root = bare(node);
  if (root.type !== "CallExpression") return false;
  while (root.type === "CallExpression" || root.type === "MemberExpression") root = bare(root.type === "CallExpression" ? root.callee : root.object);
  if (root.type !== "Identifier" || scope.getBinding(root.name) || module.imports.has(root.name)) return false;
  report(unknownName(root.name, spanOf(root, module), [], [], null));
  return true;
}

/** The members of an object literal by their names; null: it is none, or has others. */
export function membersOf(node: t.Node | undefined): ReadonlyMap<string, t.Node> | null {
  const e = node && bare(node);
  if (e?.type !== "ObjectExpression") return null;
  const members = e.properties.map((p) => (p.type === "ObjectProperty" && !p.computed ? ([keyName(p.key), p.value] as const) : null));
  return members.every((m) => m !== null && m[0] !== null) ? new Map(members as [string, t.Node][]) : null;
}

/** What a member is that is known when building; undefined: it is not there, or computed. */
export function constantIn(members: ReadonlyMap<string, t.Node> | null, name: string, place: Place): ConstantValue {
  const node = members?.get(name);
  return node && constantOf(node, place)?.value;
}

/** Reads options all of which have to be known when building. False: some are wrong, which is reported, and of what is made nothing is known. */
export function areSound(node: t.Node, options: Options, out: Arguments, { verb, place, report }: ArgumentContext): boolean {
  let isSound = true;
  readOptions(node, verb.name, options, place, (d) => {
    isSound = false;
    report(d);
  });
  out.open ||= !isSound;
  return isSound;
}

export function missing(what: string, { verb, call, place, report }: ArgumentContext): void {
  report(verbArgument(verb.name, what, spanOf(call, place.module), `give it ${what}`));
}

export function isFunction(node: t.Node, { place, modules }: ArgumentContext): boolean {
  const e = bare(node);
  return e.type === "ArrowFunctionExpression" || e.type === "FunctionExpression" || helperOf(e, place, modules) !== null;
}

export function properties(node: t.Node, out: Arguments, context: ArgumentContext, expected: string): [string, t.Node, t.Node][] {
  const e = bare(node);
  const wrong = (at: t.Node) => {
    out.open = true;
    if (reportUnbound(at, context)) return;
    context.report(verbArgument(context.verb.name, expected, spanOf(at, context.place.module), ...unnamedFix(at, context)));
  };
  if (e.type !== "ObjectExpression") {
    wrong(node);
    return [];
  }
  return e.properties.flatMap((p): [string, t.Node, t.Node][] => {
    const name = p.type === "SpreadElement" ? null : p.computed ? columnName(p.key, context) : keyName(p.key);
    if (name === null || p.type === "SpreadElement") {
      wrong(p);
      return [];
    }
    return [[name, p.type === "ObjectMethod" ? p : p.value, p.key]];
  });
}

export type Role = Pick<RowArgument, "role" | "name" | "input" | "descending" | "aggregate" | "fraction" | "binning" | "window" | "frame" | "seen">;

export function rowArgument(node: t.Node, role: Role, out: Arguments, context: ArgumentContext, key?: t.Node): void {
  const { module } = context.place;
  const argument: RowArgument = { ...role, span: spanOf(key ?? node, module), source: textOf(node, module), expression: null };
  const name = columnName(node, context);
  const isRowFunction = isFunction(node, context) || bare(node).type === "ObjectMethod";
  if (name === null && !isRowFunction && reportUnbound(node, context)) return;
  if (!isRowFunction && (role.role === "predicate" || role.role === "column")) {
    const found = notARowFunction(describeNode(node), spanOf(node, module), name, /^(Numeric|Boolean|BigInt|Null)Literal$/.test(bare(node).type) ? textOf(node, module) : null);
    const isComputedWith = usesAggregates(node, context.place);
    context.report(isComputedWith ? { ...found, fix: { message: 'derive the aggregate first, and compute with it in the next: derive({ a: op.sum("x") }).derive({ b: (d) => d.x / d.a })', edits: [] } } : found);
    return;
  }
  if (name === null && !isRowFunction) {
    context.report(verbArgument(context.verb.name, "a column name or a row function", spanOf(node, module), ...keyFix(node, context)));
    return;
  }
  out.rows.push(argument);
  out.operands.set(argument, name !== null ? { kind: "column", name } : { kind: "function", node: bare(node), place: context.place });
}

export function keyPairs(node: t.Node, context: ArgumentContext): [t.Node, t.Node][] | null {
  const e = bare(node);
  if (columnName(e, context) !== null) return [[e, e]];
  if (e.type !== "ArrayExpression") {
    const listed = flattened([e], context);
    return listed[0] === e ? null : listed.map((name) => [name, name]);
  }
  // As in Arquero a list is [left, right], each one key or a list of them; a list of one is both.
  const sides = e.elements.filter((x) => x !== null).map((side) => (bare(side).type === "ArrayExpression" ? flattened([side], context) : [side]));
  const [left, right = left] = sides;
  return sides.length <= 2 && left && left.length === right!.length ? left.map((l, n) => [l, right![n]!]) : null;
}

function aggregate(name: string, node: t.Node, out: Arguments, context: ArgumentContext): void {
  const { module } = context.place;
  const e = bare(node);
  const callee = e.type === "CallExpression" ? runtimeName(e.callee, context.place) : null;
  if (e.type !== "CallExpression" || !callee?.startsWith("op.")) {
    // The column would be there: what reads it makes no mistake of its own.
    out.open = true;
    if (reportUnbound(e, context)) return;
    context.report(verbArgument(context.verb.name, "aggregates such as op.count() or op.mean(\"x\")", spanOf(node, module), ...aggregateFix(e, context)));
    return;
  }
  const fn = aggregateFunctions.get(callee.slice(3));
  if (!fn) {
    context.report(unknownAggregate(callee.slice(3), spanOf(lastName(e.callee), module), [...aggregateFunctions.keys()], undefined, windowFunctions.has(callee.slice(3)) ? `a window function stands in derive: derive({ ${name}: ${callee}(…) })` : (otherAggregates.get(callee.slice(3)) ?? null)));
    return;
  }
  const [argument, ...rest] = e.arguments as t.Node[];
  const role: Role = { role: "aggregate", name, input: 0, aggregate: fn.name, ...readFraction(fn, e, rest, context), ...(fn.takes === "binning" && { binning: readBinning(rest, context) }) };
  const paired = takePair(fn, rest);
  for (const extra of rest) context.report(verbArgument(callee, "no further argument", spanOf(extra, module), "leave it out: an aggregate is of one column, or of a row function"));
  if (fn.argument === null) {
    if (argument) context.report(verbArgument(callee, "no argument", spanOf(argument, module), "count rows with op.count(), values that are there with op.valid(…)"));
    out.rows.push({ ...role, span: spanOf(e, module), source: textOf(e, module), expression: null });
  } else if (argument) {
    rowArgument(argument, role, out, context);
    readPair(fn, name, e, paired, out, context);
  } else context.report(verbArgument(callee, "a column name or a row function", spanOf(e, module), `write ${callee}("x")`));
}

/** An operand whose value is known when building. */
export const literalRow = (role: Role, value: string | number | boolean, span: RowArgument["span"]): RowArgument => ({
  ...role, span, source: "", expression: { kind: "literal", value, type: { js: typeof value as JsType, nullable: false }, span },
});

/** `mean` of `op.mean`. */
export function lastName(callee: t.Node): t.Node {
  const e = bare(callee);
  return e.type === "MemberExpression" ? e.property : e;
}

/** Takes the second argument of `op.quantile("fare", 0.9)` from the front of the list. It is the same for all rows, and known when building. */
export function readFraction(fn: AggregateFunction, call: t.CallExpression, rest: t.Node[], context: ArgumentContext): { readonly fraction?: number } {
  if (fn.takes !== "fraction") return {};
  const node = rest.shift();
  const value = node && constantOf(node, context.place)?.value;
  if (typeof value === "number" && value >= 0 && value <= 1) return { fraction: value };
  context.report(verbArgument(`op.${fn.name}`, "a fraction from 0 to 1 that is known when building", spanOf(node ?? call, context.place.module), ...fractionFix(fn.name, node, value, context)));
  return {};
}

/** Takes the second argument of `op.corr("x", "y")` from the front of the list. */
export const takePair = (fn: AggregateFunction, rest: t.Node[]): t.Node | undefined => (fn.takes === "pair" ? rest.shift() : undefined);

/** What the argument is paired with stands behind it. */
export function readPair(fn: AggregateFunction, name: string, call: t.CallExpression, node: t.Node | undefined, out: Arguments, context: ArgumentContext): void {
  if (fn.takes !== "pair") return;
  if (node) rowArgument(node, { role: "pair", name, input: 0 }, out, context);
  else context.report(verbArgument(`op.${fn.name}`, "two columns or row functions", spanOf(call, context.place.module), `write op.${fn.name}("x", "y")`));
}
