/**
 * How a fixture is run: `run.ts` beside its `input.ts`. The oracle runs it in a folder that holds the inputs, plain and on
 * ranks; what plain Node gives is the section Result of expected.md.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { findFixtures, type Fixture } from "./fixtures.ts";

export interface FixtureRun {
  /** Files by name, as queries of DuckDB: `.parquet`, `.csv`, `.jsonl`. */
  readonly inputs: Readonly<Record<string, string>>;
  /** The annotated functions with their arguments; paths are relative. */
  readonly calls: readonly (readonly [name: string, ...args: unknown[]])[];
  /** What is printed is another each time. */
  readonly printsAnew?: true;
}

export interface RunnableFixture extends Fixture {
  readonly run: FixtureRun;
}

/** Every fixture that compiles is run, but for those whose answer is another each time. */
export async function runnableFixtures(): Promise<RunnableFixture[]> {
  const withRun = findFixtures().filter(({ folder }) => existsSync(join(folder, "run.ts")));
  return Promise.all(withRun.map(async (fixture) => ({ ...fixture, run: ((await import(pathToFileURL(join(fixture.folder, "run.ts")).href)) as { run: FixtureRun }).run })));
}
