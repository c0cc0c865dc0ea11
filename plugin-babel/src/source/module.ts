/** A parsed source file: its syntax tree, its scopes, what it imports, exports and declares as types. */
import { parse } from "@babel/parser";
import traverse, { type Binding, type Scope } from "@babel/traverse";
import type * as t from "@babel/types";
import type { SourceSpan } from "../ir/types.ts";

export interface ImportedName {
  readonly specifier: string;
  /** "default" and "*" as in the language. */
  readonly imported: string;
}

export interface ModuleSource {
  /** What the adapter calls it: an absolute path, usually. */
  readonly id: string;
  /** What messages and source maps call it: relative to the project. */
  readonly file: string;
  readonly code: string;
  readonly program: t.Program;
  readonly scope: Scope;
  readonly imports: ReadonlyMap<string, ImportedName>;
  /** Exported name → local name, or the module it is passed on from. */
  readonly exports: ReadonlyMap<string, string | ImportedName>;
  readonly types: ReadonlyMap<string, TypeDeclaration>;
  /** Those that stand in functions, and the blocks in which they count. */
  readonly localTypes: readonly { readonly node: TypeDeclaration; readonly within: t.Node }[];
  /** Babel's scopes have no bindings for them. */
  readonly enums: ReadonlyMap<string, t.TSEnumDeclaration>;
  /** Of `namespace N { … }` that leave code behind. */
  readonly namespaces: ReadonlySet<string>;
  /** A node that is called: of `f.g()` the member `f.g`. */
  isCallee(node: t.Node): boolean;
  /** The scope a node makes, for functions, blocks, loops and the program. */
  scopeOf(node: t.Node): Scope | undefined;
}

export type TypeDeclaration = t.TSInterfaceDeclaration | t.TSTypeAliasDeclaration;

/** The JavaScript or TypeScript in `code`. Throws Babel's SyntaxError. */
export function parseModule(id: string, file: string, code: string): ModuleSource {
  const jsx = /\.[jt]sx$/.test(file);
  const typescript = !/\.[cm]?jsx?$/.test(file);
  const ast = parse(code, {
    sourceType: "module",
    sourceFilename: file,
    plugins: [...(typescript ? ["typescript" as const] : []), ...(jsx ? ["jsx" as const] : [])],
  });
  const scopes = new WeakMap<t.Node, Scope>();
  const callees = new WeakSet<t.Node>();
  const localTypes: { node: TypeDeclaration; within: t.Node }[] = [];
  let scope: Scope | undefined;
  traverse(ast, {
    "TSInterfaceDeclaration|TSTypeAliasDeclaration": ({ node, parent }: { node: t.Node; parent: t.Node }) => {
      if (parent.type !== "Program" && parent.type !== "ExportNamedDeclaration") localTypes.push({ node: node as TypeDeclaration, within: parent });
    },
    "CallExpression|OptionalCallExpression|NewExpression|TaggedTemplateExpression": ({ node }: { node: t.Node }) => {
      const call = node as t.CallExpression | t.TaggedTemplateExpression;
      callees.add(bare("tag" in call ? call.tag : call.callee));
    },
    Scopable(path) {
      scope ??= path.scope.getProgramParent();
      scopes.set(path.node, path.scope);
    },
  });
  const declared = declarations(ast.program);
  return { id, file, code, program: ast.program, scope: scope!, ...declared, localTypes, isCallee: (node) => callees.has(node), scopeOf: (node) => scopes.get(node) };
}

function declarations(program: t.Program): Pick<ModuleSource, "imports" | "exports" | "types" | "enums" | "namespaces"> {
  const imports = new Map<string, ImportedName>();
  const exports = new Map<string, string | ImportedName>();
  const types = new Map<string, TypeDeclaration>();
  const enums = new Map<string, t.TSEnumDeclaration>();
  const namespaces = new Set<string>();
  const declare = (node: t.Node | null | undefined) => {
    if (node?.type === "TSEnumDeclaration") {
      const before = enums.get(node.id.name);
      // Two declarations of a name are one enum.
      enums.set(node.id.name, before ? { ...before, body: { ...before.body, members: [...before.body.members, ...node.body.members] } } : node);
    }
    if (node?.type === "TSModuleDeclaration" && node.id.type === "Identifier" && !node.declare) namespaces.add(node.id.name);
    if (node?.type === "TSInterfaceDeclaration" || node?.type === "TSTypeAliasDeclaration") types.set(node.id.name, node);
  };
  for (const statement of program.body) {
    declare(statement);
    if (statement.type === "ImportDeclaration") {
      for (const s of statement.specifiers) {
        const imported = s.type === "ImportSpecifier" ? nameOf(s.imported) : s.type === "ImportDefaultSpecifier" ? "default" : "*";
        imports.set(s.local.name, { specifier: statement.source.value, imported });
      }
    } else if (statement.type === "ExportNamedDeclaration") {
      declare(statement.declaration);
      for (const name of declaredNames(statement.declaration)) exports.set(name, name);
      for (const s of statement.specifiers) {
        if (s.type !== "ExportSpecifier") continue;
        const local = nameOf(s.local);
        exports.set(nameOf(s.exported), statement.source ? { specifier: statement.source.value, imported: local } : local);
      }
    } else if (statement.type === "ExportDefaultDeclaration") {
      const d = statement.declaration;
      if (d.type === "Identifier") exports.set("default", d.name);
      else if (d.type === "FunctionDeclaration" && d.id) exports.set("default", d.id.name);
    }
  }
  return { imports, exports, types, enums, namespaces };
}

function declaredNames(declaration: t.Node | null | undefined): string[] {
  switch (declaration?.type) {
    case "VariableDeclaration":
      return declaration.declarations.flatMap((d) => (d.id.type === "Identifier" ? [d.id.name] : []));
    case "FunctionDeclaration":
    case "ClassDeclaration":
    case "TSEnumDeclaration":
    case "TSInterfaceDeclaration":
    case "TSTypeAliasDeclaration":
      return declaration.id?.type === "Identifier" ? [declaration.id.name] : [];
    default:
      return [];
  }
}

const nameOf = (node: t.Identifier | t.StringLiteral): string => (node.type === "Identifier" ? node.name : node.value);

export function spanOf(node: t.Node, module: Pick<ModuleSource, "file">): SourceSpan {
  const { start, end } = node.loc ?? { start: { line: 1, column: 0 }, end: { line: 1, column: 0 } };
  return { file: module.file, line: start.line, column: start.column, endLine: end.line, endColumn: end.column };
}

export const textOf = (node: t.Node, module: Pick<ModuleSource, "code">): string => module.code.slice(node.start!, node.end!);

/** Without TypeScript's casts, `!` and parentheses. */
export function bare<N extends t.Node>(node: N): t.Node {
  let inner: t.Node = node;
  while (
    inner.type === "TSAsExpression" || inner.type === "TSSatisfiesExpression" || inner.type === "TSNonNullExpression" ||
    inner.type === "TSTypeAssertion" || inner.type === "TSInstantiationExpression" || inner.type === "ParenthesizedExpression"
  ) inner = inner.expression;
  return inner;
}

export type { Binding, Scope as BabelScope };
