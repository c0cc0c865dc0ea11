/** Answers the names of a row function: what `row-function.ts` asks of modules and scopes. */
import { identifier, memberExpression } from "@babel/types";
import type * as t from "@babel/types";
import { aliasOf } from "../source/effects.ts";
import { constantNamed } from "../source/constants.ts";
import { type BabelScope, bare, type Binding as ScopeBinding, type ModuleSource, spanOf } from "../source/module.ts";
import { RUNTIME } from "../source/modules.ts";
import { type CapturedPath, memberOf, pathText, pathTo } from "../ir/captured.ts";
import type { RowType } from "../ir/types.ts";
import { functionOf, importOf, type Place } from "../source/names.ts";
import type { Binding, ConstantValue, Scope } from "./row-function.ts";
import { classOfBinding } from "../source/classes.ts";
import { listMember, lookUpOf } from "../source/look-ups.ts";
import { methodOf } from "../source/methods.ts";
import { changesItself } from "../source/mutations.ts";
import { elementOf, type Knowledge, recordType, typeOfBinding } from "../source/scalar-types.ts";
import { memberTypesOf, valueTypeOf } from "../source/types.ts";

export interface RowScopeOptions extends Knowledge {
  /** True for variables that hold tables. */
  isTable(binding: ScopeBinding): boolean;
  /** The one whose functions are annotated: only its own values can be captured, of other modules those of helpers alone. */
  readonly home: ModuleSource;
  /** Where the row function stands, which takes its values along when the verb is called. */
  readonly verb: BabelScope;
}

export function rowScope(module: ModuleSource, scope: BabelScope, options: RowScopeOptions): Scope {
  const { modules } = options;
  return {
    file: module.file,
    source: module.code,
    resolve: (name) => resolve(name, module, scope, options),
    typeOf: (node) => valueTypeOf(node, module, modules, null),
  };
}

function resolve(name: string, module: ModuleSource, scope: BabelScope, options: RowScopeOptions): Binding {
  const imported = importOf(name, { module, scope });
  if (imported) return importedBinding(pathTo(name), imported.specifier, imported.imported, module, options);
  const binding = scope.getBinding(name);
  if (!binding && module.enums.has(name)) {
    const members = constantNamed(name, { module, scope });
    return members ? constantBinding(members.value) : { kind: "opaque", source: name };
  }
  if (!binding && module.namespaces.has(name)) return { kind: "opaque", source: name };
  if (!binding) return name in globalThis || name === "undefined" ? { kind: "global" } : { kind: "unknown", inScope: Object.keys(scope.getAllBindings()) };
  if (options.isTable(binding)) return { kind: "table", source: name };

  const node = functionOf(binding);
  if (node) return { kind: "function", node, name, scope: rowScope(module, binding.scope, options) };
  const constant = constantNamed(name, { module, scope });
  if (constant) return { ...constantBinding(constant.value), declared: (member) => absentMember(member, name, binding, { module, scope: binding.scope }, options) };
  if (module !== options.home && isOuter(binding)) return { kind: "opaque", source: name };

  const write = isOuter(binding) ? binding.constantViolations[0] : undefined;
  if (write) return { kind: "mutated", write: spanOf(write.node, module), declared: spanOf(binding!.identifier, module), source: name };
  // Of a helper's variables only those can be taken along that are in sight there.
  const isShadowed = !isOuter(binding) && options.verb.getBinding(name) !== binding;
  return isShadowed ? { kind: "shadowed", declared: spanOf(binding.identifier, module) } : capturedBinding(name, binding, module, options);
}

/** Of the module, not of a function: its value is taken once, so a later write would be lost. */
const isOuter = (binding: ScopeBinding) => binding.scope.path.isProgram();

function capturedBinding(name: string, binding: ScopeBinding, module: ModuleSource, options: RowScopeOptions): Binding {
  const place = { module, scope: binding.scope };
  const type = typeOfBinding(binding, place, options);
  const declared = spanOf(binding.identifier, module);
  const [path, missing] = [pathTo(name), mayMiss(binding)];
  const argument = binding.kind === "param";
  if (type) return { kind: "scalar", type, path, declared, missing, argument };
  const item = elementOf(binding.identifier, place, options);
  if (item) return { kind: "list", item, path, missing };
  if (isRegExp(binding)) return { kind: "opaque", source: name, of: "RegExp", stateful: isStateful(binding) };
  const values = lookUpOf(binding, place, options);
  if (values) return { kind: "opaque", source: name, of: values };
  if (classOfBinding(binding)) return { kind: "opaque", source: name, changes: (member, by) => changesItself(binding, member, by) };
  if (isLookedUp(binding) || isMade(binding) || aliasOf(name, place) !== null) return { kind: "opaque", source: name };
  const members = recordType(binding.identifier, place, options);
  if (members) return { kind: "record", ...(missing ? { missing: path } : {}), member: (member) => memberBinding(member, members, { node: binding.identifier, path, missing, argument }, place, options) };
  return isReadAsRecord(binding) ? recordOf(path) : { kind: "scalar", type: null, path, declared, as: isCalled(binding) ? "function" : binding.identifier.typeAnnotation ? "object" : binding.kind === "param" ? "parameter" : "variable" };
}

