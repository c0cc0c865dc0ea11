/** Row functions without a native form: V8 runs them, a batch at a time. */
import { toIdentifier } from "@babel/types";
import { op } from "@lockstep/runtime";
import { camelCase } from "../words.ts";
import { measurements, stations } from "../open.ts";
import type { Tables } from "../data.ts";

/** How often 3 divides a number. */
function threes(n: number): number {
  let count = 0;
  for (let rest = Math.abs(n); rest > 0 && rest % 3 === 0; rest /= 3) count++;
  return count;
}

export async function regularExpressions(tables: Tables) {
  "use spmd";
  const suffix = "!";
  const numbers = /\d+/g;
  return (await measurements(tables)).filter((d) => /ß|😀/.test(d.label)).filter((d) => d.id > 5).derive({
    word: (d): string => d.label.replace(/[aeiou]/gu, "_") + suffix,
    digits: (d): string | null => (d.station === null ? null : d.station.replace(numbers, (found) => `<${found}>`)),
  }).select("id", "word", "digits").objects();
}

export async function helpersAndGlobals(tables: Tables) {
  "use spmd";
  const rates = new Map([["st-01", 2], ["st-02", 3]]);
  return (await measurements(tables)).derive({
    camel: (d): string => camelCase(d.label),
    packaged: (d): string => toIdentifier(d.label),
    threes: (d): number => threes(d.level),
    json: (d): string => JSON.stringify({ label: d.label, value: d.value, at: d.at }),
    rate: (d): number | null => rates.get(d.station ?? "") ?? null,
    written: (d): string => (d.ok ? new Intl.NumberFormat("de-DE", { minimumFractionDigits: 2 }).format(d.level * 1234.5) : d.level.toLocaleString("en-US")),
  }).select("id", "camel", "packaged", "threes", "json", "rate", "written").objects();
}

/** One of each type, and null of each. */
export async function resultTypes(tables: Tables) {
  "use spmd";
  return (await measurements(tables)).derive({
    number: (d): number | null => (/1/.test(`${d.id}`) ? d.value : null),
    string: (d): string | null => (/1/.test(`${d.id}`) ? d.label.normalize("NFKD") : null),
    boolean: (d): boolean | null => (/1/.test(`${d.id}`) ? d.ok : null),
    bigint: (d): bigint | null => (/1/.test(`${d.id}`) ? d.serial * 2n : null),
    date: (d): Date | null => (/1/.test(`${d.id}`) ? new Date(d.at.getTime() + 1) : null),
    invalid: (d): Date => new Date(/1/.test(`${d.id}`) ? NaN : 0),
  }).select("id", "number", "string", "boolean", "bigint", "date", "invalid").objects();
}

export async function keysAndArguments(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  const groups = rows.groupby({ first: (d): string => d.label.split(/ /)[0] ?? "" }).rollup({ n: op.count(), longest: op.max((d): number => [...d.label].length), level: op.sum((d): number => threes(d.level)) });
  const sorted = rows.orderby((d): string => [...(d.station ?? "")].reverse().join(""), "id").slice(0, 50).select("id");
  return [groups.objects(), sorted.objects()];
}

export async function joinKeys(tables: Tables) {
  "use spmd";
  const left = (await measurements(tables)).derive({ key: (d): string | null => (d.station === null ? null : d.station.split("-")[1] ?? null) });
  const right = (await stations(tables)).derive({ key: (d): string | null => (d.station === null ? null : d.station.split("-")[1] ?? null) }).select("key", "name");
  return left.join(right, "key").select("id", "key", "name").objects();
}

/** Two of them in a row: the second sees only what the first leaves. */
export async function inARow(tables: Tables) {
  "use spmd";
  return (await measurements(tables)).filter((d) => d.station !== null).filter((d) => d.station!.match(/^st-0\d$/) !== null)
    .derive({ tail: (d): string => d.station!.split("-")[1]! }).filter((d) => /[1-4]/.test(d.tail)).numRows();
}

export async function throwsOnOneRow(tables: Tables) {
  "use spmd";
  return (await measurements(tables)).derive({ x: (d): string => new RegExp(d.id === 1789 ? "(" : "a").source }).objects();
}

/** A variable has the value it had where the verb was called. */
export async function assignedAgain(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).slice(0, 40).select("id", "label");
  let mark = 1;
  const one = rows.derive({ x: (d): string => [...d.label].join(`${mark}`) });
  mark = 2;
  let two = rows.derive({ x: (d): string => [...d.label].join(`${mark}`) });
  while (mark < 5) {
    mark++;
    two = two.derive({ x: (d): string => [...d.x, mark].join("") });
  }
  const filtered = rows.filter((d) => [...d.label].length > mark);
  mark = 0;
  return [one.objects(), two.objects(), filtered.objects()];
}

/** Rows handed on whole have all their columns, in the table's order. */
export async function wholeRows(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).slice(0, 40).select("level", "id", "label");
  const count = (row: object): number => Object.keys(row).length;
  return rows
    .derive({
      text: (d): string => JSON.stringify(d),
      keys: (d): string => Object.keys({ ...d, last: 1 }).join(),
      inside: (d): string => JSON.stringify([{ d }, d]),
      others: ({ id, ...others }): string => JSON.stringify(others) + id,
      each: (d): string => {
        let names = "";
        for (const name in d) names += name;
        return names;
      },
      counted: (d): number => count(d),
    })
    .objects();
}
