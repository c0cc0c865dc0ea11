/**
 * JavaScript's texts are UTF-16: a cut may leave half of a surrogate pair. Columns and plans hold UTF-8, in which a half is
 * U+FFFD. That is what any text becomes where it is stored; but a row function that goes on with a half sees the difference.
 */
import { children, type Expression } from "../ir/expression.ts";

const cuts: ReadonlySet<string> = new Set(["charAt", "at", "slice", "substring"].map((name) => `string.${name}`));
const codes: ReadonlySet<string> = new Set(["string.charCodeAt", "string.codePointAt"]);
const joins: ReadonlySet<string> = new Set(["concat", "string.concat"]);
/** Both operands are compared. */
const comparisons: ReadonlySet<string> = new Set(["eq", "ne", "lt", "le", "gt", "ge", "in", "list.includes", "list.indexOf"]);

/** Whether the function's answer depends on a half of a pair: only V8 has one. */
export function seesHalfPair(expression: Expression): boolean {
  return sees(expression, new Set());
}

/** `halves`: the local consts whose value may have one at an end. */
function sees(e: Expression, halves: ReadonlySet<string>): boolean {
  if (e.kind === "literal") return typeof e.value === "string" && !e.value.isWellFormed();
  if (e.kind === "let") return sees(e.value, halves) || sees(e.body, mayBeHalf(e.value, halves) ? new Set([...halves, e.name]) : halves);
  if (children(e).some((child) => sees(child, halves))) return true;
  if (e.kind !== "call") return false;
  const half = e.args.map((arg) => mayBeHalf(arg, halves));
  if (codes.has(e.function)) return half[0]!;
  if (joins.has(e.function)) return mayMeet(e.args, half);
  if (e.function === "list.join") return half[0]!;
  if (comparisons.has(e.function)) return half.filter(Boolean).length > 1;
  // What is sought, or put in its place.
  return e.function.startsWith("string.") && half.slice(1).some(Boolean);
}

/** Two halves next to each other, or with nothing between them that is sure to be there. */
function mayMeet(args: readonly Expression[], half: readonly boolean[]): boolean {
  let open = false;
  for (const [n, arg] of args.entries()) {
    if (half[n] && open) return true;
    if (half[n]) open = true;
    else if (arg.kind === "literal" && arg.value !== "" || arg.type.js !== "string") open = false;
  }
  return false;
}

function mayBeHalf(e: Expression, halves: ReadonlySet<string>): boolean {
  if (e.type.js !== "string" && e.type.js !== "string[]") return false;
  switch (e.kind) {
    case "local":
      return halves.has(e.name);
    case "call":
      return cuts.has(e.function) || e.args.some((arg) => mayBeHalf(arg, halves));
    case "if":
      return mayBeHalf(e.then, halves) || mayBeHalf(e.else, halves);
    case "let":
      return mayBeHalf(e.body, mayBeHalf(e.value, halves) ? new Set([...halves, e.name]) : halves);
    default:
      return children(e).some((child) => mayBeHalf(child, halves));
  }
}
