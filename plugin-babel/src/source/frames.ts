/** What parse leaves beside the IR: which node of the source became which instruction. Emission walks the source again. */
import type * as t from "@babel/types";
import type { FrameId, FunctionIR, Instruction, RowArgument, ValueId } from "../ir/ir.ts";
import type { AnnotatedFunction } from "./directives.ts";
import type { Binding, ModuleSource } from "./module.ts";
import type { Place } from "./names.ts";

/** What a row argument was written as; infer-types turns it into an expression. */
export type Operand =
  | { readonly kind: "column"; readonly name: string }
  | { readonly kind: "function"; readonly node: t.Node; readonly place: Place };

/** A function as it stands in the source, once for each call of it. */
export interface SourceFrame {
  readonly id: FrameId;
  readonly name: string;
  readonly node: t.Function;
  readonly module: ModuleSource;
  /** The function's own scope. */
  readonly place: Place;
  /** The frame whose variables it closes over; null for functions of the module. */
  readonly enclosing: SourceFrame | null;
  readonly caller: SourceFrame | null;
  readonly returns: { block: number; value: ValueId | null }[];
}

/** What a node of the source became. */
export type Site = { readonly kind: "verb"; readonly instruction: Instruction } | { readonly kind: "frame"; readonly frame: SourceFrame };

export interface ParsedFunction {
  readonly annotated: AnnotatedFunction;
  readonly ir: FunctionIR;
  readonly module: ModuleSource;
  readonly frames: readonly SourceFrame[];
  readonly sites: ReadonlyMap<FrameId, ReadonlyMap<t.Node, Site>>;
  readonly operands: ReadonlyMap<RowArgument, Operand>;
  /** The literal of each `table({ … })`. */
  readonly literals: ReadonlyMap<Instruction, t.ObjectExpression>;
  /** True for variables that hold tables. */
  isTable(binding: Binding): boolean;
  /** Whether tables are used anywhere in a node. */
  touches(node: t.Node, place: Place): boolean;
}
