/** What a descriptor is made of: JSON, and JavaScript where a captured value goes in. */
import type { CapturedExpression, ScriptExpression } from "./expression.ts";

export type Data = null | boolean | number | string | Code | readonly Data[] | { readonly [key: string]: Data };

/** A call of the runtime in a descriptor, `lockstep.literal(threshold, "number", "threshold")`. What `literals` gives is spread. */
export class Code {
  readonly function: "literal" | "literals" | "script";
  /** The first argument: what goes in when the verb is called. */
  readonly taken: Taken;
  readonly rest: readonly (string | boolean)[];
  constructor(name: Code["function"], taken: Taken, rest: readonly (string | boolean)[] = []) {
    this.function = name;
    this.taken = taken;
    this.rest = rest;
  }
}

/** A captured value, or a row function that V8 runs. */
export type Taken = CapturedExpression | ScriptExpression;
