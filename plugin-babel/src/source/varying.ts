/** Which scalars may differ between ranks: `rank()` and what is computed from it. All others are alike by construction. */
import type * as t from "@babel/types";
import type { Binding } from "./module.ts";
import { type Place, runtimeName } from "./names.ts";
import { childNodes, isTypeOnly } from "./walk.ts";

export class Varying {
  readonly #bindings = new Set<Binding>();

  /** Notes the variables of `fn` that are ever assigned something varying. */
  analyse(fn: t.Node, outer: Place): void {
    for (let size = -1; size !== this.#bindings.size; ) {
      size = this.#bindings.size;
      this.#visit(fn, outer);
    }
  }

  #visit(node: t.Node, outer: Place): void {
    if (isTypeOnly(node)) return;
    const place = { module: outer.module, scope: outer.module.scopeOf(node) ?? outer.scope };
    const [target, value] =
      node.type === "VariableDeclarator" ? [node.id, node.init] : node.type === "AssignmentExpression" ? [node.left, node.right] : [null, null];
    const binding = target?.type === "Identifier" ? place.scope.getBinding(target.name) : undefined;
    if (binding && value && this.is(value, place)) this.#bindings.add(binding);
    for (const child of childNodes(node)) this.#visit(child, place);
  }

  is(node: t.Node, place: Place): boolean {
    if (isTypeOnly(node)) return false;
    if (node.type === "Identifier") {
      const binding = place.scope.getBinding(node.name);
      return binding !== undefined && this.#bindings.has(binding);
    }
    if (node.type === "CallExpression" && runtimeName(node.callee, place) === "rank") return true;
    return childNodes(node).some((child) => this.is(child, place));
  }
}
