import { LockstepError } from "../errors/index.ts";

export type TimeUnit = "s" | "ms" | "us" | "ns";

/** An Arrow data type, as far as tables carry them. */
export type ArrowType =
  | { readonly id: "null" | "bool" | "string" | "binary" | "date" | "uuid" }
  | { readonly id: "int"; readonly bits: 8 | 16 | 32 | 64; readonly signed: boolean }
  | { readonly id: "float"; readonly bits: 16 | 32 | 64 }
  | { readonly id: "timestamp"; readonly unit: TimeUnit; readonly zone: string | null }
  /** Of a day: seconds and milliseconds in 32 bits, finer ones in 64. */
  | { readonly id: "time"; readonly unit: TimeUnit }
  | { readonly id: "decimal"; readonly precision: number; readonly scale: number }
  /** Strings with an int32 index. */
  | { readonly id: "dictionary" }
  /** Its elements may be null. A map is the list of its entries, each a struct of key and value, of which the key is not null. */
  | { readonly id: "list"; readonly of: ArrowType; readonly map?: true }
  /** Its members, each of which may be null. */
  | { readonly id: "struct"; readonly fields: readonly Field[] }
  /** A type that is named but not carried: durations, intervals, unions. */
  | { readonly id: "other"; readonly name: string };

export interface Field {
  readonly name: string;
  readonly type: ArrowType;
}

export const bool: ArrowType = { id: "bool" };
export const string: ArrowType = { id: "string" };
export const int64: ArrowType = { id: "int", bits: 64, signed: true };
export const float64: ArrowType = { id: "float", bits: 64 };
export const timestamp: ArrowType = { id: "timestamp", unit: "ms", zone: "UTC" };
/** What a map with such keys and values is. */
export const mapOf = (key: ArrowType, value: ArrowType): ArrowType => ({ id: "list", map: true, of: { id: "struct", fields: [{ name: "key", type: key }, { name: "value", type: value }] } });
/** A column of nothing but nulls whose type nobody has said. */
export const nothing: ArrowType = { id: "null" };

/** The digits of the longest decimals that 128 bits hold. Longer ones are read, and written as they were read. */
const NARROW = 38;

/** Its values are texts, in themselves or as entries of a dictionary. */
export const isText = ({ id }: ArrowType): boolean => id === "string" || id === "dictionary";

/** Its values are integers: a program may see them as bigints. */
export const isWhole = (type: ArrowType): boolean => type.id === "int" || (type.id === "decimal" && type.scale === 0);

/** The width of a time of day. */
export const timeBits = (unit: TimeUnit): 32 | 64 => (unit === "s" || unit === "ms" ? 32 : 64);

export const decimalBits = ({ precision }: ArrowType & { readonly id: "decimal" }): 128 | 256 => (precision <= NARROW ? 128 : 256);

/** The type as Arrow prints it: `int64`, `timestamp[ms, tz=UTC]`, `decimal128(10, 2)`. */
export function printType(type: ArrowType): string {
  switch (type.id) {
    case "int":
      return `${type.signed ? "int" : "uint"}${type.bits}`;
    case "float":
      return `float${type.bits}`;
    case "date":
      return "date32";
    case "timestamp":
      return type.zone === null ? `timestamp[${type.unit}]` : `timestamp[${type.unit}, tz=${type.zone}]`;
    case "time":
      return `time${timeBits(type.unit)}[${type.unit}]`;
    case "decimal":
      return `decimal${decimalBits(type)}(${type.precision}, ${type.scale})`;
    case "dictionary":
      return "dictionary<values=string, indices=int32>";
    case "list":
      return type.map && type.of.id === "struct" ? `map<${type.of.fields.map((field) => printType(field.type)).join(", ")}>` : `list<${printType(type.of)}>`;
    case "struct":
      return `struct<${type.fields.map((field) => `${field.name}: ${printType(field.type)}`).join(", ")}>`;
    case "other":
      return type.name;
    default:
      return type.id;
  }
}

