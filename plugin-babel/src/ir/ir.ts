/**
 * source → **IR** → types → distributions → SPMD
 *
 * A function is a control-flow graph of instructions in SSA form. Instructions are table operators, observers and writers,
 * with typed expressions inside; scalar JavaScript stays opaque text around them. Helpers that take or return tables
 * are inlined, one `Frame` per call, so that every analysis sees one graph.
 *
 * Passes fill the fields marked "by …"; `spec.ts` says which must be there at which stage.
 */
import type { Distribution } from "./distribution.ts";
import type { Expression } from "./expression.ts";
import type { RowType, SourceSpan, ValueType } from "./types.ts";

/** Prints as `%3`; unique in a function. */
export type ValueId = number;
/** Prints as `b2`. */
export type BlockId = number;
/** 0 is the annotated function itself; each inlined call of a helper has its own. */
export type FrameId = number;

export interface FunctionIR {
  /** `src/job.ts#monthlyTrips` */
  readonly id: string;
  readonly frames: Frame[];
  /** blocks[0] is the entry; the others stand in reverse postorder. */
  readonly blocks: Block[];
}

export interface Frame {
  readonly id: FrameId;
  readonly name: string;
  /** The call that made this frame; null for the annotated function. */
  readonly call: SourceSpan | null;
}

export interface Block {
  readonly id: BlockId;
  instructions: Instruction[];
  terminator: Terminator;
  /** Scalars of the source that rank 0 evaluates here and broadcasts. */
  readonly sent: readonly Scalar[];
  /** Collectives of the source. */
  readonly met: readonly Met[];
  /** Where an exception thrown in this block goes. */
  readonly handler: BlockId | null;
  /** How many loops the block stands in. */
  readonly loopDepth: number;
}

export type Terminator =
  | { readonly kind: "goto"; readonly target: BlockId }
  /** `condition` is JavaScript; it decides alike on all ranks, which check-lockstep proves. */
  | { readonly kind: "branch"; readonly condition: Scalar; readonly then: BlockId; readonly else: BlockId }
  /** `varying`: ranks may disagree about which table it is. */
  | { readonly kind: "return"; readonly value: ValueId | null; readonly varying?: Scalar }
  | { readonly kind: "throw" };

/** A call of a collective. */
export interface Met extends Scalar {
  readonly collective: string;
}

/** JavaScript that stays JavaScript. */
export interface Scalar {
  readonly source: string;
  readonly span: SourceSpan;
  /** True when ranks may disagree about it. */
  varying?: boolean;
  /** Of a condition: whether it throws, not what it gives. */
  readonly throws?: true;
}

/** The rows that a window sees: some before and after, with peers or without, or those of a range of a column's values. */
export type FrameKind = "rows" | "peers" | "range";

/** How values are binned: `step`, if it is there, in place of `maxbins` and `minstep`; `offset`: so many bins further up. */
export interface Binning {
  readonly maxbins: number;
  readonly nice: boolean;
  readonly minstep: number;
  readonly step?: number;
  readonly offset?: number;
}

/** Columns by their names, until infer-types knows which there are: those named and those like a pattern; `not`: all but these. */
export interface Selector {
  readonly names: readonly string[];
  readonly like: readonly { readonly how: "startsWith" | "endsWith" | "includes"; readonly text: string }[];
  readonly not: boolean;
}

/**
 * One operand of a verb that is evaluated per row (or, for aggregates, per group). A window is an operand and, behind it and under
 * the same name, those of its parameters, of its frame's two bounds, and of the column that measures a range. So is an aggregate of
 * pairs, and the values that its own are paired with. A match is a condition on a left and a right row, a list one whose elements become rows.
 */
export interface RowArgument {
  readonly role: "predicate" | "column" | "key" | "left" | "right" | "aggregate" | "window" | "pair" | "match" | "list" | "parameter" | "bound" | "on";
  /** The column it defines; null for predicates, join keys and sort keys. */
  readonly name: string | null;
  /** Which input's row it sees. */
  readonly input: 0 | 1;
  readonly span: SourceSpan;
  /** As written: `"date"`, `(d) => d.hour`; empty when nothing was. */
  readonly source: string;
  /** By infer-types. Null before; an aggregate or window without argument stays null. */
  expression: Expression | null;
  /** "mean", for role aggregate, and for a window that is an aggregate. */
  readonly aggregate?: string;
  /** Of the aggregate quantile: from 0 to 1. */
  readonly fraction?: number;
  /** Of the aggregate bins, and of the window bin. */
  readonly binning?: Binning;
  /** "lag", for role window. */
  readonly window?: string;
  /** Of a window; absent: the whole group, or what the function sees by itself. */
  readonly frame?: FrameKind;
  /** The values JavaScript sees are wanted, though a column is named. */
  readonly seen?: true;
  readonly descending?: boolean;
  /** It stands for all that the selector chooses. */
  readonly selector?: Selector;
  /** By lower-row-functions. */
  tier?: "native" | "v8";
}

