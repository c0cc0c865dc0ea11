/**
 * Where a value of the language or of Node comes from, whatever this module calls it: `appendFile` of `const { appendFile } =
 * fs.promises` is `fs.promises.appendFile`, `globalThis.fetch` is `fetch`. Modules are named without `node:`.
 */
import type * as t from "@babel/types";
import { constantOf } from "./constants.ts";
import { bare, type Binding } from "./module.ts";
import { importOf, type Place } from "./names.ts";

/** Node's modules. One that is not here, but begins with `node:`, keeps that name. */
const MODULES: ReadonlySet<string> = new Set(
  ("assert async_hooks buffer child_process cluster console constants crypto dgram diagnostics_channel dns domain events fs http http2 https inspector module net os path " +
    "perf_hooks process punycode querystring readline repl stream string_decoder sys timers tls trace_events tty url util v8 vm wasi worker_threads zlib").split(" "),
);
const GLOBAL_OBJECTS: ReadonlySet<string> = new Set(["globalThis", "global", "self", "window"]);
/** What is itself found under two names. */
const SAME: readonly (readonly [string, string])[] = [["perf_hooks.performance", "performance"], ["crypto.webcrypto", "crypto"], ["console.console", "console"]];

/** `["fs", "promises", "appendFile"]`: a module or global and members of it, `*` for one that is not known. Null: something else. */
export function originOf(node: t.Node, place: Place, depth = 0): readonly string[] | null {
  const path = depth > 20 ? null : traced(bare(node), place, depth + 1);
  return path && normal(path);
}

function traced(e: t.Node, place: Place, depth: number): readonly string[] | null {
  switch (e.type) {
    case "Identifier":
      return ofName(e.name, place, depth);
    case "MemberExpression":
    case "OptionalMemberExpression": {
      const object = originOf(e.object, place, depth);
      return object && [...object, memberName(e, place)];
    }
    case "SequenceExpression":
      // `(0, process.exit)`
      return originOf(e.expressions.at(-1)!, place, depth);
    case "AwaitExpression":
      return bare(e.argument).type === "ImportExpression" || isImportCall(bare(e.argument)) ? originOf(e.argument, place, depth) : null;
    case "ImportExpression":
      return ofModule(textIn(e.source, place));
    case "CallExpression":
      return ofLoadedModule(e, place, depth) ?? ofSameFunction(e, place, depth);
    default:
      return null;
  }
}

function ofName(name: string, place: Place, depth: number): readonly string[] | null {
  const imported = importOf(name, place);
  if (imported) {
    const module = ofModule(imported.specifier);
    return module && (imported.imported === "*" || imported.imported === "default" ? module : [...module, imported.imported]);
  }
  const binding = place.scope.getBinding(name);
  return binding ? ofConstant(binding, place, depth) : [name];
}

/** `const p = process`, `const { promises: { readFile } } = fs`. */
function ofConstant(binding: Binding, place: Place, depth: number): readonly string[] | null {
  const { node } = binding.path;
  if (!binding.constant || node.type !== "VariableDeclarator" || !node.init) return null;
  const inside = pathIn(node.id, binding.identifier);
  const init = inside && originOf(node.init, { module: place.module, scope: binding.scope }, depth);
  return init && [...init, ...inside];
}

/** The members that lead to a name in a pattern. */
function pathIn(pattern: t.Node, name: t.Identifier): readonly string[] | null {
  if (pattern === name) return [];
  if (pattern.type === "AssignmentPattern") return pathIn(pattern.left, name);
  if (pattern.type !== "ObjectPattern") return null;
  for (const p of pattern.properties) {
    const inside = pathIn(p.type === "RestElement" ? p.argument : p.value, name);
    if (inside) return p.type === "RestElement" ? inside : [keyName(p), ...inside];
  }
  return null;
}

/** `require("fs")`, `import("fs")`, `process.getBuiltinModule("fs")`; `createRequire(import.meta.url)` is `require`. */
function ofLoadedModule(e: t.CallExpression, place: Place, depth: number): readonly string[] | null {
  const callee = originOf(e.callee, place, depth)?.join(".") ?? "";
  if (callee === "module.createRequire") return ["require"];
  const [specifier] = e.arguments;
  return specifier && (isImportCall(e) || LOADERS.test(callee)) ? ofModule(textIn(specifier, place)) : null;
}

/** `fs.appendFileSync.bind(fs)` and `promisify(fs.appendFile)` do what their function does. */
function ofSameFunction(e: t.CallExpression, place: Place, depth: number): readonly string[] | null {
  const callee = originOf(e.callee, place, depth);
  if (callee?.at(-1) === "bind" && callee.length > 2) return callee.slice(0, -1);
  return /^util\.(promisify|callbackify)$/.test(callee?.join(".") ?? "") && e.arguments[0] ? originOf(e.arguments[0], place, depth) : null;
}

const LOADERS = /^(require|process\.getBuiltinModule)$/;

/** It loads a module whose name is computed. */
export function isOpenImport(e: t.Node, place: Place): boolean {
  if (e.type === "ImportExpression") return textIn(e.source, place) === null;
  if (e.type !== "CallExpression" || !e.arguments[0]) return false;
  return (isImportCall(e) || LOADERS.test(originOf(e.callee, place)?.join(".") ?? "")) && textIn(e.arguments[0], place) === null;
}

/** `globalThis` by itself. */
export const isGlobalObject = (path: readonly string[]): boolean => path.length === 1 && GLOBAL_OBJECTS.has(path[0]!);

const isImportCall = (e: t.Node): boolean => e.type === "CallExpression" && e.callee.type === "Import";

/** `fs/promises` is a member of `fs`. */
function ofModule(specifier: string | null): readonly string[] | null {
  if (specifier === null) return null;
  const parts = specifier.replace(/^node:/, "").split("/");
  return MODULES.has(parts[0]!) ? parts : specifier.startsWith("node:") ? [specifier] : null;
}

function normal(path: readonly string[]): readonly string[] {
  if (path.length > 1 && GLOBAL_OBJECTS.has(path[0]!)) return normal(path.slice(1));
  if (path.length > 1 && path[1] === "default") return normal([path[0]!, ...path.slice(2)]);
  const same = SAME.find(([long]) => path.slice(0, 2).join(".") === long);
  return same ? normal([same[1], ...path.slice(2)]) : path;
}

function memberName({ computed, property }: t.MemberExpression | t.OptionalMemberExpression, place: Place): string {
  if (computed) return textIn(property, place) ?? "*";
  return property.type === "Identifier" ? property.name : "*";
}

function textIn(node: t.Node, place: Place): string | null {
  const value = constantOf(node, place)?.value;
  return typeof value === "string" ? value : null;
}

function keyName({ computed, key }: t.ObjectProperty): string {
  return key.type === "StringLiteral" ? key.value : key.type === "Identifier" && !computed ? key.name : "*";
}
