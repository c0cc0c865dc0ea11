/**
 * What a program writes into one table, from the first look at it to the commit. Data files are written between, by plain Node or by the
 * ranks; all else is here, once for both.
 */
import { randomUUID } from "node:crypto";
import { dirname } from "node:path";
import { didYouMean, LockstepError } from "../../errors/index.ts";
import { isCarried, parseType, printType } from "../../tables/arrow-type.ts";
import { hasBloomFilter } from "../bloom-filters.ts";
import type { Compression } from "../parquet/write.ts";
import type { SortKey } from "../sort-by.ts";
import { isRemote } from "../store/location.ts";
import type { StoreOptions } from "../store/options.ts";
import type { CatalogOptions } from "./catalog.ts";
import { answersOf, checkUnchanged, commit, isCommitted, Unknown } from "./commit.ts";
import { inParts, makeFolder, removeAll, removeEmpty } from "./files.ts";
import { both, manifestOf, NOTHING, partitionOf, type NewFile, type Replaced } from "./manifest-files.ts";
import type { Constant } from "./manifest-entries.ts";
import type { DataFile } from "./manifests.ts";
import { fieldsIn, schemaOf, specOf, type Field, type PartitionField, type Schema, type SortOrder, type TableMetadata } from "./metadata.ts";
import { metricsOf } from "./metrics.ts";
import { partitionFields, printPartition, resultType } from "./partition.ts";
import { openable } from "./paths.ts";
import type { State, TablePlace } from "./place.ts";
import { placeOf, type ReadSnapshots } from "./places.ts";
import { keysOf, printOrder, sortOrder, sortOrderOf } from "./sort-order.ts";
import { tableIn, type IcebergTable } from "./table.ts";
import { arrowTypeOf } from "./types.ts";
import { onlyOf, type CompactCounts } from "./units.ts";
import { asked, fitted, newFields, type FileColumn, type WrittenColumn } from "./written-columns.ts";

/** What a write says. */
export interface TableWriteOptions {
  readonly mode?: "append" | "overwrite" | "overwrite-partitions" | "create";
  readonly partitionBy?: readonly string[];
  readonly distribution?: "hash" | "none";
  readonly sortBy?: readonly string[];
  readonly types?: Readonly<Record<string, string | undefined>>;
  readonly catalog?: CatalogOptions;
  readonly store?: StoreOptions;
}

/** How the rows of one statement are written. */
export interface Target {
  /** As messages call the table. */
  readonly name: string;
  /** Where its data files go: a folder of their own. */
  readonly folder: string;
  /** The columns of the files. */
  readonly columns: readonly FileColumn[];
  readonly partition: readonly { readonly column: string; readonly transform: string }[];
  /** What the rows of a file are sorted by, and which of the table's orders that is. */
  readonly sort: readonly SortKey[];
  readonly sortOrder: number;
  /** As of Parquet. */
  readonly bloomFilters: readonly string[];
  /** Whether ranks bring the rows of a partition together. */
  readonly cluster: boolean;
  /** Bytes of a file about, at which ranks begin the next. */
  readonly fileBytes: number;
  readonly compression: Compression;
  readonly store: StoreOptions;
}

/** Which snapshot a program has read of the table; undefined: it had none. */
export interface Seen {
  readonly snapshot: string | undefined;
}

/** A data file as it was written. */
export interface DataFileInfo {
  /** Within the target's folder. */
  readonly name: string;
  readonly bytes: number;
  readonly partition: readonly Constant[];
}

export { tableKey } from "./places.ts";

/** Properties of tables that we make: what readers take for granted. */
const properties = { "write.parquet.compression-codec": "zstd" };

