/** Writes to PostgreSQL: the ranks copy rows into a staging table. */
import { PostgresWrite, type Staging } from "../connectors/postgres/commit.ts";
import { findTarget } from "../connectors/postgres/target.ts";
import { checkWritePostgres, type WritePostgresOptions } from "../connectors/postgres/write.ts";
import type { DatabaseWriteOptions, Statements } from "../connectors/database/write.ts";
import { checked, onEveryRank } from "./checked.ts";
import { currentCall } from "./context.ts";
import { type Database, writeDatabase } from "./database-outputs.ts";
import type { Native } from "./engine.ts";
import { execute } from "./execute.ts";
import { located } from "./located.ts";
import type { TableNode } from "./plan.ts";

/** Collective. */
export function writePostgres(input: TableNode, table: string, options: WritePostgresOptions<Record<string, unknown>> | undefined, site: string): Promise<void> {
  const call = currentCall();
  return call.inOrder(async () => {
    onEveryRank(() => checkWritePostgres(table, options, site));
    const { url, connections = 8 } = options ?? {};
    const name = located(site, () => findTarget(url).name);
    const database: Database<Staging> = {
      name, key: name,
      open: (identity) => PostgresWrite.open(name, () => statementsOf(call.world.native, url), identity),
      async bring(_, input, { casts: _casts, ...target }) {
        await execute(call, [{ input, build: (id) => ({ op: "writePostgres", input: id, ...target, ...(url !== undefined && { url }), connections, site }) }]);
        // An execution ends where its rank's rows are copied: rank 0 looks at all of them.
        await call.collective((engine) => engine.barrier(site));
        return undefined;
      },
    };
    await writeDatabase(database, input, table, (options ?? {}) as DatabaseWriteOptions, site);
  });
}

async function statementsOf({ PostgresSession }: Native, url: string | undefined): Promise<Statements> {
  const session = await checked(PostgresSession.open(url));
  return { rows: (table, sql) => checked(session.ask(table, sql)), end: () => session.end() };
}
