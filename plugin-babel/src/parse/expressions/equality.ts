/** `===`, `!==`, `==`, `!=`: all strict on columns, where `==` adds only that null equals undefined. */
import type * as t from "@babel/types";
import { alwaysDecided } from "../../diagnostics/always-decided.ts";
import { comparedWithUndefined } from "../../diagnostics/compared-with-undefined.ts";
import { datesCompared } from "../../diagnostics/dates-compared.ts";
import { noOverlap } from "../../diagnostics/no-overlap.ts";
import { fold } from "../../functions/fold.ts";
import type { Expression } from "../../ir/expression.ts";
import { isNested, type SourceSpan } from "../../ir/types.ts";
import { both, isNot, negate, noFacts, noTruth, onlySaid, present, type Facts, type Truth } from "./facts.ts";
import type { Frame } from "./frame.ts";
import { unsupported } from "./expression.ts";
import { not } from "./truth.ts";
import { absences, call, capturedAs, describe, isAsserted, literal, opaque, plain, scalar, typesOf, type Scalar, type Value } from "./value.ts";

type Operand = readonly [Value, t.Node];

export function equality(operator: string, left: Operand, right: Operand, node: t.Node, frame: Frame): Value {
  const equal = equals(operator, left, right, node, frame);
  if (equal.kind !== "scalar" || operator.startsWith("=")) return equal;
  return scalar(not(equal.expression, frame.span(node)), { truth: negate(equal.truth ?? noTruth) });
}

/** Read as if the operator were `===` (or `==`). */
function equals(operator: string, left: Operand, right: Operand, node: t.Node, frame: Frame): Value {
  const [a, b] = [left[0], right[0]];
  const span = frame.span(node);
  const loose = operator.length === 2;
  if (isNaNLiteral(a) || isNaNLiteral(b)) {
    const decided = alwaysDecided(operator.startsWith("!") ? "always truthy" : "always falsy", span, "NaN equals nothing, not even itself: Number.isNaN(x) tells");
    frame.state.typeError({ ...decided, severity: "warning" });
  }
  if (a.kind === "any" || b.kind === "any") return opaque(plain("boolean"), span);
  if (a.kind === "nothing" && b.kind === "nothing") return scalar(literal(loose || a.value === b.value, "boolean", span));
  if (b.kind === "nothing") return absent(a, b.value, loose, left[1], right[1], operator, span, frame);
  if (a.kind === "nothing") return absent(b, a.value, loose, right[1], left[1], operator, span, frame);
  const narrowed = typeofGuard(a, b) ?? typeofGuard(b, a);
  if ((a.kind === "mixed" || b.kind === "mixed") && !typesOf(a).some((type) => typesOf(b).includes(type))) {
    frame.state.typeError(noOverlap(operator, describe(a), describe(b), span));
    return opaque(plain("boolean"), span);
  }
  if (a.kind !== "scalar" || b.kind !== "scalar") return unsupported(node, "comparing objects runs in V8", plain("boolean"), frame);
  const truth = narrowed ?? sameValue(a, b);
  const [l, r] = [a.expression.type.js, b.expression.type.js];
  if (l !== r) {
    if ((a.null && b.null) || (a.undefined && b.undefined)) {
      const isNull = (e: Expression) => call("isNull", [e], "boolean", span);
      return scalar({ kind: "and", left: isNull(a.expression), right: isNull(b.expression), type: { js: "boolean", nullable: false }, span });
    }
    frame.state.typeError(noOverlap(operator, describe(a), describe(b), span));
    return opaque(plain("boolean"), span);
  }
  if (isNested(l)) return unsupported(node, "comparing arrays or objects, which are never equal, runs in V8", plain("boolean"), frame);
  if (l === "date") {
    const ends = [left[1], right[1]].map((side) => endOf(frame.span(side)));
    frame.state.report(datesCompared(operator, span, ends));
    return opaque(plain("boolean"), span);
  }
  return scalar(fold(strictlyEqual(a, b, loose, node, frame)), { truth });
}

const isNaNLiteral = (value: Value): boolean => value.kind === "scalar" && value.expression.kind === "literal" && Number.isNaN(value.expression.value);

