import { writeFile } from "node:fs/promises";
import { CompressionType } from "@uwdata/flechette";
import { toIpcFile } from "../../tables/ipc.ts";
import type { Columns } from "../../tables/row.ts";
import { checkOptions } from "../options.ts";
import { writeFiles } from "../output.ts";
import { typesOf, writtenColumns } from "../written-columns.ts";
import { fileSort, type SortBy } from "../sort-by.ts";
import type { WriteFilesOptions } from "../write-options.ts";
import { installCodecs } from "./codecs.ts";

/** Options of writeArrow. */
export interface WriteArrowOptions<Row> extends WriteFilesOptions<Row> {
  /** Of each buffer of the files; "none" by default, which all readers read. */
  readonly compression?: "lz4" | "zstd" | "none";
  /** Columns written as another Arrow type: `{ id: "int32" }`. */
  readonly types?: { readonly [K in keyof Row & string]?: string };
  /** What the rows of each file are sorted by: `["at", "price desc"]`. The table's own order is then not kept. */
  readonly sortBy?: readonly SortBy<keyof Row & string>[];
}

const codecs = { lz4: CompressionType.LZ4_FRAME, zstd: CompressionType.ZSTD, none: null } as const;

/** See Table.writeArrow. */
export async function writeArrow(columns: Columns, rows: number, path: string | URL, options: WriteArrowOptions<never>): Promise<void> {
  checkOptions("writeArrow", options);
  const types = typesOf(columns, options.types as Readonly<Record<string, string>> | undefined);
  const sort = fileSort(options, [...columns.keys()]);
  installCodecs();
  await writeFiles("writeArrow", path, options, "arrow", columns, rows, async (filename, own, count) => {
    const written = writtenColumns(own, count, types, sort);
    await writeFile(filename, toIpcFile(new Map(written.map(({ name, column }) => [name, column])), codecs[options.compression ?? "none"]));
  });
}
