/**
 * A row function's body as the compiler sees it: the plan's `Expression` with full types, source spans and
 * captured scalars. `emit` turns it into the plan's JSON; a captured scalar becomes a literal at run time.
 */
import type { CapturedForm, CapturedPath } from "./captured.ts";
import type { JsType, SourceSpan, ValueType } from "./types.ts";

interface Typed {
  readonly type: ValueType;
  readonly span: SourceSpan;
}

export interface ColumnExpression extends Typed {
  readonly kind: "column";
  readonly name: string;
  /** Of a condition on two rows: it is the second one's. */
  readonly second?: true;
}
/** `value` is null, a boolean, a number, a string, a bigint, or a Date's time value for js type "date". */
export interface LiteralExpression extends Typed {
  readonly kind: "literal";
  readonly value: null | boolean | number | string | bigint;
}
/** A scalar of the enclosing function or module, known when the verb is called: `rate`, `typeof options?.limit`. */
export interface CapturedExpression extends Typed {
  readonly kind: "captured";
  readonly path: CapturedPath;
  readonly form: CapturedForm;
  /** Of form "equal": what it is compared with. */
  readonly other?: CapturedExpression;
  /** An array or Set: its elements, each of type `type`, stand among the arguments of the call. */
  readonly list?: ListMethod;
}
/** The method that a captured list is asked with: an array's, or a Set's. */
export type ListMethod = "includes" | "has";
export interface CallExpression extends Typed {
  readonly kind: "call";
  readonly function: string;
  readonly args: readonly Expression[];
}
export interface IfExpression extends Typed {
  readonly kind: "if";
  readonly test: Expression;
  readonly then: Expression;
  readonly else: Expression;
}
export interface LogicalExpression extends Typed {
  readonly kind: "and" | "or" | "nullish";
  readonly left: Expression;
  readonly right: Expression;
}
export interface LetExpression extends Typed {
  readonly kind: "let";
  readonly name: string;
  readonly value: Expression;
  readonly body: Expression;
}
export interface LocalExpression extends Typed {
  readonly kind: "local";
  readonly name: string;
}
/** Runs in V8, per batch: what no native function covers. `reason` says why, for the report. */
export interface ScriptExpression extends Typed {
  readonly kind: "script";
  readonly columns: readonly string[];
  /** What JavaScript sees in each of the columns. */
  readonly types: readonly JsType[];
  /** JavaScript: the function as written, without its types. */
  readonly source: string;
  /** The names of `source` that are neither its own nor globals: captured values, helpers, imports. */
  readonly free: readonly string[];
  readonly reason: string;
}

export type Expression =
  | ColumnExpression
  | LiteralExpression
  | CapturedExpression
  | CallExpression
  | IfExpression
  | LogicalExpression
  | LetExpression
  | LocalExpression
  | ScriptExpression;

/** The direct subexpressions, left to right. */
export function children(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case "call":
      return expression.args;
    case "if":
      return [expression.test, expression.then, expression.else];
    case "and":
    case "or":
    case "nullish":
      return [expression.left, expression.right];
    case "let":
      return [expression.value, expression.body];
    case "column":
    case "literal":
    case "captured":
    case "local":
    case "script":
      return [];
  }
}

/** Every column of the row that the expression reads, in order of first appearance; of a condition on two rows those of the one that is asked for. */
export function columnsRead(expression: Expression, into: Set<string> = new Set(), second?: true): Set<string> {
  if (expression.kind === "column" && expression.second === second) into.add(expression.name);
  if (expression.kind === "script") for (const name of expression.columns) into.add(name);
  for (const child of children(expression)) columnsRead(child, into, second);
  return into;
}

/** Every captured value, also what one is compared with. */
export function capturedIn(e: Expression): CapturedExpression[] {
  return e.kind === "captured" ? [e, ...(e.other ? capturedIn(e.other) : [])] : children(e).flatMap(capturedIn);
}

/** The part of an expression that only V8 can run; null when all of it is native. */
export function scriptIn(e: Expression): ScriptExpression | null {
  if (e.kind === "script") return e;
  for (const child of children(e)) {
    const found = scriptIn(child);
    if (found) return found;
  }
  return null;
}
