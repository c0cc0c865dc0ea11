/** What the operands of a window must be. */
import { windowArgument } from "../diagnostics/window-argument.ts";
import { windowFunctions } from "../functions/index.ts";
import { measurable } from "../functions/window.ts";
import type { Instruction } from "../ir/ir.ts";
import { printType, type ValueType } from "../ir/types.ts";
import type { TypeContext } from "./verb.ts";

export function reportWindows(i: Instruction, context: TypeContext): void {
  for (const r of i.rows) {
    const of = (role: typeof r.role) => i.rows.filter((p) => p.role === role && p.name === r.name);
    const report = (p: typeof r, what: string) => context.report(windowArgument(r.window === undefined ? "rolling" : `op.${r.window}`, what, printType(p.expression!.type), p.span));
    if (r.role !== "window") continue;
    const fn = r.window === undefined ? undefined : windowFunctions.get(r.window)!;
    of("parameter").forEach((p, n) => {
      const type = p.expression?.type;
      if (type && fn?.parameters[n]?.takes === "number" && !isNumber(type)) report(p, "a number");
      if (type && r.expression && fn?.parameters[n]?.takes === "value" && !canStandIn(type, p.expression, r.expression.type)) report(p, printType({ ...r.expression.type, nullable: true }));
    });
    const [on] = of("on");
    for (const p of of("bound")) if (p.expression && !isNumber(p.expression.type)) report(p, "numbers");
    if (on?.expression && !measurable.includes(on.expression.type.js)) report(on, "a column of dates or numbers");
  }
}

const isNumber = (type: ValueType): boolean => type.js === "number" && !type.nullable;

/** A literal null has no type of its own. */
const canStandIn = (type: ValueType, e: Instruction["rows"][number]["expression"], of: ValueType): boolean => type.js === of.js || (e?.kind === "literal" && e.value === null);
