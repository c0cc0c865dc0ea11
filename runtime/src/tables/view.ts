import { LockstepError } from "../errors/index.ts";
import { ticksPerSecond } from "./arrow-type.ts";
import { unsupportedType, type Column, type Value } from "./column.ts";

/** Row number → what JavaScript sees there. */
export type Reader = (row: number) => Value;

/** How JavaScript looks at a column. */
export function reader(column: Column): Reader {
  const { type, view, origin } = column;
  // Before anything is read of it.
  if (type.id === "binary" || type.id === "other") throw unsupportedType(column, "looked at");
  if (type.id === "decimal" && view === "none") throw unsupportedType(column, "looked at: a number holds 15 digits");
  const { values } = column;
  switch (type.id) {
    case "int":
      return view === "bigint"
        ? (row) => bigintOrNull(values[row] as number | bigint | null, origin)
        : (row) => safeNumber(values[row] as number | bigint | null, origin);
    case "decimal": {
      // Both are exact, so the quotient is the number nearest to the decimal.
      const unit = 10 ** type.scale;
      return (row) => (values[row] === null ? null : Number(values[row] as number | bigint) / unit);
    }
    case "date":
      return (row) => (values[row] === null ? null : new Date((values[row] as number) * 86_400_000));
    case "timestamp": {
      const perMillisecond = ticksPerSecond[type.unit] / 1000;
      return (row) => (values[row] === null ? null : new Date(milliseconds(values[row] as number | bigint, perMillisecond)));
    }
    default:
      return (row) => values[row] as Value;
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
