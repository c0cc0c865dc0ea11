import { LockstepError } from "../../errors/index.ts";
import { bool, float64, int64, isWhole, string, type ArrowType } from "../../tables/arrow-type.ts";
import { viewOf, type Stored } from "../../tables/column.ts";
import { elementView, isListView, type View } from "../../tables/js-view.ts";
import { DIGITS } from "../../tables/view.ts";
import { canonicalInteger } from "../../tables/infer.ts";
import { elementsOf } from "./array.ts";

type ScalarType = "bigint" | "number" | "string" | "boolean" | "date";
/** What the option `types` says of a column. */
export type PostgresType = ScalarType | `${ScalarType}[]`;

/** What is read of a column; without `parse` it is there, and cannot be looked at. */
export interface Taken {
  readonly type: ArrowType;
  readonly view: View;
  /** Of the text that the server prints. A text is what is wrong with it. */
  readonly parse: ((text: string) => Stored | Wrong) | undefined;
  /** The column is asked for as this type. */
  readonly cast?: string;
}

/** Why a value is none of its column. */
export class Wrong {
  readonly what: string;

  constructor(what: string) {
    this.what = what;
  }
}

const integer = (bits: 16 | 32 | 64): Taken => read({ id: "int", bits, signed: true }, (text) => canonicalInteger(BigInt(text)));
const read = (type: ArrowType, parse: (text: string) => Stored | Wrong): Taken => ({ type, view: viewOf(type), parse });
const text = read(string, (value) => value);

const types: Readonly<Record<number, Taken | undefined>> = {
  16: read(bool, (value) => value === "t"),
  21: integer(16),
  23: integer(32),
  20: integer(64),
  700: read({ id: "float", bits: 32 }, (value) => Math.fround(Number(value))),
  701: read(float64, Number),
  25: text, 1043: text, 1042: text, 19: text, 2950: text, 114: text, 3802: text,
  1082: read({ id: "date" }, day),
  1083: read({ id: "time", unit: "us" }, (value) => value),
  1114: read({ id: "timestamp", unit: "us", zone: null }, instant),
  1184: read({ id: "timestamp", unit: "us", zone: "UTC" }, instant),
};

/** A type as the server describes it: its number, precision and scale of it, its printed form. */
export interface DescribedType {
  readonly oid: number;
  readonly modifier: number;
  readonly printed: string;
  /** With a list of texts. */
  readonly labels: boolean;
}

/** A column as the server describes it. */
export interface Described extends DescribedType {
  readonly name: string;
  /** Of an array: what its elements are, below a domain. */
  readonly element: DescribedType | undefined;
}

/** LS2002 where the option says what it cannot be. */
export function takenOf(column: Described, said: PostgresType | undefined, source: string): Taken {
  const { printed, name, element } = column;
  const own = (element && listed(ownOf(element))) ?? ownOf(column);
  if (said === undefined) return own ?? { type: { id: "other", name: printed }, view: "none", parse: undefined };
  const taken = (element && isListView(said) ? listed(seen(element, elementView(said))) : undefined) ?? seen(column, said);
  if (taken !== undefined) return taken;
  throw new LockstepError({ code: "LS2002", message: `types: column ${name} of ${source} is ${printed}, which cannot be seen as ${said}`, fix: own && own.view !== "none" ? `Say "${own.view}", or leave it out of \`types\`.` : 'Say "string", or leave it out of `types`.' });
}

/** What is read of a type where the program says nothing of it; undefined: nothing. */
const ownOf = ({ oid, modifier, printed, labels }: DescribedType): Taken | undefined => types[oid] ?? (oid === 1700 ? decimalOf(modifier) : undefined) ?? (labels || /^(.*\.)?citext$/.test(printed) ? text : undefined);

