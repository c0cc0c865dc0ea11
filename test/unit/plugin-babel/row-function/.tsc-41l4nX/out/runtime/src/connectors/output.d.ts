/**
 * Writes a folder that appears complete or not at all: `write` fills a hidden sibling, which is then renamed.
 * LS2007 if the output exists, without `overwrite`; LS2008 if it cannot be written.
 */
export declare function writeOutput(output: string | URL, overwrite: boolean, write: (folder: string) => Promise<void>): Promise<void>;
