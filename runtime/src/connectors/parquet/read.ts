import { closeSync, fstatSync, openSync } from "node:fs";
import type { ColumnMetaData, DecodedArray, FileMetaData, SchemaTree } from "hyparquet";
import { LockstepError } from "../../errors/index.ts";
import { isNested, isText, type ArrowType } from "../../tables/arrow-type.ts";
import type { StoredValues } from "../../tables/column.ts";
import type { View } from "../../tables/js-view.ts";
import type { Table } from "../../tables/table.ts";
import type { StoredRow } from "../../tables/types.ts";
import { findMessages } from "../arrow/messages.ts";
import { checkOptions } from "../options.ts";
import { openInput, orUnreadable, type InputFile, type InputPath } from "../paths.ts";
import type { SourceColumn } from "../source-column.ts";
import type { StoreOptions } from "../store/options.ts";
import { concat, namesOf, orCorrupt, sayingFile, sliceOf, tableOf, typeInAll, type TypedFile } from "../typed-files.ts";
import { storedValues } from "./decode.ts";
import { isMagic } from "./magic.ts";
import { assembled, leafValues, leavesOf, type Leaf } from "./nested.ts";
import { chunkValues } from "./pages.ts";
import { arrowType } from "./schema.ts";
import { structEnd } from "./thrift.ts";

/** Options of {@link readParquet}. */
export interface ReadParquetOptions<Row> {
  /** Columns seen otherwise than by default: an int64 column as "bigint". */
  readonly types?: { readonly [K in keyof Row & string]?: "bigint" | "number" | "string" | "boolean" | "date" | "bigint[]" | "number[]" | "string[]" | "boolean[]" | "date[]" };
  /** How an object store is reached, where the environment does not say it. */
  readonly store?: StoreOptions;
}

/**
 * Reads Parquet: a file, a folder (recursively), a glob or a list, one table in name order of the files.
 *
 * `Row` is what the program expects of the columns it uses. The files and their schema are fixed here; a column is
 * decoded when it is first looked at. LS2001, LS2002, LS2005, LS2018.
 */
export async function readParquet<Row extends object = Record<never, never>>(
  path: InputPath,
  options: ReadParquetOptions<Row> = {},
): Promise<Table<StoredRow<Row>>> {
  checkOptions("readParquet", options);
  const inputs = await openInput(path, [".parquet"], options.store);
  const files = await openFiles(inputs);
  return tableOf(inputs, await typed(files), namesOf(files), options.types as Readonly<Record<string, View | undefined>> | undefined) as unknown as Table<StoredRow<Row>>;
}

/**
 * The columns of Parquet files, of their footers alone. Nullable is what holds a null, or may (not every writer counts them), and
 * what a file lacks. LS2001, LS2002 where the files differ, LS2005, LS2018.
 */
export async function describeParquet(path: InputPath, store?: StoreOptions): Promise<SourceColumn[]> {
  const inputs = await openInput(path, [".parquet"], store);
  const files = await openFiles(inputs);
  const typedFiles = await typed(files);
  const table = tableOf(inputs, typedFiles, namesOf(files), undefined);
  return [...table.columns].map(([name, { type }]) => {
    if (inputs[0]!.folders.has(name)) return { name, type, nullable: inputs.some(({ folders }) => folders.get(name) === null) };
    const { different } = typeInAll(name, typedFiles);
    if (different) throw different;
    return { name, type, nullable: files.some((file) => !file.columns.has(name) || file.mayHoldNull(name)), large: files.some((file) => file.holdsLarge(name)) };
  });
}

/** The types of their columns; of files that say the same the same types. */
async function typed(files: readonly ParquetFile[]): Promise<TypedFile[]> {
  const known = new Map<string, ReadonlyMap<string, ArrowType>>();
  const all: TypedFile[] = [];
  for (const file of files) {
    const { name, rows, columns, schemaText } = file;
    let types = known.get(schemaText);
    if (!types) {
      const { arrowSchema } = file;
      const ipc = arrowSchema && (await import("../../tables/ipc.ts"));
      types = orCorrupt(name, () => {
        // As a stream of this message alone: looked through before flechette takes its lengths and places on trust.
        const hints = ipc?.schemaTypes(findMessages((start, end) => arrowSchema!.subarray(start, end), arrowSchema!.length, false).schema);
        return new Map([...columns].map(([column, tree]) => [column, refined(arrowType(tree), hints?.get(column))]));
      });
      known.set(schemaText, types);
    }
    const own = types;
    all.push({ name, rows, typeOf: (column) => own.get(column), read: (column, type) => file.read(column, type) });
  }
  return all;
}

