import { readParquet } from "@lockstep/runtime";
import { measurements } from "../open.ts";
import type { Tables } from "../data.ts";
import { grade, shorten } from "../helpers.ts";

const KNOWN = new Set(["st-01", "st-02", "st-30"]);
const LABELS = ["", "ﬀ"];

export async function methods(tables: Tables) {
  "use spmd";
  return (await measurements(tables)).derive({
    upper: (d) => d.label.toUpperCase(), lower: (d) => d.label.toLowerCase(), trim: (d) => d.label.trim(), start: (d) => d.label.trimStart(), end: (d) => d.label.trimEnd(), length: (d) => d.label.length, at: (d) => d.label.at(-1), char: (d) => d.label.charAt(1), code: (d) => d.label.charCodeAt(0),
    point: (d) => d.label.codePointAt(0), slice: (d) => d.label.slice(1, -1), sub: (d) => d.label.substring(3, 1), index: (d) => d.label.indexOf(" "), last: (d) => d.label.lastIndexOf("e"), has: (d) => d.label.includes("ß"), starts: (d) => d.label.startsWith("Str"), ends: (d) => d.label.endsWith("e"),
    padded: (d) => `${d.id}`.padStart(6, "0"), padEnd: (d) => d.label.padEnd(9, "ab"), repeat: (d) => d.label.repeat(d.id % 3), replace: (d) => d.label.replace(" ", "$&_"), all: (d) => d.label.replaceAll(" ", ""), concat: (d) => d.label.concat("-", d.station ?? "?"), half: (d) => d.label.slice(0, 1),
  }).select("upper", "lower", "trim", "start", "end", "length", "at", "char", "code", "point", "slice", "sub", "index", "last", "has", "starts", "ends", "padded", "padEnd", "repeat", "replace", "all", "concat", "half").objects();
}

export async function optionalAndTemplates(tables: Tables) {
  "use spmd";
  return (await measurements(tables)).derive({
    a: (d) => d.station?.slice(3), b: (d) => d.station?.slice(3).length ?? -1, c: (d) => `${d.station}:${d.level}:${d.ok}:${d.value}`, d: (d) => d.station?.startsWith("st-1"), e: (d) => "x" + d.station + d.level, f: (d) => d.label + 1 + 2, g: (d) => 1 + 2 + d.label, h: (d) => `${d.at.toISOString()}`,
  }).select("a", "b", "c", "d", "e", "f", "g", "h").objects();
}

export async function sets(tables: Tables, _out: string) {
  "use spmd";
  const wanted = ["st-03", "st-04"];
  // So many that ranks look them up.
  const levels = [NaN, -0, 7.5, -9, -8, -7, -6, -5, -4, -3, -2, -1, 1, 2, 3, 5, 8, 13, 21];
  const many = new Set(["st-00", "st-02", "st-04", "st-06", "st-08", "st-10", "st-12", "st-14", "st-16", "st-18", "st-20", "st-22", "st-24", "st-26", "st-28", "st-30", "st-32", "st-34", "abc", ""]);
  const rows = await measurements(tables);
  return [
    rows.filter((d) => KNOWN.has(d.station ?? "")).numRows(), rows.filter((d) => LABELS.includes(d.label)).numRows(), rows.filter((d) => wanted.includes(d.station!)).numRows(), rows.filter((d) => [1, 2, null, NaN].includes(d.value)).numRows(),
    rows.filter((d) => ["a", "b"].includes(d.label.trim().charAt(0))).numRows(),
    rows.filter((d) => levels.includes(d.level ?? NaN)).numRows(), rows.filter((d) => levels.includes(d.value!)).numRows(), rows.filter((d) => !many.has(d.station!)).numRows(),
    rows.filter((d) => many.has(d.label.trim())).numRows(),
  ];
}

export async function blocks(tables: Tables) {
  "use spmd";
  const base = 3;
  const rows = await measurements(tables);
  return rows.derive({
    grade: (d) => grade(d.level), short: (d) => shorten(d.label, base), block: (d) => {
      const x = d.level + base;
      let y = x * 2;
      if (d.ok) {
        if (y > 20) return "big";
        y -= 1;
      } else y = -y;
      const text = d.station ?? "none";
      return `${text}${y}`;
    },
    kind: (d) => {
      switch (d.level % 4) {
        case 0: return "zero";
        case 1: case 2: return "some";
        default: return null;
      }
    },
  }).select("grade", "short", "block", "kind").objects();
}

/** As in the file: with a leading U+FEFF, and JSON unparsed. */
export async function textsAsTheyAre(tables: Tables, out: string) {
  "use spmd";
  const rows = await readParquet<{ id: number; marked: string; doc: string; mark: string }>(tables.texts);
  const seen = rows.derive({ length: (d) => d.marked.length, starts: (d) => d.marked.startsWith("a"), size: (d) => d.doc.length });
  await seen.writeCsv(`${out}/texts`);
  return [seen.objects(), rows.groupby("mark").count().objects(), rows.filter((d) => d.doc.includes('"a"')).numRows(), rows.orderby("marked", "id").select("marked", "id").objects()];
}

/** Cuts may fall into a surrogate pair, and the halves may meet again. */
export async function halves(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "label", "station").derive({ text: (d) => (d.id % 2 === 0 ? `😀${d.label}` : d.label) });
  const cut = rows.derive({
    title: (d) => d.text.charAt(0).toUpperCase() + d.text.slice(1), whole: (d) => d.text.slice(0, 1) + d.text.slice(1) === d.text, code: (d) => d.text.slice(0, 1).charCodeAt(0), same: (d) => d.text.charAt(0) === d.label.charAt(0),
    parted: (d) => `${d.text.slice(0, 1)}-${d.text.slice(1)}`, between: (d) => `${d.text.slice(0, 1)}${d.station ?? ""}${d.text.slice(1)}`, found: (d) => d.text.indexOf(d.text.slice(1, 2)), twice: (d) => d.text.charAt(1).repeat(2),
    known: (d) => d.text.slice(0, 3) === "Str", length: (d) => d.text.slice(1).length, first: (d) => d.text.charAt(0),
    local: (d) => {
      const [head, tail] = [d.text.charAt(0), d.text.substring(1)];
      return head.toUpperCase() + tail;
    },
  });
  await cut.select("id", "title", "first", "parted").writeParquet(`${out}/cut`, { order: "program" });
  return cut.slice(0, 400).objects();
}

/** `!` says what is not so: undefined it is, not null. */
export async function assertedChains(tables: Tables) {
  "use spmd";
  return (await measurements(tables)).derive({
    length: (d) => d.station?.length! + 1,
    text: (d) => `${d.station?.trim()!}!`,
    longer: (d) => d.station?.length! >= 0,
    part: (d) => `${d.label.split("q")[1]!} ${d.id}`,
    first: (d) => d.station?.trim()!,
  }).select("id", "length", "text", "longer", "part", "first").objects();
}

export async function assertedReceiver(tables: Tables) {
  "use spmd";
  return (await measurements(tables)).derive({ x: (d) => d.station?.trim()!.length }).objects();
}
