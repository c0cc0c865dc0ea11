import { LockstepError } from "../../errors/index.ts";
/** A field: its text, or null for an empty field without quotes (`""` is the empty string). */
export type Field = string | null;
/** A record and the line it starts on, counted from 1. */
export interface CsvRecord {
    readonly line: number;
    readonly fields: readonly Field[];
}
/**
 * Parses RFC 4180: quotes, doubled quotes, line breaks inside quotes; LF or CRLF. LS2006.
 *
 * Blank lines are skipped, except that below the first line of a file of one column they are its nulls.
 */
export declare function parseCsv(text: string, delimiter: string, file: string): Generator<CsvRecord>;
/** LS2006 with file, line and reason. */
export declare function badLine(file: string, line: number, reason: string): LockstepError;
