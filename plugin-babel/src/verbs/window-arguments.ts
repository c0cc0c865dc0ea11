/** What the operands of a window must be. What is computed when the program runs, the engine looks at. */
import { windowArgument } from "../diagnostics/window-argument.ts";
import { windowFunctions } from "../functions/index.ts";
import { measurable, type WindowParameter } from "../functions/window.ts";
import type { Instruction, RowArgument } from "../ir/ir.ts";
import { printType, type ValueType } from "../ir/types.ts";
import type { TypeContext } from "./verb.ts";

export function reportWindows(i: Instruction, context: TypeContext): void {
  for (const r of i.rows) {
    if (r.role !== "window") continue;
    const argument = r.expression?.type;
    if (r.window === "bin" && argument && argument.js !== "number") context.report(windowArgument("bin", "a column of numbers", printType(argument), r.span, "derive a number first, and name its column"));
    const of = (role: RowArgument["role"]) => i.rows.filter((p) => p.role === role && p.name === r.name);
    const fn = r.window === undefined ? undefined : windowFunctions.get(r.window)!;
    of("parameter").forEach((p, n) => fn?.parameters[n] && reportParameter(r, p, fn.parameters[n], context));
    const bounds = of("bound");
    const wrong = bounds.filter((p) => p.expression && !isNumber(p.expression.type));
    for (const p of wrong) context.report(windowArgument("rolling", "numbers", printType(p.expression!.type), p.span, "write numbers as bounds, for example [-2, 0]"));
    if (wrong.length > 0) continue;
    if (r.frame === "range") reportRange(bounds, of("on")[0], context);
    else if (bounds.length === 2) reportRows(bounds[0]!, bounds[1]!, context);
  }
}

function reportParameter(r: RowArgument, p: RowArgument, { takes, numbers }: WindowParameter, context: TypeContext): void {
  const type = p.expression?.type;
  const name = `op.${r.window}`;
  if (!type) return;
  if (takes === "value") {
    if (!r.expression || canStandIn(type, p.expression, r.expression.type)) return;
    const wanted = printType({ ...r.expression.type, nullable: true });
    return context.report(windowArgument(name, wanted, printType(type), p.span, `write a value of type ${wanted}, or leave it out: then it is null`));
  }
  const words = numbers?.words ?? "a number";
  const value = literalOf(p);
  if (!isNumber(type)) return context.report(windowArgument(name, words, printType(type), p.span, `write ${words}`));
  if (value === null || !numbers || numbers.test(value)) return;
  const other = { lag: "lead", lead: "lag" }[r.window!];
  const fix = other === undefined ? `write ${words}` : value === 0 ? "the row's own value needs no window: d => d.x" : value < 0 ? `op.${other}(…, ${-value}) looks the other way` : `write ${words}`;
  context.report(windowArgument(name, words, String(value), p.span, fix));
}

/** The current row is in every frame. */
function reportRows(start: RowArgument, end: RowArgument, context: TypeContext): void {
  const [from, to] = [literalOf(start), literalOf(end)];
  const report = (p: RowArgument, words: string, found: unknown, fix: string) => context.report(windowArgument("rolling", words, String(found), p.span, fix));
  const turned = from !== null && to !== null && from > 0 && to < 0;
  if (turned) report(start, "[start, end], the rows before the current one first,", `[${from}, ${to}]`, `write [${to}, ${from}]`);
  else if (from !== null && !(from <= 0 && isRows(from))) report(start, "a start of 0, a whole number below it, or -Infinity", from, "begin at 0, the current row, and look further ahead with op.lead");
  else if (to !== null && !(to >= 0 && isRows(to))) report(end, "an end of 0, a whole number above it, or Infinity", to, "end at 0, the current row, and look further back with op.lag");
}

function reportRange(bounds: readonly RowArgument[], on: RowArgument | undefined, context: TypeContext): void {
  const type = on?.expression?.type;
  if (on && type && !measurable.includes(type.js)) return context.report(windowArgument("rolling", "a column of dates or numbers", printType(type), on.span, "measure on a column of dates or numbers, or count rows: [-2, 0]"));
  for (const p of bounds) {
    const value = literalOf(p);
    const isDuration = p.source.startsWith("{");
    if (value !== null && !(value >= 0)) context.report(windowArgument("rolling", "a distance of 0 or more", isDuration ? "a negative one" : String(value), p.span, "a distance has no sign: `preceding` reaches back, `following` ahead"));
    else if (type?.js === "number" && isDuration) context.report(windowArgument("rolling", "a number", "a duration", p.span, `'${on!.source.replace(/["'`]/g, "")}' holds numbers: write the distance as a number, or measure on a column of dates`));
    else if (type?.js === "date" && !isDuration && value !== null && value > 0 && value < Infinity) context.report(windowArgument("rolling", "a duration", String(value), p.span, `write what it counts, for example { days: ${value} }`));
  }
}

const literalOf = ({ expression: e }: RowArgument): number | null => (e?.kind === "literal" && typeof e.value === "number" ? e.value : null);

const isRows = (n: number): boolean => Number.isInteger(n) || Math.abs(n) === Infinity;

const isNumber = (type: ValueType): boolean => type.js === "number" && !type.nullable;

/** A literal null has no type of its own. */
const canStandIn = (type: ValueType, e: Instruction["rows"][number]["expression"], of: ValueType): boolean => type.js === of.js || (e?.kind === "literal" && e.value === null);
