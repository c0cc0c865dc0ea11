import { closeSync, fstatSync, openSync } from "node:fs";
import type { Column as IpcColumn, Table as IpcTable } from "@uwdata/flechette";
import { LockstepError } from "../../errors/index.ts";
import type { ArrowType } from "../../tables/arrow-type.ts";
import type { Stored } from "../../tables/column.ts";
import type { View } from "../../tables/js-view.ts";
import { arrowType, decoded, storedValues } from "../../tables/ipc.ts";
import type { Table } from "../../tables/table.ts";
import type { StoredRow } from "../../tables/types.ts";
import { checkOptions } from "../options.ts";
import { openInput, orUnreadable, type InputFile, type InputPath } from "../paths.ts";
import type { SourceColumn } from "../source-column.ts";
import type { StoreOptions } from "../store/options.ts";
import { corrupt, namesOf, orCorrupt, sayingFile, sliceOf, tableOf, type TypedFile } from "../typed-files.ts";
import { checkColumn } from "./check.ts";
import { installCodecs } from "./codecs.ts";
import { findMessages, magic, type Message, type Slice } from "./messages.ts";

/** Options of {@link readArrow}. */
export interface ReadArrowOptions<Row> {
  /** Columns seen otherwise than by default: an int64 column as "bigint". */
  readonly types?: { readonly [K in keyof Row & string]?: "bigint" | "number" | "string" | "boolean" | "date" | "bigint[]" | "number[]" | "string[]" | "boolean[]" | "date[]" };
  /** How an object store is reached, where the environment does not say it. */
  readonly store?: StoreOptions;
}

/** What files of Arrow IPC are called: files, streams, and files as other programs call them. */
export const arrowNames = [".arrow", ".arrows", ".feather", ".ipc"];

/** See `readArrow` of the package. Where the messages stand is read here; columns are decoded when one is first looked at. */
export async function readArrow<Row extends object = Record<never, never>>(path: InputPath, options: ReadArrowOptions<Row> = {}): Promise<Table<StoredRow<Row>>> {
  checkOptions("readArrow", options);
  const inputs = await openInput(path, arrowNames, options.store);
  const files = inputs.map(openFile);
  return tableOf(inputs, files, namesOf(files), options.types as Readonly<Record<string, View | undefined>> | undefined) as unknown as Table<StoredRow<Row>>;
}

/** The columns of files; their values are read, as no file counts nulls of all types. LS2001, LS2002, LS2005, LS2018. */
export async function describeArrow(path: InputPath, store?: StoreOptions): Promise<SourceColumn[]> {
  const { columns } = await readArrow(path, { ...(store && { store }) });
  return [...columns].map(([name, column]) => {
    const { type } = column;
    // Nobody looks into a column that no interface can name.
    if (type.id === "other" || type.id === "binary") return { name, type, nullable: true };
    const values = Array.from(column.values);
    return { name, type, nullable: values.includes(null), large: values.some((value) => typeof value === "bigint") };
  });
}

interface ArrowFile extends TypedFile {
  readonly columns: ReadonlyMap<string, ArrowType>;
  /** The columns as flechette has them. */
  readonly fields: IpcTable["schema"]["fields"];
}

/** Closes a file when the last table that may read it is gone. */
const closing = new FinalizationRegistry<number>((descriptor) => closeSync(descriptor));

function openFile({ name, path, release }: InputFile): ArrowFile {
  // The open descriptor is the version of the file that this reader saw, even if a writer replaces it.
  const descriptor = orUnreadable(name, () => openSync(path, "r"));
  release();
  const size = fstatSync(descriptor).size;
  const slice = sliceOf(descriptor);
  const file = messagesFile(name, slice, size, isFile(name, slice, size));
  closing.register(file, descriptor);
  return file;
}

/** What messages of Arrow IPC hold, as a file has them or, without `file`, as a stream. LS2005, LS2015. */
export function messagesFile(name: string, slice: Slice, size: number, file: boolean): ArrowFile {
  const { schema, others } = sayingFile(name, () => findMessages(slice, size, file));
  const bytes = ({ start, end }: Message): Uint8Array => slice(start, end);
  const segments = segmentsOf(others);
  const fields = orCorrupt(name, () => decoded([schema]).schema.fields);
  const columns = new Map(fields.map((field) => [field.name, orCorrupt(name, () => sound(arrowType(field)))]));
  if (columns.size < fields.length) {
    const twice = fields.find((field, index) => fields.findIndex((other) => other.name === field.name) < index)!;
    throw new LockstepError({ code: "LS2015", message: `${name} has two columns "${twice.name}"`, fix: "Rename one of them." });
  }
  // Decoded together, with the first column that is looked at.
  let tables: IpcTable[] | undefined;
  return {
    name,
    rows: others.reduce((sum, { rows }) => sum + rows, 0),
    columns,
    fields,
    typeOf: (column) => columns.get(column),
    read: (column) =>
      sayingFile(name, () => {
        installCodecs();
        tables ??= segments.map(({ dictionaries, batches }) => decoded([schema, ...[...dictionaries, ...batches].map(bytes)]));
        const index = fields.findIndex((field) => field.name === column);
        return tables.flatMap((table, segment): Stored[] => {
          const values = table.getChildAt(index) as IpcColumn<unknown>;
          // Before anybody makes a list of them: of nulls there is nothing but their number.
          if (values.length !== segments[segment]!.batches.reduce((sum, { rows }) => sum + rows, 0)) throw new Error("a column has another number of rows than its record batch");
          checkColumn(values);
          return storedValues(values, columns.get(column)!);
        });
      }),
  };
}

function sound(type: ArrowType): ArrowType {
  if (type.id === "int" && ![8, 16, 32, 64].includes(type.bits)) throw new Error(`it has integers of ${type.bits} bits`);
  return type;
}

/** LS2018: it is neither a file nor a stream. */
function isFile(name: string, slice: Slice, size: number): boolean {
  const first = Buffer.from(slice(0, Math.min(size, 8)));
  if (first.toString("latin1", 0, 6) === magic) return true;
  if (size === 0) throw corrupt(name, "it has no bytes, and so no schema");
  // A stream begins with a mark, or, before version 0.15 of the format, with the length of its schema.
  const marked = size >= 8 && first.readInt32LE(0) === -1;
  if (marked || (size >= 8 && first.readInt32LE(0) > 0 && first.readInt32LE(0) + 4 <= size && isSchema(slice, size))) return false;
  const feather = first.toString("latin1", 0, 4) === "FEA1" ? "it is Feather of version 1: write it again as version 2; " : "";
  throw new LockstepError({ code: "LS2018", message: `${name} is no Arrow IPC file; ${feather}readParquet reads Parquet, readCsv CSV, readJsonLines JSON Lines` });
}

function isSchema(slice: Slice, size: number): boolean {
  try {
    findMessages(slice, size, false);
    return true;
  } catch {
    return false;
  }
}

/** Record batches with the dictionaries that they refer to: in a stream another dictionary of the same id takes the place of the one before. */
function segmentsOf(messages: readonly Message[]): { dictionaries: Message[]; batches: Message[] }[] {
  const segments: { dictionaries: Message[]; batches: Message[] }[] = [];
  let current: Message[] = [];
  let changed = true;
  for (const message of messages) {
    if (message.kind === "dictionary") {
      current = [...current.filter(({ id }) => message.delta || id !== message.id), message];
      changed = true;
    } else if (message.rows > 0) {
      if (changed) segments.push({ dictionaries: current, batches: [] });
      changed = false;
      segments.at(-1)!.batches.push(message);
    }
  }
  return segments;
}
