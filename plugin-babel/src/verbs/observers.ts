/** What brings values out of tables into scalar JavaScript, on every rank. */
import { misspeltColumn } from "../diagnostics/misspelt-column.ts";
import { ANY, replicated } from "../ir/distribution.ts";
import { columnOf, type Instruction } from "../ir/ir.ts";
import { optionsOf } from "./options.ts";
import { allColumns, columnTypes } from "./rules.ts";
import type { Verb } from "./verb.ts";

type Own = Pick<Verb, "name" | "docs" | "example" | "signature" | "type" | "communicates" | "order" | "besides" | "demands" | "lower"> & Required<Pick<Verb, "gives">>;

const observer = (own: Own): Verb => ({
  on: "table",
  role: "observer",
  rowwise: false,
  repeatable: false,
  besides: () => "ends",
  distribution: (i) => replicated(`${own.name} gives every rank the same answer`, i.span),
  ...own,
});

export const numRows = observer({
  name: "numRows",
  docs: "The number of rows.",
  example: "trips.numRows()",
  gives: "number",
  signature: [],
  type: () => null,
  communicates: (_, [input]) => (input!.kind === "replicated" ? null : "the count (Allreduce)"),
  order: () => "ignores",
  demands: () => [new Set()],
  lower: () => ({ method: "numRows", descriptor: {} }),
});

/** The input's row, remembered for the descriptor. */
const remember = (i: Instruction, input: { readonly row: Instruction["declared"] }) => {
  i.declared = input.row;
  return null;
};

export const objects = observer({
  name: "objects",
  docs: "The rows as records, in table order: the first `limit` behind `offset`. Without a limit all of them, on ranks a million at most (LS2013; `LOCKSTEP_COLLECT_LIMIT` changes it).",
  example: "top.objects({ limit: 100 })",
  gives: "array",
  signature: [{ kind: "scalar", name: "options", optional: true, default: "{}", options: optionsOf.objects }],
  type: (i, [input]) => remember(i, input!),
  communicates: (_, [input]) => (input!.kind === "replicated" ? null : "all rows to every rank (Allgatherv)"),
  order: () => "observes",
  besides: () => "seen",
  demands: (_, __, inputs) => allColumns(inputs),
  lower: (i) => ({ method: "objects", descriptor: { columns: columnTypes(i.declared!) } }),
});

export const get = observer({
  name: "get",
  docs: "One cell: the column at a row (default 0).",
  example: 'totals.get("miles")',
  gives: "value of get",
  signature: [{ kind: "column-name" }, { kind: "scalar", name: "row", optional: true, default: "0", takes: "number" }],
  type: (i, [input], context) => {
    const { from, span } = i.columns[0]!;
    const type = columnOf(input!.row, from);
    if (type) i.declared = [{ name: from, type }];
    else context.report(misspeltColumn(from, span, input!.row, context.origin(i, 0, from)));
    return null;
  },
  communicates: (_, [input]) => (input!.kind === "replicated" ? null : "one cell (Bcast)"),
  order: () => "observes",
  demands: (i) => [new Set(i.columns.map((c) => c.from))],
  lower: (i) => ({ method: "get", descriptor: { type: i.declared![0]!.type.js } }),
});

export const array = observer({
  name: "array",
  docs: "The values of a column, in table order.",
  example: 'top.array("name")',
  gives: "array",
  signature: [{ kind: "column-name" }],
  type: get.type,
  communicates: (_, [input]) => (input!.kind === "replicated" ? null : "one column to every rank (Allgatherv)"),
  order: () => "observes",
  demands: (i) => [new Set(i.columns.map((c) => c.from))],
  lower: (i) => ({ method: "objects", descriptor: { columns: columnTypes(i.declared!.slice(0, 1)) }, pluck: i.declared![0]!.name }),
});

export const print = observer({
  name: "print",
  docs: "Prints rows to the console, the first 10 if no others are asked for, and how many there are: once, by rank 0.",
  example: "top.print({ limit: 20 })",
  gives: "value of print",
  signature: objects.signature,
  type: objects.type,
  communicates: (_, [input]) => (input!.kind === "replicated" ? null : "the rows shown, to rank 0 (Gatherv), and the count (Allreduce)"),
  order: () => "observes",
  besides: () => "seen",
  demands: objects.demands,
  lower: (i) => ({ method: "print", descriptor: { columns: columnTypes(i.declared!) } }),
});

/** What it gives is no answer but this rank's rows (`source/varying.ts` knows). */
export const batches: Verb = {
  ...observer({
    name: "batches",
    docs: "The rows a step at a time, in a loop, for training: each rank has its part of a step's `rows`, and all have as many steps. In table order, or with `shuffle` in that of `shuffle({ seed })`. What a rank finds in its part is its own until a collective, such as `allreduce`, brings it together.",
    example: "for await (const batch of trips.batches({ rows: 1000, shuffle: 7 })) console.log(batch.rows)",
    gives: "value of batches",
    signature: [{ kind: "scalar", name: "options", optional: false, options: optionsOf.batches }],
    type: objects.type,
    communicates: () => "the ranks' counts (Allgather), to each rank its part of every step (Alltoallv)",
    order: () => "observes",
    besides: () => "seen",
    demands: objects.demands,
    lower: (i) => ({ method: "batches", descriptor: { columns: columnTypes(i.declared!) } }),
  }),
  distribution: () => ANY,
};

/** The interface gives the names: no rank has to look. */
export const columnNames: Verb = {
  ...observer({
    name: "columnNames",
    docs: "The names of the columns, in order.",
    example: "trips.columnNames()",
    gives: "array",
    signature: [],
    type: (i, [input]) => remember(i, input!),
    communicates: () => null,
    order: () => "ignores",
    besides: () => "seen",
    demands: () => [new Set()],
    lower: (i) => ({ method: "columnNames", descriptor: {}, value: i.declared!.map((c) => c.name) }),
  }),
  known: true,
};
