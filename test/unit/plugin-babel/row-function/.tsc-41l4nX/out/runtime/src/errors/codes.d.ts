/** The run-time errors: a title and what a user does about it. The compiler's (LS1xxx) stand in plugin-babel. */
export declare const errorCodes: {
    readonly LS2001: {
        readonly title: "input missing";
        readonly fix: "Check the path; a folder is read recursively for files of the format.";
    };
    readonly LS2002: {
        readonly title: "schema differs from the interface";
        readonly fix: "Change the interface or the reader's `types` to what the file has.";
    };
    readonly LS2003: {
        readonly title: "null in a non-null column";
        readonly fix: "Write `| null` at the column in the interface.";
    };
    readonly LS2004: {
        readonly title: "integer past 2^53";
        readonly fix: 'Open the column as bigint: `types: { column: "bigint" }` in the reader and `bigint` in the interface.';
    };
    readonly LS2005: {
        readonly title: "corrupt file";
        readonly fix: "Write the file again; it is truncated or damaged.";
    };
    readonly LS2006: {
        readonly title: "bad CSV line";
        readonly fix: 'Mend the line, or read the column as text: `types: { column: "string" }`.';
    };
    readonly LS2007: {
        readonly title: "output exists";
        readonly fix: "Remove it, or write with `{ overwrite: true }`.";
    };
    readonly LS2008: {
        readonly title: "output not writable";
        readonly fix: "Check the folder's permissions and the free space.";
    };
    readonly LS2009: {
        readonly title: "row function threw";
        readonly fix: "Handle the value in the row function.";
    };
    readonly LS2010: {
        readonly title: "memory limit";
        readonly fix: "Use more ranks, or give a rank more memory with `--memory`.";
    };
    readonly LS2011: {
        readonly title: "a rank died";
        readonly fix: "The first message of that rank says why.";
    };
    readonly LS2012: {
        readonly title: "ranks diverged";
        readonly fix: "Make the named condition depend on replicated values only.";
    };
    readonly LS2013: {
        readonly title: "too many rows to collect";
        readonly fix: "Aggregate or slice first, write the table, or move the code into a function that says \"use spmd\".";
    };
    readonly LS2014: {
        readonly title: "interrupted";
        readonly fix: "Start the job again.";
    };
    readonly LS2015: {
        readonly title: "not supported";
        readonly fix: "See the message for what is.";
    };
    readonly LS2016: {
        readonly title: "a table was used wrongly";
        readonly fix: "See the message; `tsc` and the Lockstep build report it before the program runs.";
    };
    readonly LS2017: {
        readonly title: "values of several types in one column";
        readonly fix: "Make the row function return one type, or null.";
    };
    readonly LS2099: {
        readonly title: "a bug in Lockstep";
        readonly fix: "Please report it with the lines above.";
    };
};
/** `LS2001` … */
export type ErrorCode = keyof typeof errorCodes;
/** Whether `text` is a code of the list. */
export declare function isErrorCode(text: unknown): text is ErrorCode;
