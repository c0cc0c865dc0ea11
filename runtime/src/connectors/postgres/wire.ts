/** Arrow's types → PostgreSQL's: what a new table's columns are, and whether values fit a column that is there. */
import type { Wire } from "@lockstep/native/plan";
import { asKey } from "../../errors/fixes.ts";
import { isText, parseType, printType, type ArrowType } from "../../tables/arrow-type.ts";
import { integerDigits, type TableColumn } from "../database/write.ts";

/** A column of a table of PostgreSQL. */
export interface PostgresColumn extends TableColumn {
  /** The type below a domain, without a length. */
  readonly base: string;
  /** Undefined: a type whose values are not written. Of an array its elements'. */
  readonly wire: Wire | undefined;
  /** Of an array: the server's number of its elements' type. */
  readonly element: number | undefined;
  /** Precision and scale of a numeric, or of an array's elements, if it says any. */
  readonly digits: { readonly precision: number; readonly scale: number } | undefined;
}

const wires: Readonly<Record<number, Wire | undefined>> = {
  16: "bool", 21: "int2", 23: "int4", 20: "int8", 700: "float4", 701: "float8", 1700: "numeric", 25: "text", 1043: "text", 1042: "text", 114: "text", 3802: "jsonb", 2950: "uuid",
  17: "bytea", 1082: "date", 1083: "time", 1114: "timestamp", 1184: "timestamp",
};

/** The number of a new column's type. */
const numberOf = ({ wire, type }: PostgresColumn): number => (type === "timestamptz" ? 1184 : Number(Object.keys(wires).find((oid) => wires[Number(oid)] === wire)));

/** How values of a type come there. `labels`: it is a list of texts. */
export const wireOf = (oid: number, base: string, labels: boolean): Wire | undefined => wires[oid] ?? (labels || /^(.*\.)?citext$/.test(base) ? "text" : undefined);

/** numeric(precision, scale) as PostgreSQL counts them; undefined where it says nothing. */
export function digitsOf(modifier: number): PostgresColumn["digits"] {
  if (modifier < 4) return undefined;
  const scale = (modifier - 4) & 0x7ff;
  return { precision: (modifier - 4) >> 16, scale: scale >= 1024 ? scale - 2048 : scale };
}

/** What a column of a new table is; undefined: PostgreSQL has no such type. */
export function newColumn(name: string, type: ArrowType): PostgresColumn | undefined {
  const made = (wire: Wire, sql: string, digits?: PostgresColumn["digits"]): PostgresColumn => ({ name, type: sql, base: sql, wire, element: undefined, digits, isRequired: false, isNotNull: false, isGenerated: false });
  switch (type.id) {
    case "list": {
      const of = type.of.id === "list" ? undefined : newColumn(name, type.of);
      return of && { ...of, type: `${of.type}[]`, base: `${of.base}[]`, element: numberOf(of) };
    }
    case "bool":
      return made("bool", "boolean");
    case "int": {
      const bits = type.bits + (type.signed ? 0 : 1);
      return bits <= 16 ? made("int2", "smallint") : bits <= 32 ? made("int4", "integer") : bits <= 64 ? made("int8", "bigint") : made("numeric", "numeric(20,0)", { precision: 20, scale: 0 });
    }
    case "float":
      return type.bits === 64 ? made("float8", "double precision") : made("float4", "real");
    case "decimal":
      return made("numeric", `numeric(${type.precision},${type.scale})`, { precision: type.precision, scale: type.scale });
    case "string":
    case "dictionary":
      return made("text", "text");
    case "binary":
      return made("bytea", "bytea");
    case "uuid":
      return made("uuid", "uuid");
    case "date":
      return made("date", "date");
    case "time":
      return type.unit === "ns" ? undefined : made("time", "time");
    case "timestamp":
      return type.unit === "ns" ? undefined : made("timestamp", type.zone === null ? "timestamp" : "timestamptz");
    default:
      return undefined;
  }
}