/** Reads the footers. LS2001, LS2005, LS2018. */
export async function openFiles(files: readonly InputFile[]): Promise<ParquetFile[]> {
  const hyparquet = await loadHyparquet();
  return files.map((file) => openFile(file, hyparquet));
}

const isExact = (integer: bigint): boolean => integer >= -(2n ** 53n) && integer <= 2n ** 53n;

type Hyparquet = Awaited<ReturnType<typeof loadHyparquet>>;

/** hyparquet knows Parquet's Thrift, trees and lists; the bytes between are ours to decode, synchronously, so that a verb can load the columns it looks at and no others. */
async function loadHyparquet() {
  const [main, column, assemble, schema] = await Promise.all([import("hyparquet"), import("hyparquet/src/column.js"), import("hyparquet/src/assemble.js"), import("hyparquet/src/schema.js")]);
  return { ...main, parquetHeader: column.parquetHeader, assembleLists: assemble.assembleLists, getTreePath: schema.getTreePath };
}

export interface ParquetFile {
  readonly name: string;
  readonly rows: number;
  readonly columns: ReadonlyMap<string, SchemaTree>;
  /** The Arrow schema that some writers put beside Parquet's own. */
  readonly arrowSchema: Uint8Array | undefined;
  /** All that it says of its columns' types. */
  readonly schemaText: string;
  /** Whether a null is in the column, or nobody counted. */
  mayHoldNull(column: string): boolean;
  /** Whether an integer past ±2^53 is in the column, as far as somebody looked. */
  holdsLarge(column: string): boolean;
  read(column: string, type: ArrowType): StoredValues;
}

/** Closes a file when the last table that may read it is gone. */
const closing = new FinalizationRegistry<number>((descriptor) => closeSync(descriptor));

function openFile({ name, path, release }: InputFile, hyparquet: Hyparquet): ParquetFile {
  // The open descriptor is the version of the file that this reader saw, even if a writer replaces it.
  const descriptor = orUnreadable(name, () => openSync(path, "r"));
  release();
  const size = fstatSync(descriptor).size;
  const slice = sliceOf(descriptor);
  if (size >= 12 && ![slice(0, 4), slice(size - 4, size)].some(isMagic)) {
    throw new LockstepError({ code: "LS2018", message: `${name} is no Parquet file; ${isArrow(slice(0, 6)) ? "it is Arrow IPC, which readArrow reads" : "readCsv reads CSV, readJsonLines JSON Lines"}` });
  }
  const metadata = orCorrupt(name, () => readFooter(slice, size, hyparquet));
  const tree = orCorrupt(name, () => hyparquet.parquetSchema(metadata));
  /** Of groups that have rows: of the others no writer says anything. */
  const chunksOf = (column: string) => metadata.row_groups.filter(({ num_rows }) => num_rows > 0n).flatMap((group) => group.columns.filter((chunk) => chunk.meta_data?.path_in_schema[0] === column));
  const file: ParquetFile = {
    name,
    rows: Number(metadata.num_rows),
    columns: new Map(tree.children.map((child) => [child.element.name, child])),
    // Asked of those that read by names: tables of Iceberg know their types.
    get arrowSchema() {
      return arrowSchemaOf(metadata);
    },
    get schemaText() {
      return JSON.stringify([metadata.schema, arrowSchemaText(metadata)]);
    },
    mayHoldNull: (column) => {
      const chunks = chunksOf(column);
      const required = tree.children.find(({ element }) => element.name === column)?.element.repetition_type === "REQUIRED";
      return !required && chunks.some((chunk) => chunk.meta_data?.statistics?.null_count !== 0n);
    },
    holdsLarge: (column) => chunksOf(column).some(({ meta_data: { statistics: known } = {} }) => [known?.min_value ?? known?.min, known?.max_value ?? known?.max].some((bound) => typeof bound === "bigint" && !isExact(bound))),
    read: (column, type) =>
      sayingFile(name, () => {
        const node = file.columns.get(column)!;
        const leaves = leavesOf(node, type);
        const parts = metadata.row_groups.map(({ columns, num_rows }) => {
          const chunks = leaves.map((leaf) => columns.find((chunk) => chunk.meta_data?.path_in_schema.join("\0") === leaf.path.join("\0")));
          return rowsOf(node, type, leaves, chunks.map((chunk) => chunk!.meta_data!), Number(num_rows));
        });
        return concat(parts, file.rows);
      }),
  };
  const rowsOf = (node: SchemaTree, type: ArrowType, leaves: readonly Leaf[], chunks: readonly ColumnMetaData[], rows: number): StoredValues => {
    if (rows === 0) return [];
    if (!isNested(type)) return concat(decodeChunk(chunks[0]!, rows, type).map((part) => storedValues(part, type)), rows);
    const values = leaves.map((leaf, i) => decodeChunk(chunks[i]!, rows, leaf.type).flatMap((part) => leafValues(part, leaf)));
    if (values.some((leaf) => leaf.length !== rows)) throw new Error("a nested column has other rows than the file says");
    return Array.from({ length: rows }, (_, row) => assembled(node, type, values.map((leaf) => leaf[row])));
  };
  const decodeChunk = (meta: ColumnMetaData, rows: number, type: ArrowType): DecodedArray[] => {
    const start = Math.min(Number(meta.dictionary_page_offset || meta.data_page_offset), Number(meta.data_page_offset));
    const end = start + Number(meta.total_compressed_size);
    if (!(start >= 0 && end >= start && end <= size)) throw new Error("the file ends before its data");
    const path = hyparquet.getTreePath(tree, meta.path_in_schema);
    return chunkValues(slice(start, end), { meta, path, rows, text: isText(type) }, hyparquet);
  };
  closing.register(file, descriptor);
  return file;
}

