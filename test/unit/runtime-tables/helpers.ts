import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DuckDBValue } from "@duckdb/node-api";
import { afterAll } from "vitest";
import { LockstepError } from "@lockstep/runtime";
import { withDuckDb } from "../../duckdb.ts";

/** A folder of the test file's own, removed after it. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "lockstep-tables-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs statements in DuckDB, an independent reader and writer; the rows of the last one. */
export async function duckdb(...statements: string[]): Promise<Record<string, DuckDBValue>[]> {
  return withDuckDb(async (connection) => {
    let rows: Record<string, DuckDBValue>[] = [];
    for (const statement of statements) rows = (await connection.runAndReadAll(statement)).getRowObjects();
    return rows;
  });
}

/** Column → DuckDB's type of what a folder of Parquet holds. */
export async function writtenTypes(folder: string): Promise<Record<string, unknown>> {
  const rows = await duckdb(`describe select * from '${folder}/*.parquet'`);
  return Object.fromEntries(rows.map((row) => [row["column_name"], row["column_type"]]));
}

/** The error that a call gives. */
export async function errorOf(call: () => unknown): Promise<LockstepError> {
  try {
    await call();
  } catch (error) {
    if (error instanceof LockstepError) return error;
    throw error;
  }
  throw new Error("no error was thrown");
}

/** Names in a folder, hidden ones included. */
export function names(folder: string): string[] {
  return readdirSync(folder).sort();
}