/** An output column that is an input column: of select, rename and join. */
export interface OutputColumn {
  readonly input: 0 | 1;
  readonly from: string;
  readonly as: string;
  /** Of a full join: the other side's column of that name, where this side has no row. */
  readonly merged?: true;
  /** Of a writer: the option that names it. Of derive and relocate: "before" or "after", where others are put. */
  readonly option?: string;
  /** It stands for all that the selector chooses; `from` is how that is written. */
  readonly selector?: Selector;
  readonly span: SourceSpan;
}

export interface TableType {
  readonly row: RowType;
  /** Of a grouped table: the keys that rollup will put first. */
  readonly groups: RowType | null;
  /** Of a grouped table: the columns that the keys are computed from. */
  readonly groupReads?: readonly string[];
}

/** Whether the order of a table's rows is seen by anything, and why. */
export interface Order {
  readonly observed: boolean;
  readonly why: string | null;
}

/** Columns of a file that the interface leaves out are not read. Under plain Node they are there. */
export interface Besides {
  /** What sees the whole rows; null: nothing does. */
  readonly seen: string | null;
  /** Names they must not have, as a join or a rename would meet them. */
  readonly clashing: readonly string[];
}

export interface Instruction {
  readonly id: ValueId;
  /** A verb of the catalogue, "phi", or "spool". */
  readonly op: string;
  inputs: ValueId[];
  rows: RowArgument[];
  columns: OutputColumn[];
  /** Opaque operands by name: path, options, start, end …; `varying` is the one about which ranks may disagree. */
  readonly scalars: Readonly<Record<string, Scalar>>;
  readonly span: SourceSpan;
  readonly frame: FrameId;
  /** Some of its columns could not be read, which is reported: its type is not known. */
  readonly open?: boolean;
  /** The variables it stands for hold no table on some paths (`let t = null`), where reading them is the program's own error. */
  partial?: true;
  /** The inputs of which columns are chosen by what their names are like: columns that a file has and the interface leaves out might be, too. */
  wild?: readonly (0 | 1)[];
  /** Of readers: the interface's columns. Of `get`: the cell. */
  declared: RowType | null;
  /** By infer-types; null for observers and writers. */
  type: TableType | null;
  /** By prune-columns: the columns anyone reads. */
  demanded: readonly string[] | null;
  /** By prune-columns, on a reader: what its files' columns besides the interface's would change. */
  besides: Besides | null;
  /** By prune-columns, on a reader: so many of its first rows anyone reads; null: who knows. */
  limit: number | null;
  /** By push-filters, on a reader: conjuncts that rows must pass, with the lines they came from. */
  pushed: RowArgument[];
  /** By infer-distributions. */
  distribution: Distribution | null;
  /** By infer-order. */
  order: Order | null;
  /** By cut-plans: an observer or writer that runs a plan (false: answered from memory). */
  executes: boolean | null;
}

export function instruction(fields: Pick<Instruction, "id" | "op" | "span" | "frame"> & Partial<Instruction>): Instruction {
  return {
    inputs: [],
    rows: [],
    columns: [],
    scalars: {},
    declared: null,
    type: null,
    demanded: null,
    besides: null,
    limit: null,
    pushed: [],
    distribution: null,
    order: null,
    executes: null,
    ...fields,
  };
}

export function* instructions(fn: FunctionIR): Generator<Instruction> {
  for (const block of fn.blocks) yield* block.instructions;
}

/** Instructions by value. */
export function valuesOf(fn: FunctionIR): Map<ValueId, Instruction> {
  const values = new Map<ValueId, Instruction>();
  for (const i of instructions(fn)) values.set(i.id, i);
  return values;
}

/** The instructions that read each value; returns count as a use by null. */
export function usesOf(fn: FunctionIR): Map<ValueId, (Instruction | null)[]> {
  const uses = new Map<ValueId, (Instruction | null)[]>();
  const add = (value: ValueId, user: Instruction | null) => {
    const list = uses.get(value);
    if (list) list.push(user);
    else uses.set(value, [user]);
  };
  for (const block of fn.blocks) {
    for (const i of block.instructions) for (const input of i.inputs) add(input, i);
    if (block.terminator.kind === "return" && block.terminator.value !== null) add(block.terminator.value, null);
  }
  return uses;
}

export function successors(block: Block): BlockId[] {
  const t = block.terminator;
  const next = t.kind === "goto" ? [t.target] : t.kind === "branch" ? [t.then, t.else] : [];
  return block.handler === null ? next : [...next, block.handler];
}

/** The columns that a selector chooses, in their order. */
export function selectedBy({ names, like, not }: Selector, row: RowType): string[] {
  return row.map((c) => c.name).filter((name) => (names.includes(name) || like.some(({ how, text }) => name[how](text))) !== not);
}

export function columnOf(row: RowType, name: string): ValueType | null {
  return row.find((c) => c.name === name)?.type ?? null;
}
