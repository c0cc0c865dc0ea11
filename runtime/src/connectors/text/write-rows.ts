import { open } from "node:fs/promises";
import { join } from "node:path";
import { writeOutput } from "../output.ts";
import type { StoreOptions } from "../store/options.ts";

const rowsAtOnce = 10_000;

/** Writes an output of one part, `path/part-00000.EXTENSION`: the header and a line for each row. */
export async function writeRows(path: string | URL, options: { readonly overwrite?: boolean; readonly store?: StoreOptions }, extension: string, header: string, rows: number, print: (row: number) => string): Promise<void> {
  await writeOutput(path, options, async (folder) => {
    await using file = await open(join(folder, `part-00000.${extension}`), "w");
    await file.write(header);
    for (let start = 0; start < rows; start += rowsAtOnce) {
      const lines: string[] = [];
      for (let row = start; row < Math.min(rows, start + rowsAtOnce); row++) lines.push(`${print(row)}\n`);
      await file.write(lines.join(""));
    }
  });
}
