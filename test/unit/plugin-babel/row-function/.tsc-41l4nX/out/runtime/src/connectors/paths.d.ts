/** What a reader is given: a file, a folder, a glob, or a list of these. */
export type InputPath = string | URL | readonly (string | URL)[];
/** A path as the file system knows it. LS2015 for what is not local. */
export declare function localPath(path: string | URL): string;
/**
 * The files of an input in name order. A folder is read recursively for files with one of the extensions; names that
 * start with "." or "_" are skipped. LS2001 if there is none.
 */
export declare function inputFiles(input: InputPath, extensions: readonly string[]): Promise<string[]>;