/** The same where the program says what it sees; undefined: that cannot be. */
function seen(type: DescribedType, said: View): Taken | undefined {
  const own = ownOf(type);
  // Longer ones are looked at in the server's rounding.
  const isExact = own?.type.id === "decimal" && own.type.precision <= DIGITS;
  if (said === "number" && type.oid === 1700 && !isExact) return { ...types[701]!, cast: "float8" };
  if (said === own?.view && own.type.id !== "time") return own;
  if (said === "string") return { ...text, cast: "text" };
  return said === "bigint" && own && isWhole(own.type) ? { ...own, view: "bigint" } : undefined;
}

/** Arrays of what is read. */
function listed(element: Taken | undefined): Taken | undefined {
  if (element === undefined) return undefined;
  const { type, view, parse, cast } = element;
  return {
    type: { id: "list", of: type }, view: view === "none" ? "none" : `${view}[]`, ...(cast !== undefined && { cast: `${cast}[]` }),
    parse: (text) => {
      const elements = elementsOf(text);
      if (typeof elements === "string") return new Wrong(elements);
      const values: Stored[] = [];
      for (const one of elements) {
        const value = one === null ? null : parse!(one);
        if (value instanceof Wrong) return value;
        values.push(value);
      }
      return values;
    },
  };
}

/** numeric(precision, scale), with digits before and behind the point as Arrow counts them; none where it says nothing, or too many. */
function decimalOf(modifier: number): Taken | undefined {
  if (modifier < 4) return undefined;
  const said = (modifier - 4) & 0x7ff;
  const [whole, places] = [(modifier - 4) >> 16, said >= 1024 ? said - 2048 : said];
  const [precision, scale] = places < 0 ? [whole - places, 0] : [Math.max(whole, places), places];
  if (precision > 38) return undefined;
  return read({ id: "decimal", precision, scale }, (value) => {
    if (!/^-?\d+(\.\d+)?$/.test(value)) return new Wrong(`${value}, which is no decimal`);
    const [before = "", behind = ""] = value.split(".");
    return canonicalInteger(BigInt(before + behind.padEnd(scale, "0")));
  });
}

const DAY = 86_400;

/** Days since 1970 of `2024-01-31`, `12000-01-01`, `0044-03-15 BC`. */
function daysOf(year: number, month: number, date: number, bc: boolean): number {
  // Years that begin in March, in eras of 400: Date does not reach PostgreSQL's last year.
  const since = (bc ? 1 - year : year) - (month <= 2 ? 1 : 0);
  const [era, ofEra] = [Math.floor(since / 400), ((since % 400) + 400) % 400];
  const ofYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + date - 1;
  return era * 146_097 + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear - 719_468;
}

function day(text: string): Stored | Wrong {
  const match = /^(\d+)-(\d\d)-(\d\d)( BC)?$/.exec(text);
  if (match === null) return new Wrong(`${text.replace("-", "")}, which is no day`);
  return daysOf(Number(match[1]), Number(match[2]), Number(match[3]), match[4] !== undefined);
}

/** Microseconds since 1970 of `2024-01-31 12:00:00.5`, `…+00`, `… BC`. */
function instant(text: string): Stored | Wrong {
  const match = /^(\d+)-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:\+00)?( BC)?$/.exec(text);
  if (match === null) return new Wrong(`${text.replace("-", "")}, which is no time`);
  const [year, month, date, hour, minute, second] = match.slice(1, 7).map(Number) as [number, number, number, number, number, number];
  const seconds = daysOf(year, month, date, match[8] !== undefined) * DAY + (hour * 60 + minute) * 60 + second;
  const rest = Number((match[7] ?? "").padEnd(6, "0"));
  if (Math.abs(seconds) < 9e9) return seconds * 1e6 + rest;
  const micros = BigInt(seconds) * 1_000_000n + BigInt(rest);
  if (BigInt.asIntN(64, micros) !== micros) return new Wrong("a time past the year 294246, the last that microseconds since 1970 reach");
  return canonicalInteger(micros);
}
