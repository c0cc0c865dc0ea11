import { verbArgument } from "../diagnostics/verb-argument.ts";
import { windowArgument } from "../diagnostics/window-argument.ts";
import { measurable } from "../functions/window.ts";
import { ANY, replicated } from "../ir/distribution.ts";
import { columnOf, type Instruction, type RowArgument } from "../ir/ir.ts";
import { type Column, printType } from "../ir/types.ts";
import { checkKeys, keyData, keysOf, outputColumns } from "./join.ts";
import { expressionOf, readBy, union } from "./rules.ts";
import { reportTwice } from "./named.ts";
import type { TypeContext, Verb } from "./verb.ts";

/** The first pair of keys is that of `on`, the others those of `by`. */
const onOf = (i: Instruction): readonly (RowArgument | undefined)[] => [keysOf(i, "left")[0], keysOf(i, "right")[0]];
const byOf = (i: Instruction): RowArgument[] => keysOf(i, "left").slice(1);
const toleranceOf = (i: Instruction): RowArgument | undefined => i.rows.find((r) => r.role === "bound");

function checkOn(i: Instruction, context: TypeContext): void {
  const [on] = onOf(i);
  const type = on?.expression?.type;
  if (!on || !type) return;
  if (!measurable.includes(type.js)) return context.report(verbArgument("join_asof", "columns of numbers or of dates in `on`", on.span, `'${on.name}' is of type ${printType(type)}: name a column that says how near rows are`));
  const tolerance = toleranceOf(i);
  if (!tolerance?.expression) return;
  const { expression } = tolerance;
  const isDuration = tolerance.source.startsWith("{");
  const wrong = (found: string, fix: string) => context.report(windowArgument("join_asof", type.js === "date" ? "a duration of 0 or more as tolerance" : "a number of 0 or more as tolerance", found, tolerance.span, fix));
  if (expression.type.js !== "number" || expression.type.nullable) return wrong(printType(expression.type), "write a number, or a duration such as { minutes: 5 }");
  if (expression.kind === "literal" && !(Number(expression.value) >= 0)) return wrong(String(expression.value), "a tolerance has no sign: it is how far a match may be");
  if (type.js === "number" && isDuration) wrong("a duration", `'${on.name}' holds numbers: write the tolerance as a number`);
}

export const join_asof: Verb = {
  name: "join_asof",
  docs:
    "Every row, where it is, with the nearest row of the other table: the last that is not after it in `on` (`backward`), the first that is not before it (`forward`), or the nearer of both (`nearest`); null where there is none. `by` are keys that have to be equal, `tolerance` is the farthest that a match may be.",
  example: 'trips.join_asof(weather, { on: "date", tolerance: { days: 3 } })',
  on: "table",
  role: "verb",
  signature: [{ kind: "table" }, { kind: "asof" }],
  type: (i, [left, right], context) => {
    if (onOf(i).some((side) => !side)) return null;
    checkKeys(i, context);
    checkOn(i, context);
    i.columns = outputColumns(i, "left", left!, right!);
    reportTwice(i.columns, context);
    const row = i.columns.map(({ input, from, as }): Column => {
      const type = columnOf((input === 0 ? left! : right!).row, from)!;
      return { name: as, type: input === 0 ? type : { ...type, nullable: true } };
    });
    return { row, groups: null };
  },
  distribution: (i, [left, right]) => (left!.kind === "replicated" && right!.kind === "replicated" ? replicated("both sides of join_asof are replicated", i.span) : ANY),
  communicates: (i, [left, right]) => {
    if (left!.kind === "replicated" && right!.kind === "replicated") return null;
    const keys = byOf(i).map((k) => k.name ?? "…");
    if (keys.length > 0) return `by (${keys.join(", ")}): both tables shuffled (Alltoallv)`;
    return `sample sort of both tables by ${onOf(i)[0]!.name}: samples (Allgather), rows (Alltoallv); each rank's first and last rows (Allgather)`;
  },
  // Of rows that are equally near their order decides.
  order: (_, input) => (input === 0 ? "passes" : "observes"),
  rowwise: true,
  passFilter: (i, read) => {
    const from = i.columns.filter((c) => read.has(c.as));
    return from.some((c) => c.input === 1) ? null : { input: 0, rename: new Map(from.map((c) => [c.as, c.from])) };
  },
  repeatable: false,
  demands: (i, demanded) => {
    const side = (input: 0 | 1) => i.columns.filter((c) => c.input === input && demanded.has(c.as)).map((c) => c.from);
    return [union(side(0), readBy(i.rows, 0)), union(side(1), readBy(i.rows, 1))];
  },
  prune: (i, demanded) => {
    i.columns = i.columns.filter((c) => demanded.has(c.as));
  },
  lower: (i) => {
    const [on, ...by] = keyData(i) as never[];
    const strategy = i.rows.find((r) => r.role === "parameter")!.expression!;
    const tolerance = toleranceOf(i);
    return {
      method: "joinAsof",
      descriptor: {
        on: on!,
        by,
        strategy: strategy.kind === "literal" ? String(strategy.value) : "",
        ...(tolerance && { tolerance: expressionOf(tolerance) }),
        columns: i.columns.map(({ input, from, as }) => ({ side: input === 0 ? "left" : "right", from, as })),
      },
    };
  },
};
