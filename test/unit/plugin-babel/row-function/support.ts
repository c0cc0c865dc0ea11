/** Reads row functions out of text, and runs the same text in V8. */
import { stripTypeScriptTypes } from "node:module";
import { parse, parseExpression } from "@babel/parser";
import type * as t from "@babel/types";
import { printExpression } from "../../../../plugin-babel/src/functions/print-expression.ts";
import { parseRowFunction, type Binding, type ConstantValue, type RowEnvironment, type RowFunction, type Scope } from "../../../../plugin-babel/src/parse/row-function.ts";
import { pathTo } from "../../../../plugin-babel/src/ir/captured.ts";
import type { JsType, RowType } from "../../../../plugin-babel/src/ir/types.ts";

const type = (name: string, js: JsType, nullable = false) => ({ name, type: { js, nullable } });

/** One column of each type; the second name of each kind is nullable. */
export const row: RowType = [
  type("n", "number"), type("m", "number", true), type("k", "number"),
  type("s", "string"), type("q", "string", true),
  type("b", "boolean"), type("c", "boolean", true),
  type("t", "date"), type("u", "date", true),
  type("g", "bigint"), type("h", "bigint", true),
  type("l", "string[]", true), { name: "w", type: { js: "number[]", nullable: false, holes: true } },
  type("o", "{x: number, s: string?}"), type("p", "{at: {y: number?, t: date}?, l: string[]}", true),
];

export interface Setting {
  /** A module that the row function sees: helpers and constants. */
  readonly helpers?: string;
  /** Scalars of the enclosing function. */
  readonly captured?: Readonly<Record<string, number | string | boolean | bigint | null | undefined>>;
  /** Arrays and Sets of the enclosing function. */
  readonly lists?: Readonly<Record<string, Iterable<number | string | null>>>;
  readonly bindings?: Readonly<Record<string, Binding>>;
  readonly environment?: Partial<RowEnvironment>;
}

const names = (source: string): Map<string, t.Node> => {
  const declared = new Map<string, t.Node>();
  for (const statement of parse(source, { sourceType: "module", plugins: ["typescript"] }).program.body) {
    const node = statement.type === "ExportNamedDeclaration" && statement.declaration ? statement.declaration : statement;
    if (node.type === "FunctionDeclaration" && node.id) declared.set(node.id.name, node);
    if (node.type === "VariableDeclaration") for (const d of node.declarations) if (d.id.type === "Identifier" && d.init) declared.set(d.id.name, d.init);
  }
  return declared;
};

/** The values a module's declarations have in V8. */
function valuesOf(helpers: string): Record<string, unknown> {
  const code = stripTypeScriptTypes(helpers).replaceAll("export ", "");
  return new Function(`${code}; return { ${[...names(helpers).keys()].join(", ")} };`)() as Record<string, unknown>;
}

export function read(text: string, setting: Setting = {}): RowFunction {
  const helpers = setting.helpers ?? "";
  const values = valuesOf(helpers);
  const declared = names(helpers);
  const module: Scope = { file: "helpers.ts", source: helpers, resolve: resolveHelper };
  function resolveHelper(name: string): Binding {
    const node = declared.get(name);
    if (node?.type.includes("Function")) return { kind: "function", node: node as t.Function, name, scope: module };
    if (node) return { kind: "constant", value: values[name] as ConstantValue };
    return name in globalThis ? { kind: "global" } : { kind: "unknown", inScope: [...declared.keys()] };
  }
  const environment: RowEnvironment = {
    file: "job.ts",
    source: text,
    params: [row],
    resolve(name) {
      const captured = setting.captured;
      if (setting.bindings?.[name]) return setting.bindings[name];
      if (captured && name in captured) return { kind: "scalar", type: { js: captured[name] == null ? "number" : (typeof captured[name] as JsType), nullable: captured[name] == null }, path: pathTo(name) };
      const list = setting.lists?.[name];
      if (list) {
        const items = [...list];
        return { kind: "list", item: { js: typeof items.find((item) => item !== null) as JsType, nullable: items.includes(null) }, path: pathTo(name) };
      }
      if (name === "op") return { kind: "import", module: "@lockstep/runtime", name: "op" };
      return resolveHelper(name);
    },
    ...setting.environment,
  };
  return parseRowFunction(parseExpression(text, { sourceType: "module", plugins: ["typescript"] }), environment);
}

/** The expression, or the messages of its errors thrown together. */
export function expression(text: string, setting?: Setting) {
  const result = read(text, setting);
  if ("errors" in result) throw new Error(`${text}\n${result.errors.map((e) => `${e.code} ${e.message}`).join("\n")}`);
  return result.expression;
}

/** `code message` of each error; none when it is accepted. */
export function errors(text: string, setting?: Setting): string[] {
  const result = read(text, setting);
  return "errors" in result ? result.errors.map((e) => `${e.code} ${e.message}`) : [];
}

export const native = (text: string, setting?: Setting): string => printExpression(expression(text, setting));

/** The row function itself. */
export function compiled(text: string, { helpers = "", captured = {}, lists = {} }: Setting = {}): (d: object) => unknown {
  const values = { ...valuesOf(helpers), ...captured, ...lists };
  return new Function(...Object.keys(values), `return (${stripTypeScriptTypes(`(${text})`)});`)(...Object.values(values)) as (d: object) => unknown;
}
