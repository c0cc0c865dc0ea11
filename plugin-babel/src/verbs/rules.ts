/** The few transfer rules that verbs state in one line. */
import { ANY, type Distribution, meet } from "../ir/distribution.ts";
import { aggregateFunctions } from "../functions/index.ts";
import { columnsRead } from "../ir/expression.ts";
import type { Binning, Instruction, RowArgument, TableType } from "../ir/ir.ts";
import { planExpression, planNumber } from "../ir/plan-expression.ts";
import type { Data } from "../ir/data.ts";
import { planType, type RowType } from "../ir/types.ts";

/** The result is where the first input is. */
export const followsFirst = (_: Instruction, inputs: readonly Distribution[]): Distribution => inputs[0] ?? ANY;

/** Rows of equal keys meet on one rank. A replicated input stays replicated. */
export function hashedBy(keys: readonly string[], inputs: readonly Distribution[]): Distribution {
  const input = inputs[0] ?? ANY;
  return input.kind === "replicated" ? input : { kind: "distributed", partitioning: { kind: "hash", keys } };
}

export const meetOfInputs = (_: Instruction, inputs: readonly Distribution[]): Distribution => inputs.reduce(meet);

/** A partitioning by keys holds as long as its key columns do; `rename` answers a column's new name, or null when it is gone. */
export function renameKeys(d: Distribution, rename: (column: string) => string | null): Distribution {
  if (d.kind === "replicated" || d.partitioning.kind === "block" || d.partitioning.kind === "any") return d;
  const keys = d.partitioning.keys.map(rename);
  return keys.every((k) => k !== null) ? { kind: "distributed", partitioning: { kind: d.partitioning.kind, keys: keys as string[] } } : ANY;
}

export const silent = (): null => null;

/** The result is where the first input is; a key is gone where its column is, or another of that name stands in its place. */
export const followsKept = (i: Instruction, inputs: readonly Distribution[]): Distribution =>
  renameKeys(followsFirst(i, inputs), (key) => (i.columns.some((c) => c.input === 0 && c.as === key) ? key : null));

/** A filter on columns of the first input alone may stand above the verb. */
export const passKept = (i: Instruction, read: ReadonlySet<string>): { readonly input: number } | null => (i.columns.some((c) => c.input === 1 && read.has(c.as)) ? null : { input: 0 });

/** What an option says that is known when building; undefined: it is not given. */
export function optionOf(i: Instruction, name: string): unknown {
  const option = i.rows.find((r) => r.role === "parameter" && r.name === name)?.expression;
  return option?.kind === "literal" ? option.value : undefined;
}

/** True when rows of `d` with equal `keys` already are on one rank. */
export function together(d: Distribution | undefined, keys: readonly string[]): boolean {
  if (d === undefined || d.kind === "replicated") return true;
  const p = d.partitioning;
  return p.kind === "hash" && p.keys.every((k) => keys.includes(k));
}

/** The columns that the row arguments over one input read. */
export function readBy(rows: readonly RowArgument[], input: 0 | 1 = 0): Set<string> {
  const read = new Set<string>();
  for (const row of rows) {
    if (row.role === "match" && row.expression) columnsRead(row.expression, read, input === 1 ? true : undefined);
    else if (row.input === input && row.expression) columnsRead(row.expression, read);
  }
  return read;
}

/** The columns that a grouped table's keys are computed from: later verbs must leave them. */
export const groupReads = (input: TableType | undefined): readonly string[] => input?.groupReads ?? [];

export function union(...sets: readonly Iterable<string>[]): Set<string> {
  return new Set(sets.flatMap((s) => [...s]));
}

export const names = (row: RowType): string[] => row.map((c) => c.name);
export const allColumns = (inputs: readonly TableType[]): Set<string>[] => inputs.map((t) => new Set(names(t.row)));

/** A key or column given by name has a name; a bare lambda has none. */
export const keyNames = (rows: readonly RowArgument[]): string[] => rows.flatMap((r) => (r.name === null ? [] : [r.name]));

/** An aggregate as the plan has it: `i.rows` has what its argument is paired with under its name. */
export function aggregateData(r: RowArgument, i: Instruction): Data {
  const pair = i.rows.find((p) => p.role === "pair" && p.name === r.name);
  return {
    name: r.name,
    function: aggregateFunctions.get(r.aggregate!)!.plan,
    ...(r.expression ? { arg: expressionOf(r) } : {}),
    ...(r.fraction === undefined ? {} : { fraction: planNumber(r.fraction) }),
    ...(r.binning ? { bins: binsOf(r.binning) } : {}),
    ...(pair ? { other: expressionOf(pair) } : {}),
  };
}

/** How values are binned, as the plan has it. */
export const binsOf = ({ maxbins, nice, minstep, step }: Binning): Data => ({
  maxbins: planNumber(maxbins), nice, minstep: planNumber(minstep), ...(step !== undefined && { step: planNumber(step) }),
});

export function expressionOf(row: RowArgument): Data {
  if (row.expression === null) throw new Error(`no expression for ${row.role} ${row.name ?? ""}`);
  return planExpression(row.expression);
}

export const namedExpressions = (rows: readonly RowArgument[]): Data =>
  rows.map((r) => ({ name: r.name, expression: expressionOf(r) }));

export const columnTypes = (row: RowType): Data => row.map((c) => ({ name: c.name, type: planType(c.type.js), nullable: c.type.nullable }));
