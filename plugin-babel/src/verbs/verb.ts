/**
 * What a verb is: data and small rules. Every pass asks these records; none switches over verbs.
 */
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { Data } from "../ir/data.ts";
import type { Distribution } from "../ir/distribution.ts";
import type { Instruction, RowArgument, TableType } from "../ir/ir.ts";
import type { JsType, RowType } from "../ir/types.ts";
import type { Options } from "./options.ts";

/** How one argument of the source is read (`parse/arguments.ts` has one reader a kind). */
export type Parameter =
  | { readonly kind: "predicate" | "columns" | "aggregates" | "selection" | "looked-up" | "folded" | "pivoted" | "asof" | "merge" | "unrolled" | "spread" | "weight" | "renaming" | "relocated" | "placed" | "join-values" | "sort-keys" | "table" | "tables" | "data" | "count" }
  /** `bins`: or `{ name: bin("x") }`. */
  | { readonly kind: "keys"; readonly bins?: true }
  | { readonly kind: "scalar"; readonly name: string; readonly optional: boolean; readonly default?: string; readonly options?: Options; readonly takes?: "number" | "path" | "paths" | "table" }
  /** `condition`: or a function of a left and a right row. */
  | { readonly kind: "join-keys"; readonly condition: boolean }
  | { readonly kind: "column-name" };

export interface TypeContext {
  report(diagnostic: Diagnostic): void;
  /** Why `column` is not in the table `input` of `i`, nearest first. */
  origin(i: Instruction, input: number, column: string): readonly string[];
}

/** What a verb asks of its inputs' order. "passes": what is asked of its result. */
export type OrderDemand = "passes" | "observes" | "ignores";

/** A column meant without being written: the shared columns of a join, all columns of a dedupe. */
export interface ImpliedOperand {
  readonly role: "left" | "right" | "key";
  readonly input: 0 | 1;
  readonly column: string;
}

/** The method of the SPMD table and its descriptor (`site` is added). */
export interface Lowered {
  readonly method: string;
  readonly descriptor: { readonly [key: string]: Data };
  /** Of the rows it gives, only this column is wanted. */
  readonly pluck?: string;
  /** The answer itself: nothing is called. */
  readonly value?: Data;
}

export interface Verb {
  readonly name: string;
  /** One sentence and one line of TypeScript, for the docs. */
  readonly docs: string;
  readonly example: string;
  /** Of a reader: types that columns have only if its option `types` says so. */
  readonly told?: ReadonlySet<JsType>;
  /** Where it is called: `readCsv(…)`, `t.filter(…)`. */
  readonly on: "module" | "table";
  readonly role: "reader" | "verb" | "observer" | "writer";
  readonly signature: readonly Parameter[];
  /** The rows that a row function sees, one a parameter, where they are not its input's. */
  sees?(i: Instruction, argument: RowArgument, inputs: readonly TableType[]): readonly RowType[];
  /** The operands of a call that names none. */
  implied?(inputs: readonly TableType[]): readonly ImpliedOperand[];
  /** It takes a grouped table. */
  readonly grouped?: true;
  /** Row of the result; null for observers and writers, or when the inputs are in error. */
  type(i: Instruction, inputs: readonly TableType[], context: TypeContext): TableType | null;
  distribution(i: Instruction, inputs: readonly Distribution[]): Distribution;
  /** What moves between ranks, under its MPI name; null: nothing. */
  communicates(i: Instruction, inputs: readonly Distribution[]): string | null;
  order(i: Instruction, input: number): OrderDemand;
  /**
   * A filter on these columns of the result may stand above this verb, on one of its inputs, where the columns have other names;
   * null (or no rule): it may not. Asked only when none of the verb's own row functions can throw.
   */
  passFilter?(i: Instruction, columns: ReadonlySet<string>): { readonly input: number; readonly rename?: ReadonlyMap<string, string> } | null;
  /** Doing it again costs less than keeping its result; only if that holds of its inputs too. */
  readonly repeatable: boolean;
  /** Of a reader: it takes how many of its first rows are wanted. */
  readonly limited?: true;
  /** Of an observer: its answer, as messages call it. */
  readonly gives?: string;
  /** Answered from the table's type: nothing runs. */
  readonly known?: true;
  /** True: rows of the result are rows of the first input, in its order (some may be missing). */
  readonly rowwise: boolean;
  /** The columns each input must have, so that the result has `demanded`. */
  demands(i: Instruction, demanded: ReadonlySet<string>, inputs: readonly TableType[]): readonly ReadonlySet<string>[];
  /**
   * What becomes of columns that a file has and the interface leaves out: they pass to the result (the rule where there is none),
   * end here, or are seen.
   */
  besides?(i: Instruction, input: number): "passes" | "ends" | "seen";
  /** Forgets what computes columns nobody demands. Absent: nothing to forget. */
  prune?(i: Instruction, demanded: ReadonlySet<string>): void;
  lower(i: Instruction): Lowered;
}
