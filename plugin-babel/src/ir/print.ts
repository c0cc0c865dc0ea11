/** The printed form of the IR: one line an instruction; `read.ts` reads it back. */
import type { Distribution } from "./distribution.ts";
import type { FunctionIR, Instruction, RowArgument, Scalar, TableType, Terminator } from "./ir.ts";
import { printExpression, printValueType } from "./print-expression.ts";
import type { RowType, SourceSpan } from "./types.ts";

export function printFunction(fn: FunctionIR): string {
  const lines = [`function ${fn.id}`];
  for (const frame of fn.frames) if (frame.id > 0) lines.push(`  frame ${frame.id} ${frame.name}`);
  for (const block of fn.blocks) {
    const notes = [block.loopDepth > 0 ? `loop ${block.loopDepth}` : "", block.handler === null ? "" : `handler b${block.handler}`].filter(Boolean);
    lines.push(`b${block.id}:${notes.length > 0 ? ` ; ${notes.join(", ")}` : ""}`);
    for (const i of block.instructions) lines.push(`  ${printInstruction(i)}`);
    for (const s of block.met) lines.push(`  meet ${s.collective} ${printScalar(s)} ${printSpan(s.span)}`);
    for (const s of block.sent) lines.push(`  send ${printScalar(s)} ${printSpan(s.span)}`);
    lines.push(`  ${printTerminator(block.terminator)}`);
  }
  return lines.join("\n");
}

/** `%4 = filter %3 predicate gt($hour:number, 8) : {hour: number} demanded [hour] block @job.ts:24:6-24:40` */
export function printInstruction(i: Instruction): string {
  const parts = [`%${i.id} = ${i.op}`, ...i.inputs.map((v) => `%${v}`)];
  for (const [name, scalar] of Object.entries(i.scalars)) parts.push(`${name}=${printScalar(scalar)}`);
  if (i.partial) parts.push("partial");
  if (i.wild) parts.push(`wild ${JSON.stringify(i.wild)}`);
  if (i.declared) parts.push(`declares ${printRow(i.declared)}`);
  for (const row of i.rows) parts.push(printRowArgument(row));
  for (const row of i.pushed) parts.push(`pushed ${printRowArgument(row)}`);
  for (const c of i.columns) parts.push(`${c.merged ? "both" : c.input === 0 ? "left" : "right"} ${JSON.stringify(c.from)}${c.as === c.from ? "" : ` as ${JSON.stringify(c.as)}`}${c.option === undefined ? "" : ` for ${c.option}`}${c.selector ? ` selects ${JSON.stringify(c.selector)}` : ""}`);
  if (i.type) parts.push(`: ${printTableType(i.type)}`);
  if (i.demanded) parts.push(`demanded ${JSON.stringify(i.demanded)}`);
  if (i.besides) parts.push(`besides ${JSON.stringify(i.besides.seen ?? "")} ${JSON.stringify(i.besides.clashing)}`);
  if (i.limit !== null) parts.push(`first ${i.limit}`);
  if (i.distribution) parts.push(`on ${printPlace(i.distribution)}`);
  if (i.order) parts.push(i.order.observed ? `ordered ${JSON.stringify(i.order.why ?? "")}` : "unordered");
  if (i.executes !== null) parts.push(i.executes ? "executes" : "answered");
  if (i.frame > 0) parts.push(`frame ${i.frame}`);
  parts.push(printSpan(i.span));
  return parts.join(" ");
}

/** As `printDistribution`, but so that it reads back: `hash["a","b"]`. */
function printPlace(d: Distribution): string {
  if (d.kind === "replicated") return `replicated ${JSON.stringify(d.why.text)}`;
  return "keys" in d.partitioning ? d.partitioning.kind + JSON.stringify(d.partitioning.keys) : d.partitioning.kind;
}

const printScalar = (s: Scalar): string => JSON.stringify(s.source);

export const printRow = (row: RowType): string => `{${row.map((c) => `${JSON.stringify(c.name)}: ${printValueType(c.type)}`).join(", ")}}`;

export const printTableType = (type: TableType): string => `${printRow(type.row)}${type.groups ? ` by ${printRow(type.groups)} reading ${JSON.stringify(type.groupReads ?? [])}` : ""}`;

function printRowArgument(row: RowArgument): string {
  const words = [row.role, row.name === null ? "" : JSON.stringify(row.name), row.input === 1 ? "of right" : "", row.role === "window" && row.aggregate ? `over ${row.aggregate}` : (row.aggregate ?? row.window ?? ""), row.fraction === undefined ? "" : `at ${row.fraction}`, row.binning ? `binned ${JSON.stringify(row.binning)}` : "", row.frame ?? "", row.selector ? `selects ${JSON.stringify(row.selector)}` : "", row.seen ? "seen" : "", row.descending ? "desc" : "", row.tier === "v8" ? "v8" : ""];
  const body = row.expression ? `= ${printExpression(row.expression)}` : `written ${JSON.stringify(row.source)}`;
  return `${words.filter(Boolean).join(" ")} ${body};`;
}

export const printSpan = (s: SourceSpan): string => `@${s.file}:${s.line}:${s.column}-${s.endLine}:${s.endColumn}`;

function printTerminator(t: Terminator): string {
  switch (t.kind) {
    case "goto":
      return `goto b${t.target}`;
    case "branch":
      return `branch ${JSON.stringify(t.condition.source)}${t.condition.varying ? " varying" : ""}${t.condition.throws ? " throws" : ""} b${t.then} b${t.else} ${printSpan(t.condition.span)}`;
    case "return":
      return t.value === null ? "return" : `return %${t.value}${t.varying ? ` varying ${printScalar(t.varying)} ${printSpan(t.varying.span)}` : ""}`;
    case "throw":
      return "throw";
  }
}
