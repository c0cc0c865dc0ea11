import type { SchemaElement, SchemaTree } from "hyparquet";
import { bool, decimalBits, mapOf, nothing, string, timeBits, type ArrowType, type TimeUnit } from "../../tables/arrow-type.ts";

const units: Readonly<Record<string, TimeUnit>> = { MILLIS: "ms", MICROS: "us", NANOS: "ns" };

/** The Arrow type of a Parquet column. */
export function arrowType(node: SchemaTree): ArrowType {
  const { element, children } = node;
  if (element.repetition_type === "REPEATED") return { id: "list", of: elementOf(arrowType(elementsOf(node))) };
  if (children.length > 0) {
    const isList = element.converted_type === "LIST" || element.logical_type?.type === "LIST";
    if (isList) return { id: "list", of: elementOf(arrowType(elementsOf(node))) };
    const isMap = /^MAP/.test(element.converted_type ?? "") || /^(MAP|VARIANT)$/.test(element.logical_type?.type ?? "");
    if (isMap) return mapType(node) ?? { id: "other", name: "map" };
    return { id: "struct", fields: children.map((child) => ({ name: child.element.name, type: elementOf(arrowType(child)) })) };
  }
  const logical = element.logical_type;
  const converted = element.converted_type;
  switch (logical?.type) {
    case "STRING":
    case "JSON":
      return string;
    case "ENUM":
      return { id: "binary" };
    case "DATE":
      return { id: "date" };
    case "TIMESTAMP":
      return { id: "timestamp", unit: units[logical.unit]!, zone: logical.isAdjustedToUTC ? "UTC" : null };
    case "TIME":
      return { id: "time", unit: units[logical.unit]! };
    case "INTEGER":
      return { id: "int", bits: logical.bitWidth as 8 | 16 | 32 | 64, signed: logical.isSigned };
    case "DECIMAL":
      return { id: "decimal", precision: logical.precision, scale: logical.scale };
    case "UUID":
      return element.type_length === 16 ? { id: "uuid" } : { id: "binary" };
    case "FLOAT16":
      return { id: "float", bits: 16 };
    case "NULL":
      return nothing;
    case undefined:
      break;
    default:
      return { id: "other", name: logical!.type.toLowerCase() };
  }
  switch (converted) {
    case "UTF8":
    case "JSON":
      return string;
    case "ENUM":
      return { id: "binary" };
    case "DATE":
      return { id: "date" };
    case "TIMESTAMP_MILLIS":
      return { id: "timestamp", unit: "ms", zone: "UTC" };
    case "TIMESTAMP_MICROS":
      return { id: "timestamp", unit: "us", zone: "UTC" };
    case "TIME_MILLIS":
      return { id: "time", unit: "ms" };
    case "TIME_MICROS":
      return { id: "time", unit: "us" };
    case "DECIMAL":
      return { id: "decimal", precision: element.precision ?? 38, scale: element.scale ?? 0 };
    case undefined:
      return physicalType(element);
    default: {
      const integer = /^(U?)INT_(\d+)$/.exec(converted);
      if (integer) return { id: "int", bits: Number(integer[2]) as 8 | 16 | 32 | 64, signed: integer[1] === "" };
      return { id: "other", name: converted.toLowerCase() };
    }
  }
}

/** A map has one repeated group, of a key and a value. */
function mapType({ children: [entries] }: SchemaTree): ArrowType | undefined {
  const [key, value] = entries?.children ?? [];
  if (entries?.element.repetition_type !== "REPEATED" || entries.children.length !== 2 || !key || !value) return undefined;
  return mapOf(elementOf(arrowType(key)), elementOf(arrowType(value)));
}

/** What the elements of a list are: what is in its repeated group, or of older writers' repeated value itself: LogicalTypes.md, "Backward-compatibility rules". */
export function elementNode(repeated: SchemaTree): SchemaTree {
  const { element, children } = repeated;
  const isGroup = children.length === 1 && element.name !== "array" && !element.name.endsWith("_tuple");
  return isGroup ? children[0]! : repeated;
}

/** The elements of a list, as a node that does not say again that it is repeated. */
export function elementsOf(list: SchemaTree): SchemaTree {
  const repeated = list.element.repetition_type === "REPEATED" ? list : list.children[0]!;
  const own = repeated === list ? list : elementNode(repeated);
  return own === repeated ? ({ ...own, element: { ...own.element, repetition_type: "REQUIRED" } } as SchemaTree) : own;
}

/** Elements and members have one layout, also where their writer had a dictionary. */
const elementOf = (type: ArrowType): ArrowType => (type.id === "dictionary" ? string : type);

function physicalType(element: SchemaElement): ArrowType {
  switch (element.type) {
    case "BOOLEAN":
      return bool;
    case "INT32":
      return { id: "int", bits: 32, signed: true };
    case "INT64":
      return { id: "int", bits: 64, signed: true };
    case "INT96":
      return { id: "timestamp", unit: "ns", zone: null };
    case "FLOAT":
      return { id: "float", bits: 32 };
    case "DOUBLE":
      return { id: "float", bits: 64 };
    default:
      return { id: "binary" };
  }
}

