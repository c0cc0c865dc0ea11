import { duplicateColumn } from "../diagnostics/duplicate-column.ts";
import { misspeltColumn } from "../diagnostics/misspelt-column.ts";
import type { Instruction, OutputColumn, RowArgument } from "../ir/ir.ts";
import { columnOf } from "../ir/ir.ts";
import { planExpression } from "../ir/plan-expression.ts";
import type { Column } from "../ir/types.ts";
import { followsFirst, readBy, renameKeys, silent, union } from "./rules.ts";
import type { Verb } from "./verb.ts";

const partsOf = (i: Instruction): RowArgument | undefined => i.rows.find((r) => r.role === "parts");

/** What an option says. */
function optionOf(i: Instruction, name: string): string | number | null {
  const option = i.rows.find((r) => r.role === "parameter" && r.name === name)?.expression;
  return option?.kind === "literal" ? (option.value as string | number) : null;
}

/** Of the columns that are made. */
const made = (i: Instruction, from: "part" | "index"): OutputColumn | undefined => i.columns.find((c) => c.input === 1 && c.from === from);

export const unroll: Verb = {
  name: "unroll",
  docs: "A row for each part of a text that is split: the other columns, and the part under the name given, in place of a column of that name. `index` names a column of the parts' places, from 0; `limit` is the most parts of a row, `drop` names columns that end here.",
  example: 'top.unroll({ word: (d) => d.name.split(" ") }, { index: "place", drop: "name" })',
  on: "table",
  role: "verb",
  signature: [{ kind: "unrolled" }],
  type: (i, [input], context) => {
    const parts = partsOf(i);
    if (!parts) return null;
    for (const { from, span } of i.columns) if (!columnOf(input!.row, from)) context.report(misspeltColumn(from, span, input!.row, context.origin(i, 0, from)));
    const dropped = new Set(i.columns.map((c) => c.from));
    const index = optionOf(i, "index") as string | null;
    if (index === parts.name) context.report(duplicateColumn(index!, parts.span));
    const columns = new Map(input!.row.filter((c) => !dropped.has(c.name)).map(({ name }): [string, OutputColumn] => [name, { input: 0, from: name, as: name, span: i.span }]));
    columns.set(parts.name!, { input: 1, from: "part", as: parts.name!, span: parts.span });
    if (index !== null) columns.set(index, { input: 1, from: "index", as: index, span: parts.span });
    i.columns = [...columns.values()];
    const row = i.columns.map(({ input: of, from, as }): Column => ({ name: as, type: of === 0 ? columnOf(input!.row, from)! : { js: from === "part" ? "string" : "number", nullable: false } }));
    return { row, groups: null };
  },
  distribution: (i, inputs) => renameKeys(followsFirst(i, inputs), (key) => (i.columns.some((c) => c.input === 0 && c.as === key) ? key : null)),
  communicates: silent,
  order: () => "passes",
  rowwise: false,
  repeatable: true,
  // Even where nobody reads the parts, their number is that of the rows.
  demands: (i, demanded) => [union(i.columns.filter((c) => c.input === 0 && demanded.has(c.as)).map((c) => c.from), readBy(i.rows))],
  prune: (i, demanded) => {
    i.columns = i.columns.filter((c) => demanded.has(c.as));
  },
  lower: (i) => {
    const e = partsOf(i)!.expression!;
    const [text, separator] = e.kind === "call" ? e.args : [];
    const [part, index, limit] = [made(i, "part"), made(i, "index"), optionOf(i, "limit")];
    return {
      method: "unroll",
      descriptor: {
        text: planExpression(text!),
        separator: separator!.kind === "literal" ? String(separator!.value) : "",
        columns: i.columns.map((c) => c.as),
        ...(part && { name: part.as }),
        ...(index && { index: index.as }),
        ...(limit !== null && { limit }),
      },
    };
  },
};
