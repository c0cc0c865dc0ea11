/** One DuckDB of the process, with one thread: to open one takes longer than most questions to it. */
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";

let opened: Promise<DuckDBInstance> | undefined;
let connections = 0;

/** Asks it over a connection whose tables and settings are its own: files that share a process do not see each other's. */
export async function withDuckDb<T>(ask: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const instance = await (opened ??= DuckDBInstance.create(":memory:", { threads: "1" }));
  const connection = await instance.connect();
  const own = `own_${connections++}`;
  try {
    await connection.run(`attach ':memory:' as ${own}; use ${own}`);
    return await ask(connection);
  } finally {
    await connection.run(`use memory; detach database if exists ${own}`);
    connection.closeSync();
  }
}