/** The fewest bytes of all integers of so many digits, and their sign. */
const bytesOf = (digits: number): number => Math.ceil((digits * Math.log2(10) + 1) / 8);

/** Parquet has no seconds. */
export const parquetUnit = (unit: TimeUnit): Exclude<TimeUnit, "s"> => (unit === "s" ? "ms" : unit);

const parquetUnits = { ms: "MILLIS", us: "MICROS", ns: "NANOS" } as const;

/** What a table calls a column by, and what the column is made of. */
export interface Ids {
  readonly id: number;
  readonly parts: readonly Ids[];
}

/** The Parquet column that an Arrow type is written as, nullable, with what is below it; the inverse of {@link arrowType}. */
export function schemaElements(name: string, type: ArrowType, ids?: Ids): SchemaElement[] {
  const called = ids && { field_id: ids.id };
  const group = { name, repetition_type: "OPTIONAL", ...called } as const;
  if (type.id === "struct") return [{ ...group, num_children: type.fields.length }, ...type.fields.flatMap((field, i) => schemaElements(field.name, field.type, ids?.parts[i]))];
  if (type.id !== "list") return [{ ...schemaElement(name, type), ...called }];
  if (type.map && type.of.id === "struct") {
    const [key, value] = type.of.fields.map((part, i) => schemaElements(part.name, part.type, ids?.parts[i]));
    const entries = [{ ...key![0]!, repetition_type: "REQUIRED" as const }, ...key!.slice(1), ...value!];
    return [{ ...group, num_children: 1, converted_type: "MAP", logical_type: { type: "MAP" } }, { name: "key_value", repetition_type: "REPEATED", num_children: 2 }, ...entries];
  }
  const list = { ...group, num_children: 1, converted_type: "LIST", logical_type: { type: "LIST" } } as const;
  return [list, { name: "list", repetition_type: "REPEATED", num_children: 1 }, ...schemaElements("element", type.of, ids?.parts[0])];
}

function schemaElement(name: string, type: ArrowType): SchemaElement {
  const column = { name, repetition_type: "OPTIONAL" } as const;
  switch (type.id) {
    case "bool":
      return { ...column, type: "BOOLEAN" };
    case "string":
    case "dictionary":
      return { ...column, type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } };
    case "binary":
      return { ...column, type: "BYTE_ARRAY" };
    case "uuid":
      return { ...column, type: "FIXED_LEN_BYTE_ARRAY", type_length: 16, logical_type: { type: "UUID" } };
    case "time": {
      const unit = parquetUnit(type.unit);
      return { ...column, type: `INT${timeBits(unit)}`, ...(unit !== "ns" && { converted_type: unit === "ms" ? "TIME_MILLIS" : "TIME_MICROS" }), logical_type: { type: "TIME", isAdjustedToUTC: false, unit: parquetUnits[unit] } };
    }
    case "date":
      return { ...column, type: "INT32", converted_type: "DATE", logical_type: { type: "DATE" } };
    case "int": {
      const physical = { ...column, type: type.bits === 64 ? "INT64" : "INT32" } as const;
      if (type.signed && type.bits >= 32) return physical;
      // No logical type: hyparquet-writer 0.17.0 encodes an INTEGER's width as an i32, which other readers refuse.
      return { ...physical, converted_type: `${type.signed ? "" : "U"}INT_${type.bits}` as NonNullable<SchemaElement["converted_type"]> };
    }
    case "float":
      return type.bits === 16
        ? { ...column, type: "FIXED_LEN_BYTE_ARRAY", type_length: 2, logical_type: { type: "FLOAT16" } }
        : { ...column, type: type.bits === 32 ? "FLOAT" : "DOUBLE" };
    case "timestamp": {
      const unit = parquetUnit(type.unit);
      const utc = type.zone !== null;
      return {
        ...column,
        type: "INT64",
        ...(utc && unit !== "ns" ? { converted_type: unit === "ms" ? "TIMESTAMP_MILLIS" : "TIMESTAMP_MICROS" } : {}),
        logical_type: { type: "TIMESTAMP", isAdjustedToUTC: utc, unit: parquetUnits[unit] },
      };
    }
    case "decimal": {
      const { precision, scale } = type;
      const physical = precision <= 9 ? { type: "INT32" } : precision <= 18 ? { type: "INT64" } : { type: "FIXED_LEN_BYTE_ARRAY", type_length: decimalBits(type) === 128 ? 16 : bytesOf(precision) };
      return { ...column, ...physical, converted_type: "DECIMAL", precision, scale, logical_type: { type: "DECIMAL", precision, scale } } as SchemaElement;
    }
    case "null":
    case "list":
    case "struct":
    case "other":
      return { ...column, type: "DOUBLE" };
  }
}
