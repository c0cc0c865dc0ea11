/** Which files of a table are written again, and which delete files are of no use then. */
import type { StoreOptions } from "../store/options.ts";
import type { CatalogOptions } from "./catalog.ts";
import type { DataFile, DeleteFile } from "./manifests.ts";
import type { IcebergTable } from "./table.ts";

/** Options of compactIceberg. */
export interface CompactIcebergOptions {
  /** Bytes that a file should have: the table's `write.target-file-size-bytes`, or 512 MiB, where nothing is said. */
  readonly fileBytes?: number;
  /** Files of a partition that are worth to be made one, though they are less than a file: 5 where nothing is said. */
  readonly minFiles?: number;
  /** Files are written again, whatever their size, that so many delete files concern. */
  readonly deleteFiles?: number;
  /** The catalog that has the table, which is then named "namespace.table". */
  readonly catalog?: CatalogOptions;
  /** How an object store is reached, where the environment does not say it. */
  readonly store?: StoreOptions;
}

/** What became of a table's files. */
export interface CompactCounts {
  /** Data files that are written again. */
  readonly files: number;
  /** Data files in their place. */
  readonly into: number;
  /** Delete files that are of no use any more. */
  readonly deleteFiles: number;
}

/** Files of a size between these, of what is wanted, stay: as in Java's RewriteDataFiles. */
const [SMALL, LARGE] = [0.75, 1.8];
/** And files of which less is deleted. */
const DELETED = 0.3;

/** What is written again: files of one partition that become one, or, where they are larger, several; each in table order. */
export function unitsOf({ files, deletes }: Pick<IcebergTable, "files" | "deletes">, target: number, { minFiles = 5, deleteFiles = Infinity }: CompactIcebergOptions): DataFile[][] {
  const worn = (file: DataFile): boolean => file.deletes.length > 0 && (file.deletes.length >= deleteFiles || deletedIn(file, deletes) >= DELETED * file.rows);
  const units: DataFile[][] = [];
  for (const group of Map.groupBy(files, ({ partition }) => partition).values()) {
    const candidates = group.filter((file) => file.size < SMALL * target || file.size > LARGE * target || worn(file));
    const bytes = candidates.reduce((sum, { size }) => sum + size, 0);
    const gains = candidates.length >= minFiles || (candidates.length > 1 && bytes > target) || bytes > LARGE * target || candidates.some(worn);
    if (!gains) continue;
    const own: DataFile[][] = [];
    let size = Infinity;
    for (const file of candidates) {
      if (size + file.size > target) {
        own.push([]);
        size = 0;
      }
      size += file.size;
      own.at(-1)!.push(file);
    }
    // One small file alone would become the same again.
    units.push(...own.filter(([one, ...more]) => more.length > 0 || one!.size > LARGE * target || worn(one!)));
  }
  return units;
}

/** Rows of a file that are surely deleted: what other delete files take out of it nobody knows before they are read. */
function deletedIn(file: DataFile, deletes: readonly DeleteFile[]): number {
  return file.deletes.reduce((sum, index) => sum + (deletes[index]!.of === undefined ? 0 : deletes[index]!.rows), 0);
}

/** Delete files that concern some of these files, and no others. */
export function onlyOf(removed: readonly DataFile[], { files, deletes }: Pick<IcebergTable, "files" | "deletes">): DeleteFile[] {
  const gone = new Set(removed);
  const stay = new Set(files.filter((file) => !gone.has(file)).flatMap((file) => file.deletes));
  return [...new Set(removed.flatMap((file) => file.deletes))].filter((index) => !stay.has(index)).map((index) => deletes[index]!);
}
