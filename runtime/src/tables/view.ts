import { LockstepError } from "../errors/index.ts";
import { isCarried, ticksPerSecond, type ArrowType } from "./arrow-type.ts";
import { elementView, isListView, unsupportedType, type Column, type Stored, type Value, type View } from "./column.ts";

/** Row number → what JavaScript sees there. */
export type Reader = (row: number) => Value;

/** How JavaScript looks at a column. */
export function reader(column: Column): Reader {
  const { type, view, origin } = column;
  // Before anything is read of it.
  if (type.id === "decimal" && view === "none") throw unsupportedType(column, "looked at: a number holds 15 digits");
  if (type.id === "binary" || view === "none" || !isCarried(type)) throw unsupportedType(column, "looked at");
  const { values } = column;
  const see = sight(type, view, origin);
  return see === undefined ? (row) => values[row] as Value : (row) => see(values[row]!);
}

/** Stored value → what JavaScript sees in it; undefined where they are the same. */
function sight(type: ArrowType, view: View, origin: string | undefined): ((value: Stored) => Value) | undefined {
  switch (type.id) {
    case "int":
      return view === "bigint"
        ? (value) => bigintOrNull(value as number | bigint | null, origin)
        : (value) => safeNumber(value as number | bigint | null, origin);
    case "decimal": {
      // Both are exact, so the quotient is the number nearest to the decimal.
      const unit = 10 ** type.scale;
      return (value) => (value === null ? null : Number(value as number | bigint) / unit);
    }
    case "date":
      return (value) => (value === null ? null : new Date((value as number) * 86_400_000));
    case "timestamp": {
      const perMillisecond = ticksPerSecond[type.unit] / 1000;
      return (value) => (value === null ? null : new Date(milliseconds(value as number | bigint, perMillisecond)));
    }
    case "list": {
      // Each look gives an array of its own: who changes it changes no table.
      const see = sight(type.of, isListView(view) ? elementView(view) : "none", origin);
      return see === undefined ? (list) => (list && [...(list as Value[])]) : (list) => (list && (list as Stored[]).map(see));
    }
    default:
      return undefined;
  }
}

/** Ticks → whole milliseconds, rounded down. */
export function milliseconds(ticks: number | bigint, perMillisecond: number): number {
  if (perMillisecond === 1) return Number(ticks);
  if (perMillisecond < 1) return Number(ticks) * 1000; // seconds
  // A double divides exactly enough below 2^52: the remainder is at least 2^-20 away from the next millisecond.
  if (typeof ticks === "number" && Math.abs(ticks) < 2 ** 52 && perMillisecond === 1000) return Math.floor(ticks / 1000);
  const [n, d] = [BigInt(ticks), BigInt(perMillisecond)];
  const quotient = n / d;
  return Number(n < 0n && quotient * d !== n ? quotient - 1n : quotient);
}

function bigintOrNull(value: number | bigint | null, origin: string | undefined): bigint | null {
  if (value === null) return null;
  if (typeof value === "bigint" && BigInt.asIntN(64, value) !== value) throw doesNotFit(value, "int64", origin);
  return BigInt(value);
}

export function doesNotFit(value: unknown, type: string, origin: string | undefined): LockstepError {
  return new LockstepError({ code: "LS2015", message: `${origin ?? "a column"} holds ${String(value)}, which does not fit ${type}` });
}

function safeNumber(value: number | bigint | null, origin: string | undefined): number | null {
  if (typeof value !== "bigint") return value;
  throw new LockstepError({
    code: "LS2004",
    message: `${origin ?? "a column"} holds ${value}, an integer past ±2^53 that a number cannot hold exactly`,
  });
}
