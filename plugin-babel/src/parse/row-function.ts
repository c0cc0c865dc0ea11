/**
 * Row lambda → typed `Expression`: `(d) => d.fare * rate` is read as JavaScript, checked as tsc would check it on the
 * facade, and put into the catalogue's functions. What has no native form becomes one `script` expression.
 *
 * The parser knows nothing of modules or scopes: the caller answers names through `Scope`.
 */
import type * as t from "@babel/types";
import { isFunction } from "@babel/types";
import { asyncRowFunction } from "../diagnostics/async-row-function.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { mixedColumn } from "../diagnostics/mixed-column.ts";
import { needsAnnotation } from "../diagnostics/needs-annotation.ts";
import { notAColumnValue } from "../diagnostics/not-a-column-value.ts";
import { describeNode, notARowFunction } from "../diagnostics/not-a-row-function.ts";
import { scriptOfTwoRows } from "../diagnostics/script-of-two-rows.ts";
import { wrongArguments } from "../diagnostics/wrong-arguments.ts";
import type { CapturedPath } from "../ir/captured.ts";
import { type Expression, scriptIn } from "../ir/expression.ts";
import { type RowType, type SourceSpan, unsureType, type ValueType } from "../ir/types.ts";
import { annotated } from "./expressions/annotated.ts";
import { close, Frame, spanIn } from "./expressions/frame.ts";
import { bindParameter, body } from "./expressions/inline.ts";
import { seesHalfPair } from "./half-pairs.ts";
import { State } from "./expressions/state.ts";
import { listColumn } from "./expressions/list-column.ts";
import { objectColumn } from "./expressions/object-column.ts";
import { likelyType } from "./expressions/likely-type.ts";
import { contains, freeNames } from "./expressions/names.ts";
import { annotation } from "./expressions/static-type.ts";
import { stripTypes } from "./expressions/strip-types.ts";
import { toTest } from "./expressions/truth.ts";
import { describe as describeValue, type Foreign, literal, optional, plain, scalar, type StaticType, typeOf, unknown, type Value } from "./expressions/value.ts";

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
  /**
   * A scalar of the enclosing function or module, known when the verb is called. `type` null: not known to the compiler; `missing`: undefined
   * may come although the type does not say so; `argument`: so may whatever a caller without types gives.
   */
  | { readonly kind: "scalar"; readonly type: ValueType | null; readonly path: CapturedPath; readonly missing?: boolean; readonly argument?: boolean; readonly declared?: SourceSpan; readonly as?: "parameter" | "function" | "object" | "variable" }
  /** `declared`: members that its type has and its value has not. */
  | { readonly kind: "constant"; readonly value: ConstantValue; declared?(member: string): Binding | null }
  /** An array or Set of scalars of the enclosing function or module. */
  | { readonly kind: "list"; readonly item: ValueType; readonly path: CapturedPath; readonly missing?: boolean }
  /** `config.limit`, `import * as units`: members are bindings again. `missing`: the path to one that may not be there. */
  | { readonly kind: "record"; readonly missing?: CapturedPath; member(name: string): Binding }
  /** A helper, local or imported; `scope` answers names where it is declared. */
  | { readonly kind: "function"; readonly node: t.Function; readonly name: string; readonly scope: Scope }
  /** Of a package whose source is not compiled: `op` of the facade, or anything only V8 can run. */
  | { readonly kind: "import"; readonly module: string; readonly name: string }
  | { readonly kind: "table"; readonly source: string }
  /** Another variable of its name is in sight where the row function stands. */
  | { readonly kind: "shadowed"; readonly declared: SourceSpan }
  /**
   * An array, a class instance, a Map …: usable by V8 only. `of`: what is known of it nevertheless;
   * `stateful`: a regular expression that goes on where its last test ended; `changes`: whether it is changed where a method
   * of it is called, or a member read (null: not known).
   */
  | { readonly kind: "opaque"; readonly source: string; readonly of?: Foreign; readonly stateful?: boolean; changes?(member: string, by: "method" | "get"): boolean | null }
  /** Assigned outside its declaration, or mutated through. */
  | { readonly kind: "mutated"; readonly write: SourceSpan; readonly declared: SourceSpan; readonly source: string }
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
  /** The verb whose row function it is, where a derive may stand before it. */
  readonly verb?: SourceSpan;
  /** Why a column of this name is not there, nearest first: `["dropped by rollup at line 30"]`. */
  origin?(column: string, param: number): readonly string[];
}

