import { otherDelimiter } from "../../errors/fixes.ts";
import { didYouMean, LockstepError } from "../../errors/index.ts";
import { nothing } from "../../tables/arrow-type.ts";
import { Column, type Stored } from "../../tables/column.ts";
import { Table } from "../../tables/table.ts";
import type { StoredRow } from "../../tables/types.ts";
import { filesDiffer, missing } from "../different-files.ts";
import { folderColumns } from "../folders.ts";
import { checkOptions } from "../options.ts";
import { openInput, type InputFile, type InputPath } from "../paths.ts";
import type { SourceColumn } from "../source-column.ts";
import type { StoreOptions } from "../store/options.ts";
import { BadRows, checkBadRows, keepBadRows, type BadRowOptions } from "../text/bad-rows.ts";
import { asUtf8, badLine, badValue, lostDigits, notUtf8, readAsText, wrongLine, type WrongLine } from "../text/errors.ts";
import { readText, withCompressed } from "../text/read-text.ts";
import { inferenceOrder, textTypes, type TextType, type TextTypeRule } from "../text/types.ts";
import { parseCsv, type CsvRecord, type Field } from "./parse.ts";

/** Options of {@link readCsv}. */
export interface ReadCsvOptions<Row> extends BadRowOptions {
  /** One character; a comma by default. */
  readonly delimiter?: string;
  /** Whether the first line of each file names the columns: true by default; otherwise they are col1, col2, … */
  readonly header?: boolean;
  /** Texts of cells that are null, in quotes or not: `["NA", ""]`. By default only the empty text without quotes is. */
  readonly nulls?: readonly string[];
  /** Types of columns, in place of the inferred ones: `{ zip: "string" }`. */
  readonly types?: { readonly [K in keyof Row & string]?: TextType };
  /** How an object store is reached, where the environment does not say it. */
  readonly store?: StoreOptions;
}

/**
 * Reads CSV: a file, a folder (recursively), a glob or a list, one table in name order of the files.
 *
 * A column is what all its values are, in this order: boolean, number, ISO date or time (UTC), string. An empty field is
 * null, a quoted empty one the empty string, unless `nulls` says others; a column without a value has no type. An integer that a number cannot hold
 * is LS2004 where it is looked at: `types: { id: "bigint" }`. LS2001, LS2002, LS2004, LS2006, LS2018.
 */
export async function readCsv<Row extends object = Record<never, never>>(
  path: InputPath,
  options: ReadCsvOptions<Row> = {},
): Promise<Table<StoredRow<Row>>> {
  checkOptions("readCsv", options);
  checkBadRows("readCsv", path, options);
  const bad = BadRows.of(options);
  const read = await readTable(path, options, inferType, bad);
  await keepBadRows(String(path), bad, options);
  return read;
}

async function readTable<Row extends object>(path: InputPath, options: ReadCsvOptions<Row>, infer: typeof inferType, bad?: BadRows): Promise<Table<StoredRow<Row>>> {
  const delimiter = options.delimiter ?? ",";
  const inputs = await openInput(path, csvNames, options.store);
  const nulls = options.nulls && new Set(options.nulls);
  let files: readonly CsvFile[] = inputs.map((input) => readRecords(input, delimiter, options.header ?? true, nulls, bad !== undefined));
  const header = files[0]!.header;
  const different = files.find((file) => file.header.join("\0") !== header.join("\0"));
  if (different !== undefined) throw headersDiffer(files[0]!, different);
  const types = (options.types ?? {}) as Readonly<Record<string, TextType | undefined>>;
  if (bad) {
    const said = [...header.entries()].filter(([, name]) => Object.hasOwn(types, name) && types[name] && !inputs[0]!.folders.has(name));
    files = files.map((file) => leftOut(file, said.map(([index, name]) => ({ index, name, rule: textTypes[types[name]!] })), bad));
  }
  const folders = folderColumns(inputs, files.map(({ records }) => records.length), types);
  const unknown = Object.keys(types).find((name) => !header.includes(name) && !folders.has(name));
  if (unknown !== undefined) throw new LockstepError({ code: "LS2002", message: `types: ${inputs[0]!.name} has no column "${unknown}"${didYouMean(unknown, header)}` });
  files.forEach(checkWidths);
  const rows = files.reduce((sum, file) => sum + file.records.length, 0);
  const own = [...header.entries()].filter(([, name]) => !folders.has(name)).map(([index, name]) => [name, readColumn(name, index, files, rows, Object.hasOwn(types, name) ? types[name] : infer(index, files))] as const);
  return new Table(new Map([...own, ...folders]), rows);
}

/** The columns of CSV files, as {@link readCsv} types them, but integers past ±2^53 as bigint. Nullable is what has an empty field. */
export async function describeCsv(path: InputPath, options: Pick<ReadCsvOptions<object>, "delimiter" | "header" | "nulls" | "store"> = {}): Promise<SourceColumn[]> {
  const table = await readTable(path, options, inferExactType);
  return [...table.columns].map(([name, { type, values }]) => ({ name, type, nullable: Array.isArray(values) && values.includes(null) }));
}

/** What the names of CSV files end in. */
export const csvNames = withCompressed([".csv"]);

interface CsvFile {
  readonly name: string;
  readonly text: string;
  /** Lines that are not UTF-8. */
  readonly wrong: ReadonlySet<number>;
  readonly header: readonly string[];
  readonly records: readonly CsvRecord[];
}

