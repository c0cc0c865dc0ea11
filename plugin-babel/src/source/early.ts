import { mayBeMutated } from "./mutations.ts";
import type { SourceFrame } from "./frames.ts";
import { namesIn } from "./walk.ts";

/** A captured expression has its value before the annotated function's first statement: of values of the module, and parameters never assigned. */
export function isKnownEarly(source: string, frame: SourceFrame): boolean {
  return frame.id === 0 && namesIn(source).every((name) => {
    const binding = frame.place.scope.getBinding(name);
    // A member may be written between the reader and the verb.
    if (!binding || (source.includes(".") && mayBeMutated(binding, (path) => leadsTo(source, path)))) return false;
    const isOwn = binding.scope.getFunctionParent()?.block === frame.node;
    return !isOwn || (binding.kind === "param" && binding.constant);
  });
}

/** What stands at the path of members holds the captured value. A list, whose elements matter, ends in a dot. */
function leadsTo(source: string, path: readonly string[]): boolean {
  const [, ...named] = /[\w$]+(\??\.[\w$]+)*/.exec(source)![0].split(/\??\./);
  const members = source.endsWith(".") ? [...named, ""] : named;
  return path.length < members.length && path.every((name, n) => name === "*" || name === members[n]);
}
