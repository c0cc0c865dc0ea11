/**
 * What a row function of V8 closes over. It runs when its table is computed, which is later than its verb's call under plain Node: until then
 * variables are assigned again, lists and records changed, by other names too. So it takes along what it sees at the call:
 *
 *     (({ zones }) => { const near = (z) => zones.includes(z); return (d) => near(d.zone); })(lockstep.copy({ zones }))
 */
import {
  arrowFunctionExpression, blockStatement, callExpression, type Expression, identifier, memberExpression, objectExpression, objectPattern, objectProperty, returnStatement, type Statement, variableDeclaration,
  variableDeclarator,
} from "@babel/types";
import type * as t from "@babel/types";
import { constantNamed } from "../source/constants.ts";
import type { Binding } from "../source/module.ts";
import { functionOf, type Place } from "../source/names.ts";
import { evaluatedNodes, isTypeOnly } from "../source/walk.ts";

interface LocalHelper {
  readonly name: string;
  readonly node: t.Function;
  readonly binding: Binding;
}

interface Closure {
  /** Variables of the annotated function and those it stands in, but no constants. */
  readonly values: ReadonlySet<string>;
  /** Functions in the annotated function that see such a variable. */
  readonly helpers: readonly LocalHelper[];
}

export function closureOf(row: t.Node, place: Place): Closure {
  const values = new Set<string>();
  const helpers = new Map<Binding, LocalHelper>();
  const visit = (node: t.Node, outer: Place, inside: readonly t.Node[]): boolean => {
    if (isTypeOnly(node)) return false;
    const at = { module: outer.module, scope: outer.module.scopeOf(node) ?? outer.scope };
    if (node.type !== "Identifier") return evaluatedNodes(node).map((child) => visit(child, at, inside)).some(Boolean);
    const binding = at.scope.getBinding(node.name);
    // One that is shadowed at the call by another of its name cannot be handed over by it.
    if (!binding || binding.scope.path.isProgram() || isWithin(binding, inside) || place.scope.getBinding(node.name) !== binding) return false;
    const fn = functionOf(binding);
    if (!fn) return !constantNamed(node.name, at) && Boolean(values.add(node.name));
    if (inside.includes(fn) || helpers.has(binding)) return true;
    const sees = visit(fn, { module: at.module, scope: binding.scope }, [...inside, fn]);
    if (sees) helpers.set(binding, { name: node.name, node: fn, binding });
    return sees;
  };
  visit(row, place, [row]);
  return { values, helpers: [...helpers.values()] };
}

/** Declared in one of these functions. */
function isWithin(binding: Binding, functions: readonly t.Node[]): boolean {
  for (let scope: Binding["scope"] | undefined = binding.scope; scope; scope = scope.parent) if (functions.includes(scope.block)) return true;
  return false;
}

export function closureOver({ values, helpers }: Closure, row: Expression, runtime: string, written: (helper: LocalHelper) => Expression): Expression {
  if (values.size === 0) return row;
  const entries = () => [...values].map((name) => objectProperty(identifier(name), identifier(name), false, true));
  const copied = helpers.map((helper): Statement => {
    const fn = written(helper) as unknown as t.FunctionDeclaration | t.ArrowFunctionExpression | t.FunctionExpression;
    return fn.type === "FunctionDeclaration" ? { ...fn, leadingComments: [], trailingComments: [] } : variableDeclaration("const", [variableDeclarator(identifier(helper.name), fn)]);
  });
  const body = copied.length === 0 ? row : blockStatement([...copied, returnStatement(row)]);
  return callExpression(arrowFunctionExpression([objectPattern(entries())], body), [callExpression(memberExpression(identifier(runtime), identifier("copy")), [objectExpression(entries())])]);
}