export class TableWrite {
  readonly #place: TablePlace;
  readonly #id: string;
  /** As the program saw it first; with a new table's metadata once a statement has said its columns. */
  #state: State | undefined;
  /** A snapshot from before, which the program has read: what it replaces must be as it was then. */
  readonly #seen: Seen | undefined;
  #replaced: Replaced | undefined;
  #written = false;
  /** The table is compacted, and nothing else. */
  #moves = false;
  #files: NewFile[] = [];
  readonly #folders: string[] = [];
  /** Files of this write whose rows it has written again. */
  readonly #outdated: string[] = [];
  readonly #answers: object[] = [];
  /** How many of the committed answers have been given again. */
  #told = 0;

  /** `id`: of the commit. LS2001, LS2005, LS2015, LS2020, LS2021. */
  static async open(table: string | URL, { catalog, store }: TableWriteOptions, id: string, seen?: Seen): Promise<TableWrite> {
    const place = await placeOf(table, { ...(catalog && { catalog }), ...(store && { store }) });
    return new TableWrite(place, await place.load(), id, seen);
  }

  private constructor(place: TablePlace, state: State | undefined, id: string, seen: Seen | undefined) {
    this.#place = place;
    this.#state = state;
    this.#id = id;
    this.#seen = seen;
  }

  get name(): string {
    return this.#place.name;
  }

  /** Whether an earlier attempt has committed this very write. */
  get isCommitted(): boolean {
    return this.#state !== undefined && isCommitted(this.#state.metadata, this.#id);
  }

