import { engineError, LockstepError } from "../../errors/index.ts";
import { loadNative } from "../../launch/native.ts";
import { arrowType } from "../../tables/ipc.ts";
import type { View } from "../../tables/js-view.ts";
import type { Table } from "../../tables/table.ts";
import type { StoredRow } from "../../tables/types.ts";
import { messagesFile } from "../arrow/read.ts";
import { checkOptions } from "../options.ts";
import type { SourceColumn } from "../source-column.ts";
import { tableOf } from "../typed-files.ts";
import { askedOf, type Asked } from "./place.ts";

/** Options of {@link readAdbc}. */
export interface ReadAdbcOptions<Row> {
  /** The driver's library: a path, or a name, of which libadbc_driver_NAME.so is looked for in the folders of ADBC_DRIVER_PATH and where the system has libraries. */
  readonly driver: string;
  /** Where the database is, as the driver writes it, without a login; else LOCKSTEP_ADBC_URI says it. */
  readonly uri?: string;
  /** Columns seen otherwise than by default: an int64 column as "bigint". */
  readonly types?: { readonly [K in keyof Row & string]?: "bigint" | "number" | "string" | "boolean" | "date" | "bigint[]" | "number[]" | "string[]" | "boolean[]" | "date[]" };
  /** Connections with the database at most, over all ranks, when rows are read: 8. */
  readonly connections?: number;
}

/**
 * Reads a table or a query by a driver of ADBC: a table's name as SQL writes it there, or a text that begins as a statement does.
 *
 * Rows stand in the order of the driver's parts. The login the environment says: LOCKSTEP_ADBC_URI, LOCKSTEP_ADBC_USERNAME,
 * LOCKSTEP_ADBC_PASSWORD, and the driver's own options in LOCKSTEP_ADBC_OPTIONS; or of one driver alone LOCKSTEP_ADBC_SQLITE_URI and so on. LS2001, LS2002, LS2005, LS2015, LS2020, LS2021.
 */
export async function readAdbc<Row extends object = Record<never, never>>(table: string, options: ReadAdbcOptions<Row>): Promise<Table<StoredRow<Row>>> {
  checkOptions("readAdbc", options);
  const files = await filesOf(askedOf(table, options), false);
  return tableOf([], files, files[0]!.columns.keys(), options.types as Readonly<Record<string, View | undefined>> | undefined) as unknown as Table<StoredRow<Row>>;
}

/** The columns of a table or a query, by the driver that `adbc:NAME` names. The query is begun: not every driver knows them before. */
export async function describeAdbc(table: string, driver: string | undefined): Promise<SourceColumn[]> {
  const [file] = await filesOf(askedOf(table, { driver: driver?.slice("adbc:".length) }), true);
  return file!.fields.map((field) => ({ name: field.name, type: arrowType(field), nullable: field.nullable }));
}

/** A driver is a C library: the addon calls it for both executions, and what it gives is decoded by each. */
async function filesOf(asked: Asked, onlyColumns: boolean): Promise<ReturnType<typeof messagesFile>[]> {
  const native = await loadNative();
  const streams = await native.readAdbc(JSON.stringify(asked), onlyColumns).catch((error: unknown) => {
    const thrown = error instanceof Error ? engineError(error.message)?.thrown : undefined;
    // It has no files.
    if (thrown instanceof LockstepError && thrown.code === "LS2001") throw new LockstepError({ ...thrown.toJSON(), fix: "Check the names in the query, the database, and the driver.", cause: error });
    throw thrown ?? error;
  });
  return streams.map((bytes, part) => messagesFile(streams.length > 1 ? `${asked.name}, part ${part + 1} of ${streams.length}` : asked.name, (start, end) => bytes.slice(start, end), bytes.length, false));
}