export type RowFunction =
  | { readonly expression: Expression; readonly warnings: readonly Diagnostic[] }
  | { readonly errors: readonly Diagnostic[] };

/** Reads a row lambda. All its mistakes are returned together; `expression` has no error in it. */
export function parseRowFunction(fn: t.Node, env: RowEnvironment): RowFunction {
  const spanOf = (node: t.Node) => spanIn(env.file, node);
  if (!isFunction(fn)) return { errors: [notARowFunction(describeNode(fn), spanOf(fn))] };
  const state = new State(env, fn);
  if (fn.async || fn.generator) state.report(asyncRowFunction(fn.async ? "async" : "function*", spanOf(fn)));
  const frame = new Frame(state, env);
  const rows = env.params.map((_, param): Value => ({ kind: "row", param }));
  const excess = fn.params.slice(env.params.length).find((param) => !hasDefault(param));
  // Nothing more is said of what is not there.
  fn.params.forEach((param, i) => bindParameter(param, param === excess ? [unknown] : rows.slice(i), frame, spanOf(param)));
  if (excess) {
    const taken = env.params.length === 1 ? "the row" : `${env.params.length} rows`;
    const isArqueros = excess.type === "Identifier" && excess.name === "$";
    const fix = isArqueros ? "leave it out: a row function sees the variables around it" : "number the rows before, derive({ n: op.row_number() }), and read d.n";
    state.typeError(wrongArguments(`A row function takes ${taken}, not ${fn.params.length} parameters`, spanOf(excess), fix));
  }
  const read = close(frame.flow, body(fn, frame));
  if (fn.body.type === "BlockStatement" && !fn.generator && !contains(fn.body, (node) => node.type === "ReturnStatement" || node.type === "ThrowStatement", isFunction)) {
    state.report(notAColumnValue("nothing", spanOf(fn.body), "leave the braces out, (d) => d.x > 1, or write return"));
  }
  const declared = annotation(fn.returnType, env);
  const value = declared ? annotated(read, declared, spanOf(fn.body)) : read;
  const result = finish(value, fn, frame);
  return state.errors.length > 0 || result === null ? { errors: state.errors } : { expression: result, warnings: state.warnings };
}

const hasDefault = (param: t.Node) => param.type === "AssignmentPattern" || param.type === "RestElement" || (param.type === "Identifier" && param.optional === true);

/** The column's expression; null after an error. */
function finish(value: Value, fn: t.Function, frame: Frame): Expression | null {
  const { state } = frame;
  const { environment } = state;
  const span = frame.span(fn.body);
  const result = environment.expect === "condition" ? condition(value, span) : (listColumn(value, span) ?? objectColumn(value, span) ?? value);
  if (result.kind === "scalar" && scriptIn(result.expression)) state.needsScript("an array of arrays or of objects is made in V8");
  // A mistake inside makes the type of the whole a guess.
  if (state.errors.length > 0) return null;
  if (result.kind === "scalar" && seesHalfPair(result.expression)) state.needsScript("it may go on with half of a surrogate pair, which has no native form");
  if (state.script !== null && environment.params.length > 1) {
    state.report(scriptOfTwoRows(span, state.script));
    return null;
  }
  if (state.script !== null) return script(result, fn, frame);
  switch (result.kind) {
    case "scalar": {
      const { expression } = optional(result);
      const type = columnType(typeOf(result)!);
      return typed(expression, isUnsure(expression) ? unsureType(type) : type);
    }
    case "nothing":
      if (result.value === null) return literal(null, "number", span);
      state.report(notAColumnValue("nothing", span, "return a value, or null"));
      return null;
    case "mixed":
      state.report(mixedColumn(result.types, span));
      return null;
    case "any":
      return null;
    case "helper":
      state.report(notAColumnValue("a function", span, "call it"));
      return null;
    case "list":
      if (!result.set && result.items.length === 0) state.report(needsAnnotation("this row function's result", span, "nothing says what an empty array is of", "annotate it with its type, as in (d): string[] => …"));
      else state.report(notAColumnValue(`a value of type ${describeValue(result)}`, span, "an array in a column holds values of one type: numbers, strings, booleans, bigints or Dates"));
      return null;
    default: {
      const what = result.kind === "row" ? "the whole row" : result.kind === "record" ? "an object that no column holds" : `a value of type ${describeValue(result)}`;
      state.report(notAColumnValue(what, span, result.kind === "record" ? "give it members, in every branch the same of the same types, each a value of a column" : "return one of its members, or derive several columns"));
      return null;
    }
  }
}

