import type { CapturedExpression } from "../ir/expression.ts";
import { mayBeMutated } from "./mutations.ts";
import type { SourceFrame } from "./frames.ts";
import type { Binding } from "./module.ts";

/** A captured value is there before the annotated function's first statement: of values of the module, and parameters never assigned. */
export function isKnownEarly(captured: CapturedExpression, frame: SourceFrame): boolean {
  const binding = frame.place.scope.getBinding(captured.path.root);
  // What an object holds may be written between the reader and the verb.
  if (frame.id !== 0 || !binding || mayBeMutated(binding, (path) => isLookedInto(captured, path))) return false;
  if (isNameOfAnother(binding, frame)) return false;
  const isOwn = binding.scope.getFunctionParent()?.block === frame.node;
  return !isOwn || (binding.kind === "param" && binding.constant);
}

/** The object at the path of members leads to the captured value, or is the list whose elements matter. */
function isLookedInto({ path: { members }, form, list }: CapturedExpression, path: readonly string[]): boolean {
  const depth = members.length + (list && form !== "only" ? 1 : 0);
  return path.length < depth && path.every((name, n) => n >= members.length || name === "*" || name === members[n]!.name);
}

/** Somewhere in the function, and so maybe where the reader stands, the name is another variable's. */
function isNameOfAnother(binding: Binding, { place }: SourceFrame): boolean {
  const { name } = binding.identifier;
  let found = false;
  place.scope.path.traverse({
    Scopable(path) {
      if (!path.scope.hasOwnBinding(name) || path.scope.getOwnBinding(name) === binding) return;
      found = true;
      path.stop();
    },
  });
  return found;
}
