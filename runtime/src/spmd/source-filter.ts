/**
 * What a source of the program is told of a pushed filter. A condition holds for every row for which the filter is true, or it is not said: the
 * source may leave rows out by it. The compiler pushes nothing that can throw, nor what stands behind it (`push-filters`), as with databases.
 */
import type { Expression, JsType } from "@lockstep/native/plan";
import type { SourceComparison, SourceCondition, SourceValue } from "../connectors/source/define.ts";
import { ticksPerSecond, type ArrowType } from "../tables/arrow-type.ts";
import type { ReaderDescriptor } from "./sources.ts";

type Comparison = SourceComparison["op"];

interface Said {
  readonly condition: SourceCondition;
  /** The program takes a row with null there, though no condition but `isNull` does: beside numbers and Dates null is 0. */
  readonly takesNull: boolean;
}

/** `types`: of the source's columns, which are those of `declared`. */
export function conditionsOf(filter: Expression, types: ReadonlyMap<string, ArrowType>, declared: ReaderDescriptor["declared"]): SourceCondition[] {
  const all = conjuncts(filter).flatMap((part) => said(part) ?? []);
  // Of its interface, or because another part of the filter takes no null.
  const never = new Set([...declared.filter(({ nullable }) => !nullable).map(({ name }) => name), ...all.filter(({ takesNull }) => !takesNull).map(({ condition }) => condition.column)]);
  return all.filter(({ condition, takesNull }) => condition.op === "isNull" || !takesNull || never.has(condition.column)).flatMap(({ condition }) => asStored(condition, types.get(condition.column)!));
}

const conjuncts = (filter: Expression): Expression[] => (filter.kind === "and" ? [...conjuncts(filter.left), ...conjuncts(filter.right)] : [filter]);

function said(part: Expression): Said | undefined {
  if (part.kind === "column") return part.type === "boolean" ? { condition: { column: part.name, op: "eq", value: true }, takesNull: false } : undefined;
  if (part.kind !== "call") return undefined;
  const [first, second] = part.args;
  switch (part.function) {
    case "isNull":
      return first?.kind === "column" ? { condition: { column: first.name, op: "isNull" }, takesNull: true } : undefined;
    case "truthy":
      return first?.kind === "column" ? { condition: { column: first.name, op: "isNotNull" }, takesNull: false } : undefined;
    case "not":
      return first && saidNot(first);
    case "in":
      return first && saidIn(first, part.args.slice(1));
    default:
      return first && second && Object.hasOwn(comparisons, part.function) ? saidOf(comparisons[part.function as keyof typeof comparisons], first, second) : undefined;
  }
}

/** No comparison: where it is not true there may be NaN. */
function saidNot(part: Expression): Said | undefined {
  if (part.kind === "column" && part.type === "boolean") return { condition: { column: part.name, op: "eq", value: false }, takesNull: true };
  const [of] = part.kind === "call" && part.function === "isNull" ? part.args : [];
  return of?.kind === "column" ? { condition: { column: of.name, op: "isNotNull" }, takesNull: false } : undefined;
}

/** Not of null, nor of nothing: sources would have to take care. */
function saidIn(of: Expression, members: readonly Expression[]): Said | undefined {
  const column = columnIn(of);
  const values = members.map((member) => column && comparable(column, valueOf(member)));
  if (!column || values.length === 0 || values.includes(undefined)) return undefined;
  return { condition: { column: column.name, op: "in", values: values as SourceValue[] }, takesNull: false };
}

const comparisons = { eq: "eq", lt: "lt", le: "lte", gt: "gt", ge: "gte" } as const;
const swapped = { eq: "eq", lt: "gt", lte: "gte", gt: "lt", gte: "lte" } as const;
/** As JavaScript has it, of null too. */
const holds: Readonly<Record<Comparison, (left: never, right: never) => boolean>> = {
  eq: (left, right) => left === right,
  lt: (left, right) => left < right,
  lte: (left, right) => left <= right,
  gt: (left, right) => left > right,
  gte: (left, right) => left >= right,
};

