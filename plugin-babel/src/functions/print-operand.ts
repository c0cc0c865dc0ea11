import type { Binning, Instruction, RowArgument } from "../ir/ir.ts";
import { printExpression } from "./print-expression.ts";

/** Operands that are told with the aggregate or window they belong to. */
export const partOfAnother: ReadonlySet<RowArgument["role"]> = new Set(["pair", "parameter", "bound", "on"]);

/** As the engine computes it, on one line: `mean(d * 2)`, `corr(x, y)`, `lag(ts, 2)`, `sum(v) over -3..3`, `sum(v) over ts - 7..ts + 0`. */
export function printOperand(row: RowArgument, i: Instruction): string {
  const value = row.expression ? printExpression(row.expression).replaceAll(/\s+/g, " ") : "";
  const fn = row.aggregate ?? row.window;
  if (fn === undefined) return value;
  const of = (role: RowArgument["role"]) => i.rows.filter((p) => p.role === role && p.name === row.name).map((p) => (p.expression ? printExpression(p.expression) : p.source));
  const call = `${fn}(${[...(value === "" ? [] : [value]), ...(row.fraction === undefined ? [] : [String(row.fraction)]), ...(row.binning ? [printBinning(row.binning)] : []), ...of("pair"), ...of("parameter")].join(", ")})`;
  const [[start, end], [on]] = [of("bound"), of("on")];
  if (row.frame === undefined) return call;
  return `${call} over ${on === undefined ? `rows ${start}..${end}${row.frame === "peers" ? " and peers" : ""}` : `${on} - ${start}..${on} + ${end}`}`;
}

/** What counts of it: `step 2.5`, `at most 15`. */
function printBinning({ maxbins, nice, minstep, step, offset }: Binning): string {
  const width = step !== undefined ? [`step ${step}`] : [`at most ${maxbins}`, ...(minstep > 0 ? [`step ${minstep} or more`] : [])];
  return [...width, ...(nice ? [] : ["from the least"]), ...(offset ? [`${offset} up`] : [])].join(", ");
}
