import { open } from "node:fs/promises";
import { join } from "node:path";
import { ticksPerSecond } from "../../tables/arrow-type.ts";
import { unsupportedType, type Column, type Stored } from "../../tables/column.ts";
import type { Columns } from "../../tables/row.ts";
import { milliseconds } from "../../tables/view.ts";
import { checkOptions } from "../options.ts";
import { writeOutput } from "../output.ts";
import type { StoreOptions } from "../store/options.ts";

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

const rowsAtOnce = 10_000;

/** Writes `path/part-00000.csv`; see Table.writeCsv. */
export async function writeCsv(columns: Columns, rows: number, path: string | URL, options: WriteCsvOptions): Promise<void> {
  checkOptions("writeCsv", options);
  const delimiter = options.delimiter ?? ",";
  const quote = (text: string): string => (text === "" || /["\r\n]/.test(text) || text.includes(delimiter) ? `"${text.replaceAll('"', '""')}"` : text);
  const printers = [...columns.values()].map((column) => printer(column, quote));
  await writeOutput(path, options, async (folder) => {
    await using file = await open(join(folder, "part-00000.csv"), "w");
    if (options.header ?? true) await file.write(`${[...columns.keys()].map(quote).join(delimiter)}\n`);
    for (let start = 0; start < rows; start += rowsAtOnce) {
      const lines: string[] = [];
      for (let row = start; row < Math.min(rows, start + rowsAtOnce); row++) lines.push(`${printers.map((print) => print(row)).join(delimiter)}\n`);
      await file.write(lines.join(""));
    }
  });
}

/** A row's field: what String() prints, null as nothing, instants as toISOString() prints them. */
function printer(column: Column, quote: (text: string) => string): (row: number) => string {
  const { type, values } = column;
  const print = printValue(column);
  return (row) => {
    const value = values[row]!;
    if (value === null) return "";
    return type.id === "string" || type.id === "dictionary" ? quote(value as string) : quote(print(value));
  };
}

function printValue(column: Column): (value: Exclude<Stored, null>) => string {
  const { type } = column;
  switch (type.id) {
    case "date":
      return (value) => new Date((value as number) * 86_400_000).toISOString().split("T")[0]!;
    case "timestamp": {
      const perMillisecond = ticksPerSecond[type.unit] / 1000;
      return (value) => new Date(milliseconds(value as number | bigint, perMillisecond)).toISOString();
    }
    case "decimal":
      return (value) => printDecimal(BigInt(value as number | bigint), type.scale);
    case "binary":
    case "other":
      throw unsupportedType(column, "written as CSV");
    default:
      return String;
  }
}

function printDecimal(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
  const sign = unscaled < 0n ? "-" : "";
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
