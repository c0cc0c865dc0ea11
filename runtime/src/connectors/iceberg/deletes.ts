/** Delete files → which rows of a data file are left, under plain Node. */
import type { ArrowType } from "../../tables/arrow-type.ts";
import type { StoredValues } from "../../tables/column.ts";
import type { ParquetFile } from "../parquet/read.ts";
import { corrupt } from "../typed-files.ts";
import { arrowType } from "../parquet/schema.ts";
import type { DataFile, DeleteFile } from "./manifests.ts";
import { openable } from "./paths.ts";

/** Ids that Iceberg reserves for the columns of files of positions. */
const filePath = 2147483546;
const position = 2147483545;

/** A delete file, opened; what it says is decoded when it is first asked. */
export class Deletes {
  readonly #file: ParquetFile;
  readonly #equality: readonly number[];
  #positions: Map<string, number[]> | undefined;
  #keys: { types: readonly ArrowType[]; values: ReadonlySet<string> } | undefined;

  constructor(file: ParquetFile, { equality }: DeleteFile) {
    this.#file = file;
    this.#equality = equality;
  }

  /** Marks the rows of the file at `path` that it deletes; `values`: all values of a field of that file, by its id and type. */
  mark(path: string, deleted: Uint8Array, values: (id: number, type: ArrowType) => StoredValues): void {
    if (this.#equality.length === 0) {
      this.#positions ??= this.#readPositions();
      for (const row of this.#positions.get(path) ?? []) deleted[row] = 1;
      return;
    }
    const { types, values: listed } = (this.#keys ??= this.#readKeys());
    keysOf(this.#equality.map((id, at) => values(id, types[at]!)), deleted.length).forEach((key, row) => {
      if (listed.has(key)) deleted[row] = 1;
    });
  }

  #readPositions(): Map<string, number[]> {
    const [paths, positions] = [filePath, position].map((id) => column(this.#file, id).values) as [StoredValues, StoredValues];
    const rows = new Map<string, number[]>();
    for (let row = 0; row < paths.length; row++) {
      const path = openable(paths[row] as string);
      const of = rows.get(path);
      if (of) of.push(positions[row] as number);
      else rows.set(path, [positions[row] as number]);
    }
    return rows;
  }

  #readKeys(): { types: readonly ArrowType[]; values: ReadonlySet<string> } {
    const columns = this.#equality.map((id) => column(this.#file, id));
    return { types: columns.map(({ type }) => type), values: new Set(keysOf(columns.map(({ values }) => values), this.#file.rows)) };
  }
}

/** The rows of `data`, which has so many, that its delete files leave; undefined: all. */
export function keptRows(data: DataFile, rows: number, deletes: readonly Deletes[], values: (id: number, type: ArrowType) => StoredValues): Int32Array | undefined {
  if (data.deletes.length === 0) return undefined;
  const deleted = new Uint8Array(rows);
  for (const index of data.deletes) deletes[index]!.mark(data.path, deleted, values);
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