/** `eq` takes null for null; where one side means undefined and the other null, `===` must not. */
function strictlyEqual(a: Scalar, b: Scalar, loose: boolean, node: t.Node, frame: Frame): Expression {
  const span = frame.span(node);
  const boolean = { js: "boolean", nullable: false } as const;
  const equal = call("eq", [a.expression, b.expression], "boolean", span);
  if (isHarmless(a, b) || isHarmless(b, a)) return equal;
  const [of, other] = mayBeEither(a) ? [a.expression, b] : [b.expression, a];
  if (!loose && (mayBeEither(a) || mayBeEither(b)) && of.kind === "captured") {
    // Only JavaScript can tell whether what is null in the plan was undefined.
    const { expression } = other;
    if (expression.kind === "captured") return { ...capturedAs("equal", of, "boolean"), other: expression };
    return { kind: "and", left: capturedAs("defined", of, "boolean"), right: equal, type: boolean, span };
  }
  const [x, y] = [absences(a), absences(b)];
  if (loose || !((x.null && y.undefined) || (x.undefined && y.null))) return equal;
  if ((x.null && x.undefined) || (y.null && y.undefined)) frame.state.needsScript("null and undefined on both sides of '===' cannot be told apart natively");
  return { kind: "and", left: equal, right: not(call("isNull", [a.expression], "boolean", span), span), type: boolean, span };
}

/** An argument whose absence, NaN as a number and else null, equals nothing that the other side holds. */
const isHarmless = (argument: Scalar, other: Scalar): boolean =>
  argument.required === true && other.expression.kind !== "captured" && (argument.expression.type.js === "number" || !other.expression.type.nullable);

/** A captured value that may be null, which includes undefined. */
const mayBeEither = (value: Scalar): boolean => value.expression.kind === "captured" && (value.null || isAsserted(value));

/** A value compared with the literal null or undefined. */
function absent(value: Value, literalValue: null | undefined, loose: boolean, node: t.Node, other: t.Node, operator: string, span: SourceSpan, frame: Frame): Value {
  if (value.kind === "record" && value.absent && (loose || literalValue === undefined)) {
    return scalar(value.absent, { truth: { then: noFacts, else: present(value.place) } });
  }
  if ((value.kind === "record" || value.kind === "values") && value.missing) {
    const { missing } = value;
    return scalar(loose ? missing : capturedAs(literalValue === null ? "null" : "undefined", missing, "boolean"));
  }
  if (value.kind !== "scalar") return scalar(literal(false, "boolean", span));
  const isNull = scalar(call("isNull", [value.expression], "boolean", span));
  const known = value.chain ?? noFacts;
  if (!loose && value.expression.kind === "captured" && mayBeEither(value)) {
    // Which of the two it is, JavaScript tells when the verb is called.
    const test = capturedAs(literalValue === null ? "null" : "undefined", value.expression, "boolean");
    return scalar(test, { truth: { then: noFacts, else: both(present(value.place), known) } });
  }
  if (loose) return { ...isNull, truth: { then: noFacts, else: both(present(value.place), known) } };
  const absent = absences(value);
  const [matches, others] = literalValue === null ? [absent.null, absent.undefined] : [absent.undefined, absent.null];
  if (matches && others) frame.state.needsScript("null and undefined cannot be told apart natively");
  if (literalValue === undefined && !matches && value.null) {
    if (value.place !== undefined) {
      frame.state.report(comparedWithUndefined(frame.text(node), span, operator.startsWith("!") ? "!==" : "===", frame.span(other)));
    }
  }
  if (!matches && others) return scalar(literal(false, "boolean", span));
  const facts: Facts = value.place === undefined ? noFacts : new Set([isNot(value.place, literalValue === null ? "null" : "undefined")]);
  return { ...isNull, truth: { then: noFacts, else: others ? facts : both(facts, known) } };
}

/** Equal to something that is present means present, and the chain that led to it did not stop. */
function sameValue(a: Scalar, b: Scalar): Truth {
  const implied = (side: Scalar, other: Scalar): Facts => {
    if (other.null || other.undefined) return noFacts;
    const said: Facts = side.place !== undefined && absences(other).null ? new Set([onlySaid(side.place)]) : noFacts;
    return both(both(present(side.place), said), side.chain ?? noFacts);
  };
  return { then: both(implied(a, b), implied(b, a)), else: noFacts };
}

/** `typeof x === "string"`: x is there. */
function typeofGuard(type: Value, name: Value): Truth | null {
  if (type.kind !== "scalar" || type.typeOf === undefined || name.kind !== "scalar" || name.expression.kind !== "literal") return null;
  const isPresent = name.expression.value !== "object" && name.expression.value !== "undefined";
  return isPresent ? { then: present(type.typeOf), else: noFacts } : null;
}

const endOf = (span: SourceSpan): SourceSpan => ({ ...span, line: span.endLine, column: span.endColumn });
