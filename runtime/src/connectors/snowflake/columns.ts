/** Arrow's types → Snowflake's: what a new table's columns are, and whether values fit a column that is there. */
import { float64, int64, isText, parseType, printType, string, type ArrowType } from "../../tables/arrow-type.ts";
import { integerDigits, type TableColumn } from "../database/write.ts";

/** A column of a table of Snowflake. */
export interface SnowflakeColumn extends TableColumn {
  /** `NUMBER`, `VARCHAR`, `TIMESTAMP_NTZ` … */
  readonly kind: string;
  /** Of NUMBER; of times the digits of a second are the scale. */
  readonly precision: number;
  readonly scale: number;
}

/** Texts of JSON, as readSnowflake gives such columns. */
const JSON_KINDS = new Set(["VARIANT", "OBJECT", "ARRAY"]);
export const isJson = ({ kind }: SnowflakeColumn): boolean => JSON_KINDS.has(kind);

/** As DESCRIBE TABLE prints a type: `NUMBER(38,0)`, `VARCHAR(16777216)`, `TIMESTAMP_NTZ(9)`, `FLOAT`. */
export function columnOf(name: string, type: string, { isNotNull = false, hasDefault = false, isGenerated = false } = {}): SnowflakeColumn {
  const [, kind = type, first, second] = /^(\w+)(?:\((\d+)(?:, *(\d+))?\))?/.exec(type) ?? [];
  const timed = kind.startsWith("TIME");
  const [precision, scale] = kind === "NUMBER" ? [Number(first ?? 38), Number(second ?? 0)] : [0, timed ? Number(first ?? 9) : 0];
  return { name, type, kind, precision, scale, isNotNull, isRequired: isNotNull && !hasDefault && !isGenerated, isGenerated };
}

const digitsOfUnit = { s: 0, ms: 3, us: 6, ns: 9 } as const;

/** The type of a column of a new table; undefined: Snowflake has none, or one whose values are read otherwise than they were written. */
export function newType(type: ArrowType): string | undefined {
  switch (type.id) {
    case "bool":
      return "BOOLEAN";
    case "int":
      // As INTEGER and its like are.
      return "NUMBER(38,0)";
    case "float":
      return "FLOAT";
    case "decimal":
      return type.scale >= 0 && type.scale <= 37 && type.precision <= 38 ? `NUMBER(${type.precision},${type.scale})` : undefined;
    case "string":
    case "dictionary":
      return "VARCHAR";
    case "binary":
      return "BINARY";
    case "date":
      return "DATE";
    case "timestamp":
      return `TIMESTAMP_${type.zone === null ? "NTZ" : "LTZ"}(${digitsOfUnit[type.unit]})`;
    default:
      return undefined;
  }
}

/** The type as which values stand in the files of a column; undefined where one may not fit. */
export function fitting(type: ArrowType, { type: printed, kind, precision, scale }: SnowflakeColumn): ArrowType | undefined {
  const is = type.id;
  const texts = isText(type) || is === "null";
  switch (kind) {
    case "BOOLEAN":
      return is === "bool" || is === "null" ? parseType("bool") : undefined;
    case "NUMBER": {
      if (is === "null") return { id: "decimal", precision, scale };
      const own = is === "decimal" ? type : is === "int" ? { precision: integerDigits(type), scale: 0 } : undefined;
      if (own === undefined || own.scale > scale || own.precision - own.scale > precision - scale) return undefined;
      // Parquet's unsigned integers of 64 bits are read as decimals are.
      return is === "int" && (type.signed || type.bits < 64) ? int64 : { id: "decimal", precision: own.precision, scale: own.scale };
    }
    case "FLOAT":
      return is === "float" || is === "null" || (is === "int" && integerDigits(type) <= 10) ? float64 : undefined;
    case "VARCHAR":
      return texts ? string : undefined;
    case "VARIANT":
    case "OBJECT":
    case "ARRAY":
      // Structured ones, ARRAY(NUMBER), take no JSON of any other form.
      return texts && printed === kind ? string : undefined;
    case "BINARY":
      return is === "binary" || is === "null" ? parseType("binary") : undefined;
    case "DATE":
      return is === "date" || is === "null" ? parseType("date32") : undefined;
    case "TIMESTAMP_NTZ":
    case "TIMESTAMP_LTZ":
    case "TIMESTAMP_TZ": {
      // Times are of UTC, whether a column says so or not.
      const zone = kind === "TIMESTAMP_NTZ" ? null : "UTC";
      if (is === "null") return { id: "timestamp", unit: "ms", zone };
      if (is !== "timestamp" || digitsOfUnit[type.unit] > scale) return undefined;
      // Parquet has no seconds.
      return { id: "timestamp", unit: type.unit === "s" ? "ms" : type.unit, zone };
    }
    default:
      return undefined;
  }
}

/** What a program says in `types` so that its values fit, though some may be rounded or refused. */
export function remedyFor(name: string, type: ArrowType, { kind, precision, scale }: SnowflakeColumn): string {
  const unit = (["s", "ms", "us", "ns"] as const)[Math.min(3, Math.floor(scale / 3))]!;
  const to = kind === "NUMBER" ? (scale === 0 && precision >= 19 ? "int64" : `decimal128(${precision}, ${scale})`) : kind === "FLOAT" ? "float64" : kind.startsWith("TIMESTAMP") ? printType({ id: "timestamp", unit, zone: null }) : kind === "DATE" ? "date32" : undefined;
  const converts = kind.startsWith("TIMESTAMP") ? type.id === "timestamp" || type.id === "date" : kind === "DATE" ? type.id === "timestamp" : type.id === "int" || type.id === "float" || (type.id === "decimal" && kind === "FLOAT");
  return to !== undefined && converts ? `Where values may be rounded or refused, say so: types: { ${name}: "${to}" }.` : `derive() a column that Snowflake can take for it: ${printType(type)} is not.`;
}
