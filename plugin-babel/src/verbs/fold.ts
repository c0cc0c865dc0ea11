import { duplicateColumn } from "../diagnostics/duplicate-column.ts";
import { mixedColumn } from "../diagnostics/mixed-column.ts";
import { columnOf, type Instruction, type OutputColumn } from "../ir/ir.ts";
import { eitherType, planType, printJs } from "../ir/types.ts";
import { followsKept, namedExpressions, passKept, readBy, silent, union } from "./rules.ts";
import type { Verb } from "./verb.ts";

/** Of the two columns that are made. */
const made = (i: Instruction, from: "key" | "value"): OutputColumn | undefined => i.columns.find((c) => c.input === 1 && c.from === from);

export const fold: Verb = {
  name: "fold",
  docs: "A row for each of the columns, named or selected: the other columns, the column's name as `key`, its value as `value`.",
  example: 'trips.fold(["trip_miles", "PULocationID"], { as: ["measure", "amount"] })',
  on: "table",
  role: "verb",
  signature: [{ kind: "folded" }],
  type: (i, [input], context) => {
    const [key, value] = [made(i, "key"), made(i, "value")];
    // How they are named could not be read.
    if (!key || !value) return null;
    // A column may be named and selected as well.
    i.rows = [...new Map(i.rows.map((r) => [r.name, r])).values()];
    const types = [...new Set(i.rows.map((r) => printJs(planType(r.expression!.type.js))))];
    if (types.length > 1) context.report(mixedColumn(types, i.span));
    const folded = new Set(i.rows.map((r) => r.name));
    const rest = input!.row.filter((c) => !folded.has(c.name));
    for (const c of [key, value]) if (key.as === value.as || rest.some((other) => other.name === c.as)) context.report(duplicateColumn(c.as, c.span));
    i.columns = [...rest.map(({ name }): OutputColumn => ({ input: 0, from: name, as: name, span: i.span })), key, value];
    const type = i.rows.map((r) => r.expression!.type).reduce(eitherType, i.rows[0]?.expression!.type ?? { js: "number", nullable: false });
    return { row: [...rest, { name: key.as, type: { js: "string", nullable: false } }, { name: value.as, type }], groups: null };
  },
  distribution: followsKept,
  communicates: silent,
  order: () => "passes",
  besides: (i) => (i.wild ? "seen" : "passes"),
  rowwise: false,
  passFilter: passKept,
  repeatable: true,
  demands: (i, demanded) => {
    const rest = i.columns.filter((c) => c.input === 0 && demanded.has(c.as)).map((c) => c.from);
    return [union(rest, demanded.has(made(i, "value")?.as ?? "") ? readBy(i.rows) : [])];
  },
  prune: (i, demanded) => {
    i.columns = i.columns.filter((c) => demanded.has(c.as));
  },
  lower: (i) => {
    const [key, value] = [made(i, "key"), made(i, "value")];
    return {
      method: "fold",
      descriptor: {
        names: i.rows.map((r) => r.name),
        keep: i.columns.filter((c) => c.input === 0).map((c) => c.as),
        ...(key && { key: key.as }),
        ...(value && { value: value.as, type: planType(columnOf(i.type!.row, value.as)!.js), columns: namedExpressions(i.rows) }),
      },
    };
  },
};
