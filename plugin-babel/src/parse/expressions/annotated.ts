import { elementOf, isList, isObject, isSameJs, type SourceSpan } from "../../ir/types.ts";
import { listColumn } from "./list-column.ts";
import { objectColumn } from "./object-column.ts";
import { asserted, opaque, scalar, literal, type StaticType, type Value } from "./value.ts";

/** A value under an annotation or cast: tsc goes by the annotation, what may really come stays as it was. */
export function annotated(value: Value, type: StaticType, span: SourceSpan): Value {
  if (value.kind === "any") return opaque(type, span);
  if (type.js === null) return value;
  if (value.kind === "nothing") {
    const admitted = type.null || type.undefined;
    const [isNull, isUndefined] = [value.value === null, value.value === undefined];
    return scalar(literal(null, type.js, value.span), { null: type.null || (admitted && isNull), undefined: type.undefined || (admitted && isUndefined), unchecked: !admitted && isUndefined });
  }
  // An empty array has the type that is said of it.
  if (isList(type.js) && value.kind === "list" && !value.set && value.items.length === 0) return listColumn(value, span, elementOf(type.js)) ?? value;
  const object = value.kind === "record" && isObject(type.js) ? objectColumn(value, span) : null;
  if (object) return annotated(object, type, span);
  if (value.kind !== "scalar" || !isSameJs(value.expression.type.js, type.js)) return value;
  return type.undefined ? { ...value, null: type.null, undefined: true } : { ...asserted(value), null: type.null };
}
