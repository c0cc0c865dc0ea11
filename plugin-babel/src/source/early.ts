import { mayBeMutated } from "./constants.ts";
import type { SourceFrame } from "./frames.ts";

/** A captured name has its value before the annotated function's first statement: a value of the module, or a parameter never assigned. */
export function isKnownEarly(source: string, frame: SourceFrame): boolean {
  const name = source.match(/^[\w$]+/)?.[0];
  const binding = name === undefined ? undefined : frame.place.scope.getBinding(name);
  if (!binding) return false;
  // A member may be written between the reader and the verb.
  if (source.includes(".") && mayBeMutated(binding.referencePaths)) return false;
  const isOwn = binding.scope.getFunctionParent()?.block === frame.node;
  return isOwn ? frame.id === 0 && binding.kind === "param" && binding.constant : frame.id === 0;
}
