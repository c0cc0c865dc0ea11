import { verbArgument } from "../diagnostics/verb-argument.ts";
import type { Data } from "../ir/data.ts";
import type { Expression } from "../ir/expression.ts";
import { columnOf, type Instruction, type OutputColumn, type RowArgument } from "../ir/ir.ts";
import { planExpression } from "../ir/plan-expression.ts";
import { elementOf, isList, isNested, type Column, type JsType, mayBeNull, unsureType, type ValueType } from "../ir/types.ts";
import { reportTwice } from "./named.ts";
import { expressionOf, followsKept, optionOf, passKept, readBy, silent, union } from "./rules.ts";
import type { Verb } from "./verb.ts";

const listsOf = (i: Instruction): RowArgument[] => i.rows.filter((r) => r.role === "list");
/** Where an element comes from, as a column: its place, then its array. */
const elementFrom = (list: string, place: number): string => `${place} ${list}`;
const partsOf = (from: string): { readonly place: number; readonly list: string } => ({ place: parseInt(from, 10), list: from.slice(from.indexOf(" ") + 1) });

/** The column of an array while its elements are taken: no program has it. */
const held = (list: string): string => ` list ${list}`;

function elementOfList(list: RowArgument): JsType {
  const { js } = list.expression!.type;
  if (!isList(js)) throw new Error(`'${list.name}' is no list`);
  return elementOf(js);
}

export const spread: Verb = {
  name: "spread",
  docs: "A column for each of the first elements of an array: of a column, or of what a row function gives, such as a text that is split; null where there are not as many. The columns stand where the array did, which `drop: false` keeps; those of an array of its own stand last.",
  example: 'top.spread({ part: (d) => d.name.split(" ") }, { as: ["first", "last"] })',
  on: "table",
  role: "verb",
  signature: [{ kind: "spread" }],
  type: (i, [input], context) => {
    const lists = listsOf(i);
    if (lists.length === 0) return null;
    const limit = optionOf(i, "limit") as number;
    const isKept = optionOf(i, "drop") === false;
    const columns: OutputColumn[] = [];
    const addElements = ({ name, span }: RowArgument): void => {
      for (let n = 0; n < limit; n++) {
        const as = lists.length === 1 ? (optionOf(i, `as ${n}`) as string | undefined) : undefined;
        columns.push({ input: 1, from: elementFrom(name!, n), as: as || `${name}_${n + 1}`, span });
      }
    };
    for (const { name } of input!.row) {
      const list = lists.find((each) => each.name === name);
      if (!list || isKept) columns.push({ input: 0, from: name, as: name, span: i.span });
      if (list) addElements(list);
    }
    for (const list of lists) if (!columnOf(input!.row, list.name!)) addElements(list);
    reportTwice(columns, context);
    const wrong = lists.find((list) => !isList(list.expression!.type.js));
    if (wrong) {
      context.report(verbArgument("spread", "columns of arrays, or an object of row functions that give arrays,", wrong.span, wrong.expression!.type.js === "string" ? 'split the text: spread({ part: (d) => d.text.split(" ") }, …)' : "name a column of arrays; a member of an object is derived: (d) => d.at.x"));
      return null;
    }
    const nested = lists.find((list) => isNested(elementOfList(list)));
    if (nested) {
      context.report(verbArgument("spread", "arrays of texts, numbers, booleans, bigints or dates", nested.span, "derive a column of each element: derive({ first: (d) => d.pairs[0] ?? null })"));
      return null;
    }
    i.columns = columns;
    const row = columns.map(({ input: of, from, as }): Column => {
      if (of === 0) return { name: as, type: columnOf(input!.row, from)! };
      return { name: as, type: unsureType({ js: elementOfList(lists.find((list) => list.name === partsOf(from).list)!), nullable: true }) };
    });
    return { row, groups: null };
  },
  distribution: followsKept,
  communicates: silent,
  order: () => "passes",
  rowwise: true,
  passFilter: passKept,
  repeatable: true,
  demands: (i, demanded) => {
    const read = i.columns.filter((c) => demanded.has(c.as));
    return [union(read.filter((c) => c.input === 0).map((c) => c.from), readBy(listsOf(i).filter((list) => read.some((c) => c.input === 1 && partsOf(c.from).list === list.name))))];
  },
  prune: (i, demanded) => {
    i.columns = i.columns.filter((c) => demanded.has(c.as));
    i.rows = i.rows.filter((r) => i.columns.some((c) => c.input === 1 && partsOf(c.from).list === r.name));
  },
  lower: (i) => {
    const lists = listsOf(i);
    const element = ({ from, as, span }: OutputColumn): Data => {
      const { place, list } = partsOf(from);
      const of = lists.find((each) => each.name === list)!;
      const type: ValueType = { js: elementOfList(of), nullable: true };
      const array: Expression = { kind: "column", name: held(list), type: of.expression!.type, span };
      const item: Expression = { kind: "call", function: "list.item", args: [array, { kind: "literal", value: place, type: { js: "number", nullable: false }, span }], type, span };
      const isNull: Expression = { kind: "call", function: "isNull", args: [array], type: { js: "boolean", nullable: false }, span };
      return { name: as, expression: planExpression(mayBeNull(array.type) ? { kind: "if", test: isNull, then: { kind: "literal", value: null, type, span }, else: item, type, span } : item) };
    };
    return {
      method: "spread",
      descriptor: {
        lists: lists.map((list): Data => ({ name: held(list.name!), expression: expressionOf(list) })),
        elements: i.columns.filter((c) => c.input === 1).map(element),
        columns: i.columns.map((c) => c.as),
      },
    };
  },
};
