import { nothing, type ArrowType } from "../../tables/arrow-type.ts";
import { Column, unsupportedType, type Stored } from "../../tables/column.ts";
import type { View } from "../../tables/js-view.ts";
import { Table } from "../../tables/table.ts";
import type { StoredRow } from "../../tables/types.ts";
import { folderColumns } from "../folders.ts";
import { checkOptions } from "../options.ts";
import { openInput, type InputFile, type InputPath } from "../paths.ts";
import type { SourceColumn } from "../source-column.ts";
import type { StoreOptions } from "../store/options.ts";
import { BadRows, checkBadRows, keepBadRows, type BadRowOptions } from "../text/bad-rows.ts";
import { badValue, lostDigits, skipOfType, wrongLine, type WrongLine } from "../text/errors.ts";
import { anotherFormat, readText, withCompressed } from "../text/read-text.ts";
import { textTypes, type TextType, type TextTypeRule } from "../text/types.ts";
import { Digits, parseLines, type JsonLine } from "./parse.ts";
import { joined, membersOf, mixedIn, ruleOfShape, shapeOf, type Shape } from "./shape.ts";

/** What a column can be: values, or arrays of them. */
type JsonType = TextType | `${TextType}[]`;

/** Options of {@link readJsonLines}. */
export interface ReadJsonLinesOptions<Row> extends BadRowOptions {
  /** What its values alone do not say of a column: `{ at: "date", id: "bigint" }`. A column named here is there, even if no line has it. */
  readonly types?: { readonly [K in keyof Row & string]?: JsonType };
  /** How an object store is reached, where the environment does not say it. */
  readonly store?: StoreOptions;
}

/**
 * Reads JSON Lines, an object a line: a file, a folder (recursively), a glob or a list, one table in name order of the files.
 *
 * Its columns are all keys, in order of appearance; what a line has not is null. A column is number, string or boolean, as all its
 * values are, or lists or objects of these, whose members are all that any of them has; one of values of several types can be there, but
 * not be looked at. An integer that a number cannot hold is LS2004 where it is looked at: `types: { id: "bigint" }`. LS2001, LS2002, LS2006, LS2018.
 */
export async function readJsonLines<Row extends object = Record<never, never>>(
  path: InputPath,
  options: ReadJsonLinesOptions<Row> = {},
): Promise<Table<StoredRow<Row>>> {
  checkOptions("readJsonLines", options);
  const types = new Map(Object.entries<JsonType | undefined>(options.types ?? {}).filter((entry): entry is [string, JsonType] => entry[1] !== undefined));
  checkBadRows("readJsonLines", path, options);
  const bad = BadRows.of(options);
  const read = await readFiles(path, options.store, new Set([...types].filter(([, type]) => type.startsWith("bigint")).map(([name]) => name)), bad);
  const files = bad ? read.map((file) => leftOut(file, [...types].filter(([name]) => !file.input.folders.has(name)), bad)) : read;
  const found = kindsOf(files);
  const rows = files.reduce((sum, { lines }) => sum + lines.length, 0);
  const folders = folderColumns(files.map(({ input }) => input), files.map(({ lines }) => lines.length), options.types);
  const names = [...new Set([...found.keys(), ...types.keys()])].filter((name) => !folders.has(name));
  const columns = new Map([...names.map((name) => [name, columnOf(name, types.get(name), found.get(name) ?? new Map(), files, rows)] as const), ...folders]);
  await keepBadRows(String(path), bad, options);
  return new Table(columns, rows);
}

/** The columns of JSON Lines, as {@link readJsonLines} types them, but integers past ±2^53 as bigint. Nullable is what a line has not. */
export async function describeJsonLines(path: InputPath, store?: StoreOptions): Promise<SourceColumn[]> {
  const files = await readFiles(path, store, new Set());
  const lines = files.flatMap((file) => file.lines);
  const found = [...kindsOf(files)].map(([name, kinds]) => ({ name, kinds, values: lines.map(({ values }) => values.get(name) ?? null) }));
  const far = new Set(found.filter(({ values }) => values.some((value) => [value].flat().some((one) => one instanceof Digits && losesDigits(one)))).map(({ name }) => name));
  const exact = far.size > 0 ? (await readFiles(path, store, far)).flatMap((file) => file.lines) : lines;
  return found.map(({ name, kinds, values }) => {
    const bigint = ruleOf(kinds.has("list<float64>") ? "bigint[]" : "bigint");
    const isBigint = far.has(name) && exact.every(({ values }) => convert(values.get(name) ?? null, bigint) !== undefined);
    return { name, type: isBigint ? bigint.type : (ruleOfShape(nestedShape(name, kinds, files))?.type ?? typeOf(kinds, ([kind]) => kind)), nullable: values.includes(null) };
  });
}

