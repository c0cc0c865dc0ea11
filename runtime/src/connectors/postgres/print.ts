/** Values as PostgreSQL reads them. */
import type { ArrowType } from "../../tables/arrow-type.ts";
import type { Stored } from "../../tables/column.ts";
import { printDecimal } from "../../tables/view.ts";

/** Days and microseconds since 1970, from 4713 BC to PostgreSQL's last. */
const DAYS = [-2_440_588, 2_145_042_905] as const;
const MICROS = [-210_866_803_200_000_000n, 9_224_318_015_999_999_999n] as const;

/** Of a column's values, timestamps in microseconds; undefined where PostgreSQL has no such value. */
export function printed(type: ArrowType): (value: Exclude<Stored, null>) => string | undefined {
  switch (type.id) {
    case "float":
      return (value) => (Object.is(value, -0) ? "-0" : String(value));
    case "decimal":
      return (value) => printDecimal(BigInt(value as number | bigint), type.scale);
    case "binary":
      return (value) => `\\x${Buffer.from(value as Uint8Array).toString("hex")}`;
    case "date":
      return (value) => ((value as number) < DAYS[0] || (value as number) > DAYS[1] ? undefined : dated(value as number, ""));
    case "timestamp":
      return (value) => {
        const micros = BigInt(value as number | bigint);
        if (micros < MICROS[0] || micros > MICROS[1]) return undefined;
        const ofDay = ((micros % 86_400_000_000n) + 86_400_000_000n) % 86_400_000_000n;
        const [seconds, rest] = [Number(ofDay / 1_000_000n), Number(ofDay % 1_000_000n)];
        const [hour, minute, second] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map((part) => String(part).padStart(2, "0"));
        return dated(Number((micros - ofDay) / 86_400_000_000n), ` ${hour}:${minute}:${second}.${String(rest).padStart(6, "0")}+00`);
      };
    default:
      return String;
  }
}

/** The day, `2024-01-31`, with what stands behind it, and BC behind that. */
function dated(days: number, time: string): string {
  // Years that begin in March, in eras of 400: Date does not reach PostgreSQL's last year.
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const ofEra = shifted - era * 146_097;
  const years = Math.floor((ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365);
  const ofYear = ofEra - (365 * years + Math.floor(years / 4) - Math.floor(years / 100));
  const month = Math.floor((5 * ofYear + 2) / 153);
  const day = ofYear - Math.floor((153 * month + 2) / 5) + 1;
  const year = era * 400 + years + (month >= 10 ? 1 : 0);
  const text = (part: number, digits: number): string => String(part).padStart(digits, "0");
  return `${text(year > 0 ? year : 1 - year, 4)}-${text(month >= 10 ? month - 9 : month + 3, 2)}-${text(day, 2)}${time}${year > 0 ? "" : " BC"}`;
}
