import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const alwaysDecided = defineDiagnostic(
  {
    code: "LS1220",
    title: "A test whose outcome is written in it",
    kind: "user-error",
    docs: "The form of the expression alone decides the test: a text or an object is always truthy, an arithmetic result is never null. Mostly parentheses are missing: `a ?? b + 1` reads `a ?? (b + 1)`. tsc reports the same mistake.",
    example: {
      wrong: "await trips.derive({ total: (d) => d.fare * 2 ?? 0 }).writeParquet(out);",
      right: "await trips.derive({ total: (d) => (d.tip ?? 0) * 2 }).writeParquet(out);",
    },
  },
  (outcome: "always truthy" | "always falsy" | "never null" | "always null", span: SourceSpan, fix: string | null = null) => ({
    message: outcome === "never null" ? "The right side of '??' is never reached: its left side is never null" : `This expression is ${outcome}`,
    locations: [at(span, outcome)],
    fix: { message: fix ?? (outcome === "never null" ? "leave '?? …' out, or let the interface say that the column may be null" : "leave the test out, or test what was meant"), edits: [] },
  }),
);
