import type { SchemaTree } from "hyparquet";
import { didYouMean, LockstepError } from "../../errors/index.ts";
import type { ArrowType } from "../../tables/arrow-type.ts";
import { Column, type Stored, type StoredValues } from "../../tables/column.ts";
import type { View } from "../../tables/js-view.ts";
import { timeStored } from "../../tables/kinds.ts";
import { Table } from "../../tables/table.ts";
import type { StoredRow } from "../../tables/types.ts";
import { checkOptions } from "../options.ts";
import { openFiles, type ParquetFile } from "../parquet/read.ts";
import { concat, corrupt, exactly, viewAs } from "../typed-files.ts";
import { arrowType } from "../parquet/schema.ts";
import { openInput } from "../paths.ts";
import type { SourceColumn } from "../source-column.ts";
import type { StoreOptions } from "../store/options.ts";
import type { CatalogOptions } from "./catalog.ts";
import { Deletes, keptRows } from "./deletes.ts";
import { fitOf } from "./fit.ts";
import type { Constant } from "./manifest-entries.ts";
import type { DataFile } from "./manifests.ts";
import type { Field } from "./metadata.ts";
import { noteSource, openTable, type IcebergTable } from "./table.ts";
import { arrowTypeOf, icebergTypeOf } from "./types.ts";

/** Options of {@link readIceberg}. */
export interface ReadIcebergOptions<Row> {
  /** The id of a snapshot, in digits: the table as it was then. */
  readonly snapshot?: string;
  /** A time: the table as it was then. */
  readonly asOf?: Date;
  /** A branch, or a tag: the table as it was then. */
  readonly ref?: string;
  /** The id of a snapshot, in digits: only the rows that were added after it. "last-success": after the one that was read for the newest rows of `into`. */
  readonly since?: string;
  /** The table that the rows go into, a folder or a name in the same catalog: its next snapshot says up to which one this table was read. */
  readonly into?: string;
  /** The catalog that has the table, which is then named "namespace.table". */
  readonly catalog?: CatalogOptions;
  /** How an object store is reached, where the environment does not say it. */
  readonly store?: StoreOptions;
  /** Columns seen otherwise than by default: an int64 column as "bigint". */
  readonly types?: { readonly [K in keyof Row & string]?: "bigint" | "number" | "string" | "boolean" | "date" | "bigint[]" | "number[]" | "string[]" | "boolean[]" | "date[]" };
}

/**
 * Reads an Iceberg table: its folder, or one of its metadata files, or its name in a catalog; of a folder the newest metadata.
 *
 * Columns, and members of structs, are found by their ids, so renamed, moved, added and widened ones read as the schema says;
 * deleted rows are left out. Rows stand in the order of the snapshot's manifests. LS2001, LS2002, LS2005, LS2015.
 */
export async function readIceberg<Row extends object = Record<never, never>>(table: string | URL, options: ReadIcebergOptions<Row> = {}): Promise<Table<StoredRow<Row>>> {
  checkOptions("readIceberg", options);
  const opened = await openTable(table, options);
  noteSource(opened, options);
  return rowsOf(opened, options.types);
}

/** The rows of an opened table. LS2002, LS2005, LS2015. */
export async function rowsOf(opened: IcebergTable, types?: Readonly<Record<string, View | undefined>>): Promise<Table<any>> {
  const { files, rows } = await openFilesOf(opened);
  const columns = new Map<string, Column>();
  for (const field of opened.fields) {
    const type = arrowTypeOf(field);
    const load = (): StoredValues => concat(files.map((file) => valuesOf(opened, file, field)), rows);
    const origin = `the column "${field.name}" of ${opened.name}`;
    columns.set(field.name, new Column(type, rows, load, { view: viewAs(types && Object.hasOwn(types, field.name) ? types[field.name] : undefined, type, origin), origin, remedy: exactly(type, field.name) }));
  }
  for (const name of Object.keys(types ?? {})) {
    if (!columns.has(name)) throw new LockstepError({ code: "LS2002", message: `types: ${opened.name} has no column "${name}"${didYouMean(name, columns.keys())}` });
  }
  return new Table(columns, rows);
}

/** The columns of a table, of its metadata alone. */
export async function describeIceberg(table: string, options: Pick<ReadIcebergOptions<object>, "catalog" | "store"> = {}): Promise<SourceColumn[]> {
  const { fields } = await openTable(table, options);
  return fields.map((field) => ({ name: field.name, type: arrowTypeOf(field), nullable: !field.required }));
}

/** A data file, and which of its rows are left; undefined: all. */
interface Opened {
  readonly parquet: ParquetFile;
  readonly constants: DataFile["constants"];
  readonly kept: Int32Array | undefined;
}

async function openFilesOf(table: IcebergTable): Promise<{ files: Opened[]; rows: number }> {
  const open = async ({ path }: { readonly path: string }): Promise<ParquetFile> => (await openFiles(await openInput(path, [".parquet"], table.store)))[0]!;
  const deletes: Deletes[] = [];
  for (const file of table.deletes) deletes.push(new Deletes(await open(file), file));
  const files: Opened[] = [];
  for (const file of table.files) {
    const parquet = await open(file);
    const gone = (id: number, type: ArrowType): Field => ({ id, name: `with the id ${id}`, required: false, type: icebergTypeOf(type) ?? "unknown" });
    const values = (id: number, type: ArrowType): StoredValues => raw(table, parquet, file.constants, table.fields.find((known) => known.id === id) ?? gone(id, type));
    const kept = keptRows(file, parquet.rows, deletes, values);
    files.push({ parquet, constants: file.constants, kept });
  }
  return { files, rows: files.reduce((sum, { parquet, kept }) => sum + (kept?.length ?? parquet.rows), 0) };
}

function valuesOf(table: IcebergTable, { parquet, constants, kept }: Opened, field: Field): StoredValues {
  const all = raw(table, parquet, constants, field);
  return kept === undefined ? all : Array.from(kept, (row) => all[row]!);
}

/** All values of a field in a file, the deleted ones, too. */
function raw(table: IcebergTable, file: ParquetFile, constants: DataFile["constants"], field: Field): StoredValues {
  const columns = [...file.columns];
  const isMapped = columns.length > 0 && columns.every(([, { element }]) => element.field_id === undefined);
  if (isMapped && table.names === undefined) {
    throw new LockstepError({ code: "LS2015", message: `${file.name}: its columns have no ids, and the table has no name mapping (schema.name-mapping.default) that says which they are` });
  }
  const isIt = ({ element: { name, field_id } }: SchemaTree, { id }: Field): boolean => (isMapped ? table.names!(id).includes(name) : field_id === id);
  const found = columns.find(([, node]) => isIt(node, field));
  if (!found) return new Array<Stored>(file.rows).fill(stored(constants[field.id] ?? null, arrowTypeOf(field)));
  const [name, node] = found;
  const type = arrowType(node);
  const fit = fitOf({ node, type }, field, isIt, (what) => corrupt(file.name, what));
  const values = file.read(name, type);
  return fit ? Array.from(values, (value) => (value === null ? null : fit(value))) : values;
}

function stored(constant: Constant, type: ArrowType): Stored {
  if (constant === null) return null;
  if ("Boolean" in constant) return constant.Boolean;
  if ("Float" in constant) return Number(constant.Float);
  if ("Text" in constant) return constant.Text;
  const number = Number(constant.Integer);
  if (type.id === "time") return timeStored(number, type.unit);
  return Number.isSafeInteger(number) ? number : BigInt(constant.Integer);
}
