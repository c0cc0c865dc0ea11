import { ANY } from "../ir/distribution.ts";
import { unsureType } from "../ir/types.ts";
import { silent } from "./rules.ts";
import type { Verb } from "./verb.ts";

/** A table that the annotated function is given: a handle from an earlier call, or a local table that is scattered. */
export const parameter: Verb = {
  name: "parameter",
  docs: "A table passed to an annotated function.",
  example: "async function report(trips: Table<Trip>) { … }",
  on: "module",
  role: "verb",
  signature: [],
  // Whatever table its caller has: nobody has held it against the interface.
  type: (i) => i.declared && { row: i.declared.map(({ name, type }) => ({ name, type: unsureType(type) })), groups: null },
  distribution: () => ANY,
  communicates: silent,
  order: () => "ignores",
  rowwise: false,
  repeatable: true,
  demands: () => [],
  lower: () => {
    throw new Error("a parameter is not emitted");
  },
};