function condition(value: Value, span: SourceSpan): Value {
  return value.kind === "any" ? value : scalar(toTest(value, span).test);
}

/** The whole function for V8: its columns, and the type its values have. */
function script(value: Value, fn: t.Function, frame: Frame): Expression | null {
  const { state } = frame;
  const { environment } = state;
  const texts = value.kind === "any" && value.of === "string[]" ? plain("string[]") : null;
  const type = environment.expect === "condition" ? plain("boolean") : (texts ?? typeOf(value));
  if (type === null || type.js === null) {
    if (value.kind === "mixed") state.report(mixedColumn(value.types, frame.span(fn.body)));
    else state.report(needsAnnotation("this row function's result", frame.span(fn.body), state.script!, `annotate it with its type, as in (d): ${likelyType(fn) ?? "number"} => …`));
    return null;
  }
  // A batch without columns would have no rows.
  // In the table's order, which is that of a whole row's keys.
  const all = environment.params.flat().map((column) => column.name);
  const columns = state.columns.size > 0 ? all.filter((name) => state.columns.has(name)) : all.slice(0, 1);
  return {
    kind: "script",
    columns,
    types: columns.map((name) => environment.params.flat().find((column) => column.name === name)!.type.js),
    source: stripTypes(fn, environment.source),
    free: freeNames(fn).filter((id) => environment.resolve(id.name, id).kind !== "global").map((id) => id.name),
    reason: state.script!,
    type: unsureType(columnType(type)),
    span: frame.span(fn),
  };
}

const columnType = (type: StaticType): ValueType => ({ js: type.js!, nullable: type.null || type.undefined, ...(type.holes && { holes: type.holes }) });

/** Whether it may be null where its type denies it: an invalid Date is stored as null, and so is what a caller without types leaves out. */
function isUnsure(e: Expression, locals: ReadonlyMap<string, boolean> = new Map()): boolean {
  switch (e.kind) {
    case "if":
      return isUnsure(e.then, locals) || isUnsure(e.else, locals);
    case "and":
    case "or":
      return isUnsure(e.left, locals) || isUnsure(e.right, locals);
    case "nullish":
      return isUnsure(e.right, locals) || e.type.js === "date";
    case "let":
      return isUnsure(e.body, new Map(locals).set(e.name, isUnsure(e.value, locals)));
    case "local":
      return e.type.nullable || (e.type.js === "date" && locals.get(e.name) !== false);
    case "captured":
      return e.type.nullable || e.form === "value";
    default:
      return e.type.nullable || (e.type.js === "date" && e.kind !== "column");
  }
}

/** The type of the result as tsc has it; an index that misses gives null all the same, here and under plain Node. */
function typed(e: Expression, type: ValueType): Expression {
  // A captured value that is not there is NaN where it is taken for a number, and null here.
  if (e.kind !== "captured" || type.nullable || !e.type.nullable) return { ...e, type };
  return { kind: "let", name: "value", value: e, body: { kind: "local", name: "value", type, span: e.span }, type, span: e.span };
}