function readRecords(input: InputFile, delimiter: string, named: boolean, nulls: ReadonlySet<string> | undefined, tolerant: boolean): CsvFile {
  const { name } = input;
  const { text, wrong } = readText(input, "CSV", tolerant);
  const records = [...parseCsv(text, delimiter, name)];
  const first = named ? records.shift() : records[0];
  if (first === undefined) throw badLine(name, 1, "the file is empty, a header line is expected", "Write the names of its columns into it, or leave the file out of what is read.");
  if (named && isNotUtf8(first, text, wrong)) throw badLine(name, first.line, notUtf8, asUtf8);
  const header = first.fields.map((field, i) => (named ? (field ?? "") : `col${i + 1}`));
  const twice = header.find((column, i) => header.indexOf(column) !== i);
  if (twice !== undefined) throw badLine(name, first.line, `the column "${twice}" appears twice`, "Call one of them something else in the file; one without a line of names is read with `header: false`.");
  return { name, text, wrong, header, records: nulls ? records.map((record) => ({ ...record, fields: record.fields.map((field) => among(nulls, field)) })) : records };
}

/** As in pandas, Polars, DuckDB and pyarrow, quotes do not make a text of `nulls` a value. */
function among(nulls: ReadonlySet<string>, field: Field): Field {
  const text = field ?? "";
  return nulls.has(text) ? null : text;
}

function headersDiffer(first: CsvFile, other: CsvFile): LockstepError {
  const has = ({ header }: CsvFile, name: string): string => (header.includes(name) ? "string" : missing);
  const names = [...new Set([...first.header, ...other.header])].filter((name) => has(first, name) !== has(other, name));
  if (names.length > 0) return filesDiffer(first.name, other.name, names.map((column) => ({ column, found: has(other, column), first: has(first, column) })));
  return new LockstepError({ code: "LS2002", message: `${other.name} has the columns of ${first.name} in another order` });
}

/** After what is said of the header: where that is not the expected one, the lines are not at fault. */
function checkWidths({ name, header, records }: CsvFile): void {
  const wrong = records.find(({ fields }) => fields.length !== header.length);
  if (wrong) throw wrongLine(name, wrong.line, wrongWidth(wrong, header));
}

const wrongWidth = ({ fields }: CsvRecord, header: readonly string[]): WrongLine => ({ code: "LS2006", reason: `${fields.length} fields, the header has ${header.length}`, fix: (header.length === 1 ? otherDelimiter(header[0]!) : undefined) ?? ragged });

const ragged = 'Mend the line: a field with the delimiter or a line break in it stands in quotes. Or leave such lines out: `onBadRow: "skip"`.';

/** Whether one of its lines is not. */
function isNotUtf8({ line, from, to }: CsvRecord, text: string, wrong: ReadonlySet<number>): boolean {
  return wrong.size > 0 && text.slice(from, to).trimEnd().split("\n").some((_, at) => wrong.has(line + at));
}

/** The records that are rows. `said`: what the program says of columns. */
function leftOut(file: CsvFile, said: readonly { readonly index: number; readonly name: string; readonly rule: TextTypeRule }[], bad: BadRows): CsvFile {
  const wrongIn = (record: CsvRecord): WrongLine | undefined => {
    if (isNotUtf8(record, file.text, file.wrong)) return { code: "LS2006", reason: notUtf8 };
    if (record.fields.length !== file.header.length) return wrongWidth(record, file.header);
    return said.map(({ index, name, rule }) => wrongField(record.fields[index]!, rule, name)).find((wrong) => wrong !== undefined);
  };
  const records = file.records.filter((record) => {
    const wrong = wrongIn(record);
    if (wrong) bad.add(file.name, record.line, file.text.slice(record.from, record.to), wrong.reason);
    return !wrong;
  });
  return { ...file, records };
}

function readColumn(name: string, index: number, files: readonly CsvFile[], rows: number, type: TextType | undefined): Column {
  const origin = `the column "${name}" of ${files[0]!.name}`;
  // Without a value nothing says what it holds; only the interface does, which is not here at run time.
  if (type === undefined) return new Column(nothing, rows, () => new Array<Stored>(rows).fill(null), { view: "number", origin });
  const rule = textTypes[type];
  const load = (): Stored[] => {
    const values = new Array<Stored>(rows);
    let row = 0;
    for (const file of files) {
      for (const { line, fields } of file.records) {
        const value = parseField(fields[index]!, rule);
        const wrong = wrongField(fields[index]!, rule, name, value);
        if (wrong) throw wrongLine(file.name, line, wrong);
        values[row++] = value!;
      }
    }
    return values;
  };
  return new Column(rule.type, rows, load, { view: rule.view, origin });
}

function wrongField(field: Field, rule: TextTypeRule, column: string, value = parseField(field, rule)): WrongLine | undefined {
  if (value === undefined) return badValue(column, field!, rule.described, readAsText(column));
  return value !== null && rule.loses?.(field!, value) ? lostDigits(column, field!) : undefined;
}

/** With the type that the program has to name, for integers that a number cannot hold. */
const exactInferenceOrder: readonly TextType[] = ["boolean", "number", "bigint", "date", "string"];

const inferType = (index: number, files: readonly CsvFile[]): TextType | undefined =>
  typeOf(index, files, inferenceOrder, (text, rule) => rule.parse(text) !== undefined);

const inferExactType = (index: number, files: readonly CsvFile[]): TextType | undefined =>
  typeOf(index, files, exactInferenceOrder, (text, rule) => {
    const value = rule.parse(text);
    return value !== undefined && !rule.loses?.(text, value);
  });

function typeOf(index: number, files: readonly CsvFile[], order: readonly TextType[], is: (text: string, rule: TextTypeRule) => boolean): TextType | undefined {
  const present = files.flatMap((file) => file.records.flatMap(({ fields }) => fields[index] ?? []));
  if (present.length === 0) return undefined;
  return order.find((type) => present.every((text) => is(text, textTypes[type])))!;
}

function parseField(field: Field, rule: TextTypeRule): Stored | undefined {
  if (field === null) return null;
  return rule.parse(field);
}