/** A scalar, a list of scalars, or a record that is written out. */
function memberBinding(member: string, members: RowType, { node, path, missing, argument }: Captured, place: Place, options: RowScopeOptions): Binding {
  // Only looked at, never printed: a name in brackets counts as one behind a dot.
  const own = { node: memberExpression(node, { ...identifier("member"), name: member }), path: memberOf(path, member, missing), missing, argument };
  const type = members.find((c) => c.name === member)?.type ?? null;
  if (type) return { kind: "scalar", type, path: own.path, missing, argument };
  const item = (node.type === "Identifier" ? listMember(member, node, place, options) : null) ?? elementOf(own.node, place, options);
  if (item) return { kind: "list", item, path: own.path, missing: missing || item.nullable };
  const inner = recordType(own.node, place, options);
  return inner ? { kind: "record", member: (name) => memberBinding(name, inner, own, place, options) } : { kind: "scalar", type: null, path: own.path };
}

/** A record of the enclosing code, and the path to it. */
interface Captured {
  readonly node: t.Identifier | t.MemberExpression;
  readonly path: CapturedPath;
  readonly missing: boolean;
  readonly argument: boolean;
}

/** What may not be there: `options?: Options`; and where tsc says nothing of it, `rows[0]`, `t.get("mean")`, `const [first] = rows`. */
function mayMiss({ identifier, path: { node } }: ScopeBinding): boolean {
  const declared = identifier.typeAnnotation?.type === "TSTypeAnnotation" ? identifier.typeAnnotation.typeAnnotation : null;
  if (identifier.optional || (declared?.type === "TSUnionType" && declared.types.some(({ type }) => type === "TSUndefinedKeyword" || type === "TSNullKeyword"))) return true;
  if (node.type !== "VariableDeclarator" || !node.init) return false;
  if (node.id.type === "ArrayPattern") return true;
  const init = bare(node.init);
  const e = init.type === "AwaitExpression" ? bare(init.argument) : init;
  if (e.type === "MemberExpression") return e.computed;
  return e.type === "CallExpression" && e.callee.type === "MemberExpression" && e.callee.property.type === "Identifier" && methodOf(e.callee.property.name)?.gives === "element";
}

const isRegExp = ({ path: { node } }: ScopeBinding): boolean => node.type === "VariableDeclarator" && node.init?.type === "RegExpLiteral";

const isStateful = ({ path: { node } }: ScopeBinding): boolean => node.type === "VariableDeclarator" && node.init?.type === "RegExpLiteral" && /[gy]/.test(node.init.flags);

/** `config.limit`: each member is a scalar whose type only its use or an annotation tells. */
const recordOf = (path: CapturedPath): Binding => ({ kind: "record", member: (name) => ({ kind: "scalar", type: null, path: memberOf(path, name) }) });

/** `rates[d.zone]`: no scalar has members by computed names, and only V8 looks one up in an object of the run time. */
const isLookedUp = (binding: ScopeBinding): boolean =>
  binding.referencePaths.some((p) => p.parent.type === "MemberExpression" && p.parent.object === p.node && p.parent.computed && p.parent.property.type !== "NumericLiteral");

/** A Map without types, an instance of a class. */
const isMade = ({ path: { node } }: ScopeBinding): boolean => node.type === "VariableDeclarator" && node.init?.type === "NewExpression";

const isCalled = (binding: ScopeBinding) => binding.referencePaths.some((p) => p.parent.type === "CallExpression" && p.parent.callee === p.node);

const isReadAsRecord = (binding: ScopeBinding) =>
  binding.referencePaths.some((p) => p.parent.type === "MemberExpression" && p.parent.object === p.node && !p.parent.computed);

function constantBinding(value: ConstantValue): Extract<Binding, { kind: "constant" }> {
  return { kind: "constant", value };
}

/** `limits.most` of `const limits: Limits = { least: 1 }`, `rates.east` of a `Record<string, number>`: undefined, of a known type. */
function absentMember(member: string, name: string, { identifier }: ScopeBinding, { module }: Place, { modules }: RowScopeOptions): Binding | null {
  const declared = identifier.typeAnnotation?.type === "TSTypeAnnotation" ? identifier.typeAnnotation.typeAnnotation : null;
  const optional = declared && memberTypesOf(declared, module, modules)?.find((column) => column.name === member)?.type;
  const entry = declared && !optional ? valueTypeOf(declared, module, modules, "lookups") : null;
  const type = optional ?? entry;
  return type ? { kind: "scalar", type, path: memberOf(pathTo(name), member), missing: entry !== null } : null;
}

function importedBinding(path: CapturedPath, specifier: string, imported: string, module: ModuleSource, options: RowScopeOptions): Binding {
  const name = pathText(path);
  if (specifier === RUNTIME) return { kind: "import", module: RUNTIME, name: imported };
  if (imported === "*") {
    return { kind: "record", member: (member) => importedBinding(memberOf(path, member), specifier, member, module, options) };
  }
  const resolved = options.modules.follow(module, { specifier, imported });
  if (resolved.kind === "foreign") return { kind: "import", module: specifier, name: imported };
  const scope = resolved.module.scope;
  const binding = scope.getBinding(resolved.name);
  const node = binding && functionOf(binding);
  if (node) return { kind: "function", node, name, scope: rowScope(resolved.module, scope, options) };
  const constant = constantNamed(resolved.name, { module: resolved.module, scope });
  if (constant) return constantBinding(constant.value);
  if (!binding || module !== options.home || classOfBinding(binding)) return { kind: "opaque", source: name };
  const type = typeOfBinding(binding, { module: resolved.module, scope }, options);
  return { kind: "scalar", type, path };
}

