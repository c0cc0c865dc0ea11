import type { SourceSpan } from "../ir/types.ts";
import { closest } from "./closest.ts";
import { at, defineDiagnostic } from "./define.ts";

/** What is written in an option, in the user's words. */
export interface Found {
  readonly found: string;
  readonly secret?: true;
}

const foundAt = (span: SourceSpan, { found, secret }: Found) => ({ ...at(span, found), ...(secret && { secret }) });

type Mistake =
  /** `shorthand`: `{ limt }`, where the name is the value as well. */
  | { readonly kind: "unknown"; readonly owner: string; readonly name: string; readonly known: readonly string[]; readonly shorthand: boolean }
  | (Found & { readonly kind: "value"; readonly owner: string; readonly name: string; readonly takes: string; readonly instead: string | null })
  /** `instead`: the options that were meant. */
  | (Found & { readonly kind: "no-object"; readonly owner: string; readonly known: readonly string[]; readonly instead: string | null });

/** What other libraries call our options. */
const elsewhere: Readonly<Record<string, string>> = {
  sep: "delimiter", delim: "delimiter", separator: "delimiter", has_header: "header", hasHeader: "header", headers: "header",
  dtype: "types", dtypes: "types", schema: "types", schema_overrides: "types", codec: "compression", row_group_size: "rowGroupRows", rowGroupSize: "rowGroupRows",
  partition_by: "partitionBy", partitionedBy: "partitionBy", max_rows_per_file: "fileRows", maxRecordsPerFile: "fileRows", save_mode: "mode", saveMode: "mode", if_exists: "mode",
  head: "limit", n: "limit", nrows: "limit", rows: "limit", take: "limit", skip: "offset",
};

/** What stands elsewhere than in the options. */
const instead: Readonly<Record<string, string>> = {
  ...Object.fromEntries(["columns", "usecols", "select"].map((name) => [name, "list the columns in the interface: no others are read"])),
  ...Object.fromEntries(["limit", "limt", "nrows", "n_rows", "rows", "n", "head"].map((name) => [name, "take the first rows with slice(0, n) after it"])),
  ...Object.fromEntries(["left", "right", "how"].map((name) => [name, "which rows stay is the verb's name: join_left, join_right, join_full"])),
  overwrite: "write mode: \"overwrite\" to replace an existing output",
  ...Object.fromEntries(["where", "filter", "filters"].map((name) => [name, "filter the table after it: what the filter does not need is not read"])),
};

/** The same of writers of Iceberg tables, which replace otherwise. */
const insteadOfIceberg: Readonly<Record<string, string>> = Object.fromEntries(["where", "filter", "filters", "overwrite_filter"].map((name) => [name, "replace rows by a condition with overwriteIceberg(table, (d) => …)"]));

/** The same of what gives rows or shows them. */
const insteadOfRows: Readonly<Record<string, string>> = {
  columns: "select(…) the columns before it",
  ...Object.fromEntries(["grouped", "groupby"].map((name) => [name, "group the rows where they are taken: Map.groupBy(t.objects(), (row) => row.key)"])),
};

const fixOf = (owner: string, name: string): string => {
  const known = owner === "objects" || owner === "print" ? insteadOfRows : owner.endsWith("Iceberg") && owner !== "readIceberg" ? insteadOfIceberg : instead;
  return Object.hasOwn(known, name) ? known[name]! : `leave '${name}' out`;
};

export const wrongOption = defineDiagnostic(
  {
    code: "LS1118",
    title: "An option that is not there, or another value than it takes",
    kind: "user-error",
    docs: "The options of readers, writers and observers are an object of what their types declare. A misspelt one would be passed over in silence, so it is an error: of options that are written out, or stand in a const, when building, of others when the program runs (LS2016).",
    example: {
      wrong: "await trips.writeParquet(out, { mod: \"overwrite\" });",
      right: "await trips.writeParquet(out, { mode: \"overwrite\" });",
    },
  },
  (mistake: Mistake, span: SourceSpan) => {
    const { owner } = mistake;
    const replaced = (text: string | null) => (text === null ? [] : [{ ...span, text }]);
    switch (mistake.kind) {
      case "unknown": {
        const { name, known, shorthand } = mistake;
        const other = Object.hasOwn(elsewhere, name) ? elsewhere[name]! : null;
        const near = other !== null && known.includes(other) ? other : closest(name, known);
        return {
          message: `${owner} has no option '${name}'${near === null ? "" : `; did you mean '${near}'?`}`,
          locations: [at(span, "not an option")],
          why: [`its options are ${known.join(", ")}`],
          fix: near === null ? { message: fixOf(owner, name), edits: [] } : { message: `write '${near}'`, edits: replaced(shorthand ? `${near}: ${name}` : near) },
        };
      }
      case "value":
        return {
          message: `'${mistake.name}' of ${owner} takes ${mistake.takes}, not ${mistake.found}`,
          locations: [foundAt(span, mistake)],
          fix: { message: mistake.instead === null ? `write ${mistake.takes}, or leave '${mistake.name}' out` : `write ${mistake.instead}`, edits: replaced(mistake.instead) },
        };
      case "no-object":
        return {
          message: `${owner} takes an object of options here, not ${mistake.found}`,
          locations: [foundAt(span, mistake)],
          why: [`its options are ${mistake.known.join(", ")}`],
          fix: { message: mistake.instead === null ? `write { ${mistake.known[0]}: … }, or leave it out` : `write ${mistake.instead}`, edits: replaced(mistake.instead) },
        };
    }
  },
);
