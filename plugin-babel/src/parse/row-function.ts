/**
 * Row lambda → typed `Expression`: `(d) => d.fare * rate` is read as JavaScript, checked as tsc would check it on the
 * facade, and put into the catalogue's functions. What has no native form becomes one `script` expression.
 *
 * The parser knows nothing of modules or scopes: the caller answers names through `Scope`.
 */
import type * as t from "@babel/types";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { Expression } from "../ir/expression.ts";
import type { RowType, SourceSpan, ValueType } from "../ir/types.ts";

/** A value known at build time: literals, `const` tables of them, enum objects. A `Set` of literals is its members. */
export type ConstantValue =
  | null
  | undefined
  | boolean
  | number
  | string
  | bigint
  | readonly ConstantValue[]
  | ReadonlySet<ConstantValue>
  | { readonly [member: string]: ConstantValue };

/** What a free identifier of a row function (or of a helper it calls) is bound to. */
export type Binding =
  /** A scalar of the enclosing function or module, known when the verb is called. `type` null: not known to the compiler. */
  | { readonly kind: "scalar"; readonly type: ValueType | null; readonly source: string; readonly declared?: SourceSpan }
  | { readonly kind: "constant"; readonly value: ConstantValue }
  /** `config.limit`, `import * as units`: members are bindings again. */
  | { readonly kind: "record"; member(name: string): Binding }
  /** A helper, local or imported; `scope` answers names where it is declared. */
  | { readonly kind: "function"; readonly node: t.Function; readonly name: string; readonly scope: Scope }
  /** Of a package whose source is not compiled: `op` of the facade, or anything only V8 can run. */
  | { readonly kind: "import"; readonly module: string; readonly name: string }
  | { readonly kind: "table"; readonly source: string }
  /** An array, a class instance, a Map …: usable by V8 only. */
  | { readonly kind: "opaque"; readonly source: string }
  /** Assigned outside its declaration, or mutated through. */
  | { readonly kind: "mutated"; readonly write: SourceSpan; readonly source: string }
  | { readonly kind: "global" }
  /** `inScope`: the names to choose a "did you mean" from. */
  | { readonly kind: "unknown"; readonly inScope?: readonly string[] };

/** Answers the free names of one module (or of one place in it). */
export interface Scope {
  readonly file: string;
  /** The file's text, for the source of script functions. */
  readonly source: string;
  resolve(name: string, at: t.Identifier): Binding;
  /** The type a reference such as `TimeBucket` stands for; null when it is not a column type. */
  typeOf?(node: t.TSType): ValueType | null;
}

export interface RowEnvironment extends Scope {
  /** The row type of each parameter; the first is the row. */
  readonly params: readonly RowType[];
  /** "value" (default): the result is a column. "condition": only its truthiness counts (filter). */
  readonly expect?: "value" | "condition";
  /** Why a column of this name is not there, nearest first: `["dropped by rollup at line 30"]`. */
  origin?(column: string, param: number): readonly string[];
}

export type RowFunction =
  | { readonly expression: Expression; readonly warnings: readonly Diagnostic[] }
  | { readonly errors: readonly Diagnostic[] };

/** Reads a row lambda. All its mistakes are returned together; `expression` has no error in it. */
export declare function parseRowFunction(fn: t.Node, env: RowEnvironment): RowFunction;
