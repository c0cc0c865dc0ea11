/** A captured scalar as a plan's literal has it: JSON, with strings for what JSON lacks. */
export function literal(value: unknown): null | boolean | number | string {
  switch (typeof value) {
    case "undefined":
      return null;
    case "boolean":
    case "string":
      return value;
    case "number":
      if (Object.is(value, -0)) return "-0";
      return isExactInJson(value) ? value : String(value);
    case "bigint":
      return value.toString();
    case "object":
      if (value === null) return null;
      if (value instanceof Date) return Number.isNaN(value.getTime()) ? "NaN" : value.getTime();
  }
  throw new TypeError(`a row function captures a value of type ${typeof value}; only numbers, strings, booleans, bigints, Dates and null can be captured`);
}

/** The elements of a captured array or Set, as literals of a call's arguments. No column holds undefined, so it equals none. */
export function literals(values: Iterable<unknown>, type: string): { kind: "literal"; type: string; value: null | boolean | number | string }[] {
  return Array.from(values).filter((value) => value !== undefined).map((value) => ({ kind: "literal", type, value: literal(value) }));
}

/** JSON parsers round a literal of many digits twice: it may lose its last bit. */
function isExactInJson(value: number): boolean {
  return Number.isSafeInteger(value) || (Math.abs(value) >= 1e-7 && Math.abs(value) < 1e21 && Number(value.toPrecision(15)) === value);
}
