import { LockstepError } from "../errors/index.ts";
import { isCarried, isNested, ticksPerSecond, type ArrowType, type Field } from "./arrow-type.ts";
import { Column, unsupportedType, type Stored, type Value } from "./column.ts";
import { elementView, isListView, isObjectView, memberViews, type View } from "./js-view.ts";

/** Row number → what JavaScript sees there. */
export type Reader = (row: number) => Value;

/** How JavaScript looks at a column. `later`: what members of objects throw they throw when they are looked at. */
export function reader(column: Column, later = false): Reader {
  const { type, view } = column;
  // Before anything is read of it.
  if (!later || type.id !== "struct") checkSeen(type, view, column);
  const { values } = column;
  const see = sight(type, view, column, later);
  return see === undefined ? (row) => values[row] as Value : (row) => see(values[row]!);
}

/** LS2015 of what JavaScript cannot look at. */
function checkSeen(type: ArrowType, view: View, column: Column): void {
  if (type.id === "list" && isListView(view)) return checkSeen(type.of, elementView(view), column);
  if (type.id === "struct" && isObjectView(view)) {
    const views = new Map(memberViews(view));
    for (const { name, type: member } of type.fields) checkSeen(member, views.get(name) ?? "none", column);
    return;
  }
  if (type.id === "binary" || view === "none" || !isCarried(type)) throw unsupportedType(column, "looked at");
}

type Sight = (value: Stored) => Value;

/** Where values come from, and how they are read otherwise, for errors. */
type Place = Pick<Column, "origin" | "remedy">;

/** Stored value → what JavaScript sees in it; undefined where they are the same. `later`: objects throw late. */
function sight(type: ArrowType, view: View, place: Place, later: boolean): Sight | undefined {
  switch (type.id) {
    case "int":
      return view === "bigint"
        ? (value) => bigintOrNull(value as number | bigint | null, place.origin)
        : (value) => safeNumber(value as number | bigint | null, place);
    case "decimal": {
      if (view === "bigint") return (value) => bigintOrNull(value as number | bigint | null, place.origin);
      // Both are exact, so the quotient is the number nearest to the decimal.
      const unit = 10 ** type.scale;
      if (type.precision <= DIGITS) return (value) => (value === null ? null : Number(value as number | bigint) / unit);
      return (value) => (value === null ? null : nearest(value as number | bigint, type.scale, place));
    }
    case "date":
      return (value) => (value === null ? null : new Date((value as number) * 86_400_000));
    case "timestamp": {
      const perMillisecond = ticksPerSecond[type.unit] / 1000;
      return (value) => (value === null ? null : new Date(milliseconds(value as number | bigint, perMillisecond)));
    }
    case "list": {
      // Each look gives an array of its own: who changes it changes no table.
      const see = sight(type.of, isListView(view) ? elementView(view) : "none", place, later);
      return see === undefined ? (list) => (list && [...(list as Value[])]) : (list) => (list && (list as Stored[]).map(see));
    }
    case "struct":
      return objects(type.fields, new Map(isObjectView(view) ? memberViews(view) : []), place, later);
    default:
      return undefined;
  }
}

/** Each look gives an object of its own. */
function objects(fields: readonly Field[], views: ReadonlyMap<string, View>, { origin }: Place, later: boolean): Sight {
  const members = fields.map(({ name, type }): [string, Sight] => {
    const view = views.get(name) ?? "none";
    const of = `${origin ?? "a column"}, its member "${name}",`;
    if (later && !isNested(type) && (view === "none" || type.id === "binary" || !isCarried(type))) return [name, () => { throw unsupportedType(new Column(type, 0, [], { origin: of }), "looked at"); }];
    return [name, sight(type, view, { origin: of, remedy: "No option opens a member as bigint: look at its other members alone, or write it as text at its source." }, later) ?? ((value) => value as Value)];
  });
  return (stored) => {
    if (stored === null) return null;
    const object: { [member: string]: Value } = {};
    members.forEach(([name, see], i) => {
      const held = (stored as readonly Stored[])[i]!;
      if (later) look(object, name, () => see(held));
      else if (name === "__proto__") Object.defineProperty(object, name, { enumerable: true, configurable: true, writable: true, value: see(held) });
      else object[name] = see(held);
    });
    return object;
  };
}

/** The member, or what looking at it throws, for whoever looks at it. */
function look(object: { [member: string]: Value }, name: string, see: () => Value): void {
  try {
    Object.defineProperty(object, name, { enumerable: true, configurable: true, writable: true, value: see() });
  } catch (error) {
    Object.defineProperty(object, name, { enumerable: true, configurable: true, get: () => { throw error; } });
  }
}

/** Decimals of at most this many digits are numbers, each another one. */
export const DIGITS = 15;

/** The nearest number of a decimal that has at most {@link DIGITS} digits, or is an integer up to 2^53; LS2004 for another. */
function nearest(unscaled: number | bigint, scale: number, { origin, remedy }: Place): number {
  if (typeof unscaled === "number" && Math.abs(unscaled) < 10 ** DIGITS && scale <= 22) return unscaled / 10 ** scale;
  let [digits, places] = [BigInt(unscaled), scale];
  for (; digits !== 0n && digits % 10n === 0n; places--) digits /= 10n;
  const size = digits < 0n ? -digits : digits;
  if (size < 10n ** BigInt(DIGITS) || (places === 0 && size <= 2n ** 53n)) return Number(`${digits}e${-places}`);
  throw new LockstepError({
    code: "LS2004",
    message: `${origin ?? "a column"} holds ${printDecimal(BigInt(unscaled), scale)}, which has more digits than a number holds exactly`,
    fix: remedy ?? "Do not look at the column, which keeps all digits through filters, joins, groups, sorts and writers; or write it with fewer digits at its source.",
  });
}

export function printDecimal(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
  const sign = unscaled < 0n ? "-" : "";
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
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

function safeNumber(value: number | bigint | null, { origin, remedy }: Place): number | null {
  if (typeof value !== "bigint") return value;
  throw new LockstepError({
    code: "LS2004",
    fix: remedy,
    message: `${origin ?? "a column"} holds ${value}, an integer past ±2^53 that a number cannot hold exactly`,
  });
}
