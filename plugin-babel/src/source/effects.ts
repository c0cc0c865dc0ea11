/** Scalar expressions whose value depends on the process: how they are made alike on all ranks, or why they cannot be. */
import type * as t from "@babel/types";
import { isObject, RANK_VARIABLES, ruleOf } from "./effect-rules.ts";
import { bare } from "./module.ts";
import type { Place } from "./names.ts";
import { isGlobalObject, isOpenImport, originOf } from "./origin.ts";
import { evaluatedNodes, isTypeOnly } from "./walk.ts";
import { changedBy, writtenBy } from "./writes.ts";

export type Effect =
  /** Evaluated on rank 0, sent to the others. */
  | { readonly kind: "alike"; readonly what: string }
  | { readonly kind: "forbidden"; readonly what: string; readonly why: string; readonly fix: string };

/** What a node, taken as a whole, does. Members and calls of a value of rank 0 are evaluated there, too. */
export function effectOf(node: t.Node, place: Place): Effect | null {
  if (isOpenImport(node, place)) return forbidden("a module whose name is computed", "may do anything, on every rank", "write its name as a text, or import it at the top of the file");
  switch (node.type) {
    case "CallExpression":
    case "OptionalCallExpression":
    case "NewExpression":
      return ofCall(node, node.callee, node.arguments, place);
    case "TaggedTemplateExpression":
      return ofCall(node, node.tag, node.quasi.expressions, place);
    case "Identifier":
    case "MemberExpression":
    case "OptionalMemberExpression":
      return place.module.isCallee(node) ? null : ofValue(node, place);
    case "AssignmentExpression":
    case "UpdateExpression":
    case "UnaryExpression":
    case "ForOfStatement":
    case "ForInStatement":
      // A variable by itself is no member of anything.
      return ofWrite(writtenBy(node).filter(({ type }) => type !== "Identifier"), place) ?? ofHanded(node, place);
    default:
      return ofHanded(node, place);
  }
}

/** Evaluated on rank 0, sent to the others. */
export const isSent = (node: t.Node, place: Place): boolean => effectOf(node, place)?.kind === "alike";

/** Whether something in `node` is, when it is evaluated. */
export function sends(node: t.Node, outer: Place): boolean {
  if (isTypeOnly(node) || isFunction(node)) return false;
  const place = { module: outer.module, scope: outer.module.scopeOf(node) ?? outer.scope };
  return isSent(node, place) || evaluatedNodes(node).some((child) => sends(child, place));
}

export const isConsole = (node: t.Node, place: Place): boolean => {
  const path = node.type === "Identifier" || node.type === "MemberExpression" ? originOf(node, place) : null;
  return path?.length === 1 && path[0] === "console" && !isDeclaration(node, place);
};

function ofCall(node: t.Node, callee: t.Node, args: readonly t.Node[], place: Place): Effect | null {
  const changed = node.type === "CallExpression" || node.type === "OptionalCallExpression" ? changedBy(node) : null;
  const written = changed && ofWrite([changed], place);
  if (written) return written;
  const path = originOf(callee, place);
  const found = path ? done(path, node.type === "NewExpression", args) : member(callee, args, place);
  if (found?.kind === "alike" && args.some(isFunction)) return forbidden(found.what, "would call back on rank 0 alone", "use the form that returns a promise, or its result");
  if (found?.kind === "alike" && args.some(waits)) return forbidden(found.what, "is evaluated on rank 0 alone, so its arguments cannot wait for all ranks", "take the argument into a const before");
  return found ?? handedOn(args, place);
}

/** What a statement or an expression lets out of sight: `[process][0].exit()`, `(quiet ? fs.rmSync : fs.statSync)(path)`. */
const ofHanded = (node: t.Node, place: Place): Effect | null => handedOn(letOut(node, place), place);

