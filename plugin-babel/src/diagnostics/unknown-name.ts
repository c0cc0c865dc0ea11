import type { SourceSpan } from "../ir/types.ts";
import { closest } from "./closest.ts";
import { at, defineDiagnostic } from "./define.ts";

/** What programs call of the runtime by its own name. */
const exported: ReadonlySet<string> = new Set([
  "op", "bin", "desc", "rolling", "all", "not", "startswith", "endswith", "matches", "table", "readParquet", "readArrow", "readCsv", "readJsonLines", "readIceberg", "readPostgres", "readFlightSql", "readSnowflake", "readAdbc", "readSource", "defineSource", "deleteIceberg", "compactIceberg", "rank", "size",
  "barrier", "bcast", "reduce", "allreduce", "scan", "exscan", "gather", "allgather", "scatter", "alltoall", "alltoallv",
]);

export const unknownName = defineDiagnostic(
  {
    code: "LS1211",
    title: "Unknown name",
    kind: "user-error",
    docs: "No variable, import or global of this name is in scope. A column is read from the row: `d.fare`.",
    example: {
      wrong: "await trips.derive({ double: (d) => fare * 2 }).writeParquet(out);",
      right: "await trips.derive({ double: (d) => d.fare * 2 }).writeParquet(out);",
    },
  },
  (name: string, span: SourceSpan, inScope: readonly string[], columns: readonly string[], row: string | null) => {
    if (exported.has(name)) {
      return {
        message: `Cannot find name '${name}'; it is of @lockstep/runtime`,
        locations: [at(span, "not imported")],
        fix: { message: `import { ${name} } from "@lockstep/runtime"`, edits: [] },
      };
    }
    const near = columns.includes(name) && row !== null ? `${row}.${name}` : closest(name, inScope);
    return {
      message: `Cannot find name '${name}'${near === null ? "" : `; did you mean '${near}'?`}`,
      locations: [at(span, "not defined")],
      fix: near === null ? { message: "declare it, or import it at the top of the file", edits: [] } : { message: `write '${near}'`, edits: [{ ...span, text: near }] },
    };
  },
);
