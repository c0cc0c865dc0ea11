import { printType, type SourceSpan, type ValueType } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const aggregateArgument = defineDiagnostic(
  {
    code: "LS1113",
    title: "An aggregate of a type it does not take",
    kind: "user-error",
    docs: "sum, mean, variance, stdev and median take numbers; sum takes bigints too. Derive a number first.",
  },
  (name: string, type: ValueType, accepted: readonly string[], span: SourceSpan) => ({
    message: `op.${name} takes ${accepted.join(" or ")}, not ${printType(type)}`,
    locations: [at(span, printType(type))],
  }),
);
