import { LockstepError } from "../errors/index.ts";
import { float64, nothing, printType, sameType, string, ticksPerSecond, type ArrowType } from "./arrow-type.ts";
import { Column, type Stored, type StoredValues } from "./column.ts";
import { instant } from "./common-type.ts";

/**
 * Columns one below the other. Equal types stay; otherwise numbers become float64, strings utf8, dates and timestamps
 * a timestamp of the finest unit. LS2017 where JavaScript sees different types.
 */
export function concatColumns(name: string, parts: readonly Column[]): Column {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const typed = parts.filter((part) => part.type.id !== "null");
  const first = typed[0];
  if (first === undefined) return new Column(nothing, length, () => new Array<Stored>(length).fill(null));
  const said = typed.find((part) => !isUnsaid(part.type)) ?? first;
  const other = typed.find((part) => part.view !== said.view && !(isUnsaid(part.type) && said.type.id === "list"));
  if (other !== undefined) throw mixedViews(name, first, other);
  const type = typed.every((part) => sameType(part.type, first.type)) ? first.type : typeOfAll(name, typed);
  return new Column(type, length, () => append(parts.map((part) => convert(part, type)), length), { view: said.view, origin: first.origin, remedy: first.remedy });
}

/** Of lists that are all empty. */
const isUnsaid = (type: ArrowType): boolean => type.id === "list" && type.of.id === "null";

function append(parts: readonly StoredValues[], length: number): StoredValues {
  const out = parts.every((part) => part instanceof Float64Array) ? new Float64Array(length) : new Array<Stored>(length);
  let at = 0;
  for (const part of parts) for (let i = 0; i < part.length; i++) out[at++] = part[i]! as number;
  return out;
}

function typeOfAll(name: string, parts: readonly Column[]): ArrowType {
  const lists = parts.flatMap(({ type }) => (type.id === "list" ? [type.of] : []));
  if (lists.length > 0) {
    // Of empty lists alone nobody has said what they are of.
    const known = lists.find((of) => of.id !== "null") ?? nothing;
    if (lists.every((of) => of.id === "null" || sameType(of, known))) return { id: "list", of: known };
  }
  switch (parts[0]!.view) {
    case "number":
      return float64;
    case "string":
      return string;
    case "date": {
      const times = parts.flatMap(({ type }) => (type.id === "timestamp" ? [type] : []));
      const unit = times.reduce((finest, { unit: u }) => (ticksPerSecond[u] > ticksPerSecond[finest] ? u : finest), times[0]!.unit);
      return { id: "timestamp", unit, zone: "UTC" };
    }
    default:
      throw mixedViews(name, parts[0]!, parts.find((part) => !sameType(part.type, parts[0]!.type))!);
  }
}

function convert(part: Column, type: ArrowType): StoredValues {
  if (part.type.id === "null" || part.type.id === "list" || sameType(part.type, type)) return part.values;
  if (type.id === "float") return Array.from(part.values, (_, row) => part.at(row) as number | null);
  const convert = type.id === "timestamp" ? instant(part.type, type, part.origin) : undefined;
  return convert ? Array.from(part.values, (value) => (value === null ? null : convert(value))) : part.values;
}

function mixedViews(name: string, a: Column, b: Column): LockstepError {
  return new LockstepError({
    code: "LS2017",
    message: `concat: the column "${name}" is ${printType(a.type)} in one table and ${printType(b.type)} in another`,
    fix: "Derive a column of one type in both tables first.",
  });
}
