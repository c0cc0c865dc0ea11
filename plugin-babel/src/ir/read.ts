/** The printed IR read back, so that a test can start at any stage: `printFunction(readFunction(text)) === text`. */
import type { Distribution, Partitioning } from "./distribution.ts";
import { type Binning, type Block, type Frame, type FrameKind, type FunctionIR, instruction, type Instruction, type Met, type Order, type OutputColumn, type RowArgument, type Scalar, type Selector, type TableType, type Terminator } from "./ir.ts";
import { readExpression, readType } from "./read-expression.ts";
import { Scanner } from "./scanner.ts";
import type { JsType, RowType, SourceSpan } from "./types.ts";

/** Throws on the first line that is no IR. */
export function readFunction(text: string): FunctionIR {
  const [head, ...lines] = text.split("\n");
  const blocks: ReadBlock[] = [];
  const frames: Frame[] = [{ id: 0, name: "", call: null }];
  for (const line of lines) {
    const s = new Scanner(line);
    const frame = s.accept(/frame (\d+)/);
    const block = frame === null ? s.accept(/b(\d+):/) : null;
    if (frame !== null) frames.push({ id: Number(frame), name: s.expect(/\S+/), call: null });
    else if (block !== null) blocks.push(readBlock(Number(block), s));
    else {
      const current = blocks.at(-1)!;
      const id = s.accept(/%(\d+) =/);
      const collective = id === null ? s.accept(/meet (\w+) /) : null;
      if (collective !== null) current.met.push({ collective, source: s.string(), span: readSpan(s) });
      else if (id === null && s.accept(/send /) !== null) current.sent.push({ source: s.string(), span: readSpan(s) });
      else if (id === null) current.terminator = readTerminator(s);
      else current.instructions.push(readInstruction(Number(id), s));
    }
  }
  return { id: head!.replace(/^function /, ""), frames, blocks };
}

type ReadBlock = Block & { readonly sent: Scalar[]; readonly met: Met[] };

function readBlock(id: number, s: Scanner): ReadBlock {
  s.accept(/;/);
  const loopDepth = Number(s.accept(/loop (\d+),?/) ?? 0);
  const handler = s.accept(/handler b(\d+)/);
  return { id, instructions: [], sent: [], met: [], terminator: { kind: "throw" }, handler: handler === null ? null : Number(handler), loopDepth };
}

function readInstruction(id: number, s: Scanner): Instruction {
  const op = s.expect(/\w+/);
  const inputs: number[] = [];
  for (let v = s.accept(/%(\d+)/); v !== null; v = s.accept(/%(\d+)/)) inputs.push(Number(v));
  const scalars: Record<string, Scalar> = {};
  for (let name = s.accept(/(\w+)=(?=")/); name !== null; name = s.accept(/(\w+)=(?=")/)) scalars[name] = { source: s.string(), span: NOWHERE };
  const partial = s.accept(/partial\b/) !== null;
  const wild = s.accept(/wild \[([01,]+)\]/)?.split(",").map((input) => (input === "1" ? 1 : 0));
  const declared = s.accept(/declares /) === null ? null : readRow(s);
  const rows: RowArgument[] = [];
  const pushed: RowArgument[] = [];
  for (;;) {
    const list = s.accept(/pushed /) === null ? rows : pushed;
    const role = s.accept(/(?:predicate|column|key|aggregate|window|pair|match|list|parameter|bound|on|left|right)\b(?=[^;]* (?:=|written) )/);
    if (role === null) break;
    list.push(readRowArgument(role as RowArgument["role"], s));
  }
  const columns: OutputColumn[] = [];
  for (let side = s.accept(/left|right|both/); side !== null; side = s.accept(/left|right|both/)) {
    const from = s.string();
    const as = s.accept(/as /) === null ? from : s.string();
    const option = s.accept(/for (\w+)/);
    const selector = readSelector(s);
    columns.push({ input: side === "right" ? 1 : 0, from, as, ...(side === "both" ? { merged: true as const } : {}), ...(option === null ? {} : { option }), ...(selector && { selector }), span: NOWHERE });
  }
  const type = s.accept(/:/) === null ? null : readTableType(s);
  const demanded = s.accept(/demanded /) === null ? null : s.strings();
  const besides = s.accept(/besides /) === null ? null : { seen: s.string() || null, clashing: s.strings() };
  const limit = s.accept(/first (\d+)/);
  const distribution = s.accept(/on /) === null ? null : readDistribution(s);
  const order: Order | null = s.accept(/unordered/) !== null ? { observed: false, why: null } : s.accept(/ordered /) !== null ? { observed: true, why: s.string() || null } : null;
  const executes = s.accept(/executes/) !== null ? true : s.accept(/answered/) !== null ? false : null;
  const frame = Number(s.accept(/frame (\d+)/) ?? 0);
  return instruction({ id, op, inputs, scalars, ...(partial ? { partial } : {}), ...(wild && { wild }), declared, rows, pushed, columns, type, demanded, besides, limit: limit === null ? null : Number(limit), distribution, order, executes, frame, span: readSpan(s) });
}

