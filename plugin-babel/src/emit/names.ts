/** Names of the emitted module that clash with none of the source's. */
import type * as t from "@babel/types";
import { childNodes } from "../source/walk.ts";

export class Names {
  readonly #taken = new Set<string>();

  constructor(sources: readonly t.Node[]) {
    const visit = (node: t.Node): void => {
      if (node.type === "Identifier") this.#taken.add(node.name);
      childNodes(node).forEach(visit);
    };
    sources.forEach(visit);
  }

  /** `wanted`, or `wanted_2` …: each name is given once. */
  fresh(wanted: string): string {
    let name = wanted;
    for (let n = 2; this.#taken.has(name); n++) name = `${wanted}_${n}`;
    this.#taken.add(name);
    return name;
  }

  /** A name for one function only, so that others may have it too. */
  local(wanted: string): string {
    let name = wanted;
    while (this.#taken.has(name)) name = `_${name}`;
    return name;
  }
}
