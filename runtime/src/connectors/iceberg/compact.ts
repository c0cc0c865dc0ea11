/** Plain Node's compaction of Iceberg tables: files that are too small, too large, or mostly deleted → files of the size that the table wants, with the same rows. */
import type { Columns } from "../../tables/row.ts";
import { checkOptions } from "../options.ts";
import { absent } from "./change.ts";
import { rowsOf } from "./read.ts";
import type { IcebergTable } from "./table.ts";
import { targetBytes, type DataFileInfo, type TableWrite } from "./table-write.ts";
import { unitsOf, type CompactCounts, type CompactIcebergOptions } from "./units.ts";
import { committing, dataFiles } from "./write.ts";

/** See `compactIceberg` of the package. */
export async function compactIceberg(table: string | URL, options: CompactIcebergOptions = {}): Promise<CompactCounts> {
  checkOptions("compactIceberg", options);
  return committing(table, options, async (write) => {
    const now = await existing(write);
    const bytes = wantedBytes(write, options);
    const units = unitsOf(now, bytes, options);
    const removed = units.flat();
    if (removed.length === 0) return { files: 0, into: 0, deleteFiles: 0 };
    const target = await write.prepareMove(bytes);
    const infos: DataFileInfo[] = [];
    for (const files of units) {
      const { columns, rows } = await rowsOf({ ...now, files });
      const size = files.reduce((sum, file) => sum + file.size, 0);
      const each = Math.ceil(rows / Math.max(1, Math.round(size / bytes)));
      for (let start = 0; start < rows; start += each) {
        const of = Int32Array.from({ length: Math.min(each, rows - start) }, (_, row) => start + row);
        infos.push(...(await dataFiles(target, of.length === rows ? columns : taken(columns, of), of.length, infos.length)));
      }
    }
    return write.move(now, removed, target, infos);
  });
}

const taken = (columns: Columns, rows: Int32Array): Columns => new Map([...columns].map(([name, column]) => [name, column.take(rows)]));

/** The table that is compacted. LS2001 */
export async function existing(write: TableWrite): Promise<IcebergTable> {
  const now = await write.existing(new Set());
  if (now) return now;
  throw absent(write.name, "compact");
}

export const wantedBytes = (write: TableWrite, { fileBytes }: CompactIcebergOptions): number => fileBytes ?? targetBytes(write.metadata);
