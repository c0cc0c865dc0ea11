/** Values that are texts to JavaScript and are stored as texts here: uuids and times of day. Their texts order and equal as the values do. The ranks have the same in `native-rs/crates/functions/src/kinds.rs`. */
import { LockstepError } from "../errors/index.ts";
import { ticksPerSecond, type TimeUnit } from "./arrow-type.ts";

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const TIME = /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?$/;
const DAY = 86_400;
/** Digits of a second's fraction. */
const places = { s: 0, ms: 3, us: 6, ns: 9 } as const satisfies Record<TimeUnit, number>;

export function uuidText(bytes: Uint8Array): string {
  const digits = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join("-");
}

export const uuidBytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll("-", ""), "hex"));

/** In lower case; undefined: it is none. */
export const uuidOf = (text: string): string | undefined => (UUID.test(text) ? text.toLowerCase() : undefined);

/** `09:05:00.25`, without zeros at the end, of ticks since midnight; undefined: of another day. The end of a day is one: databases have it. */
function timeText(ticks: number | bigint, unit: TimeUnit): string | undefined {
  const second = ticksPerSecond[unit];
  const since = Number(ticks);
  if (!(since >= 0 && since <= DAY * second)) return undefined;
  const [seconds, rest] = [Math.floor(since / second), since % second];
  const whole = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map((part) => String(Math.floor(part)).padStart(2, "0")).join(":");
  return rest === 0 ? whole : `${whole}.${String(rest).padStart(places[unit], "0").replace(/0+$/, "")}`;
}

/** The text of ticks as they stand in a file. LS2015 of another day. */
export function timeStored(ticks: number | bigint, unit: TimeUnit): string {
  const text = timeText(ticks, unit);
  if (text === undefined) throw new LockstepError({ code: "LS2015", message: `a time of day is ${ticks} ${unit} since midnight, which is none` });
  return text;
}

/** Ticks since midnight of `09:05`, `09:05:00`, `09:05:00.25`; undefined: it is no time, or has more digits than the unit. */
export function timeTicks(text: string, unit: TimeUnit): number | undefined {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [hour, minute, second] = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
  const fraction = (match[4] ?? "").replace(/0+$/, "");
  const ticks = ((hour * 60 + minute) * 60 + second) * ticksPerSecond[unit] + Number(fraction.padEnd(places[unit], "0"));
  return minute < 60 && second < 60 && fraction.length <= places[unit] && ticks <= DAY * ticksPerSecond[unit] ? ticks : undefined;
}

/** The text in its one form, as a unit has it; undefined: {@link timeTicks}. */
export function timeOf(text: string, unit: TimeUnit): string | undefined {
  const ticks = timeTicks(text, unit);
  return ticks === undefined ? undefined : timeText(ticks, unit);
}
