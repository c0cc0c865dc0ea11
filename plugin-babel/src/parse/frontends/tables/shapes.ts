/** Which expressions and variables of a function hold tables: decided from the syntax, before the graph is built. */
import type * as t from "@babel/types";
import { methods, readers } from "../../../verbs/index.ts";
import { collectiveOf } from "../../../source/collectives.ts";
import { bare, type Binding } from "../../../source/module.ts";
import type { Modules } from "../../../source/modules.ts";
import { helperOf, type Place, runtimeName } from "../../../source/names.ts";
import { childNodes, evaluatedNodes, isTypeOnly } from "../../../source/walk.ts";

export class Shapes {
  readonly #modules: Modules;
  readonly #tables = new Set<Binding>();
  readonly #touching = new Map<t.Node, boolean>();
  readonly #returning = new Map<t.Function, boolean>();

  constructor(modules: Modules) {
    this.#modules = modules;
  }

  holdsTable(binding: Binding | undefined): boolean {
    return binding !== undefined && this.#tables.has(binding);
  }

  /** Notes the variables of `fn` that are ever assigned a table; `given` are the parameters called with one. */
  analyse(fn: t.Function, { module, scope }: Place, given: readonly Binding[] = []): void {
    for (const binding of given) this.#tables.add(binding);
    const assignments: { target: t.Node; value: t.Node; place: Place }[] = [];
    const collect = (node: t.Node, outer: Place) => {
      if (isTypeOnly(node)) return;
      const place = { module, scope: module.scopeOf(node) ?? outer.scope };
      if (node.type === "VariableDeclarator" && node.init) assignments.push({ target: node.id, value: node.init, place });
      if (node.type === "AssignmentExpression") assignments.push({ target: node.left, value: node.right, place });
      for (const child of childNodes(node)) collect(child, place);
    };
    collect(fn, { module, scope });
    for (let changed = true; changed; ) {
      changed = false;
      for (const { target, value, place } of assignments) {
        for (const [identifier, source] of pairs(target, value)) {
          const binding = place.scope.getBinding(identifier.name);
          if (!binding || this.#tables.has(binding) || !this.isTable(source, place)) continue;
          this.#tables.add(binding);
          changed = true;
        }
      }
    }
  }

  isTable(node: t.Node, place: Place): boolean {
    const e = bare(node);
    switch (e.type) {
      case "Identifier":
        return this.holdsTable(place.scope.getBinding(e.name));
      case "AwaitExpression":
        return this.isTable(e.argument, place);
      case "AssignmentExpression":
        return this.isTable(e.right, place);
      case "ConditionalExpression":
        return this.isTable(e.consequent, place) || this.isTable(e.alternate, place);
      case "LogicalExpression":
        return this.isTable(e.left, place) || this.isTable(e.right, place);
      case "CallExpression":
        return this.#callGivesTable(e, place);
      default:
        return false;
    }
  }

  #callGivesTable(call: t.CallExpression, place: Place): boolean {
    const name = runtimeName(call.callee, place);
    if (name !== null) return readers.has(name);
    const callee = bare(call.callee);
    if (callee.type === "MemberExpression" && !callee.computed && callee.property.type === "Identifier" && this.isTable(callee.object, place)) {
      const verb = methods.get(callee.property.name);
      return verb === undefined || verb.role === "verb";
    }
    const helper = helperOf(call.callee, place, this.#modules);
    return helper !== null && this.returnsTable(helper.node, helper, call.arguments.map((a) => this.isTable(a, place)));
  }

  /** Whether tables are used anywhere in `node`, or ranks talk otherwise: there it is not plain JavaScript. */
  touches(node: t.Node, outer: Place): boolean {
    const known = this.#touching.get(node);
    if (known !== undefined) return known;
    this.#touching.set(node, false);
    const isFunction = /Function|Method/.test(node.type);
    const place = { module: outer.module, scope: outer.module.scopeOf(node) ?? outer.scope };
    if (isFunction) this.analyse(node as t.Function, place);
    const answer = this.#uses(node, place);
    this.#touching.set(node, answer);
    return answer;
  }

  #uses(node: t.Node, outer: Place): boolean {
    if (isTypeOnly(node)) return false;
    const place = { module: outer.module, scope: outer.module.scopeOf(node) ?? outer.scope };
    if (node.type === "Identifier") return this.holdsTable(place.scope.getBinding(node.name));
    if (node.type === "CallExpression") {
      const name = runtimeName(node.callee, place);
      if ((name !== null && readers.has(name)) || collectiveOf(node.callee, place)) return true;
      const helper = helperOf(node.callee, place, this.#modules);
      if (helper && this.touches(helper.node, helper)) return true;
    }
    return evaluatedNodes(node).some((child) => this.#uses(child, place));
  }

  /** Whether a call of `fn` gives a table, when these arguments are tables. */
  returnsTable(fn: t.Function, { module, scope }: Place, tableArguments: readonly boolean[]): boolean {
    const known = this.#returning.get(fn);
    if (known !== undefined) return known;
    this.#returning.set(fn, false);
    const inner = { module, scope: module.scopeOf(fn) ?? scope };
    const given = fn.params.flatMap((p, n) => {
      const binding = tableArguments[n] && p.type === "Identifier" ? inner.scope.getBinding(p.name) : undefined;
      return binding ? [binding] : [];
    });
    this.analyse(fn, inner, given);
    const answer = fn.body.type !== "BlockStatement" ? this.isTable(fn.body, inner) : returned(fn.body, inner).some(([value, place]) => this.isTable(value, place));
    this.#returning.set(fn, answer);
    return answer;
  }
}

/** `const [a, b] = await Promise.all([x, y])` and `[x, y]` assign element by element. */
function pairs(target: t.Node, value: t.Node): [t.Identifier, t.Node][] {
  if (target.type === "Identifier") return [[target, value]];
  if (target.type !== "ArrayPattern") return [];
  const elements = listedIn(value);
  return target.elements.flatMap((e, n): [t.Identifier, t.Node][] => {
    const element = elements?.[n];
    return e?.type === "Identifier" && element ? [[e, element]] : [];
  });
}

/** The elements of an array literal, also inside `await Promise.all(…)`. */
export function listedIn(value: t.Node): readonly (t.Node | null)[] | null {
  const e = bare(value);
  if (e.type === "ArrayExpression") return e.elements;
  if (e.type === "AwaitExpression") return listedIn(e.argument);
  return isPromiseAll(e) && e.arguments[0] ? listedIn(e.arguments[0]) : null;
}

/** `xs.map(async (x) => …)`, or `xs.map((x) => promise)`, whose promises a `Promise.all` waits for: there it is a loop. */
export function asyncMapOf(e: t.Node | undefined): { readonly call: t.CallExpression; readonly list: t.Expression; readonly each: t.ArrowFunctionExpression | t.FunctionExpression } | null {
  if (e?.type !== "CallExpression" || e.callee.type !== "MemberExpression" || e.callee.computed) return null;
  const { property, object } = e.callee;
  const each = e.arguments.length === 1 ? bare(e.arguments[0]!) : null;
  if (property.type !== "Identifier" || property.name !== "map" || object.type === "Super") return null;
  if (each?.type !== "ArrowFunctionExpression" && each?.type !== "FunctionExpression") return null;
  return each.async || each.body.type !== "BlockStatement" ? { call: e, list: object, each } : null;
}

export function isPromiseAll(e: t.Node): e is t.CallExpression {
  return (
    e.type === "CallExpression" && e.callee.type === "MemberExpression" && !e.callee.computed &&
    e.callee.object.type === "Identifier" && e.callee.object.name === "Promise" &&
    e.callee.property.type === "Identifier" && e.callee.property.name === "all"
  );
}

function returned(node: t.Node, place: Place): [t.Node, Place][] {
  if (node.type === "ReturnStatement") return node.argument ? [[node.argument, place]] : [];
  if (/Function|Method/.test(node.type) || isTypeOnly(node)) return [];
  const inner = { module: place.module, scope: place.module.scopeOf(node) ?? place.scope };
  return childNodes(node).flatMap((child) => returned(child, inner));
}
