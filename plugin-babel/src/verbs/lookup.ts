import { noCommonColumns } from "../diagnostics/no-common-columns.ts";
import { ANY } from "../ir/distribution.ts";
import { columnOf, type Instruction, type OutputColumn, type TableType } from "../ir/ir.ts";
import type { Column } from "../ir/types.ts";
import { checkKeys, isNamed, join, keyData, keysOf } from "./join.ts";
import { reportMissing } from "./named.ts";
import { followsKept, names, passKept, readBy, union } from "./rules.ts";
import type { TypeContext, Verb } from "./verb.ts";

/** What is looked up: the columns named, else all that the left table lacks. */
function looked(i: Instruction, left: TableType, right: TableType, context: TypeContext): OutputColumn[] {
  if (isNamed(i)) return reportMissing(i, i.columns, [left, right], context);
  // Also those of a file that the interface leaves out.
  i.wild = [1];
  return names(right.row).filter((name) => !columnOf(left.row, name)).map((name) => ({ input: 1, from: name, as: name, span: i.span }));
}

export const lookup: Verb = {
  name: "lookup",
  docs: "Adds columns of the right row with an equal key (the last, if there are several), null where there is none; left rows stay as they are.",
  example: 'trips.lookup(weather, "date", "PRCP")',
  on: "table",
  role: "verb",
  signature: [{ kind: "table" }, { kind: "join-keys", condition: false }, { kind: "looked-up" }],
  implied: join.implied!,
  type: (i, [left, right], context) => {
    if (keysOf(i, "left").length === 0) context.report(noCommonColumns(i.span, left!.row, right!.row));
    checkKeys(i, context);
    const columns = new Map(left!.row.map(({ name }): [string, OutputColumn] => [name, { input: 0, from: name, as: name, span: i.span }]));
    // A column of the same name is replaced in its place.
    for (const column of looked(i, left!, right!, context)) columns.set(column.as, column);
    i.columns = [...columns.values()];
    const row = i.columns.map(({ input, from, as }): Column => {
      const type = columnOf((input === 0 ? left! : right!).row, from)!;
      return { name: as, type: input === 0 ? type : { ...type, nullable: true } };
    });
    return { row, groups: null };
  },
  distribution: (i, [left, right]) => (right!.kind === "replicated" ? followsKept(i, [left!]) : ANY),
  communicates: (i, inputs) => join.communicates(i, inputs),
  order: (_, input) => (input === 0 ? "passes" : "observes"),
  rowwise: true,
  passFilter: passKept,
  repeatable: false,
  demands: (i, demanded) => {
    const side = (input: 0 | 1) => i.columns.filter((c) => c.input === input && demanded.has(c.as)).map((c) => c.from);
    return [union(side(0), readBy(i.rows, 0)), union(side(1), readBy(i.rows, 1))];
  },
  besides: (i, input) => (input === 1 && !i.wild?.includes(1) ? "ends" : "passes"),
  prune: (i, demanded) => {
    i.columns = i.columns.filter((c) => demanded.has(c.as));
  },
  lower: (i) => {
    return {
      method: "lookup",
      descriptor: {
        on: keyData(i),
        columns: i.columns.map(({ input, from, as }) => ({ side: input === 0 ? "left" : "right", from, as })),
      },
    };
  },
};
