/** The comment above an emitted statement: what it reads, what it moves between ranks, what it gives. */
import { printExpression } from "../functions/print-expression.ts";
import { partOfAnother, printOperand } from "../functions/print-operand.ts";
import { printDistribution } from "../ir/distribution.ts";
import type { Instruction, ValueId } from "../ir/ir.ts";
import { verbOf } from "../verbs/index.ts";

export function commentFor(emitted: readonly Instruction[], values: ReadonlyMap<ValueId, Instruction>): string[] {
  const lines = emitted.flatMap((i) => {
    const said = [reads(i), moves(i, values)].filter((text) => text !== null);
    return said.length === 0 ? [] : [`${i.span.line}: ${i.op} · ${said.join(" · ")}`];
  });
  const last = emitted.at(-1);
  if (last?.type && last.distribution) lines.push(`= ${(last.demanded ?? []).join(", ") || "(no columns)"} · ${printDistribution(last.distribution)}`);
  return lines;
}

function reads(i: Instruction): string | null {
  if (verbOf(i.op).role !== "reader" || i.declared === null) return null;
  const filter = i.pushed.length === 0 ? "" : `, rows where ${i.pushed.map((p) => printExpression(p.expression!)).join(" && ")}`;
  return `${i.demanded?.length ?? 0} of ${i.declared.length} columns${filter}`;
}

export function moves(i: Instruction, values: ReadonlyMap<ValueId, Instruction>): string | null {
  if (i.op === "phi" || verbOf(i.op).known) return null;
  if (i.executes === false) return "known since the execution above";
  const inputs = i.inputs.map((v) => values.get(v)?.distribution);
  if (i.op === "spool") return "kept: several executions need it";
  return inputs.every((d) => d !== null && d !== undefined) ? verbOf(i.op).communicates(i, inputs) : null;
}

/** A column's name, or a text, may have line ends in it, some of which no string literal escapes: the comment would end there. */
export const oneLine = (text: string): string => text.replaceAll(/[\n\r\u2028\u2029]/g, " ");

/** Row functions as the engine computes them: `month = date.getUTCMonth(pickup) + 1`. */
export function notesOf(i: Instruction): string[] {
  return [...i.pushed, ...i.rows].flatMap((row) => {
    const { expression, name, role } = row;
    const isShown = role === "window" || (expression && expression.kind !== "column" && !partOfAnother.has(role));
    return isShown ? [oneLine(`${name === null ? "" : `${name} = `}${printOperand(row, i)}`)] : [];
  });
}
