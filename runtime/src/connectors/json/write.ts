import type { ArrowType } from "../../tables/arrow-type.ts";
import { Column, unsupportedType, viewOf, type Stored } from "../../tables/column.ts";
import type { Columns } from "../../tables/row.ts";
import { checkOptions } from "../options.ts";
import { writeFiles } from "../output.ts";
import { printValue } from "../text/print.ts";
import { endings, textCompression, writeRows, type TextCompression } from "../text/write-rows.ts";
import type { WriteFilesOptions } from "../write-options.ts";

/** Options of writeJsonLines. */
export interface WriteJsonLinesOptions<Row> extends WriteFilesOptions<Row> {
  /** "none" by default; the files' names end in .jsonl.gz or .jsonl.zst then. */
  readonly compression?: TextCompression;
}

/** See Table.writeJsonLines. */
export async function writeJsonLines(columns: Columns, rows: number, path: string | URL, options: WriteJsonLinesOptions<never>): Promise<void> {
  checkOptions("writeJsonLines", options);
  const compression = textCompression("writeJsonLines", path, options);
  await writeFiles("writeJsonLines", path, options, `jsonl${endings[compression]}`, columns, rows, (filename, own, count) => {
    const members = [...own].map(([name, column]) => ({ key: JSON.stringify(name), print: printer(column) }));
    return writeRows(filename, compression, "", count, (row) => `{${members.map(({ key, print }) => `${key}:${print(row)}`).join(",")}}`);
  });
}

/** A row's value as JSON.stringify prints it, but integers and decimals with all digits. */
function printer(column: Column): (row: number) => string {
  const print = valuePrinter(column.type, column);
  const { values } = column;
  return (row) => print(values[row]!);
}

/** `column`: whose type without a form is refused, before anything is read of it. */
function valuePrinter(type: ArrowType, column: Column): (value: Stored) => string {
  if (type.id === "list") {
    const print = valuePrinter(type.of, column);
    return (value) => (value === null ? "null" : `[${(value as readonly Stored[]).map(print).join(",")}]`);
  }
  if (type.id === "struct") {
    const members = type.fields.map((field) => ({ key: JSON.stringify(field.name), print: valuePrinter(field.type, column) }));
    return (value) => (value === null ? "null" : `{${members.map(({ key, print }, i) => `${key}:${print((value as readonly Stored[])[i]!)}`).join(",")}}`);
  }
  if (type.id === "other" || type.id === "binary") throw unsupportedType(column, "written as JSON Lines");
  const print = printValue(new Column(type, 0, []), "JSON Lines");
  const quoted = viewOf(type) === "string" || type.id === "date" || type.id === "timestamp";
  return (value) => {
    // JSON has no NaN and no infinities.
    if (value === null || (typeof value === "number" && !Number.isFinite(value))) return "null";
    return quoted ? JSON.stringify(print(value)) : print(value);
  };
}
