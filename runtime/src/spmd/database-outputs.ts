/** Tables of databases that a call writes: the ranks bring rows to a place of the write's own, rank 0 commits one transaction a database when the call has ended. */
import type { DatabaseStaging, DatabaseWrite, DatabaseWriteOptions, Statements, TableColumn } from "../connectors/database/write.ts";
import { partsOf } from "../connectors/sql.ts";
import { LockstepError } from "../errors/index.ts";
import { currentCall, type CallContext } from "./context.ts";
import { committed, jobIdentity } from "./identity.ts";
import type { TableNode } from "./plan.ts";
import { onFirst } from "./table-outputs.ts";
import { typesOf } from "./types-of.ts";

/** A database as a write names it. */
export interface Database<S extends DatabaseStaging> {
  /** As messages call it. */
  readonly name: string;
  /** Of writes of one key there is one transaction. */
  readonly key: string;
  /** Rank 0. */
  open(identity: string | undefined): Promise<DatabaseWrite<TableColumn, S, Statements>>;
  /** Collective. Brings every rank's rows to their staging place; how many these are, if that is held against what has come. */
  bring(call: CallContext, input: TableNode, staging: S, output: DatabaseOutput<S>): Promise<number | undefined>;
}

/** A database that the call writes into. */
export interface DatabaseOutput<S extends DatabaseStaging = DatabaseStaging> {
  readonly name: string;
  /** Rank 0. */
  write?: Promise<DatabaseWrite<TableColumn, S, Statements>>;
  /** As the program names them. */
  readonly tables: string[];
}

/** Collective, in the order of the call. What can be said before a row is computed is an error before. */
export async function writeDatabase<S extends DatabaseStaging>(database: Database<S>, input: TableNode, table: string, options: DatabaseWriteOptions, site: string): Promise<void> {
  const call = currentCall();
  const columns = await typesOf(call, input, site);
  const output = outputOf(call, database);
  const staging = await onFirst(call, site, async () => (await (await output.write!).prepare(table, columns, options)) ?? committed(`${table} in ${database.name}`));
  if (staging === null) return;
  const rows = await database.bring(call, input, staging, output);
  await onFirst(call, site, async () => {
    await (await output.write!).add(staging, options, rows);
    return null;
  });
  output.tables.push(table);
}

/** LS2015: what this call writes into a database is there when it has returned. `read`: a table, or a query that names it; `name`: of the database. */
export function refuseWritten(call: CallContext, read: string, name: string): void {
  const tables = [...call.databases.values()].filter((output) => output.name === name).flatMap((output) => output.tables);
  const written = tables.find((table) => names(read, partsOf(table)!.at(-1)!.text));
  if (written === undefined) return;
  const fix = "Keep the table in a variable, or read it in the next call.";
  throw new LockstepError({ code: "LS2015", message: `${written} is written in this call, and cannot be read before the call has returned`, fix });
}

/** Whether a name stands in a text, not as a part of another. */
const names = (text: string, name: string): boolean => new RegExp(`(?<![\\p{L}\\p{N}_$])${name.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")}(?![\\p{L}\\p{N}_$])`, "iu").test(text);

/** The call's output to a database, made with its first write. */
function outputOf<S extends DatabaseStaging>(call: CallContext, { name, key, open }: Database<S>): DatabaseOutput<S> {
  const known = call.databases.get(key) as DatabaseOutput<S> | undefined;
  if (known) return known;
  const output: DatabaseOutput<S> = { name, tables: [] };
  call.databases.set(key, output as unknown as DatabaseOutput);
  if (call.world.rank === 0) {
    const job = jobIdentity();
    output.write = open(job === undefined ? undefined : `${job}/${call.id}/${call.outputs.next}`);
    // Whoever waits for it reports the error.
    output.write.catch(() => undefined);
  }
  const opened = async (): Promise<DatabaseWrite<TableColumn, S, Statements> | undefined> => output.write?.catch(() => undefined);
  call.outputs.add({ path: name, isTable: true, commit: async () => (await opened())?.commit(), remove: async () => (await opened())?.abort() });
  return output;
}
