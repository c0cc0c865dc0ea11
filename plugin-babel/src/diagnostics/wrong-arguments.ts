import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";
import type { Diagnostic } from "./diagnostic.ts";

export const wrongArguments = defineDiagnostic(
  {
    code: "LS1205",
    title: "Wrong arguments",
    kind: "user-error",
    docs: "The function takes other arguments: another number of them, or other types. tsc reports the same mistake.",
    example: {
      wrong: 'await trips.derive({ short: (d) => d.city.slice("1") }).writeParquet(out);',
      right: "await trips.derive({ short: (d) => d.city.slice(1) }).writeParquet(out);",
    },
  },
  (message: string, span: SourceSpan, fix: string) => ({ message, locations: [at(span, "this argument list does not fit")], fix: { message: fix, edits: [] } }),
);

export const notAssignable = (got: string, wanted: string, span: SourceSpan): Diagnostic =>
  wrongArguments(`Argument of type '${got}' is not assignable to parameter of type '${wanted}'`, span, conversion(wanted.split(" | ")));

/** "Expected 1–2 arguments for 'slice', but got 3" */
export function wrongCount(name: string, least: number, most: number, got: number, span: SourceSpan): Diagnostic {
  const expected = most === Infinity ? `at least ${least}` : least === most ? `${least}` : `${least}–${most}`;
  const message = `Expected ${expected} argument${expected === "1" ? "" : "s"} for '${name}', but got ${got}`;
  return wrongArguments(message, span, got < least ? "give it the missing ones" : most === 0 ? "call it without any" : `leave out what follows the first${most === 1 ? "" : ` ${most}`}`);
}

function conversion(wanted: readonly string[]): string {
  const to = { string: "String(…)", number: "Number(…)", bigint: "BigInt(…)", Date: "new Date(…)" };
  const [name] = Object.keys(to).filter((type) => wanted.includes(type)) as (keyof typeof to)[];
  return name === undefined ? `give it a value of type ${wanted.join(" | ")}` : `convert it: ${to[name]}`;
}
