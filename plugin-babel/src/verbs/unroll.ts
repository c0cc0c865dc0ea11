import { duplicateColumn } from "../diagnostics/duplicate-column.ts";
import { verbArgument } from "../diagnostics/verb-argument.ts";
import type { Instruction, OutputColumn, RowArgument } from "../ir/ir.ts";
import { columnOf } from "../ir/ir.ts";
import { elementOf, isList, unsureType, type Column, type ValueType } from "../ir/types.ts";
import { reportMissing } from "./named.ts";
import { followsKept, namedExpressions, optionOf, readBy, silent, union } from "./rules.ts";
import type { Verb } from "./verb.ts";

const listsOf = (i: Instruction): RowArgument[] => i.rows.filter((r) => r.role === "list");

/** The column of the places. */
const indexOf = (i: Instruction): OutputColumn | undefined => i.columns.find((c) => c.input === 1 && c.from === PLACE);

/** Where the columns that are made come from: no columns are called so. */
const [ELEMENT, PLACE] = [" element", " place"];

export const unroll: Verb = {
  name: "unroll",
  docs: "A row for each element of an array: of a column, or of what a row function gives, such as a text that is split; of several, side by side, the shorter ending in nulls. An array that is null or empty has no row. The other columns stay, but one of that name. `index` names a column of the elements' places, from 0; `limit` is the most elements of a row, `drop` names columns that end here.",
  example: 'top.unroll({ word: (d) => d.name.split(" ") }, { index: "place", drop: "name" })',
  on: "table",
  role: "verb",
  signature: [{ kind: "unrolled" }],
  type: (i, [input], context) => {
    const lists = listsOf(i);
    if (lists.length === 0) return null;
    reportMissing(i, i.columns, [input!], context);
    const dropped = new Set(i.columns.map((c) => c.from));
    const index = (optionOf(i, "index") ?? null) as string | null;
    const twice = lists.find(({ name }, n) => name === index || lists.findIndex((other) => other.name === name) < n);
    if (twice) context.report(duplicateColumn(twice.name!, twice.span));
    const columns = new Map(input!.row.filter((c) => !dropped.has(c.name)).map(({ name }): [string, OutputColumn] => [name, { input: 0, from: name, as: name, span: i.span }]));
    const elements = new Map<string, ValueType>();
    for (const { name, span, expression } of lists) {
      const { js, holes } = expression!.type;
      if (!isList(js)) {
        context.report(verbArgument("unroll", "columns of arrays, or an object of row functions that give arrays,", span, js === "string" ? 'split the text: unroll({ word: (d) => d.text.split(" ") })' : "name a column of arrays; fold makes rows of several columns"));
        return null;
      }
      columns.set(name!, { input: 1, from: ELEMENT, as: name!, span });
      elements.set(name!, unsureType({ js: elementOf(js), nullable: holes === true || lists.length > 1 }));
    }
    if (index !== null) columns.set(index, { input: 1, from: PLACE, as: index, span: lists[0]!.span });
    i.columns = [...columns.values()];
    const row = i.columns.map(({ input: of, from, as }): Column => ({ name: as, type: of === 0 ? columnOf(input!.row, from)! : (elements.get(as) ?? { js: "number", nullable: false }) }));
    return { row, groups: null };
  },
  distribution: followsKept,
  communicates: silent,
  order: () => "passes",
  rowwise: false,
  repeatable: true,
  // Even where nobody reads the elements, their number is that of the rows.
  demands: (i, demanded) => [union(i.columns.filter((c) => c.input === 0 && demanded.has(c.as)).map((c) => c.from), readBy(i.rows))],
  prune: (i, demanded) => {
    i.columns = i.columns.filter((c) => demanded.has(c.as));
  },
  lower: (i) => {
    const [index, limit] = [indexOf(i), optionOf(i, "limit") as number | undefined];
    return {
      method: "unroll",
      descriptor: {
        lists: namedExpressions(listsOf(i)),
        columns: i.columns.map((c) => c.as),
        ...(index && { index: index.as }),
        ...(limit !== undefined && { limit }),
      },
    };
  },
};
