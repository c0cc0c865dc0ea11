import type { Column } from "../../tables/column.ts";
import type { Columns } from "../../tables/row.ts";
import { checkOptions } from "../options.ts";
import { writeFiles } from "../output.ts";
import { printValue } from "../text/print.ts";
import { endings, textCompression, writeRows, type TextCompression } from "../text/write-rows.ts";
import type { WriteFilesOptions } from "../write-options.ts";

/** Options of writeCsv. */
export interface WriteCsvOptions<Row> extends WriteFilesOptions<Row> {
  /** "none" by default; the files' names end in .csv.gz or .csv.zst then. */
  readonly compression?: TextCompression;
  /** One character; a comma by default. */
  readonly delimiter?: string;
  /** Whether each file starts with the columns' names: true by default. */
  readonly header?: boolean;
}

/** See Table.writeCsv. */
export async function writeCsv(columns: Columns, rows: number, path: string | URL, options: WriteCsvOptions<never>): Promise<void> {
  checkOptions("writeCsv", options);
  const delimiter = options.delimiter ?? ",";
  const quote = (text: string): string => (text === "" || /["\r\n]/.test(text) || text.includes(delimiter) ? `"${text.replaceAll('"', '""')}"` : text);
  const compression = textCompression("writeCsv", path, options);
  await writeFiles("writeCsv", path, options, `csv${endings[compression]}`, columns, rows, (filename, own, count) => {
    const printers = [...own.values()].map((column) => printer(column, quote));
    const header = (options.header ?? true) ? `${[...own.keys()].map(quote).join(delimiter)}\n` : "";
    return writeRows(filename, compression, header, count, (row) => printers.map((print) => print(row)).join(delimiter));
  });
}

/** A row's field: null is nothing. */
function printer(column: Column, quote: (text: string) => string): (row: number) => string {
  // Before anything is read of it.
  const print = printValue(column, "CSV");
  const { values } = column;
  return (row) => {
    const value = values[row]!;
    return value === null ? "" : quote(print(value));
  };
}
