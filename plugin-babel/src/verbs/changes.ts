/** What changes rows of an Iceberg table that are there. */
import { misspeltColumn } from "../diagnostics/misspelt-column.ts";
import { isFallible } from "../functions/fallible.ts";
import { mapChildren } from "../functions/rewrite.ts";
import type { Data } from "../ir/data.ts";
import { replicated } from "../ir/distribution.ts";
import { children, type Expression, scriptIn } from "../ir/expression.ts";
import { columnOf, type Instruction, type RowArgument } from "../ir/ir.ts";
import { planExpression } from "../ir/plan-expression.ts";
import { type RowType, type SourceSpan, unsureType } from "../ir/types.ts";
import { optionsOf } from "./options.ts";
import { columnTypes, expressionOf, names } from "./rules.ts";
import type { Parameter, Verb } from "./verb.ts";
import { writeIceberg } from "./writers.ts";

const path: Parameter = { kind: "scalar", name: "path", optional: false, takes: "path" };

/** Of the table's columns no interface says that there are no nulls. */
const unsure = (row: RowType): RowType => row.map((c) => ({ ...c, type: unsureType(c.type) }));
const mayBeNull = (row: RowType): RowType => row.map((c) => ({ ...c, type: { ...c.type, nullable: true } }));

/** A condition on the table's rows, whose columns are these. */
function conditionData(i: Instruction, row: RowType): { readonly [key: string]: Data } {
  const { expression } = i.rows[0]!;
  return { columns: columnTypes(row), predicate: expressionOf(i.rows[0]!), bounded: !isFallible(assured(expression!)) && !scriptIn(expression!) };
}

/** What a null would throw where the interface has none is not looked for in files that bounds rule out. */
const assured = ({ type: { js, nullable }, ...e }: Expression): Expression => mapChildren({ ...e, type: { js, nullable } } as Expression, assured);

export const overwriteIceberg: Verb = {
  ...writeIceberg,
  name: "overwriteIceberg",
  docs: "Puts rows in the place of those of an Iceberg table of which a condition is true; the answer is how many these were. It must be true of the written rows, too. Files of which it is true of no row stay.",
  example: "await monthly.overwriteIceberg(out, (d) => d.month === 3)",
  signature: [path, { kind: "predicate" }, { kind: "scalar", name: "options", optional: true, default: "{}", options: optionsOf.overwriteIceberg }],
  sees: (_, __, [input]) => [unsure(input!.row)],
  communicates: () => "files whose rows it is true of (Bcast), how many in each (Allgather); own data files; rank 0 commits a snapshot (Barrier)",
  demands: (_, __, inputs) => inputs.map(({ row }) => new Set(names(row))),
  lower: (i) => ({ method: "overwriteIceberg", descriptor: { ordered: i.order?.observed ?? false, ...conditionData(i, mayBeNull(columnsOf(i.rows[0]!))) } }),
};

export const deleteIceberg: Verb = {
  ...writeIceberg,
  name: "deleteIceberg",
  docs: "Takes rows out of an Iceberg table: those of which a condition is true. The answer is how many. Files of which it is true of no row stay, others are written again.",
  example: "await deleteIceberg<Trip>(out, (d) => d.trip_miles < 0)",
  told: new Set(["bigint"]),
  on: "module",
  signature: [path, { kind: "predicate" }, { kind: "scalar", name: "options", optional: true, default: "{}", options: optionsOf.deleteIceberg }],
  sees: (i) => [i.declared ?? []],
  type: () => null,
  distribution: (i) => replicated("a delete has no rows", i.span),
  communicates: overwriteIceberg.communicates,
  order: () => "ignores",
  demands: () => [],
  lower: (i) => ({ method: "deleteIceberg", descriptor: conditionData(i, i.declared ?? []) }),
};

/** Columns that only the functions of a merge see. */
const dropped = (i: Instruction): { readonly name: string; readonly span: SourceSpan }[] =>
  i.rows.flatMap(({ role, name, expression, span }) => (role === "parameter" && name === "drop" && expression?.kind === "literal" ? [{ name: String(expression.value), span }] : []));

const of = (i: Instruction, name: string): RowArgument | undefined => i.rows.find((r) => r.role !== "key" && r.name === name);

export const mergeIceberg: Verb = {
  ...writeIceberg,
  name: "mergeIceberg",
  docs: "Brings rows into an Iceberg table by their keys: what matches is updated, skipped or deleted, what does not is inserted or skipped; the answer is how many of each. Only files that can hold a key are read, only those with changed rows written again.",
  example: 'await monthly.mergeIceberg(out, { on: ["month"], when: { matched: (s, t) => (s.trips > t.trips ? "update" : "skip") } })',
  signature: [path, { kind: "merge" }, { kind: "scalar", name: "options", optional: true, default: "{}", options: optionsOf.mergeIceberg }],
  // What `drop` names the table has not.
  sees: (i, { role }, [input]) => (role === "match" ? [input!.row, unsure(input!.row.filter(({ name }) => !dropped(i).some((c) => c.name === name)))] : [input!.row]),
  type: (i, inputs, context) => {
    for (const { name, span } of dropped(i)) if (!columnOf(inputs[0]!.row, name)) context.report(misspeltColumn(name, span, inputs[0]!.row, context.origin(i, 0, name)));
    return writeIceberg.type(i, inputs, context);
  },
  communicates: () => "rows and rows of the table's files by key (Alltoallv); keys, files and counts (Allgather, Bcast); own data files; rank 0 commits a snapshot (Barrier)",
  order: () => "ignores",
  demands: (_, __, inputs) => inputs.map(({ row }) => new Set(names(row))),
  lower: (i) => {
    const matched = of(i, "matched")!;
    const deletes = of(i, "delete");
    const target = columnsOf(matched, true);
    return {
      method: "mergeIceberg",
      descriptor: {
        on: i.rows.filter((r) => r.role === "key").map((r): Data => ({ name: r.name, type: r.expression!.type.js, nullable: true })),
        sees: columnTypes(mayBeNull(target)),
        drop: dropped(i).map((c) => c.name),
        matched: planExpression(ofBoth(matched.expression!)),
        notMatched: expressionOf(of(i, "notMatched")!),
        ...(deletes && { delete: expressionOf(deletes) }),
      },
    };
  },
};

/** The columns that a row function reads, of its first or its second row. */
function columnsOf({ expression }: RowArgument, second = false): RowType {
  const found = new Map<string, RowType[number]>();
  const visit = (e: Expression): void => {
    if (e.kind === "column" && (e.second ?? false) === second) found.set(e.name, { name: e.name, type: e.type });
    if (e.kind === "script") e.columns.forEach((name, n) => found.set(name, { name, type: { js: e.types[n]!, nullable: true } }));
    children(e).forEach(visit);
  };
  visit(expression!);
  return [...found.values()];
}

/** Under the names that the runtime gives the second row's columns. */
const ofBoth = (e: Expression): Expression => (e.kind === "column" ? (e.second ? { ...e, name: ` target ${e.name}` } : e) : mapChildren(e, ofBoth));
