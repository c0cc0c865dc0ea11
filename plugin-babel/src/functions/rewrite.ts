/** Rebuilding expressions: what push-filters and prune-columns do with row functions. */
import { children, type Expression } from "../ir/expression.ts";
import { mayBeNull } from "../ir/types.ts";

/** A copy with each direct subexpression replaced; the same object when none changed. */
export function mapChildren(e: Expression, f: (child: Expression) => Expression): Expression {
  switch (e.kind) {
    case "call": {
      const args = e.args.map(f);
      return args.every((arg, i) => arg === e.args[i]) ? e : { ...e, args };
    }
    case "if": {
      const [test, then, otherwise] = [f(e.test), f(e.then), f(e.else)];
      return test === e.test && then === e.then && otherwise === e.else ? e : { ...e, test, then, else: otherwise };
    }
    case "and":
    case "or":
    case "nullish": {
      const [left, right] = [f(e.left), f(e.right)];
      return left === e.left && right === e.right ? e : { ...e, left, right };
    }
    case "let": {
      const [value, body] = [f(e.value), f(e.body)];
      return value === e.value && body === e.body ? e : { ...e, value, body };
    }
    default:
      return e;
  }
}

/**
 * Every column replaced by what `replacement` gives for it (undefined: kept). Null when that is impossible: a script
 * reads one of the replaced columns by its name.
 *
 * Locals cannot clash when replacements hold no `let`; one that does gets its names made unique by the caller.
 */
export function substituteColumns(e: Expression, replacement: (name: string) => Expression | undefined): Expression | null {
  let possible = true;
  const visit = (x: Expression): Expression => {
    if (x.kind === "column") return replacement(x.name) ?? x;
    if (x.kind === "script") {
      const columns = x.columns.map((name) => ({ name, by: replacement(name) }));
      if (columns.some(({ name, by }) => by && !(by.kind === "column" && by.name === name))) possible = false;
      return x;
    }
    return mapChildren(x, visit);
  };
  const result = visit(e);
  return possible ? result : null;
}

/**
 * The operands of a chain of `&&`, left to right. A later one may rely on an earlier one (`d.s !== null && d.s.trim()…`):
 * what is taken out is a prefix of the list, or cannot throw whatever its columns hold.
 */
export function conjuncts(e: Expression): Expression[] {
  return e.kind === "and" ? [...conjuncts(e.left), ...conjuncts(e.right)] : [e];
}

/** How often the local is read. */
export function countLocal(e: Expression, name: string): number {
  if (e.kind === "local") return e.name === name ? 1 : 0;
  return children(e).reduce((sum, child) => sum + countLocal(child, name), 0);
}

/** The local replaced by its value, as narrow as it was known there. Names of locals are unique in an expression, so nothing is captured. */
export function replaceLocal(e: Expression, name: string, value: Expression): Expression {
  if (e.kind === "local") return e.name !== name ? e : mayBeNull(e.type) ? value : ({ ...value, type: e.type } as Expression);
  return mapChildren(e, (child) => replaceLocal(child, name, value));
}