/** The type as which values come into a column; undefined where one may not fit. */
export function fitting(type: ArrowType, column: PostgresColumn): ArrowType | undefined {
  if (column.element === undefined) return fittingOne(type, column);
  // Nothing but nulls is of any type.
  const of = type.id === "null" ? fittingOne(type, column) : type.id === "list" ? fittingOne(type.of, column) : undefined;
  return of && { id: "list", of };
}

function fittingOne(type: ArrowType, { wire, digits }: PostgresColumn): ArrowType | undefined {
  const bits = type.id === "int" ? type.bits + (type.signed ? 0 : 1) : Infinity;
  const [is, small] = [type.id, (most: number) => bits <= most];
  const text = isText(type);
  switch (wire) {
    case "bool":
      return is === "bool" || is === "null" ? parseType("bool") : undefined;
    case "int2":
      return small(16) || is === "null" ? parseType("int16") : undefined;
    case "int4":
      return small(32) || is === "null" ? parseType("int32") : undefined;
    case "int8":
      return small(64) || is === "null" ? parseType("int64") : undefined;
    case "float4":
      return (type.id === "float" && type.bits <= 32) || small(16) || is === "null" ? parseType("float32") : undefined;
    case "float8":
      return is === "float" || small(32) || is === "null" ? parseType("float64") : undefined;
    case "numeric": {
      const own = type.id === "decimal" ? type : type.id === "int" ? { precision: integerDigits(type), scale: 0 } : is === "null" ? { precision: 1, scale: 0 } : undefined;
      const room = own && (digits === undefined || (own.scale <= digits.scale && own.precision - own.scale <= digits.precision - digits.scale));
      return room ? { id: "decimal", precision: own.precision, scale: own.scale } : undefined;
    }
    case "uuid":
      return text || is === "uuid" || is === "null" ? parseType("string") : undefined;
    case "text":
    case "jsonb":
      return text || is === "null" ? parseType("string") : undefined;
    case "bytea":
      return is === "binary" || is === "null" ? parseType("binary") : undefined;
    case "date":
      return is === "date" || is === "null" ? parseType("date32") : undefined;
    case "time":
      return (type.id === "time" && type.unit !== "ns") || is === "null" ? parseType("time64[us]") : undefined;
    case "timestamp":
      // Times are of UTC, whether a column says so or not.
      if (type.id === "timestamp") return type.unit === "ns" ? undefined : { ...type, unit: "us" };
      return is === "null" ? parseType("timestamp[us]") : undefined;
    default:
      return undefined;
  }
}

/** What a program says in `types` so that its values fit, though some may be rounded or refused. */
export function remedyFor(name: string, type: ArrowType, column: PostgresColumn): string {
  const to = column.element === undefined ? conversionTo(type, column) : type.id === "list" ? conversionTo(type.of, column) : undefined;
  if (to === undefined) return `derive() a column that PostgreSQL can take for it: ${printType(type)} is not.`;
  return `Where values may be rounded or refused, say so: types: { ${asKey(name)}: "${column.element === undefined ? to : `list<${to}>`}" }.`;
}

/** Arrow's name of the type that a column of PostgreSQL, or an array's elements, have; undefined: values are not converted to it. */
function conversionTo(type: ArrowType, { wire, digits }: PostgresColumn): string | undefined {
  const numbers: { readonly [W in Wire]?: string | undefined } = { int2: "int16", int4: "int32", int8: "int64", float4: "float32", float8: "float64", numeric: digits && `decimal128(${digits.precision}, ${digits.scale})`, timestamp: "timestamp[us]" };
  const converts = wire === "timestamp" ? type.id === "timestamp" || type.id === "date" : type.id === "int" || type.id === "float" || (type.id === "decimal" && (wire === "float4" || wire === "float8"));
  return wire && converts ? numbers[wire] : undefined;
}
