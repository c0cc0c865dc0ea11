import { ticksPerSecond, type ArrowType } from "../../tables/arrow-type.ts";
import { unsupportedType, type Column, type Stored } from "../../tables/column.ts";
import { milliseconds, printDecimal } from "../../tables/view.ts";

/** What String() prints of a column's values, but instants as toISOString() prints them, days as its first part, decimals with all digits. */
export function printValue(column: Column, format: string): (value: Exclude<Stored, null>) => string {
  const { type } = column;
  switch (type.id) {
    case "date":
      return (value) => new Date((value as number) * 86_400_000).toISOString().split("T")[0]!;
    case "timestamp": {
      const perMillisecond = ticksPerSecond[type.unit] / 1000;
      return (value) => new Date(milliseconds(value as number | bigint, perMillisecond)).toISOString();
    }
    case "decimal":
      return (value) => printDecimal(BigInt(value as number | bigint), type.scale);
    case "binary":
    case "list":
    case "struct":
    case "other":
      throw unsupportedType(column, `written as ${format}`);
    default:
      return String;
  }
}