function saidOf(op: Comparison, left: Expression, right: Expression): Said | undefined {
  const column = columnIn(left);
  if (!column) return columnIn(right) && saidOf(swapped[op], right, left);
  if (op === "eq" && !column.isTime && right.kind === "literal" && right.value === null) return { condition: { column: column.name, op: "isNull" }, takesNull: true };
  const value = comparable(column, valueOf(right));
  if (value === undefined) return undefined;
  return { condition: { column: column.name, op, value }, takesNull: !column.isTime && holds[op](null as never, value as never) };
}

interface ComparedColumn {
  readonly name: string;
  readonly type: JsType;
  /** It is the time value of a column of Dates, which null has not: the method would throw. */
  readonly isTime: boolean;
}

function columnIn(expression: Expression): ComparedColumn | undefined {
  const date = dateOf(expression);
  const column = date ?? expression;
  return column.kind === "column" ? { name: column.name, type: column.type, isTime: date !== undefined } : undefined;
}

/** Of `d.at.getTime()`, as which `Number(d.at)` and `+d.at` come, too, the Date. */
const dateOf = (expression: Expression): Expression | undefined => (expression.kind === "call" && expression.function === "date.getTime" ? expression.args[0] : undefined);

/** A value as the column is compared with it; undefined where it is of another type. */
function comparable({ type, isTime }: ComparedColumn, value: SourceValue | undefined): SourceValue | undefined {
  if (isTime) return typeof value === "number" && Number.isInteger(value) ? valid(new Date(value)) : undefined;
  return type === (value instanceof Date ? "date" : typeof value) ? value : undefined;
}

const valid = (date: Date): Date | undefined => (Number.isNaN(date.getTime()) ? undefined : date);

/** What an expression without columns gives; undefined of all that no condition has: NaN, infinities, invalid Dates, halves of surrogate pairs. */
function valueOf(expression: Expression): SourceValue | undefined {
  if (expression.kind === "literal") return literalOf(expression.type, expression.value);
  const date = dateOf(expression);
  const time = date && valueOf(date);
  if (time instanceof Date) return time.getTime();
  if (expression.kind !== "call" || expression.function !== "Date" || expression.args.length !== 1) return undefined;
  const of = valueOf(expression.args[0]!);
  return typeof of === "number" || typeof of === "string" ? valid(new Date(of)) : undefined;
}

function literalOf(type: JsType, value: (Expression & { kind: "literal" })["value"]): SourceValue | undefined {
  if (value === null) return undefined;
  // 0, of -0 too.
  if (type === "number") return Number.isFinite(Number(value)) ? Number(value) + 0 : undefined;
  if (type === "bigint") return BigInt(value);
  if (type === "date") return valid(new Date(Number(value)));
  return typeof value === "string" && !value.isWellFormed() ? undefined : value;
}

/** A condition on what the program sees as one on what the source's column holds. */
function asStored(condition: SourceCondition, type: ArrowType): SourceCondition[] {
  if (condition.op === "isNull" || condition.op === "isNotNull") return [condition];
  // 0.1 is above 0.1 where it has been rounded to fewer digits: a source that compares before would leave it out.
  if (type.id === "float" && type.bits < 64) return [];
  if (type.id !== "timestamp" || ticksPerSecond[type.unit] <= ticksPerSecond.ms) return [condition];
  // The program sees whole milliseconds, rounded down.
  if (condition.op === "in") return [];
  const { column, op, value } = condition;
  if (op === "lt" || op === "gte") return [condition];
  const next = valid(new Date(Number(value) + 1));
  if (next === undefined) return [];
  if (op === "lte") return [{ column, op: "lt", value: next }];
  return [{ column, op: "gte", value: op === "gt" ? next : value }, ...(op === "eq" ? [{ column, op: "lt" as const, value: next }] : [])];
}