  /** The next answer of the attempt that has committed. */
  get answer(): object | undefined {
    return answersOf(this.#state!.metadata, this.#id)[this.#told++];
  }

  /** As it is now. */
  get metadata(): TableMetadata {
    return this.#state!.metadata;
  }

  /** The table as the program sees it now, with the bounds of these columns; undefined: there is none. LS2015 where it is not written. */
  async existing(bounded: ReadonlySet<string>): Promise<IcebergTable | undefined> {
    if (!this.#state) return undefined;
    const { path, metadata, store } = this.#state;
    this.#checkVersion(metadata);
    this.#checkMoves();
    const committed = path === undefined ? undefined : await tableIn(this.name, metadata, store, { bounded });
    return this.#written ? this.staged(committed) : committed;
  }

  /** How rows of the table are written again. LS2015 what is not written. */
  async prepareAgain(): Promise<Target> {
    const { fields } = currentSchema(this.#state!.metadata);
    const unwritten = fields.find((field) => !isCarried(arrowTypeOf(field)));
    if (unwritten) throw new LockstepError({ code: "LS2015", message: `${this.name}: the column "${unwritten.name}" is ${printType(arrowTypeOf(unwritten))}, which cannot be written again`, fix: "Change this table with another engine." });
    return this.prepare(fields.map((field) => ({ name: field.name, type: arrowTypeOf(field) })), {});
  }

  /** How rows are written again where they stay in the order of their files, of a size about. */
  async prepareMove(fileBytes: number): Promise<Target> {
    return { ...(await this.prepareAgain()), fileBytes, sort: [], sortOrder: 0 };
  }

  /** Before any row is computed: LS2007 where the table may not be there, LS2002 and LS2016 where the rows do not fit it, LS2015 what is not written. */
  async prepare(columns: readonly WrittenColumn[], { mode = "append", partitionBy, distribution, sortBy, types = {} }: TableWriteOptions): Promise<Target> {
    if (mode === "create" && this.#state) {
      throw new LockstepError({ code: "LS2007", message: `${this.name} exists`, fix: 'Write with mode "append" or "overwrite", or remove the table.' });
    }
    const written = columns.map(({ name, type }) => ({ name, type: asked(this.name, name, type, types) }));
    for (const name of Object.keys(types)) {
      if (!columns.some((column) => column.name === name)) throw new LockstepError({ code: "LS2002", message: `types: the written table has no column "${name}"${didYouMean(name, columns.map((column) => column.name))}` });
    }
    const state = (this.#state ??= await this.#begin(written, partitionBy, sortBy));
    const { metadata, store } = state;
    this.#checkVersion(metadata);
    this.#checkMoves();
    const { fields } = currentSchema(metadata);
    const spec = specOf(metadata, metadata["default-spec-id"] ?? 0);
    this.#checkPartition(spec, fields, partitionBy);
    const order = sortOrderOf(metadata);
    this.#checkOrder(order, fields, sortBy);
    const keys = keysOf(order, fields);
    const sort = keys.every(({ column }) => columns.some(({ name }) => name === column)) ? keys : [];
    const fitting = fitted(this.name, written, fields);
    const partition = spec.filter(({ transform }) => transform !== "void").map((field) => {
      const source = fields.find(({ id }) => id === field["source-id"]);
      if (!source && fieldsIn(fields).some(({ id }) => id === field["source-id"])) throw new LockstepError({ code: "LS2015", message: `${this.name} is partitioned by ${field.name}, of what is in a struct: rows of such tables are not written yet` });
      if (!source || !fitting.some(({ id }) => id === source.id)) throw new LockstepError({ code: "LS2002", message: `${this.name} is partitioned by ${printPartition([field], fields)}, a column that the written table has not` });
      resultType(field.transform, source);
      return { column: source.name, transform: field.transform };
    });
    const data = metadata.properties?.["write.data.path"]?.replace(/\/+$/, "") ?? `${metadata.location.replace(/\/+$/, "")}/data`;
    const folder = openable(`${data}/${randomUUID()}`);
    const compression = compressionOf(this.name, metadata);
    this.#folders.push(folder);
    await makeFolder(folder);
    const dealt = distribution ?? metadata.properties?.["write.distribution-mode"];
    return { name: this.name, folder, columns: fitting, partition, sort, sortOrder: sort.length > 0 ? order["order-id"] : 0, bloomFilters: bloomFiltersOf(metadata, fitting), cluster: partition.length > 0 && dealt !== "none", fileBytes: targetBytes(metadata), compression, store };
  }

  /** The rows of a statement are written. LS2003: nulls in a column that may have none. LS2023: what they replace is not what the program saw. */
  async add(target: Target, infos: readonly DataFileInfo[], mode: TableWriteOptions["mode"]): Promise<void> {
    const files = await this.#described(target, infos);
    if (mode === "overwrite" || mode === "overwrite-partitions") {
      const state = this.#state!;
      const of = manifestOf(state.metadata);
      const all = mode === "overwrite" || of.spec.length === 0;
      const replaced = { ...NOTHING, all, partitions: new Set(all ? [] : files.map((file) => partitionOf(of, file))) };
      if (this.#seen) await checkUnchanged(this.name, this.#seen.snapshot, state, replaced);
      this.#files = this.#files.filter((file) => !all && !replaced.partitions.has(partitionOf(of, file)));
      this.#replaced = both(this.#replaced ?? NOTHING, replaced);
    }
    this.#files.push(...files);
    this.#written = true;
  }

  /**
   * Files that are there give way to others, which have what is left of their rows, and new rows. `concerns`: whether files that others add meanwhile
   * may hold rows that this statement would have changed. LS2003
   */
  async change(removed: readonly DataFile[], added: readonly (readonly [Target, readonly DataFileInfo[]])[], concerns: Replaced["concerns"][number]): Promise<void> {
    const files = (await inParts(added, ([target, infos]) => this.#described(target, infos))).flat();
    if (removed.length === 0 && files.length === 0) return;
    const paths = new Set(removed.map(({ path }) => path));
    const own = this.#files.map(({ path }) => openable(path)).filter((path) => paths.has(path));
    this.#outdated.push(...own);
    this.#replaced = both(this.#replaced ?? NOTHING, { ...NOTHING, files: new Set([...paths].filter((path) => !own.includes(path))), concerns: [concerns] });
    this.#files = [...this.#files.filter(({ path }) => !paths.has(openable(path))), ...files];
    this.#written = true;
  }

  /** The same rows in other files, and what is of no use without the old ones: in a call of its own, as the snapshot says that no row has changed. LS2015 */
  async move(now: IcebergTable, removed: readonly DataFile[], target: Target, infos: readonly DataFileInfo[]): Promise<CompactCounts> {
    if (this.#written) throw new LockstepError({ code: "LS2015", message: `${this.name} is written in the same call, and compacted`, fix: "Compact it in a call of its own." });
    const deletes = onlyOf(removed, now);
    this.#replaced = { ...NOTHING, files: new Set([...removed, ...deletes].map(({ path }) => path)), moved: true };
    this.#files = await this.#described(target, infos);
    this.#written = this.#moves = true;
    return { files: removed.length, into: infos.length, deleteFiles: deletes.length };
  }

  /** What the program was told of a change. */
  note(answer: object): void {
    this.#answers.push(answer);
  }

  async #described(target: Target, infos: readonly DataFileInfo[]): Promise<NewFile[]> {
    const { metadata } = this.#state!;
    const { fields } = currentSchema(metadata);
    const spec = specOf(metadata, metadata["default-spec-id"] ?? 0);
    const location = metadata.location.replace(/\/+$/, "");
    return inParts(infos, async ({ name, bytes, partition }) => {
      const opened = `${target.folder}/${name}`;
      const metrics = await metricsOf(opened, bytes, target.columns, fields, target.store);
      // Whoever has written lists and structs has looked into them.
      const missing = target.columns.find(({ parts, required, id }) => parts.length === 0 && required && metrics.nulls.get(id) !== 0n);
      if (missing) throw new LockstepError({ code: "LS2003", message: `${this.name}: the column "${missing.name}" is required, and a row has null there`, fix: "Filter these rows out, or give them a value." });
      // As the metadata name what is below the table: s3a://… is opened as s3://….
      const path = opened.startsWith(`${openable(location)}/`) ? location + opened.slice(openable(location).length) : opened;
      const values = partition[Symbol.iterator]();
      return { path, metrics, sortOrder: target.sortOrder, partition: spec.map(({ transform }) => (transform === "void" ? null : (values.next().value ?? null))) };
    });
  }

  /** `read`: what the rows came from. LS2008, LS2020, LS2021, LS2023; where it surely failed, nothing of it is left. */
  async commit(read: ReadSnapshots = {}): Promise<void> {
    if (!this.#state || !this.#written) return this.abort();
    const written: string[] = [];
    const { store } = this.#state;
    try {
      const vain = await commit(this.#place, { id: this.#id, from: this.#state, replaced: this.#replaced, files: this.#files, moves: this.#moves, answers: this.#answers, read }, written);
      const used = new Set(this.#files.map(({ path }) => dirname(openable(path))));
      await removeAll([...vain, ...this.#outdated, ...this.#folders.filter((folder) => !used.has(folder))], store);
    } catch (error) {
      if (!(error instanceof Unknown)) await this.#remove(written);
      throw error;
    }
  }

  /** Nothing is committed: removes what was written. */
  async abort(): Promise<void> {
    await this.#remove([]);
  }

  /** The table as a reader of this program sees it: with what is not committed yet. */
  staged(committed: IcebergTable | undefined): IcebergTable {
    const state = this.#state!;
    const of = manifestOf(state.metadata);
    const added = this.#files.map((file) => ({ path: openable(file.path), size: file.metrics.size, constants: {}, deletes: [], partition: partitionOf(of, file), rows: Number(file.metrics.rows), bounds: {}, buckets: {} }));
    const base = committed ?? { name: this.name, fields: currentSchema(state.metadata).fields, names: undefined, store: state.store, files: [], deletes: [], snapshot: undefined, uuid: state.metadata["table-uuid"] ?? this.name };
    const { all, partitions, files } = this.#replaced ?? NOTHING;
    const kept = base.files.filter(({ path, partition }) => !all && !partitions.has(partition) && !files.has(path));
    return { ...base, files: [...kept, ...added] };
  }

  /** Whether there is something to commit. */
  get isWritten(): boolean {
    return this.#written;
  }

  /** Whether the table will be made by the commit. */
  get isNew(): boolean {
    return this.#state?.path === undefined;
  }

  async #remove(paths: readonly string[]): Promise<void> {
    if (!this.#state) return;
    await removeAll([...paths, ...this.#folders], this.#state.store);
    if (this.#state.path === undefined && !isRemote(this.name)) {
      const location = openable(this.#state.metadata.location);
      await removeEmpty([`${location}/data`, `${location}/metadata`, location]);
    }
  }

  async #begin(columns: readonly WrittenColumn[], partitionBy: readonly string[] = [], sortBy: readonly string[] = []): Promise<State> {
    if (columns.length === 0) throw new LockstepError({ code: "LS2015", message: `${this.name}: a table without columns cannot be written` });
    const fields = newFields(this.name, columns);
    const schema = { type: "struct", "schema-id": 0, fields } as Schema;
    return this.#place.begin(schema, partitionFields(partitionBy, fields), sortOrder(sortBy, fields), properties);
  }

  #checkVersion({ "format-version": version }: TableMetadata): void {
    if (version === 2) return;
    throw new LockstepError({ code: "LS2015", message: `${this.name} is of Iceberg's format version ${version}; tables of version 2 are written`, fix: 'Set the table\'s property "format-version" to 2 where it is 1.' });
  }

  #checkOrder(order: SortOrder, fields: readonly Field[], sortBy: readonly string[] | undefined): void {
    if (sortBy === undefined || JSON.stringify(sortOrder(sortBy, fields).fields) === JSON.stringify(order.fields.map(({ transform, "source-id": source, direction, "null-order": nulls }) => ({ transform, "source-id": source, direction, "null-order": nulls })))) return;
    throw new LockstepError({ code: "LS2016", message: `${this.name} is sorted by ${printOrder(order, fields)}, not by ${sortBy.join(", ") || "nothing"}`, fix: "Leave sortBy out: an existing table has its own." });
  }

  #checkMoves(): void {
    if (this.#moves) throw new LockstepError({ code: "LS2015", message: `${this.name} is compacted in the same call, and written`, fix: "Compact it in a call of its own." });
  }

  #checkPartition(spec: readonly PartitionField[], fields: readonly Field[], partitionBy: readonly string[] | undefined): void {
    if (partitionBy === undefined) return;
    const shape = (of: readonly PartitionField[]): string => JSON.stringify(of.map((field) => [field["source-id"], field.transform]));
    if (shape(partitionFields(partitionBy, fields)) === shape(spec)) return;
    throw new LockstepError({ code: "LS2016", message: `${this.name} is partitioned by ${printPartition(spec, fields)}, not by ${partitionBy.join(", ") || "nothing"}`, fix: "Leave partitionBy out: an existing table has its own." });
  }
}

const currentSchema = (metadata: TableMetadata): Schema => schemaOf(metadata, metadata["current-schema-id"]);

/** How large the table wants its files. */
export const targetBytes = ({ properties: given }: TableMetadata): number => Number(given?.["write.target-file-size-bytes"] ?? 512 << 20);

/** Columns of which the table says that its files have Bloom filters; of some types there are none. */
const bloomFiltersOf = ({ properties: given }: TableMetadata, columns: Target["columns"]): string[] =>
  columns.filter(({ name, type, parts }) => given?.[`write.parquet.bloom-filter-enabled.column.${name}`]?.toLowerCase() === "true" && parts.length === 0 && hasBloomFilter(parseType(type))).map(({ name }) => name);

/** The table's property, of which the specification has a default. LS2015 */
function compressionOf(table: string, { properties: given }: TableMetadata): Compression {
  const codec = (given?.["write.parquet.compression-codec"] ?? "zstd").toLowerCase();
  const known: Readonly<Record<string, Compression>> = { zstd: "zstd", snappy: "snappy", gzip: "gzip", lz4: "lz4", uncompressed: "none" };
  if (Object.hasOwn(known, codec)) return known[codec]!;
  throw new LockstepError({ code: "LS2015", message: `${table} is to be compressed with ${codec} (write.parquet.compression-codec), which is not supported` });
}
