import type { Column } from "../../tables/column.ts";
import type { Columns } from "../../tables/row.ts";
import { checkOptions } from "../options.ts";
import type { StoreOptions } from "../store/options.ts";
import { printValue } from "../text/print.ts";
import { writeRows } from "../text/write-rows.ts";

/** Options of writeCsv. */
export interface WriteCsvOptions {
  /** Replace an existing output. */
  readonly overwrite?: boolean;
  /** How an object store is reached, where the environment does not say it. */
  readonly store?: StoreOptions;
  /** One character; a comma by default. */
  readonly delimiter?: string;
  /** Whether each file starts with the columns' names: true by default. */
  readonly header?: boolean;
  /** "program": the rows of the files, in name order, stand in the table's order, as they do after orderby(). */
  readonly order?: "program";
}

/** Writes `path/part-00000.csv`; see Table.writeCsv. */
export async function writeCsv(columns: Columns, rows: number, path: string | URL, options: WriteCsvOptions): Promise<void> {
  checkOptions("writeCsv", options);
  const delimiter = options.delimiter ?? ",";
  const quote = (text: string): string => (text === "" || /["\r\n]/.test(text) || text.includes(delimiter) ? `"${text.replaceAll('"', '""')}"` : text);
  const printers = [...columns.values()].map((column) => printer(column, quote));
  const header = (options.header ?? true) ? `${[...columns.keys()].map(quote).join(delimiter)}\n` : "";
  await writeRows(path, options, "csv", header, rows, (row) => printers.map((print) => print(row)).join(delimiter));
}

/** A row's field: null is nothing. */
function printer(column: Column, quote: (text: string) => string): (row: number) => string {
  const { values } = column;
  const print = printValue(column, "CSV");
  return (row) => {
    const value = values[row]!;
    return value === null ? "" : quote(print(value));
  };
}
