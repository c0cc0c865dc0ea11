import { LockstepError } from "../errors/index.ts";
import { isText, printType, sameType, ticksPerSecond, type ArrowType } from "./arrow-type.ts";
import { Column, type Stored } from "./column.ts";
import { canonicalInteger } from "./infer.ts";
import { timeOf, uuidOf } from "./kinds.ts";

/** A column as another Arrow type, for writing. LS2015 if the types do not convert, or a value does not fit. */
export function castColumn(name: string, column: Column, type: ArrowType): Column {
  if (sameType(column.type, type)) return column;
  const convert = conversion(column.type, type);
  if (convert === undefined) {
    throw new LockstepError({
      code: "LS2015",
      message: `the column "${name}" is ${printType(column.type)} and cannot be written as ${printType(type)}`,
    });
  }
  const values = Array.from(column.values, (value, row) => {
    if (value === null) return null;
    const converted = convert(value);
    if (converted !== undefined) return converted;
    throw new LockstepError({ code: "LS2015", message: `the column "${name}", row ${row}: ${String(value)} is no ${printType(type)}` });
  });
  return new Column(type, column.length, values);
}

/** Value → value, or undefined where it does not fit. */
type Conversion = (value: Exclude<Stored, null>) => Stored | undefined;

function conversion(from: ArrowType, to: ArrowType): Conversion | undefined {
  if (from.id === "null") return () => undefined;
  if (from.id === "list" && to.id === "list") {
    const element = sameType(from.of, to.of) ? (v: Stored) => v : conversion(from.of, to.of);
    if (element === undefined) return undefined;
    return (list) => {
      // An entry of a map, and its key, are there.
      if (to.map && (list as readonly (readonly Stored[] | null)[]).some((entry) => entry === null || entry[0] === null)) return undefined;
      const elements = (list as readonly Stored[]).map((v) => (v === null ? null : element(v)));
      return elements.includes(undefined) ? undefined : (elements as Stored[]);
    };
  }
  if (from.id === "struct" && to.id === "struct") {
    if (from.fields.length !== to.fields.length || from.fields.some(({ name }, i) => name !== to.fields[i]!.name)) return undefined;
    const members = from.fields.map(({ type }, i) => (sameType(type, to.fields[i]!.type) ? (v: Stored) => v : conversion(type, to.fields[i]!.type)));
    if (members.includes(undefined)) return undefined;
    return (object) => {
      const converted = (object as readonly Stored[]).map((v, i) => (v === null ? null : members[i]!(v)));
      return converted.includes(undefined) ? undefined : (converted as Stored[]);
    };
  }
  const numeric = from.id === "int" || from.id === "float";
  if (numeric && to.id === "int") return (v) => fitInteger(v as number | bigint, to.bits, to.signed);
  if (numeric && to.id === "float") return (v) => (to.bits === 64 ? Number(v) : to.bits === 32 ? Math.fround(Number(v)) : Math.f16round(Number(v)));
  if (numeric && to.id === "decimal") return (v) => fitDecimal(v as number | bigint, to.precision, to.scale);
  if (from.id === "decimal" && to.id === "float") return (v) => Number(v as number | bigint) / 10 ** from.scale;
  if (isText(from) && isText(to)) return (v) => v;
  if (to.id === "uuid" && isText(from)) return (v) => uuidOf(v as string);
  if (to.id === "time" && (isText(from) || from.id === "time")) return (v) => timeOf(v as string, to.unit);
  if ((from.id === "uuid" || from.id === "time") && isText(to)) return (v) => v;
  if (from.id === "timestamp" && to.id === "timestamp") return (v) => rescale(v as number | bigint, ticksPerSecond[from.unit], ticksPerSecond[to.unit]);
  if (from.id === "date" && to.id === "timestamp") return (v) => fitInteger(BigInt(v as number) * 86_400n * BigInt(ticksPerSecond[to.unit]), 64, true);
  if (from.id === "timestamp" && to.id === "date") return (v) => Number(floorDivide(BigInt(v as number | bigint), BigInt(ticksPerSecond[from.unit] * 86_400)));
  return undefined;
}

function fitInteger(value: number | bigint, bits: number, signed: boolean): Stored | undefined {
  if (typeof value === "number" && !Number.isInteger(value)) return undefined;
  const integer = BigInt(value);
  return (signed ? BigInt.asIntN(bits, integer) : BigInt.asUintN(bits, integer)) === integer ? canonicalInteger(integer) : undefined;
}

function fitDecimal(value: number | bigint, precision: number, scale: number): Stored | undefined {
  if (typeof value === "number" && !Number.isFinite(value)) return undefined;
  const unscaled = typeof value === "bigint" ? value * 10n ** BigInt(scale) : BigInt(Math.round(value * 10 ** scale));
  return (unscaled < 0n ? -unscaled : unscaled) < 10n ** BigInt(precision) ? canonicalInteger(unscaled) : undefined;
}

/** Coarser units round down; undefined past int64. */
function rescale(value: number | bigint, from: number, to: number): Stored | undefined {
  const ticks = BigInt(value);
  return fitInteger(to >= from ? ticks * BigInt(to / from) : floorDivide(ticks, BigInt(from / to)), 64, true);
}

function floorDivide(n: bigint, d: bigint): bigint {
  const quotient = n / d;
  return n < 0n && quotient * d !== n ? quotient - 1n : quotient;
}