/** What the names of JSON Lines files end in. */
export const jsonLinesNames = withCompressed([".jsonl", ".ndjson", ".json"]);

interface JsonFile {
  readonly input: InputFile;
  readonly name: string;
  readonly lines: readonly JsonLine[];
}

/** What the values of a column are, by Arrow's names, each with the place where it stands first. */
type Kinds = ReadonlyMap<string, { readonly line: number; readonly file: string | null }>;

/** `exact`: columns whose numbers are wanted with all digits. */
async function readFiles(path: InputPath, store: StoreOptions | undefined, exact: ReadonlySet<string>, bad?: BadRows): Promise<JsonFile[]> {
  return (await openInput(path, jsonLinesNames, store)).map((input) => {
    const { text: all, wrong } = readText(input, "JSON Lines", bad !== undefined);
    const text = all.replace(/^\uFEFF/, "");
    if (/^[ \t\r\n]*\[/.test(text)) throw anotherFormat(input.name, "JSON Lines", "it is one list of JSON: write a line for each of its objects (jq -c '.[]')");
    if (/^[ \t\r\n]*\{[ \t\r]*\n/.test(text)) throw anotherFormat(input.name, "JSON Lines", "its objects go over several lines: write each in one (jq -c .)");
    return { input, name: input.name, lines: parseLines(text, input.name, exact, bad && wrong) };
  });
}

/** The lines that are rows. `said`: what the program says of columns. */
function leftOut(file: JsonFile, said: readonly (readonly [string, JsonType])[], bad: BadRows): JsonFile {
  const lines = file.lines.filter((line) => {
    const reason = line.wrong ?? said.map(([name, type]) => wrongValue(line, name, ruleOf(type))?.reason).find((reason) => reason !== undefined);
    if (reason !== undefined) bad.add(file.name, line.line, line.text!, reason);
    return reason === undefined;
  });
  return { ...file, lines };
}

function kindsOf(files: readonly JsonFile[]): Map<string, Kinds> {
  const found = new Map<string, Map<string, { line: number; file: string | null }>>();
  for (const [index, file] of files.entries()) {
    for (const { line, values } of file.lines) {
      for (const [name, value] of values) {
        let kinds = found.get(name);
        if (kinds === undefined) found.set(name, (kinds = new Map()));
        const kind = kindOf(value);
        if (kind !== null && !kinds.has(kind)) kinds.set(kind, { line, file: index === 0 ? null : file.name });
      }
    }
  }
  return found;
}

function kindOf(value: unknown): string | null {
  if (value === null) return null;
  if (typeof value === "number" || value instanceof Digits) return "float64";
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "bool";
  if (!Array.isArray(value)) return "struct";
  const [kind = null, ...others] = new Set((value as unknown[]).map(kindOf).filter((each) => each !== null));
  return others.length > 0 || (kind !== null && !Object.hasOwn(readable, kind)) ? "list" : `list<${kind}>`;
}

const readable: Readonly<Record<string, TextType>> = { float64: "number", string: "string", bool: "boolean" };
/** Of lists in which nothing but null is. */
const emptyLists = "list<null>";

/** The kinds that say what a column is: beside lists of values empty ones are lists of these. */
function saying(kinds: Kinds): string[] {
  const names = [...kinds.keys()];
  return names.some((name) => /^list(?!<null)/.test(name)) ? names.filter((name) => name !== emptyLists) : names;
}

/** The one type that JavaScript sees in a column; undefined of a nested one. */
function seenAs(kinds: Kinds): JsonType | undefined {
  const [kind, ...others] = saying(kinds);
  if (kind === undefined || others.length > 0) return undefined;
  const element = /^list<(.*)>$/.exec(kind)?.[1];
  return element === undefined ? readable[kind] : readable[element] && `${readable[element]}[]`;
}

function typeOf(kinds: Kinds, print: (entry: [string, { line: number; file: string | null }]) => string): Column["type"] {
  const seen = seenAs(kinds);
  if (seen !== undefined) return ruleOf(seen).type;
  if (isUnsaid(kinds)) return { id: "list", of: nothing };
  return kinds.size === 0 ? nothing : { id: "other", name: [...kinds].map(print).join(" | ") };
}

const isUnsaid = (kinds: Kinds): boolean => kinds.size === 1 && kinds.has(emptyLists);

/** How a value is read: a scalar by its text, a list by its elements, an object by its members. */
export type Rule = TextTypeRule | (NestedRule & { readonly of: Rule }) | (NestedRule & { readonly members: readonly (readonly [name: string, rule: Rule])[] });

interface NestedRule {
  readonly type: ArrowType;
  readonly view: View;
  readonly described: string;
}

/** Of a column of objects, or of lists of others than scalars; "mixed" of what is something else, or several things. */
function nestedShape(name: string, kinds: Kinds, files: readonly JsonFile[]): Shape {
  const [kind, ...others] = saying(kinds);
  if (others.length > 0 || (kind !== "struct" && kind !== "list")) return "mixed";
  let shape: Shape = "nothing";
  for (const { lines } of files) for (const { values } of lines) shape = joined(shape, shapeOf(values.get(name) ?? null));
  return shape;
}

function ruleOf(type: JsonType): Rule {
  if (!type.endsWith("[]")) return textTypes[type as TextType];
  const of = textTypes[type.slice(0, -2) as TextType];
  return { type: { id: "list", of: of.type }, view: `${of.view}[]`, described: `a list, each of it ${of.described}`, of };
}

function columnOf(name: string, said: JsonType | undefined, kinds: Kinds, files: readonly JsonFile[], rows: number): Column {
  const origin = `the column "${name}" of ${files[0]!.name}`;
  const type = said ?? seenAs(kinds) ?? (isUnsaid(kinds) ? "number[]" : undefined);
  const shape = type === undefined ? nestedShape(name, kinds, files) : "mixed";
  const nested = ruleOfShape(shape);
  if (type === undefined && nested === undefined) {
    // Without a value nothing says what it holds; only the interface does, which is not here at run time.
    if (kinds.size === 0) return new Column(nothing, rows, () => new Array<Stored>(rows).fill(null), { view: "number", origin });
    // It says where what stands: float64 (line 1) | list (line 7).
    const where = typeOf(kinds, ([kind, { line, file }]) => `${kind} (line ${line}${file === null ? "" : ` of ${file}`})`);
    const inside = mixedIn(shape);
    const remedy = inside ? `No one type fits ${name}${inside}: leave the column out with select(), or write it as one type at its source.` : undefined;
    const column: Column = new Column(where, rows, () => { throw unsupportedType(column, "looked at"); }, { origin, remedy });
    return column;
  }
  const rule = nested ?? ruleOf(type!);
  return new Column(said === undefined && nested === undefined ? typeOf(kinds, ([kind]) => kind) : rule.type, rows, () => files.flatMap((file) => file.lines.map((line) => read(line, name, rule, file.name))), { view: rule.view, origin });
}

function read(line: JsonLine, name: string, rule: Rule, file: string): Stored {
  const stored = convert(line.values.get(name) ?? null, rule);
  const wrong = wrongValue(line, name, rule, stored);
  if (wrong) throw wrongLine(file, line.line, wrong);
  return stored!;
}

function wrongValue({ values }: JsonLine, name: string, rule: Rule, stored = convert(values.get(name) ?? null, rule)): WrongLine | undefined {
  const value = values.get(name) ?? null;
  const text = (): string => (value instanceof Digits ? value.text : typeof value === "string" ? value : JSON.stringify(value));
  if (stored === undefined) return badValue(name, text(), rule.described, skipOfType(name));
  const lost = lostIn(value, rule);
  return lost && lostDigits(name, lost.text);
}

/** A number that would lose digits. */
function lostIn(value: unknown, rule: Rule): Digits | undefined {
  if (value === null) return undefined;
  if ("of" in rule) return firstOf(value as unknown[], (element) => lostIn(element, rule.of));
  if ("members" in rule) {
    const members = membersOf(value as object);
    return firstOf(rule.members, ([name, member]) => lostIn(members.get(name) ?? null, member));
  }
  return rule.view === "number" && value instanceof Digits && losesDigits(value) ? value : undefined;
}

function firstOf<T, R>(items: readonly T[], find: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

const losesDigits = ({ text }: Digits): boolean => textTypes.number.loses!(text, Number(text));

/** `undefined`: it is no value of the type. */
function convert(value: unknown, rule: Rule): Stored | undefined {
  if (value === null) return null;
  if ("of" in rule) {
    const elements = Array.isArray(value) ? (value as unknown[]).map((element) => convert(element, rule.of)) : [undefined];
    return elements.includes(undefined) ? undefined : (elements as Stored[]);
  }
  if ("members" in rule) {
    if (typeof value !== "object" || Array.isArray(value) || value instanceof Digits) return undefined;
    const held = membersOf(value);
    const members = rule.members.map(([name, member]) => convert(held.get(name) ?? null, member));
    return members.includes(undefined) ? undefined : (members as Stored[]);
  }
  const { view, parse } = rule;
  switch (view) {
    case "number":
      return value instanceof Digits ? Number(value.text) : typeof value === "number" ? value : undefined;
    case "bigint":
      return value instanceof Digits ? parse(value.text) : undefined;
    case "boolean":
      return typeof value === "boolean" ? value : undefined;
    case "date":
      return typeof value === "string" ? parse(value) : undefined;
    default:
      return typeof value === "string" ? value.toWellFormed() : undefined;
  }
}
