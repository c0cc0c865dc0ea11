import type { SourceSpan } from "../ir/types.ts";
import { closest } from "./closest.ts";
import { at, defineDiagnostic } from "./define.ts";

/** What other languages call them. */
const elsewhere: Readonly<Record<string, string>> = {
  contains: "includes", strip: "trim", lstrip: "trimStart", rstrip: "trimEnd", upper: "toUpperCase", lower: "toLowerCase", len: "length", size: "length", find: "indexOf", substr: "slice",
  year: "getUTCFullYear", month: "getUTCMonth", day: "getUTCDate", hour: "getUTCHours", minute: "getUTCMinutes", second: "getUTCSeconds", weekday: "getUTCDay", dayofweek: "getUTCDay", timestamp: "getTime",
  isoformat: "toISOString", strftime: "toISOString", format: "toISOString",
};

/** A method of another type says what the value was taken for. */
function instead(name: string, type: string): string {
  if (/^(get(UTC)?(Time|FullYear|Month|Date|Day|Hours|Minutes|Seconds)|toISOString)$/.test(name)) return `make a Date of it, new Date(…).${name}(), or let the interface say that the column is one`;
  if (/^(trim\w*|to(Locale)?(Upper|Lower)Case|startsWith|endsWith|includes|slice|substring|substr|split|replace(All)?|pad(Start|End)|charAt|indexOf|match|length)$/.test(name)) return `make a text of it: String(…).${name}`;
  if (/^(toFixed|toPrecision)$/.test(name)) return `make a number of it: Number(…).${name}(…)`;
  if (/^(then|catch|finally)$/.test(name)) return "it is no promise: take it as it is, and use try and catch";
  if (type === "op") return "write it in JavaScript: Math.…, a method of the value";
  return `take a member that ${/^[aeiou]/.test(type) ? "an" : "a"} ${type} has`;
}

export const unknownProperty = defineDiagnostic(
  {
    code: "LS1204",
    title: "No such property or method",
    kind: "user-error",
    docs: "The value has no property of this name. A column holds a number, string, boolean, bigint or Date, and has the methods JavaScript gives to that type.",
    example: {
      wrong: "await trips.derive({ city: (d) => d.city.toUppercase() }).writeParquet(out);",
      right: "await trips.derive({ city: (d) => d.city.toUpperCase() }).writeParquet(out);",
    },
  },
  (name: string, type: string, span: SourceSpan, known: readonly string[], isCalled = true, written?: string) => {
    if (written !== undefined) return { message: `Property '${name}' does not exist on type '${type}'`, locations: [at(span, `not a member of ${type}`)], fix: { message: written, edits: [] } };
    // It is there, but called.
    if (known.includes(name)) {
      return {
        message: `'${name}' of a ${type} is a property, no method`,
        locations: [at(span, "not a function")],
        fix: { message: `write .${name} without parentheses`, edits: [] },
      };
    }
    const other = Object.hasOwn(elsewhere, name) ? elsewhere[name]! : null;
    const near = other !== null && known.includes(other) ? other : closest(name, known);
    const text = `${near}${isCalled || near === "length" ? "" : "()"}`;
    return {
      message: `Property '${name}' does not exist on type '${type}'${near === null ? "" : `; did you mean '${near}'?`}`,
      locations: [at(span, `not a member of ${type}`)],
      fix: near === null ? { message: instead(name, type), edits: [] } : { message: `write '${text}'`, edits: [{ ...span, text }] },
    };
  },
);
