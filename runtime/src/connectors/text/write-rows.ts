import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import zlib from "node:zlib";
import { LockstepError } from "../../errors/index.ts";

const rowsAtOnce = 10_000;

/** How a file of text is compressed as a whole. */
export type TextCompression = "gzip" | "zstd" | "none";

/** What its name ends in, behind the format's ending. */
export const endings: Readonly<Record<TextCompression, string>> = { gzip: ".gz", zstd: ".zst", none: "" };

/** How files are compressed: as is said, or as the name of the one file says. LS2016 where that is something else. */
export function textCompression(verb: string, path: string | URL, { compression, single }: { readonly compression?: TextCompression; readonly single?: boolean }, site?: string): TextCompression {
  if (!single) return compression ?? "none";
  const ending = /\.(gz|zst)$/i.exec(String(path))?.[0].toLowerCase() ?? "";
  const named = (Object.keys(endings) as TextCompression[]).find((name) => endings[name] === ending)!;
  if ((compression ?? named) === named) return named;
  const fix = `Call it …${endings[compression!] || " without that ending"}, as readers go by the name, or leave compression out.`;
  throw new LockstepError({ code: "LS2016", message: `${verb}: compression "${compression!}" is not what the name of the one file says, ${String(path)}`, fix, site });
}

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
