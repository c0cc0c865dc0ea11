/** Which arguments of a verb's call stay in the emitted code: tables and scalars. The others become its descriptor. */
import type * as t from "@babel/types";
import type { Parameter } from "../verbs/index.ts";
import { bare } from "./module.ts";

export type EmittedArgument = { readonly kind: "expression"; readonly node: t.Node; readonly isTable: boolean } | { readonly kind: "text"; readonly source: string };

export function emittedArguments(call: t.CallExpression, signature: readonly Parameter[]): EmittedArgument[] {
  const nodes = [...call.arguments] as t.Node[];
  return signature.flatMap((parameter): EmittedArgument[] => {
    switch (parameter.kind) {
      case "table":
      case "data":
      case "column-name": {
        const node = nodes.shift();
        return node ? [{ kind: "expression", node, isTable: parameter.kind === "table" }] : [];
      }
      case "scalar": {
        const node = nodes.shift();
        return [node ? { kind: "expression", node, isTable: false } : { kind: "text", source: parameter.default ?? "undefined" }];
      }
      case "tables":
        return listed(nodes.splice(0)).map((node) => ({ kind: "expression", node, isTable: true }));
      case "weight":
        return [];
      default:
        nodes.splice(0, parameter.kind === "predicate" || parameter.kind === "join-keys" || parameter.kind === "merge" ? 1 : nodes.length);
        return [];
    }
  });
}

/** `concat(a, b)`, `concat([a, b])` and `concat(...[a, b])` are alike. */
function listed(nodes: readonly t.Node[]): t.Node[] {
  return nodes.flatMap((node) => {
    const e = bare(node);
    if (e.type === "SpreadElement") return listed([e.argument]);
    return e.type === "ArrayExpression" ? listed(e.elements.filter((x) => x !== null)) : [node];
  });
}
