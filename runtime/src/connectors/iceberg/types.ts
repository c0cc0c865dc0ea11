/** Iceberg's types ↔ Arrow's. */
import { isText, sameType, ticksPerSecond, type ArrowType } from "../../tables/arrow-type.ts";
import { partsOf, type Field } from "./metadata.ts";

const simple: Readonly<Record<string, ArrowType>> = {
  boolean: { id: "bool" },
  int: { id: "int", bits: 32, signed: true },
  long: { id: "int", bits: 64, signed: true },
  float: { id: "float", bits: 32 },
  double: { id: "float", bits: 64 },
  date: { id: "date" },
  timestamp: { id: "timestamp", unit: "us", zone: null },
  timestamptz: { id: "timestamp", unit: "us", zone: "UTC" },
  timestamp_ns: { id: "timestamp", unit: "ns", zone: null },
  timestamptz_ns: { id: "timestamp", unit: "ns", zone: "UTC" },
  time: { id: "time", unit: "us" },
  uuid: { id: "uuid" },
  string: { id: "string" },
  binary: { id: "binary" },
};

export function arrowTypeOf({ type }: Pick<Field, "type">): ArrowType {
  if (typeof type !== "string") {
    const parts = partsOf(type).map((part) => ({ name: part.name, type: arrowTypeOf(part) }));
    return type.type === "list" ? { id: "list", of: parts[0]!.type } : type.type === "struct" ? { id: "struct", fields: parts } : { id: "other", name: type.type };
  }
  const known = simple[type];
  if (known) return known;
  const decimal = /^decimal\((\d+), ?(\d+)\)$/.exec(type);
  if (decimal) return { id: "decimal", precision: Number(decimal[1]), scale: Number(decimal[2]) };
  return { id: "other", name: type };
}

/** The simple type that values of a new table get; undefined: the format's version 2 has none. */
export function icebergTypeOf(type: ArrowType): string | undefined {
  switch (type.id) {
    case "bool":
      return "boolean";
    case "int":
      if (type.bits === 64) return type.signed ? "long" : undefined;
      return type.bits === 32 && !type.signed ? "long" : "int";
    case "float":
      return type.bits === 64 ? "double" : "float";
    case "string":
    case "dictionary":
      return "string";
    case "binary":
    case "date":
    case "uuid":
      return type.id;
    case "time":
      return type.unit === "ns" ? undefined : "time";
    case "timestamp":
      if (type.unit === "ns") return undefined;
      return type.zone === null ? "timestamp" : "timestamptz";
    case "decimal":
      return `decimal(${type.precision}, ${type.scale})`;
    case "null":
    case "list":
    case "struct":
    case "other":
      return undefined;
  }
}

/** Whether simple values are written as the table's without being asked: none is lost, or one that does not fit is refused. */
export function isWritable(from: ArrowType, to: ArrowType): boolean {
  if (from.id === "null" || sameType(from, to)) return true;
  const numeric = from.id === "int" || from.id === "float";
  if (numeric && to.id === "int") return true;
  if (numeric && to.id === "float") return to.bits === 64 || (from.id === "float" && from.bits <= to.bits) || (from.id === "int" && from.bits <= 16);
  if (from.id === "timestamp" && to.id === "timestamp") return ticksPerSecond[from.unit] <= ticksPerSecond[to.unit];
  // A text that is none is refused.
  if (isText(from)) return to.id === "string" || to.id === "uuid" || to.id === "time";
  return from.id === "time" && to.id === "time" && ticksPerSecond[from.unit] <= ticksPerSecond[to.unit];
}