function handedOn(nodes: readonly (t.Node | null | undefined)[], place: Place): Effect | null {
  for (const node of nodes) {
    const path = node && originOf(node.type === "SpreadElement" ? node.argument : node, place);
    if (path && isHandedOn(path)) return handed(path);
  }
  return null;
}

const handed = (path: readonly string[]): Effect =>
  forbidden(path.join("."), "is passed on as a value, so that what is done with it cannot be seen", "call it where it stands, or take what is wanted of it into a const and pass that on");

/** The parts of a node whose values go where they are not followed. A const that is never assigned again is. */
function letOut(node: t.Node, place: Place): readonly (t.Node | null | undefined)[] {
  switch (node.type) {
    case "ArrayExpression":
      return node.elements;
    case "ObjectExpression":
      return node.properties.map((p) => (p.type === "ObjectProperty" ? p.value : p.type === "SpreadElement" ? p : null));
    case "ConditionalExpression":
      return [node.consequent, node.alternate];
    case "LogicalExpression":
      // What `&&` tests it gives only where it is nothing.
      return node.operator === "&&" ? [node.right] : [node.left, node.right];
    case "AssignmentExpression":
    case "AssignmentPattern":
      return [node.right];
    case "ArrowFunctionExpression":
      return [node.body];
    case "ReturnStatement":
    case "YieldExpression":
    case "ThrowStatement":
      return [node.argument];
    case "ClassProperty":
      return [node.value];
    case "VariableDeclarator": {
      const isFollowed = node.id.type === "ObjectPattern" || (node.id.type === "Identifier" && place.scope.getBinding(node.id.name)?.constant);
      return isFollowed ? [] : [node.init];
    }
    default:
      return [];
  }
}

/** A call of what a path names. */
function done(path: readonly string[], isNew: boolean, args: readonly t.Node[]): Effect | null {
  // What `bind` makes of it is another function that does the same.
  if (path.at(-1) === "bind" && done(path.slice(0, -1), isNew, args)) return handed(path.slice(0, -1));
  const [root, ...members] = path.at(-1) === "call" || path.at(-1) === "apply" ? path.slice(0, -1) : path;
  const [name, what] = [members.join("."), `${isNew ? "new " : ""}${[root, ...members].join(".")}()`];
  // `new Date(…)` and `Date.UTC(…)` compute; `new Date()` and `Date()` ask the clock.
  if (root === "Date" && name === "") return args.length === 0 || !isNew ? { kind: "alike", what } : null;
  // It fills what it is given, which the other ranks would not see.
  if (root === "crypto" && name === "getRandomValues" && args[0]?.type !== "NewExpression") return forbidden(what, "would fill an array of rank 0 alone", "take its result: crypto.getRandomValues(new Uint8Array(n))");
  const rule = root === undefined ? null : ruleOf(root);
  if (!rule || rule.harmless?.test(name)) return null;
  if (root === "eval" || root === "Function") return forbidden(what, "runs a text that the compiler cannot read", "write the code itself");
  if (members[0] === "*" && (rule.forbidden || rule.rest === "forbidden")) return forbidden(what, "is chosen when the program runs, so that what is done cannot be seen", "write the member's name");
  // A method of a value.
  if (members.length > 1 && rule.values?.test(name) && !rule.forbidden?.test(name)) return { kind: "alike", what };
  if (root === "process" && /^std(out|err)\./.test(name)) return forbidden(what, "would happen once on every rank", "use console.log or console.error, which print once");
  if (root === "process" && (/^(exit|reallyExit|kill|abort|chdir|set\w+)$/.test(name) || (name === "umask" && args.length > 0))) return forbidden(what, "would end or change every rank", "throw an error, or do it after the call");
  const kind = rule.forbidden?.test(name) ? "forbidden" : rule.sent?.test(name) ? "sent" : rule.rest;
  return kind === "harmless" ? null : kind === "sent" ? { kind: "alike", what } : forbidden(what);
}

