/**
 * Random programs over random tables, each under plain Node and on 1, 2, 3 and 7 ranks (in the short form on two of these counts). The seed is fixed, so a run is
 * repeatable: `LOCKSTEP_SEED` takes another, `LOCKSTEP_PROGRAMS` more of them, `LOCKSTEP_FUZZ=minutes` as many as fit.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { withDuckDb } from "../duckdb.ts";
import { rankCounts } from "../sample.ts";
import { root } from "../scripts/lib.mjs";
import { buildPrograms } from "./build-programs.ts";
import { difference, errorDifference } from "./compare.ts";
import { makeProgram } from "./generate/programs.ts";
import { Random } from "./generate/schema.ts";
import { makeTable, type MadeTable } from "./generate/tables.ts";
import { type Answer, RankPool } from "./rank-pool.ts";
import { writtenDifference } from "./written.ts";

const RANKS = [1, 2, 3, 7];
const seed = Number(process.env.LOCKSTEP_SEED ?? 1);
const count = Number(process.env.LOCKSTEP_PROGRAMS ?? 100);
const minutes = Number(process.env.LOCKSTEP_FUZZ ?? 0);
const time = minutes > 0 ? minutes * 60_000 : 0;

// In the checkout, so that the built programs find @lockstep/runtime.
const scratch = mkdtempSync(join(root, ".lockstep-generated-"));
const pools = new Map(RANKS.map((ranks) => [ranks, new RankPool(ranks)]));

afterAll(async () => {
  await Promise.all([...pools.values()].map((pool) => pool.close()));
  rmSync(scratch, { recursive: true, force: true });
});

interface Case {
  readonly name: string;
  readonly inputs: readonly MadeTable[];
  readonly source: string;
}

function cases(seed: number): Case[] {
  const made = fc.gen().map((value): Omit<Case, "name"> & { make: (name: string) => string } => {
    const r = new Random(value);
    const left = makeTable(r, "a", ["k", "x", "s", "u", "v"].slice(0, r.int(3, 5)), 150);
    const right = makeTable(r, "b", ["k", "y", "s", "w"].slice(0, r.int(2, 4)), 25);
    const source = makeProgram(r, "NAME", [left, right]);
    return { inputs: [left, right], source, make: (name) => source.replace("NAME", name) };
  });
  return fc.sample(made, { seed, numRuns: count }).map(({ inputs, make }, i) => ({ name: `program${i}`, inputs, source: make(`program${i}`) }));
}

/** Writes the cases' tables; the paths of each by name. */
async function write(all: readonly Case[], folder: string): Promise<Record<string, string>[]> {
  const paths: Record<string, string>[] = [];
  for (const { name, inputs } of all) {
    const own: Record<string, string> = {};
    for (const table of inputs) {
      const path = join(folder, name, table.name);
      mkdirSync(path, { recursive: true });
      await withDuckDb(async (connection) => {
        for (const [i, query] of table.files.entries()) await connection.run(`copy (${query}) to '${join(path, `${i}.parquet`)}' (format parquet)`);
      });
      own[table.name] = path;
    }
    paths.push(own);
  }
  return paths;
}

/** The first of a seed's programs for which ranks and plain Node differ, printed; null if there is none. */
async function firstDifference(seed: number): Promise<string | null> {
  const folder = join(scratch, `seed-${seed}`);
  const all = cases(seed);
  mkdirSync(folder);
  const file = join(folder, "programs.ts");
  writeFileSync(file, `import { bin, desc, op, readParquet, rolling } from "@lockstep/runtime";\n\n${all.map(({ source }) => source).join("\n")}`);
  const paths = await write(all, join(folder, "tables"));
  const built = new Map((await buildPrograms([file], join(folder, "built"))).map((program) => [program.id.split("#")[1]!, program]));
  const module = (await import(pathToFileURL(file).href)) as Record<string, (tables: object, out: string) => Promise<unknown>>;
  const found: string[] = [];
  for (const [i, { name, source, inputs }] of all.entries()) {
    const { id, chunk } = built.get(name)!;
    const plainOut = join(folder, "plain", name);
    const right: Answer = await module[name]!(paths[i]!, plainOut).then((value) => ({ value }), (error: Error & { code?: string }) => ({ error: { name: error.name, message: error.message, ...(error.code !== undefined && { code: error.code }) } }));
    for (const ranks of time > 0 ? RANKS : rankCounts(i)) {
      const pool = pools.get(ranks)!;
      const out = join(folder, `ranks-${pool.size}`, name);
      const answer = await pool.run({ chunk, id, args: [paths[i]!, out] });
      const wrong =
        "error" in right || "error" in answer
          ? errorsDiffer(right, answer)
          : (difference(right.value, answer.value) ?? (await writtenDifference(name, plainOut, out, { untypedNulls: true })));
      if (wrong === null) continue;
      const tables = inputs.map((table) => `${table.name}: ${table.files.join("\n   ")}`).join("\n");
      found.push(`seed ${seed}, on ${pool.size} ranks: ${wrong}\n\n${source}\n${process.env.LOCKSTEP_TABLES ? tables : ""}`);
      break;
    }
  }
  rmSync(folder, { recursive: true });
  return found.length === 0 ? null : `${found.length} of ${all.length} programs differ\n\n${found.slice(0, 8).join("\n")}`;
}

function errorsDiffer(right: Answer, answer: Answer): string | null {
  return "error" in right && "error" in answer ? errorDifference(right.error, answer.error) : `ranks: ${show(answer)}\nplain: ${show(right)}`;
}

function show(answer: Answer): string {
  return "error" in answer ? `${answer.error.code ?? "error"} ${answer.error.message}` : "an answer";
}

it("random programs give the same answer on any number of ranks", { timeout: time + 300_000 }, async () => {
  const start = Date.now();
  for (let next = seed; next === seed || Date.now() - start < time; next++) expect(await firstDifference(next)).toBeNull();
});
