/** What structured clone does not carry to the ranks, as far as the text of a const tells; the rest is the runtime's to see (LS2015). */
import type * as t from "@babel/types";
import { isHandedOn } from "./effects.ts";
import { bare } from "./module.ts";
import { runtimeName, type Place } from "./names.ts";
import { originOf } from "./origin.ts";

interface Unsendable {
  readonly what: string;
  readonly fix: string;
}

/** As in the runtime's marshal.ts. */
const CLASSES: ReadonlySet<string> = new Set(
  ("Date RegExp Map Set ArrayBuffer DataView Boolean Number String Buffer Object Array Error EvalError RangeError ReferenceError SyntaxError TypeError URIError " +
    "Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array Float32Array Float64Array BigInt64Array BigUint64Array").split(" "),
);

export function unsendable(node: t.Node, place: Place): Unsendable | null {
  const e = bare(node);
  const path = originOf(e, place);
  if (path && isHandedOn(path)) return { what: `a value with Node's ${path.join(".")} in it`, fix: `write ${path.join(".")} itself in the annotated function` };
  switch (e.type) {
    case "ArrowFunctionExpression":
    case "FunctionExpression":
    case "ObjectMethod":
      return { what: "a value with functions in it", fix: "declare each function by itself, function name(…) { … }: the compiler copies it to the ranks" };
    case "ObjectExpression":
      return first(e.properties.map((p) => (p.type === "ObjectProperty" ? p.value : p.type === "SpreadElement" ? p.argument : p)), place);
    case "ArrayExpression":
      return first(e.elements.map((element) => (element?.type === "SpreadElement" ? element.argument : element)), place);
    case "ConditionalExpression":
      return first([e.consequent, e.alternate], place);
    case "LogicalExpression":
      return first([e.left, e.right], place);
    case "CallExpression":
      return runtimeName(e.callee, place) === "defineSource" ? { what: "a source", fix: "define it in a module of its own, and import it: every rank then loads that module" } : null;
    case "NewExpression": {
      const callee = bare(e.callee);
      const name = callee.type === "Identifier" ? callee.name : callee.type === "MemberExpression" && callee.property.type === "Identifier" ? callee.property.name : "a class";
      const isPlain = CLASSES.has(name) && !(callee.type === "Identifier" && place.scope.getBinding(name));
      return isPlain ? null : { what: `an instance of ${name}`, fix: "make it inside the annotated function, or pass what is needed of it as an argument" };
    }
    default:
      return null;
  }
}

function first(nodes: readonly (t.Node | null)[], place: Place): Unsendable | null {
  for (const node of nodes) {
    const found = node && unsendable(node, place);
    if (found) return found;
  }
  return null;
}
