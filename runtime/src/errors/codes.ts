/** The run-time errors: a title and what a user does about it. The compiler's (LS1xxx) stand in plugin-babel. */
export const errorCodes = {
  LS2001: { title: "input missing", fix: "Check the path: a folder is read recursively for files of the format. Of a database, check the names in the query." },
  LS2002: { title: "schema differs from the interface", fix: "Change the interface or the reader's `types` to what the file or the table has." },
  LS2003: { title: "null in a non-null column", fix: "Write `| null` at the column in the interface." },
  LS2004: {
    title: "integer past 2^53",
    fix: 'Read the column as bigint: `types: { column: "bigint" }` in the reader and `column: bigint` in the interface.',
  },
  LS2005: { title: "corrupt file", fix: "Write it again; it is truncated or damaged. Of a server, ask again, and see its log." },
  LS2006: { title: "bad line", fix: "Mend the file there." },
  LS2007: { title: "output exists", fix: 'Remove it, or write with `{ mode: "overwrite" }`.' },
  LS2008: { title: "output not writable", fix: "Check the folder's permissions, the free space and the limits of files (`ulimit -f`); of a database, the space on its server's disk." },
  LS2009: { title: "row function threw", fix: "Handle the value in the row function." },
  LS2010: { title: "memory limit", fix: "Use more ranks, or give a rank more memory with `--memory`." },
  LS2011: { title: "a rank died", fix: "What the rank printed before says why." },
  LS2012: { title: "ranks diverged", fix: "Make the named condition depend on replicated values only." },
  LS2013: {
    title: "too many rows to collect",
    fix: "Aggregate or slice first, write the table, or move the code into a function that says \"use spmd\".",
  },
  LS2014: { title: "interrupted", fix: "Start the job again." },
  LS2015: { title: "not supported", fix: "The message says which value, type or option it is: convert it before, or leave it out." },
  LS2016: { title: "a table was used wrongly", fix: "See the message; `tsc` and the Lockstep build report it before the program runs." },
  LS2017: { title: "values of several types in one column", fix: "Make the row function return one type, or null." },
  LS2018: { title: "file of another format", fix: "Use the reader of the file's format: readParquet, readArrow, readCsv, readJsonLines, readIceberg." },
  LS2019: { title: "input changed while it was read", fix: "Run the job when nobody writes its inputs." },
  LS2020: {
    title: "store or database refuses access",
    fix: "Check the credentials that the environment gives (AWS_ACCESS_KEY_ID or AWS_PROFILE, GOOGLE_APPLICATION_CREDENTIALS, AZURE_STORAGE_ACCOUNT_KEY; of PostgreSQL DATABASE_URL, PGUSER and PGPASSWORD, ~/.pgpass; of Flight SQL LOCKSTEP_FLIGHT_TOKEN, of Snowflake SNOWFLAKE_USER and SNOWFLAKE_PASSWORD, of ADBC LOCKSTEP_ADBC_USERNAME and LOCKSTEP_ADBC_PASSWORD) and what they allow.",
  },
  LS2021: { title: "store or database not reachable", fix: "Check the endpoint (AWS_ENDPOINT_URL, or `store: { endpoint }`; of PostgreSQL DATABASE_URL, PGHOST and PGPORT, of Flight SQL LOCKSTEP_FLIGHT_URL, of Snowflake SNOWFLAKE_ACCOUNT, of ADBC LOCKSTEP_ADBC_URI) and the network; then start the job again." },
  LS2022: { title: "the command has nothing to work on", fix: "Name a built program, a function or a code that is there." },
  LS2023: { title: "output changed while it was written", fix: "Run the job again: it then sees what others have committed." },
  LS2024: { title: "a collective was used wrongly", fix: "See the message: all ranks bring values of one kind, and lists have one value a rank." },
  LS2025: { title: "a source of the program failed", fix: "See to the source: the message names it, its chunk, and what it did." },
  LS2099: { title: "a bug in Lockstep", fix: "Please report it with the lines above." },
} as const satisfies Record<string, { readonly title: string; readonly fix: string }>;

/** `LS2001` … */
export type ErrorCode = keyof typeof errorCodes;

/** Whether `text` is a code of the list. */
export function isErrorCode(text: unknown): text is ErrorCode {
  return typeof text === "string" && Object.hasOwn(errorCodes, text);
}
