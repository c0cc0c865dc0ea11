import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import zlib from "node:zlib";

const rowsAtOnce = 10_000;

/** How a file of text is compressed as a whole. */
export type TextCompression = "gzip" | "zstd" | "none";

/** What its name ends in, behind the format's ending. */
export const endings: Readonly<Record<TextCompression, string>> = { gzip: ".gz", zstd: ".zst", none: "" };

/** Writes a file: the header and a line for each row. */
export async function writeRows(filename: string, compression: TextCompression, header: string, rows: number, print: (row: number) => string): Promise<void> {
  function* lines(): Generator<string> {
    yield header;
    for (let start = 0; start < rows; start += rowsAtOnce) {
      const lines: string[] = [];
      for (let row = start; row < Math.min(rows, start + rowsAtOnce); row++) lines.push(`${print(row)}\n`);
      yield lines.join("");
    }
  }
  const file = createWriteStream(filename);
  if (compression === "none") await pipeline(lines, file);
  else await pipeline(lines, compression === "gzip" ? zlib.createGzip() : zlib.createZstdCompress(), file);
}
