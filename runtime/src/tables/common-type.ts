/** The type of a column that is another in another file of a table, and values of one type in the other. The ranks have the same in `native-rs/crates/connectors/src/files/{common,widen}.rs`. */
import { LockstepError } from "../errors/index.ts";
import { decimalBits, float64, isText, printType, sameType, string, ticksPerSecond, type ArrowType, type Field } from "./arrow-type.ts";
import { viewOf, type Stored, type StoredValues } from "./column.ts";
import { canonicalInteger } from "./infer.ts";
import { DIGITS, doesNotFit } from "./view.ts";

/** The narrowest type in which JavaScript sees of all values of both what it sees of them in their own; undefined: there is none. */
export function commonType(a: ArrowType, b: ArrowType): ArrowType | undefined {
  if (a === b || sameType(a, b)) return a;
  if (a.id === "null") return b;
  if (b.id === "null") return a;
  if (a.id === "int" && b.id === "int") return commonInteger(a, b);
  if (a.id === "float" && b.id === "float") return a.bits < b.bits ? b : a;
  if (a.id === "decimal" && b.id === "decimal") return commonDecimal(a, b);
  if (isNumber(a) && isNumber(b)) return float64;
  if (isText(a) && isText(b)) return string;
  if (a.id === "list" && b.id === "list") {
    const of = commonType(a.of, b.of);
    return of && (a.map === b.map ? { ...a, of } : undefined);
  }
  if (a.id === "struct" && b.id === "struct") return commonMembers(a.fields, b.fields);
  return commonTime(a, b);
}

/** Of decimals of more digits there may be a value that is none. */
const isNumber = (type: ArrowType): boolean => viewOf(type) === "number" && (type.id !== "decimal" || type.precision <= DIGITS);

type Of<Id extends ArrowType["id"]> = Extract<ArrowType, { readonly id: Id }>;

/** Of both signs: the signed one that holds all of the unsigned, at most int64. */
function commonInteger(a: Of<"int">, b: Of<"int">): ArrowType {
  const signed = a.signed || b.signed;
  const bits = Math.max(...[a, b].map((one) => one.bits * (signed && !one.signed ? 2 : 1)));
  return { id: "int", bits: Math.min(bits, 64) as 8 | 16 | 32 | 64, signed };
}

/** All digits before and behind the point. Numbers to JavaScript stay numbers. */
function commonDecimal(a: Of<"decimal">, b: Of<"decimal">): ArrowType | undefined {
  const scale = Math.max(a.scale, b.scale);
  const all: Of<"decimal"> = { id: "decimal", precision: Math.max(a.precision - a.scale, b.precision - b.scale) + scale, scale };
  if (isNumber(a) && isNumber(b) && !isNumber(all)) return float64;
  return decimalBits(all) === 128 ? all : undefined;
}

/** Days and instants, and times of day: of the finest unit. Days begin, and instants without a zone are, in UTC. */
function commonTime(a: ArrowType, b: ArrowType): ArrowType | undefined {
  if (a.id === "time" && b.id === "time") return ticksPerSecond[a.unit] < ticksPerSecond[b.unit] ? b : a;
  const [one, other] = [a, b].map((type) => (type.id === "timestamp" ? type : type.id === "date" ? ({ unit: "s", zone: null } as const) : undefined));
  if (!one || !other) return undefined;
  return { id: "timestamp", unit: ticksPerSecond[one.unit] < ticksPerSecond[other.unit] ? other.unit : one.unit, zone: one.zone === other.zone ? one.zone : "UTC" };
}

/** The members of both, by name, those of `a` first. */
function commonMembers(a: readonly Field[], b: readonly Field[]): ArrowType | undefined {
  const fields: Field[] = [];
  for (const { name, type } of a) {
    const other = b.find((field) => field.name === name);
    const common = other ? commonType(type, other.type) : type;
    if (!common) return undefined;
    fields.push({ name, type: common });
  }
  return { id: "struct", fields: [...fields, ...b.filter(({ name }) => !a.some((field) => field.name === name))] };
}

/** Values of the type `from` in one that holds them all but for a few: LS2004 for an integer past 2^53 that is to be a number, LS2015 for another. */
export function valuesAs(values: StoredValues, from: ArrowType, to: ArrowType, origin: string): StoredValues {
  const convert = conversion(from, to, origin);
  return convert ? Array.from(values, (value) => (value === null ? null : convert(value))) : values;
}

type Conversion = (value: Exclude<Stored, null>) => Stored;

/** undefined: a value stays as it is. */
function conversion(from: ArrowType, to: ArrowType, origin: string): Conversion | undefined {
  if (sameType(from, to)) return undefined;
  if (from.id === "int" && to.id === "int") return from.bits === 64 && !from.signed ? (value) => fitting(BigInt(value as number | bigint), to, origin) : undefined;
  if (from.id === "int" && to.id === "float") return (value) => exact(value, origin);
  if (from.id === "decimal" && to.id === "float") return (value) => Number(value as number | bigint) / 10 ** from.scale;
  if (from.id === "decimal" && to.id === "decimal") {
    const factor = 10n ** BigInt(to.scale - from.scale);
    return factor === 1n ? undefined : (value) => canonicalInteger(BigInt(value as number | bigint) * factor);
  }
  if (to.id === "timestamp") return instant(from, to, origin);
  if (from.id === "list" && to.id === "list") {
    const element = conversion(from.of, to.of, origin);
    return element && ((value) => (value as readonly Stored[]).map((one) => (one === null ? null : element(one))));
  }
  if (from.id === "struct" && to.id === "struct") {
    const members = to.fields.map(({ name, type }) => {
      const at = from.fields.findIndex((field) => field.name === name);
      return { at, convert: at < 0 ? undefined : conversion(from.fields[at]!.type, type, origin) };
    });
    return (value) => members.map(({ at, convert }) => {
      const held = at < 0 ? null : (value as readonly Stored[])[at]!;
      return held !== null && convert ? convert(held) : held;
    });
  }
  return undefined;
}

function exact(value: Stored, origin: string): Stored {
  if (typeof value !== "bigint") return value;
  throw new LockstepError({
    code: "LS2004",
    message: `${origin} holds ${value}, an integer past ±2^53 that a number cannot hold exactly: the column is not of integers in all files`,
    fix: "Read the files separately, or write the others again with integers.",
  });
}

/** Days and instants as instants of a unit that is as fine. LS2015 past its 64 bits. */
export function instant(from: ArrowType, to: Of<"timestamp">, origin: string | undefined): Conversion | undefined {
  const target = ticksPerSecond[to.unit];
  const factor = from.id === "timestamp" ? target / ticksPerSecond[from.unit] : target * 86_400;
  if (factor === 1) return undefined;
  return (value) => {
    const ticks = Number(value) * factor;
    return Number.isSafeInteger(ticks) ? ticks : fitting(BigInt(value as number | bigint) * BigInt(factor), to, origin, () => printInstant((ticks / target) * 1000));
  };
}

/** Past what a Date holds, the milliseconds. */
const printInstant = (milliseconds: number): string => (Math.abs(milliseconds) <= 8.64e15 ? new Date(milliseconds).toISOString() : `${milliseconds} ms`);

function fitting(value: bigint, to: ArrowType, origin: string | undefined, print: () => string = () => value.toString()): Stored {
  if (BigInt.asIntN(64, value) !== value) throw doesNotFit(print(), printType(to), origin);
  return canonicalInteger(value);
}
