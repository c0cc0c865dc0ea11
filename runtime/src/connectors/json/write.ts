import type { Column } from "../../tables/column.ts";
import type { Columns } from "../../tables/row.ts";
import { checkOptions } from "../options.ts";
import type { StoreOptions } from "../store/options.ts";
import { isText, printValue } from "../text/print.ts";
import { writeRows } from "../text/write-rows.ts";

/** Options of writeJsonLines. */
export interface WriteJsonLinesOptions {
  /** Replace an existing output. */
  readonly overwrite?: boolean;
  /** How an object store is reached, where the environment does not say it. */
  readonly store?: StoreOptions;
  /** "program": the rows of the files, in name order, stand in the table's order, as they do after orderby(). */
  readonly order?: "program";
}

/** Writes `path/part-00000.jsonl`; see Table.writeJsonLines. */
export async function writeJsonLines(columns: Columns, rows: number, path: string | URL, options: WriteJsonLinesOptions): Promise<void> {
  checkOptions("writeJsonLines", options);
  const members = [...columns].map(([name, column]) => ({ key: JSON.stringify(name), print: printer(column) }));
  await writeRows(path, options, "jsonl", "", rows, (row) => `{${members.map(({ key, print }) => `${key}:${print(row)}`).join(",")}}`);
}

/** A row's value as JSON.stringify prints it, but integers and decimals with all digits. */
function printer(column: Column): (row: number) => string {
  const { type, values } = column;
  const print = printValue(column, "JSON Lines");
  const quoted = isText(type) || type.id === "date" || type.id === "timestamp";
  return (row) => {
    const value = values[row]!;
    // JSON has no NaN and no infinities.
    if (value === null || (typeof value === "number" && !Number.isFinite(value))) return "null";
    return quoted ? JSON.stringify(print(value)) : print(value);
  };
}