function readRowArgument(role: RowArgument["role"], s: Scanner): RowArgument {
  const name = s.acceptString();
  const input = s.accept(/of right/) === null ? 0 : 1;
  const aggregate = role === "aggregate" ? s.expect(/\w+/) : role === "window" ? s.accept(/over (\w+)/) : null;
  const window = role === "window" && aggregate === null ? s.expect(/\w+/) : null;
  const fraction = s.accept(/at (\S+)/);
  const binning = s.accept(/binned (\{[^}]*\})/);
  const frame = role === "window" ? s.accept(/(?:rows|peers|range)\b/) : null;
  const selector = readSelector(s);
  const seen = s.accept(/seen\b/) !== null;
  const descending = s.accept(/desc\b/) !== null;
  const tier = s.accept(/v8\b/) !== null;
  const source = s.accept(/written /) === null ? null : s.string();
  const expression = source === null ? (s.expect(/=/), readExpression(s)) : null;
  s.expect(/;/);
  return { role, name, input, span: NOWHERE, source: source ?? "", expression, ...(aggregate === null ? {} : { aggregate }), ...(fraction === null ? {} : { fraction: Number(fraction) }), ...(binning === null ? {} : { binning: JSON.parse(binning) as Binning }), ...(window === null ? {} : { window }), ...(frame === null ? {} : { frame: frame as FrameKind }), ...(selector && { selector }), ...(seen ? { seen: true as const } : {}), ...(descending ? { descending } : {}), ...(tier ? { tier: "v8" as const } : {}) };
}

function readSelector(s: Scanner): Selector | null {
  return s.accept(/selects (?=\{)/) === null ? null : (JSON.parse(s.acceptBraces()!) as Selector);
}

function readRow(s: Scanner): RowType {
  return s.list(/\{/, /\}/, () => {
    const name = s.string();
    s.expect(/:/);
    return { name, type: readType(s) };
  });
}

function readTableType(s: Scanner): TableType {
  const row = readRow(s);
  if (s.accept(/by /) === null) return { row, groups: null };
  const groups = readRow(s);
  s.expect(/reading/);
  return { row, groups, groupReads: s.strings() };
}

function readDistribution(s: Scanner): Distribution {
  if (s.accept(/replicated /) !== null) return { kind: "replicated", why: { text: s.string(), span: NOWHERE } };
  const kind = s.expect(/block|any|hash|range/);
  const partitioning = kind === "hash" || kind === "range" ? { kind, keys: s.strings() } : { kind };
  return { kind: "distributed", partitioning: partitioning as Partitioning };
}

function readTerminator(s: Scanner): Terminator {
  const kind = s.expect(/goto|branch|return|throw/);
  switch (kind) {
    case "goto":
      return { kind, target: Number(s.expect(/b(\d+)/)) };
    case "branch": {
      const source = s.string();
      const varying = s.accept(/varying/) !== null;
      const throws = s.accept(/throws/) !== null;
      const [then, otherwise] = [Number(s.expect(/b(\d+)/)), Number(s.expect(/b(\d+)/))];
      return { kind, condition: { source, span: readSpan(s), ...(varying ? { varying } : {}), ...(throws ? { throws } : {}) }, then, else: otherwise };
    }
    case "return": {
      const value = s.accept(/%(\d+)/);
      const varying = s.accept(/varying/) === null ? null : { source: s.string(), span: readSpan(s) };
      return { kind, value: value === null ? null : Number(value), ...(varying && { varying }) };
    }
    default:
      return { kind: "throw" };
  }
}

const NOWHERE: SourceSpan = { file: "", line: 0, column: 0, endLine: 0, endColumn: 0 };

function readSpan(s: Scanner): SourceSpan {
  const [, file, line, column, endLine, endColumn] = /^@(.*):(\d+):(\d+)-(\d+):(\d+)$/.exec(s.expect(/@\S.*$/))!;
  return { file: file!, line: Number(line), column: Number(column), endLine: Number(endLine), endColumn: Number(endColumn) };
}
