/** Scalar expressions whose value depends on the process: how they are made alike on all ranks, or why they cannot be. */
import type * as t from "@babel/types";
import { bare } from "./module.ts";
import { importOf, type Place } from "./names.ts";
import { evaluatedNodes, isTypeOnly } from "./walk.ts";

export type Effect =
  /** Evaluated on rank 0, sent to the others. */
  | { readonly kind: "alike"; readonly what: string }
  | { readonly kind: "forbidden"; readonly what: string; readonly why: string; readonly fix: string };

const readsOfFs = new Set(["readFileSync", "readFile", "existsSync", "statSync", "stat", "readdirSync", "readdir", "access", "accessSync", "realpathSync", "realpath"]);
const harmless = new Set(["node:path", "node:url", "node:util", "node:assert", "node:buffer", "path", "url", "util"]);

export function effectOf(node: t.Node, place: Place): Effect | null {
  if (node.type === "NewExpression") return node.arguments.length === 0 && isGlobal(node.callee, "Date", place) ? { kind: "alike", what: "new Date()" } : null;
  if (node.type === "MemberExpression") return environmentOf(node, place);
  if (node.type !== "CallExpression") return null;
  const callee = bare(node.callee);
  if (callee.type === "MemberExpression" && callee.property.type === "Identifier") {
    const name = `${nameOf(callee.object)}.${callee.property.name}`;
    const rootIsGlobal = callee.object.type === "Identifier" && isGlobal(callee.object, callee.object.name, place);
    if (rootIsGlobal && /^(Date\.now|Math\.random|performance\.now|crypto\.(randomUUID|getRandomValues)|process\.(cwd|uptime|hrtime|memoryUsage))$/.test(name)) return { kind: "alike", what: `${name}()` };
    if (rootIsGlobal && /^process\.(exit|kill|abort|chdir)$/.test(name)) return { kind: "forbidden", what: `${name}()`, why: "would end or change every rank", fix: "throw an error, or do it after the call" };
  }
  if (callee.type === "Identifier" && isGlobal(callee, "fetch", place)) return forbidden("fetch()");
  return imported(callee, place);
}

function environmentOf(node: t.MemberExpression, place: Place): Effect | null {
  const object = bare(node.object);
  const isEnv = object.type === "MemberExpression" && isGlobal(object.object, "process", place) && !object.computed && object.property.type === "Identifier" && object.property.name === "env";
  if (isEnv) return { kind: "alike", what: "process.env" };
  const isArgv = isGlobal(object, "process", place) && !node.computed && node.property.type === "Identifier" && node.property.name === "argv";
  return isArgv ? { kind: "alike", what: "process.argv" } : null;
}

/** Calls of Node's own modules: reading files is repeatable, what else they do is not. */
function imported(callee: t.Node, place: Place): Effect | null {
  const root = callee.type === "MemberExpression" ? bare(callee.object) : callee;
  if (root.type !== "Identifier") return null;
  const from = importOf(root.name, place);
  if (!from || !/^(node:|fs$|fs\/|child_process$|https?$|net$)/.test(from.specifier) || harmless.has(from.specifier)) return null;
  const name = callee.type === "MemberExpression" && callee.property.type === "Identifier" ? callee.property.name : from.imported;
  if (/^(node:)?fs/.test(from.specifier) && readsOfFs.has(name)) return { kind: "alike", what: `${name}()` };
  if (/^(node:)?crypto$/.test(from.specifier)) return /^random/.test(name) ? { kind: "alike", what: `${name}()` } : null;
  if (/^node:(timers|events|os|perf_hooks|v8|stream|zlib|string_decoder|querystring)/.test(from.specifier)) return null;
  return forbidden(`${name}()`);
}

/** Evaluated on rank 0, sent to the others. */
export const isSent = (node: t.Node, place: Place): boolean => effectOf(node, place)?.kind === "alike";

/** Whether something in `node` is, when it is evaluated. */
export function sends(node: t.Node, outer: Place): boolean {
  if (isTypeOnly(node) || /Function|Method/.test(node.type)) return false;
  const place = { module: outer.module, scope: outer.module.scopeOf(node) ?? outer.scope };
  return isSent(node, place) || evaluatedNodes(node).some((child) => sends(child, place));
}

const forbidden = (what: string): Effect => ({ kind: "forbidden", what, why: "would happen once on every rank", fix: "do it before or after the annotated call" });

const nameOf = (node: t.Node): string => (node.type === "Identifier" ? node.name : "");

function isGlobal(node: t.Node, name: string, { scope }: Place): boolean {
  const e = bare(node);
  return e.type === "Identifier" && e.name === name && !scope.getBinding(name);
}

export const isConsole = (node: t.Node, place: Place): boolean => isGlobal(node, "console", place);
