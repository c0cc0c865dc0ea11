/** Tables of databases that a call writes: the ranks copy rows, rank 0 commits one transaction a database when the call has ended. */
import { DatabaseWrite, type Statements } from "../connectors/postgres/commit.ts";
import { partsOf } from "../connectors/postgres/relation.ts";
import { findTarget } from "../connectors/postgres/target.ts";
import { checkWritePostgres, type WritePostgresOptions } from "../connectors/postgres/write.ts";
import { LockstepError } from "../errors/index.ts";
import { checked, onEveryRank } from "./checked.ts";
import { currentCall, type CallContext } from "./context.ts";
import type { Native } from "./engine.ts";
import { execute } from "./execute.ts";
import { jobIdentity } from "./identity.ts";
import { located } from "./located.ts";
import type { TableNode } from "./plan.ts";
import { committed, onFirst } from "./table-outputs.ts";
import { typesOf } from "./types-of.ts";

/** A database that the call writes into. */
export interface DatabaseOutput {
  /** Rank 0. */
  write?: Promise<DatabaseWrite>;
  /** As the program names them. */
  readonly tables: string[];
}

type Options = WritePostgresOptions<Record<string, unknown>>;

/** Collective. What can be said before a row is computed is an error before. */
export function writeDatabase(input: TableNode, table: string, options: Options | undefined, site: string): Promise<void> {
  const call = currentCall();
  return call.inOrder(async () => {
    onEveryRank(() => checkWritePostgres(table, options, site));
    const { url, connections = 8 } = options ?? {};
    const name = located(site, () => findTarget(url).name);
    const columns = await typesOf(call, input, site);
    const output = outputOf(call, name, url);
    const staging = await onFirst(call, site, async () => (await (await output.write!).prepare(table, columns, options ?? {})) ?? committed(`${table} in ${name}`));
    if (staging === null) return;
    const { casts: _, ...target } = staging;
    await execute(call, [{ input, build: (id) => ({ op: "writePostgres", input: id, ...target, ...(url !== undefined && { url }), connections, site }) }]);
    // An execution ends where its rank's rows are copied: rank 0 looks at all of them.
    await call.collective((engine) => engine.barrier(site));
    await onFirst(call, site, async () => {
      await (await output.write!).add(staging, options ?? {});
      return null;
    });
    output.tables.push(table);
  });
}

/** LS2015: what this call writes into a database is there when it has returned. `read`: a table, or a query that names it. */
export function refuseWritten(call: CallContext, read: string, url: string | undefined): void {
  const written = call.databases.get(findTarget(url).name)?.tables.find((table) => names(read, partsOf(table)!.at(-1)!.text));
  if (written === undefined) return;
  const fix = "Keep the table in a variable, or read it in the next call.";
  throw new LockstepError({ code: "LS2015", message: `${written} is written in this call, and cannot be read before the call has returned`, fix });
}

/** Whether a name stands in a text, not as a part of another. */
const names = (text: string, name: string): boolean => new RegExp(`(?<![\\p{L}\\p{N}_$])${name.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")}(?![\\p{L}\\p{N}_$])`, "iu").test(text);

/** The call's output to a database, made with its first write. */
function outputOf(call: CallContext, name: string, url: string | undefined): DatabaseOutput {
  const known = call.databases.get(name);
  if (known) return known;
  const output: DatabaseOutput = { tables: [] };
  call.databases.set(name, output);
  if (call.world.rank === 0) {
    const job = jobIdentity();
    output.write = DatabaseWrite.open(name, () => statementsOf(call.world.native, url), job === undefined ? undefined : `${job}/${call.id}/${call.outputs.next}`);
    // Whoever waits for it reports the error.
    output.write.catch(() => undefined);
  }
  const opened = async (): Promise<DatabaseWrite | undefined> => output.write?.catch(() => undefined);
  call.outputs.add({ path: name, isTable: true, commit: async () => (await opened())?.commit(), remove: async () => (await opened())?.abort() });
  return output;
}

async function statementsOf({ PostgresSession }: Native, url: string | undefined): Promise<Statements> {
  const session = await checked(PostgresSession.open(url));
  return { rows: (table, sql) => checked(session.ask(table, sql)), end: () => session.end() };
}
