import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

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
  (message: string, span: SourceSpan) => ({ message, locations: [at(span, "this argument list does not fit")] }),
);

export const notAssignable = (got: string, wanted: string): string => `Argument of type '${got}' is not assignable to parameter of type '${wanted}'`;

/** "Expected 1–2 arguments for 'slice', but got 3" */
export function countMessage(name: string, least: number, most: number, got: number): string {
  const expected = most === Infinity ? `at least ${least}` : least === most ? `${least}` : `${least}–${most}`;
  return `Expected ${expected} argument${expected === "1" ? "" : "s"} for '${name}', but got ${got}`;
}
