import { inspect } from "node:util";
import type { JsType } from "@lockstep/native/plan";
import { LockstepError } from "../errors/index.ts";
import { markAgreed } from "./checked.ts";

type Json = null | boolean | number | string;

/**
 * A captured scalar as a plan's literal has it: JSON, with strings for what JSON lacks. LS2016 where it is not what its type says; undefined,
 * which callers without types give and indices that miss, is to a number or a Date what JavaScript makes of it; `required`, nothing is made of it.
 */
export function literal(value: unknown, type: JsType, name: string, nullable: boolean | "required" = false): Json {
  const own = value instanceof Date ? "date" : typeof value;
  if (nullable === "required" && (value === undefined || value === null)) throw markAgreed(otherType(name, value, type === "date" ? "a Date" : `a ${type}`));
  if (value === undefined && !nullable && (type === "number" || type === "date")) return "NaN";
  if (value === null || value === undefined) return null;
  if (own !== type) throw markAgreed(otherType(name, value, type === "date" ? "a Date" : `a ${type}`));
  return plain(value as Value);
}

/**
 * The elements of a captured array or Set, as literals of a call's arguments. No column holds undefined, so it equals none. `method` is what it is
 * asked with: LS2016 where it has none.
 */
export function literals(values: Iterable<unknown>, type: JsType, name: string, method: "includes" | "has", nullable = false): { kind: "literal"; type: JsType; value: Json }[] {
  const isList = typeof values === "object" && typeof (values as Partial<Record<typeof method, unknown>> | null)?.[method] === "function";
  if (!isList) throw markAgreed(otherType(name, values, method === "has" ? "a Set" : "an array"));
  return Array.from(values).filter((value) => value !== undefined).map((value) => ({ kind: "literal", type, value: literal(value, type, `an element of ${name}`, nullable) }));
}

type Value = boolean | number | string | bigint | Date;

function plain(value: Value): Json {
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : isExactInJson(value) ? value : String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "NaN" : value.getTime();
  return typeof value === "bigint" ? value.toString() : value;
}

/** Every rank has the value, and so the error. */
function otherType(name: string, value: unknown, wanted: string): LockstepError {
  return new LockstepError({
    code: "LS2016",
    message: `a row function captures ${name}, which is ${inspect(value, { breakLength: Infinity })}, not ${wanted} as its type says`,
    fix: "Convert it before: Number(…), String(…); where it comes from outside, check what came.",
  });
}

/** JSON parsers round a literal of many digits twice: it may lose its last bit. */
function isExactInJson(value: number): boolean {
  return Number.isSafeInteger(value) || (Math.abs(value) >= 1e-7 && Math.abs(value) < 1e21 && Number(value.toPrecision(15)) === value);
}
