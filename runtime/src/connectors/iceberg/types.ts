/** Iceberg's types → Arrow's. */
import type { ArrowType } from "../../tables/arrow-type.ts";
import type { Field } from "./metadata.ts";

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
  time: { id: "other", name: "time64[us]" },
  string: { id: "string" },
  binary: { id: "binary" },
};

export function arrowTypeOf({ type }: Pick<Field, "type">): ArrowType {
  if (typeof type !== "string") return { id: "other", name: type.type };
  const known = simple[type];
  if (known) return known;
  const decimal = /^decimal\((\d+), ?(\d+)\)$/.exec(type);
  if (decimal) return { id: "decimal", precision: Number(decimal[1]), scale: Number(decimal[2]) };
  return { id: "other", name: type };
}