const isArrow = (bytes: Uint8Array): boolean => Buffer.from(bytes).toString("latin1") === "ARROW1";

function readFooter(slice: (start: number, end: number) => Uint8Array, size: number, hyparquet: Hyparquet): FileMetaData {
  if (size < 12) throw new Error("the file is too short");
  const tail = new DataView(slice(size - 8, size).buffer);
  if (tail.getUint32(4, true) !== 0x31524150) throw new Error("the footer is missing");
  const length = tail.getUint32(0, true);
  if (length > size - 8) throw new Error("the footer is longer than the file");
  const footer = slice(size - 8 - length, size);
  structEnd(footer.subarray(0, length), "the footer");
  const metadata = hyparquet.parquetMetadata(footer.buffer as ArrayBuffer, { geoparquet: false });
  checkTree(metadata);
  return metadata;
}

/** How deeply columns are nested at most: whoever walks over them does so by calls. */
const DEEPEST = 100;

/** Elements and how many of those after them are theirs: hyparquet's walk over numbers that do not add up may not end. Rows are those of the row groups. */
function checkTree({ schema, num_rows, row_groups: groups }: FileMetaData): void {
  const due = [1];
  for (const { name, num_children: children = 0 } of schema) {
    while (due.at(-1) === 0) due.pop();
    if (due.length === 0 || due.length > DEEPEST || !(children >= 0 && children < schema.length) || typeof name !== "string") throw new Error("the schema in the footer is damaged");
    due.push(due.pop()! - 1, children);
  }
  if (due.some((children) => children !== 0)) throw new Error("the schema in the footer is damaged");
  const rows = groups.reduce((sum, group) => (group.num_rows >= 0 ? sum + Number(group.num_rows) : NaN), 0);
  if (rows !== Number(num_rows)) throw new Error("the footer is damaged: its row groups have other rows than it says");
}

const arrowSchemaText = ({ key_value_metadata: entries }: FileMetaData): string | undefined => entries?.find(({ key }) => key === "ARROW:schema")?.value;

function arrowSchemaOf(metadata: FileMetaData): Uint8Array | undefined {
  const text = arrowSchemaText(metadata);
  return text === undefined ? undefined : new Uint8Array(Buffer.from(text, "base64"));
}

/** What Parquet cannot say and the Arrow schema does: that strings are a dictionary, integers a duration, and a time's zone. */
function refined(type: ArrowType, hint: ArrowType | undefined): ArrowType {
  if (type.id === "list" && hint?.id === "list") return { ...type, of: refined(type.of, hint.of) };
  if (type.id === "struct" && hint?.id === "struct") return { id: "struct", fields: type.fields.map(({ name, type: member }, i) => ({ name, type: refined(member, hint.fields[i]?.name === name ? hint.fields[i]!.type : undefined) })) };
  const dictionary = type.id === "string" && hint?.id === "dictionary";
  const zone = type.id === "timestamp" && hint?.id === "timestamp" && type.unit === hint.unit && type.zone !== null && hint.zone !== null;
  const duration = type.id === "int" && type.bits === 64 && hint?.id === "other" && hint.name.startsWith("duration[");
  // Older writers say it there alone.
  const uuid = type.id === "binary" && hint?.id === "uuid";
  return dictionary || zone || duration || uuid ? hint : type;
}
