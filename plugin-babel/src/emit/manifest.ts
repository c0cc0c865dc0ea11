/** What the bundle says about a function: everything `lockstep explain` prints, without source or compiler at hand. */
import { movesIn } from "../source/collectives.ts";
import { printExpression } from "../functions/print-expression.ts";
import { partOfAnother, printOperand } from "../functions/print-operand.ts";
import { printDistribution } from "../ir/distribution.ts";
import { columnsRead } from "../ir/expression.ts";
import { type Instruction, instructions, type RowArgument, type ValueId, valuesOf } from "../ir/ir.ts";
import { printType } from "../ir/types.ts";
import type { ParsedFunction } from "../source/frames.ts";
import { verbOf } from "../verbs/index.ts";
import { moves } from "./comments.ts";

export interface ManifestFunction {
  /** `src/job.ts#monthlyTrips` */
  readonly id: string;
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly inputs: readonly ManifestInput[];
  readonly outputs: readonly ManifestOutput[];
  readonly rowFunctions: readonly ManifestRowFunction[];
  /** Every table in source order: the plan, one line an operator. */
  readonly tables: readonly ManifestTable[];
  readonly communicates: readonly { readonly line: number; readonly verb: string; readonly what: string }[];
}

export interface ManifestInput {
  readonly line: number;
  readonly reader: string;
  /** The path as written. */
  readonly path: string;
  readonly read: readonly { readonly name: string; readonly type: string }[];
  readonly present: readonly string[];
  /** Conditions applied while reading. */
  readonly filters: readonly string[];
}

export interface ManifestOutput {
  readonly line: number;
  readonly writer: string;
  readonly path: string;
  readonly columns: readonly string[];
  readonly ordered: boolean;
  /** Why the rows' order is kept; null: a bag of rows. */
  readonly why: string | null;
}

export interface ManifestRowFunction {
  readonly line: number;
  readonly verb: string;
  /** The column it defines, where it defines one. */
  readonly column: string | null;
  readonly source: string;
  readonly tier: "native" | "v8";
  /** What the engine computes, in its own functions; for tier v8 why there is no such form. */
  readonly native: string | null;
  readonly reason: string | null;
}

export interface ManifestTable {
  readonly value: number;
  readonly inputs: readonly number[];
  readonly line: number;
  readonly verb: string;
  readonly details: string;
  /** The table's columns, and those of them that are computed. */
  readonly row: readonly { readonly name: string; readonly type: string }[];
  readonly columns: readonly string[];
  readonly distribution: string;
  /** Why it is replicated; null: it is distributed. */
  readonly why: string | null;
  /** What sees its row order; null: nothing. */
  readonly order: string | null;
}

export function manifestOf(fn: ParsedFunction): ManifestFunction {
  const values = valuesOf(fn.ir);
  const all = [...instructions(fn.ir)];
  const role = (i: Instruction) => (i.op === "phi" ? "verb" : verbOf(i.op).role);
  return {
    id: fn.ir.id,
    name: fn.annotated.name,
    file: fn.module.file,
    line: fn.annotated.node.loc?.start.line ?? 0,
    inputs: all.filter((i) => role(i) === "reader").map(inputOf),
    outputs: all.filter((i) => role(i) === "writer").map((i) => outputOf(i, values)),
    rowFunctions: all.flatMap((i) => [...i.pushed, ...i.rows].flatMap((row) => rowFunctionOf(row, i))),
    tables: all.filter((i) => i.type !== null).map(tableOf),
    communicates: fn.ir.blocks.flatMap(({ instructions: ofTables, met }) => [
      ...ofTables.flatMap((i) => {
        const what = i.op === "spool" || i.executes === false ? null : moves(i, values);
        return what === null ? [] : [{ line: i.span.line, verb: i.op, what }];
      }),
      ...met.map(({ collective, span }) => ({ line: span.line, verb: collective, what: movesIn(collective) })),
    ]),
  };
}

function inputOf(i: Instruction): ManifestInput {
  const read = new Set([...(i.demanded ?? []), ...i.pushed.flatMap((p) => (p.expression ? [...columnsRead(p.expression)] : []))]);
  const declared = i.declared ?? [];
  return {
    line: i.span.line,
    reader: i.op,
    path: (i.scalars.path ?? i.scalars.source)?.source.replace(/\s+/g, " ") ?? "",
    read: declared.filter((c) => read.has(c.name)).map((c) => ({ name: c.name, type: printType(c.type) })),
    present: declared.map((c) => c.name),
    filters: i.pushed.flatMap((p) => (p.expression ? [printExpression(p.expression)] : [])),
  };
}

function outputOf(i: Instruction, values: ReadonlyMap<ValueId, Instruction>): ManifestOutput {
  return {
    line: i.span.line,
    writer: i.op,
    path: i.scalars.path?.source ?? "",
    columns: values.get(i.inputs[0]!)?.type?.row.map((c) => c.name) ?? [],
    ordered: i.order?.observed ?? false,
    why: i.order?.why ?? null,
  };
}

function rowFunctionOf(row: RowArgument, i: Instruction): ManifestRowFunction[] {
  if (!row.expression || row.expression.kind === "column" || row.source === "" || partOfAnother.has(row.role)) return [];
  const { expression } = row;
  return [{
    line: row.span.line,
    verb: i.op,
    column: row.name,
    source: row.source,
    tier: row.tier ?? "native",
    native: row.tier === "v8" ? null : printExpression(expression),
    reason: expression.kind === "script" ? expression.reason : null,
  }];
}

function tableOf(i: Instruction): ManifestTable {
  const { distribution } = i;
  return {
    value: i.id,
    inputs: i.inputs,
    line: i.span.line,
    verb: i.op,
    details: detailsOf(i),
    row: (i.type?.row ?? []).map((c) => ({ name: c.name, type: printType(c.type) })),
    columns: i.demanded ?? [],
    distribution: distribution ? printDistribution(distribution) : "",
    why: distribution?.kind === "replicated" ? `${distribution.why.text} (line ${distribution.why.span.line})` : null,
    order: i.order?.observed ? i.order.why : null,
  };
}

/** `city, total: sum(amount)`, `to = via`, `miles descending`. */
function detailsOf(i: Instruction): string {
  const right = i.rows.filter((r) => r.role === "right");
  const left = i.rows.filter((r) => r.role === "left");
  if (left.length > 0) return [...left.map((l, n) => `${textOf(l)} = ${textOf(right[n]!)}`), ...i.rows.filter((r) => r.role === "match").map(textOf)].join(", ");
  return i.rows.filter((r) => !partOfAnother.has(r.role)).map((r) => {
    const value = printOperand(r, i);
    return `${r.name === null || r.name === value ? "" : `${r.name}: `}${value}${r.descending ? " descending" : ""}`;
  }).join(", ");
}

const textOf = (row: RowArgument): string => (row.expression ? printExpression(row.expression) : "");
