/** One DuckDB of the process, with one thread: to open one takes longer than most questions to it. */
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";

let opened: Promise<DuckDBConnection> | undefined;

export const duckDb = (): Promise<DuckDBConnection> => (opened ??= DuckDBInstance.create(":memory:", { threads: "1" }).then((instance) => instance.connect()));