/** A member that is read: a value of the process, or something of such a value. */
function ofValue(node: t.Identifier | t.MemberExpression | t.OptionalMemberExpression, place: Place): Effect | null {
  if (isDeclaration(node, place)) return null;
  const path = originOf(node, place);
  if (!path) return node.type === "Identifier" ? null : member(node, [], place);
  const [root, ...members] = path;
  const name = members.join(".");
  if (root === "process" && RANK_VARIABLES.test(name)) return forbidden(path.join("."), "is a launcher's name for this process's rank", "use rank() of @lockstep/runtime");
  if (!ruleOf(root!)?.values?.test(name) || isCaptured(node, place)) return null;
  return { kind: "alike", what: /^env\b/.test(name) ? "process.env" : path.join(".") };
}

/** `statSync(path).size`, `(await readFile(path)).length`, `new Date().getTime()`. */
function member(node: t.Node, args: readonly t.Node[], place: Place): Effect | null {
  const e = bare(node);
  if (e.type !== "MemberExpression" && e.type !== "OptionalMemberExpression") return null;
  let object = bare(e.object);
  if (object.type === "AwaitExpression") object = bare(object.argument);
  const inner = effectOf(object, place);
  return inner?.kind === "alike" && !args.some(isFunction) && !args.some(waits) ? inner : null;
}

/** `process.exitCode = 1`, `delete process.env.A`, `Object.assign(process.env, more)`, `globalThis.seen = true`. */
function ofWrite(targets: readonly t.Node[], place: Place): Effect | null {
  for (const target of targets) {
    const path = originOf(target, place);
    if (!path) continue;
    if (isGlobalObject(path) || (isObject(path[0]!) ? path.join() !== "console" : path.length > 1)) return forbidden(`writing ${path.join(".")}`);
    const object = target.type === "MemberExpression" ? originOf(target.object, place) : null;
    if (object && isGlobalObject(object)) return forbidden(`writing ${[...object, ...path].join(".")}`);
  }
  return null;
}

/** A module or function of which nothing is said where it is called. */
export function isHandedOn(path: readonly string[]): boolean {
  const [root, ...members] = path;
  const rule = ruleOf(root!);
  if (isGlobalObject(path)) return true;
  // `Date` itself is a class, by which instances are told.
  if (!rule || (root === "Date" && members.length === 0)) return false;
  if (members.length === 0) return !isObject(root!) || rule.rest !== "harmless";
  return done(path, false, []) !== null && !rule.values?.test(members.join("."));
}

/** What a variable of the module holds, when it is Node's own and no data: `const { writeFileSync } = fs`. */
export function aliasOf(name: string, place: Place): string | null {
  const path = originOf({ type: "Identifier", name } as t.Identifier, place);
  return path && isObject(path[0]!) && !ruleOf(path[0]!)!.values?.test(path.slice(1).join(".")) ? path.join(".") : null;
}

const forbidden = (what: string, why = "would happen once on every rank", fix = "do it before or after the annotated call"): Effect => ({ kind: "forbidden", what, why, fix });

const isFunction = (node: t.Node): boolean => /Function|ObjectMethod/.test(node.type);

const waits = (node: t.Node): boolean => node.type === "AwaitExpression" || (!isFunction(node) && evaluatedNodes(node).some(waits));

const isDeclaration = (node: t.Node, { scope }: Place): boolean => node.type === "Identifier" && scope.getBinding(node.name)?.identifier === node;

/** A value that rank 0 has already sent: with the call, or where a const of the function was declared. */
function isCaptured(node: t.Node, place: Place): boolean {
  let e = bare(node);
  while (e.type === "MemberExpression" || e.type === "OptionalMemberExpression") e = bare(e.object);
  const binding = e.type === "Identifier" ? place.scope.getBinding(e.name) : undefined;
  if (!binding || binding.path.node.type !== "VariableDeclarator" || !binding.path.node.init) return false;
  return binding.scope.path.isProgram() || isSent(binding.path.node.init, { module: place.module, scope: binding.scope });
}
