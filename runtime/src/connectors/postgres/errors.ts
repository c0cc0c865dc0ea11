/** What goes wrong with a statement, in our words: the same codes as on ranks (`connectors/src/postgres/errors.rs`). */
import { LockstepError } from "../../errors/index.ts";

/** An error of the driver: the server's has a code of five characters, the system's a name. */
export type DriverError = Error & { readonly code?: string; readonly column?: string; readonly detail?: string };

export function failed(source: string, error: DriverError, doing: "read" | "written"): LockstepError {
  const { code = "", message } = error;
  const writes = doing === "written";
  const said = (as: LockstepError["code"], what: string, fix?: string): LockstepError => new LockstepError({ code: as, message: `${source}: ${what}`, ...(fix !== undefined && { fix }) });
  switch (code) {
    case "42P01":
    case "3F000":
      return said("LS2001", message, writes ? "Check the names of schema and table, and the database." : "Check the names in the query, and the database.");
    case "42P07":
      return said("LS2007", message, 'Write with mode "append", "overwrite" or "merge", or drop the table.');
    case "42501":
      return said("LS2020", message, writes ? "Give the user CREATE on its schema, and on the table INSERT, to overwrite also DELETE, to merge UPDATE and SELECT." : "Give the user SELECT on it.");
    case "23502":
      return said("LS2003", `the column "${error.column ?? ""}" is required, and a row has null there`, "Filter these rows out, or give them a value.");
    case "57014":
      return said("LS2021", message, `The server ends what takes longer than its statement_timeout: ${writes ? "" : "filter, or "}let the role have more time (ALTER ROLE … SET statement_timeout).`);
    case "55P03":
    case "40P01":
      return said("LS2021", `another session is changing it, or waits to (${message})`, "Start the program again when it is done.");
    case "53100":
    case "53200":
      return said("LS2008", `the server has no room: ${message}`, "Make room on the server, or let it have more memory: it says which.");
    default:
      if (/^[0-9A-Z]{5}$/.test(code) && !code.startsWith("57P") && !code.startsWith("08")) return said("LS2015", `the server refuses it: ${message}${error.detail ? ` (${error.detail})` : ""}`, "Mend the query, or the rows that the server stumbles over.");
      return said("LS2021", `the connection was lost while it was ${doing}: ${message}`, "Start the program again when the server is there.");
  }
}
