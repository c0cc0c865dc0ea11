/** Delete files → which rows of a data file are left, under plain Node. */
import type { ArrowType } from "../../tables/arrow-type.ts";
import type { StoredValues } from "../../tables/column.ts";
import { corrupt, type ParquetFile } from "../parquet/read.ts";
import { arrowType } from "../parquet/schema.ts";
import type { DataFile, DeleteFile } from "./manifests.ts";
import { openable } from "./paths.ts";

/** Ids that Iceberg reserves for the columns of files of positions. */
const filePath = 2147483546;
const position = 2147483545;

/**
 * The rows of `data` that are left; undefined: all. `opened`: the delete files, opened; `values`: all values of a field of `data`, by
 * its id and type.
 */
export function keptRows(
  data: DataFile,
  rows: number,
  deletes: readonly DeleteFile[],
  opened: readonly ParquetFile[],
  values: (id: number, type: ArrowType) => StoredValues,
): Int32Array | undefined {
  if (data.deletes.length === 0) return undefined;
  const deleted = new Uint8Array(rows);
  for (const index of data.deletes) {
    const { equality } = deletes[index]!;
    const file = opened[index]!;
    if (equality.length === 0) {
      const [paths, positions] = [filePath, position].map((id) => column(file, id).values) as [StoredValues, StoredValues];
      for (let row = 0; row < paths.length; row++) if (openable(paths[row] as string) === data.path) deleted[positions[row] as number] = 1;
    } else {
      const listed = equality.map((id) => column(file, id));
      const keys = new Set(keysOf(listed.map((one) => one.values), file.rows));
      keysOf(equality.map((id, at) => values(id, listed[at]!.type)), rows).forEach((key, row) => {
        if (keys.has(key)) deleted[row] = 1;
      });
    }
  }
  return Int32Array.from(deleted.keys().filter((row) => deleted[row] === 0));
}

function column(file: ParquetFile, id: number): { type: ArrowType; values: StoredValues } {
  const found = [...file.columns].find(([, { element }]) => element.field_id === id);
  if (!found) throw corrupt(file.name, `it has no column with the id ${id}`);
  const type = arrowType(found[1]);
  return { type, values: file.read(found[0], type) };
}

/** Null equals null here, and 1n is no 1. */
function keysOf(columns: readonly StoredValues[], rows: number): string[] {
  const key = (value: unknown): string => (typeof value === "string" ? JSON.stringify(value) : value instanceof Uint8Array ? `b${value.join()}` : `${typeof value === "bigint" ? "n" : ""}${String(value)}`);
  return Array.from({ length: rows }, (_, row) => columns.map((values) => key(values[row])).join());
}