const aliases: Readonly<Record<string, ArrowType>> = {
  boolean: bool,
  bool,
  string,
  utf8: string,
  binary: { id: "binary" },
  uuid: { id: "uuid" },
  "time32[s]": { id: "time", unit: "s" },
  "time32[ms]": { id: "time", unit: "ms" },
  "time64[us]": { id: "time", unit: "us" },
  "time64[ns]": { id: "time", unit: "ns" },
  float16: { id: "float", bits: 16 },
  float: { id: "float", bits: 32 },
  float32: { id: "float", bits: 32 },
  double: float64,
  float64,
  date32: { id: "date" },
  "date32[day]": { id: "date" },
  "dictionary<values=string, indices=int32>": { id: "dictionary" },
};

/** Reads what {@link printType} prints, and Arrow's other spellings (`double`, `utf8`). LS2015 for anything else. */
export function parseType(text: string): ArrowType {
  const alias = aliases[text.trim()];
  if (alias !== undefined) return alias;
  const integer = /^(u?)int(8|16|32|64)$/.exec(text);
  if (integer) return { id: "int", bits: Number(integer[2]) as 8 | 16 | 32 | 64, signed: integer[1] === "" };
  const time = /^timestamp\[(s|ms|us|ns)(?:, ?tz=([^\]]+))?\]$/.exec(text);
  if (time) return { id: "timestamp", unit: time[1] as TimeUnit, zone: time[2] ?? null };
  const decimal = /^decimal(?:128)?\((\d+), ?(\d+)\)$/.exec(text);
  if (decimal && Number(decimal[1]) >= 1 && Number(decimal[1]) <= NARROW && Number(decimal[2]) <= Number(decimal[1])) return { id: "decimal", precision: Number(decimal[1]), scale: Number(decimal[2]) };
  const entries = /^map<(.+)>$/.exec(text)?.[1];
  const [key, value, ...more] = entries === undefined ? [] : parts(entries).map((part) => parseType(part.trim()));
  if (key && value && more.length === 0) return mapOf(key, value);
  const list = /^list<(.+)>$/.exec(text);
  if (list) return { id: "list", of: parseType(list[1]!) };
  const fields = /^struct<(.+)>$/.exec(text)?.[1];
  if (fields !== undefined) return { id: "struct", fields: parseFields(fields) };
  throw new LockstepError({
    code: "LS2015",
    message: `the type "${text}" is not one that a column can be written as`,
    fix: "Use Arrow's printed names: int8 … int64, uint8 … uint64, float32, float64, bool, string, uuid, date32, time32[ms], time64[us], timestamp[ms, tz=UTC], decimal128(10, 2), dictionary<values=string, indices=int32>, list<float64>, struct<x: float64>, map<string, float64>.",
  });
}

/** `x: int64, tags: list<string>` */
function parseFields(text: string): Field[] {
  return parts(text).map((part) => {
    const [, name, type] = /^\s*(.*?): ?(.*)$/.exec(part) ?? [];
    return { name: name ?? "", type: parseType(type ?? "") };
  });
}

/** What stands between commas, but for those inside of a type. */
function parts(text: string): string[] {
  const found: string[] = [];
  for (let [begin, at, depth] = [0, 0, 0]; at <= text.length; at++) {
    if (/[<([]/.test(text[at] ?? "")) depth++;
    if (/[>)\]]/.test(text[at] ?? "")) depth--;
    if (at < text.length && (depth > 0 || text[at] !== ",")) continue;
    found.push(text.slice(begin, at));
    begin = at + 1;
  }
  return found;
}

/** The type that is printed so; what tables do not carry by its name alone. */
export function typeNamed(text: string): ArrowType {
  try {
    return text === "null" ? nothing : parseType(text);
  } catch {
    return { id: "other", name: text };
  }
}

/** Whether two types are the same. */
export function sameType(a: ArrowType, b: ArrowType): boolean {
  return printType(a) === printType(b);
}

/** Whether tables carry values of the type; of other types they know the name. */
export function isCarried(type: ArrowType): boolean {
  if (type.id === "list") return isCarried(type.of);
  return type.id === "struct" ? type.fields.every((field) => isCarried(field.type)) : type.id !== "other";
}

/** Whether values are made of others. */
export const isNested = (type: ArrowType): boolean => type.id === "list" || type.id === "struct";

/** What lists are of, at last. */
export const innermost = (type: ArrowType): ArrowType => (type.id === "list" ? innermost(type.of) : type);

/** Ticks of a unit in a second. */
export const ticksPerSecond = { s: 1, ms: 1e3, us: 1e6, ns: 1e9 } as const satisfies Record<TimeUnit, number>;
