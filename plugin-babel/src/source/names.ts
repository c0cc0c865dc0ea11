/** What the names in a function stand for: the runtime's exports, helpers, constants, values of the enclosing code. */
import type * as t from "@babel/types";
import { bare, type BabelScope, type Binding, type ModuleSource } from "./module.ts";
import { type Modules, RUNTIME } from "./modules.ts";

/** A function that can be looked into. */
export interface Helper {
  readonly name: string;
  readonly node: t.Function;
  readonly module: ModuleSource;
  readonly scope: BabelScope;
}

/** Where a name is looked up. */
export interface Place {
  readonly module: ModuleSource;
  readonly scope: BabelScope;
}

/** `op.mean` → "op.mean", `ls.readCsv` → "readCsv", also by a const's name; null when it is nothing of `@lockstep/runtime`. */
export function runtimeName(node: t.Node, place: Place, depth = 0): string | null {
  const e = bare(node);
  if (depth > 20) return null;
  if (e.type === "MemberExpression") {
    const name = !e.computed && e.property.type === "Identifier" ? e.property.name : e.computed && e.property.type === "StringLiteral" ? e.property.value : null;
    return name === null ? null : runtimeMember(e.object, name, place, depth);
  }
  if (e.type !== "Identifier") return null;
  const imported = importOf(e.name, place);
  if (imported) return imported.specifier === RUNTIME && imported.imported !== "*" ? imported.imported : null;
  const binding = place.scope.getBinding(e.name);
  const declarator = binding?.constant ? binding.path.node : null;
  if (declarator?.type !== "VariableDeclarator" || !declarator.init) return null;
  const outer = { module: place.module, scope: binding!.scope };
  if (declarator.id.type === "Identifier") return runtimeName(declarator.init, outer, depth + 1);
  // `const { sum, mean: average } = op`
  const property = declarator.id.type === "ObjectPattern" ? declarator.id.properties.find((p) => p.type === "ObjectProperty" && p.value === binding!.identifier) : undefined;
  const name = property?.type === "ObjectProperty" && !property.computed && property.key.type === "Identifier" ? property.key.name : null;
  return name === null ? null : runtimeMember(declarator.init, name, outer, depth + 1);
}

function runtimeMember(object: t.Node, name: string, place: Place, depth: number): string | null {
  const e = bare(object);
  if (e.type === "Identifier") {
    const imported = importOf(e.name, place);
    if (imported?.specifier === RUNTIME && imported.imported === "*") return name;
  }
  const inner = runtimeName(e, place, depth + 1);
  return inner === null ? null : `${inner}.${name}`;
}

/** `Table`, `ls.Table` in a type. */
export function runtimeTypeName(node: t.TSEntityName, place: Place): string | null {
  if (node.type === "Identifier") {
    const imported = importOf(node.name, place);
    return imported?.specifier === RUNTIME ? imported.imported : null;
  }
  const isRuntime = node.type === "TSQualifiedName" && node.left.type === "Identifier" && importOf(node.left.name, place)?.specifier === RUNTIME;
  return isRuntime ? node.right.name : null;
}

/** The import a name stands for, unless it is shadowed. */
export function importOf(name: string, { module, scope }: Place) {
  const binding = scope.getBinding(name);
  return binding && !binding.path.node.type.startsWith("Import") ? undefined : module.imports.get(name);
}

/** The helper a callee names: a function of this module, of the enclosing function, or imported with its source. */
export function helperOf(callee: t.Node, place: Place, modules: Modules): Helper | null {
  const e = bare(callee);
  return e.type === "Identifier" ? helperNamed(e.name, place, modules) : null;
}

export function helperNamed(name: string, place: Place, modules: Modules): Helper | null {
  const imported = importOf(name, place);
  if (imported) {
    const resolved = modules.follow(place.module, imported);
    if (resolved.kind === "foreign") return null;
    return helperNamed(resolved.name, { module: resolved.module, scope: resolved.module.scope }, modules);
  }
  const binding = place.scope.getBinding(name);
  const node = binding && functionOf(binding);
  return node ? { name, node, module: place.module, scope: binding.scope } : null;
}

/** The function a binding always holds. */
export function functionOf(binding: Binding): t.Function | null {
  const { node } = binding.path;
  if (node.type === "FunctionDeclaration") return node;
  if (node.type !== "VariableDeclarator" || !binding.constant || !node.init) return null;
  const init = bare(node.init);
  return init.type === "ArrowFunctionExpression" || init.type === "FunctionExpression" ? init : null;
}
