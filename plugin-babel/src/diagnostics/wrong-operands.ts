import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const wrongOperands = defineDiagnostic(
  {
    code: "LS1201",
    title: "Operator on the wrong types",
    kind: "user-error",
    docs: "Arithmetic takes numbers, or bigints; `+` also joins strings; `<` compares values of one type. tsc reports the same mistake. Convert with Number(…), String(…) or a method such as getTime().",
    example: {
      wrong: "await trips.derive({ next: (d) => d.city - 1 }).writeParquet(out);",
      right: "await trips.derive({ next: (d) => d.zone - 1 }).writeParquet(out);",
    },
  },
  (operator: string, types: readonly string[], span: SourceSpan, hint: string = "convert one of them: Number(…), String(…)") => ({
    message: `Operator '${operator}' cannot be applied to ${types.length === 1 ? `type '${types[0]}'` : `types ${types.map((t) => `'${t}'`).join(" and ")}`}`,
    locations: [at(span, types.join(` ${operator} `))],
    fix: { message: hint, edits: [] },
  }),
);
