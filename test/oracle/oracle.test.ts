/**
 * The oracle: every program of `programs/` runs untransformed in this process, and transformed on 1, 2, 3 and 7
 * ranks, over the same tables; results, written rows and written schemas must be equal. Some run on 3 ranks over MPI
 * as well; `LOCKSTEP_ORACLE_MPI=1`: all of them.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../scripts/lib.mjs";
import { mpis, type Mpi } from "../conformance/mpis.ts";
import { buildPrograms, type Program } from "./build-programs.ts";
import { difference } from "./compare.ts";
import { makeTables, type Tables } from "./data.ts";
import { localTime } from "./programs/row-dates.ts";
import { type Answer, RankPool } from "./rank-pool.ts";
import { writtenDifference } from "./written.ts";

const RANKS = [1, 2, 3, 7];
/** Shuffles and broadcasts, writes, errors, row functions in V8. */
const OVER_MPI = process.env.LOCKSTEP_ORACLE_MPI ? /./ : /\/(joins|writing|errors|scripts)\.ts$/;
const pooled: { ranks: number; over?: Mpi }[] = [...RANKS.map((ranks) => ({ ranks })), ...(await mpis()).map((over) => ({ ranks: 3, over }))];
const folder = join(root, "test/oracle/programs");
const files = readdirSync(folder).filter((name) => name.endsWith(".ts")).map((name) => join(folder, name));

type Run = (tables: Tables, out: string) => Promise<unknown>;

// In the checkout, so that the built programs find @lockstep/runtime.
const scratch = mkdtempSync(join(root, ".lockstep-oracle-"));
let tables: Tables;
let programs: Map<string, Program>;
const pools = new Map<string, RankPool>();
const plain = new Map<string, Promise<{ answer: Answer; out: string }>>();

beforeAll(async () => {
  tables = await makeTables(join(scratch, "tables"));
  programs = new Map((await buildPrograms(files, join(scratch, "built"))).map((program) => [program.id, program]));
});

afterAll(async () => {
  await Promise.all([...pools.values()].map((pool) => pool.close()));
  rmSync(scratch, { recursive: true, force: true });
});

/** The untransformed function's answer, once for all rank counts. */
function expected(id: string, run: Run): Promise<{ answer: Answer; out: string }> {
  const known = plain.get(id);
  if (known) return known;
  const out = join(scratch, "plain", id.replace(/\W+/g, "-"));
  const answer = run(tables, out).then(
    (value): Answer => ({ value }),
    (error: Error & { code?: string }): Answer => ({ error: { name: error.name, ...(error.code !== undefined && { code: error.code }), message: error.message } }),
  );
  const result = answer.then((answer) => ({ answer, out }));
  plain.set(id, result);
  return result;
}

// Local getters go by rank 0's zone, on all ranks.
describe("other zones", () => {
  const id = "test/oracle/programs/row-dates.ts#localTime";
  const own = process.env.TZ;
  for (const zone of ["Europe/Berlin", "Asia/Kolkata"]) {
    it(`local time in ${zone} on 3 ranks`, async () => {
      const pool = new RankPool(3, { TZ: zone });
      try {
        process.env.TZ = zone;
        const right = await localTime(tables);
        expect(new Date(0).getTimezoneOffset()).not.toBe(0);
        const answer = await pool.run({ chunk: programs.get(id)!.chunk, id, args: [tables] });
        expect(difference(right, (answer as { value: unknown }).value)).toBeNull();
      } finally {
        if (own === undefined) delete process.env.TZ;
        else process.env.TZ = own;
        await pool.close();
      }
    });
  }
});

for (const file of files) {
  const module = (await import(pathToFileURL(file).href)) as Record<string, Run>;
  const name = file.slice(root.length + 1);
  describe(name, () => {
    for (const [export_, run] of Object.entries(module)) {
      for (const { ranks, over } of pooled.filter(({ over }) => !over || OVER_MPI.test(file))) {
        const where = `${ranks} rank${ranks === 1 ? "" : "s"}${over ? ` over ${over.name}` : ""}`;
        it(`${export_} on ${where}`, async () => {
          const id = `${name}#${export_}`;
          const program = programs.get(id);
          expect(program, `${id} is not in the manifest`).toBeDefined();
          const { answer: right, out: rightOut } = await expected(id, run);
          const pool = pools.get(where) ?? new RankPool(ranks, {}, over);
          pools.set(where, pool);
          const out = join(scratch, where.replace(/\W+/g, "-"), id.replace(/\W+/g, "-"));
          const answer = await pool.run({ chunk: program!.chunk, id, args: [tables, out] });
          if ("error" in right) {
            expect(answer).toMatchObject({ error: right.error.code === undefined ? { message: right.error.message } : { code: right.error.code } });
            return;
          }
          if ("error" in (answer as object)) expect.fail(`the ranks threw ${JSON.stringify((answer as { error: unknown }).error)}`);
          expect(answer).toHaveProperty("value");
          expect(difference(right.value, (answer as { value: unknown }).value)).toBeNull();
          expect(await writtenDifference(export_, rightOut, out)).toBeNull();
        });
      }
    }
  });
}
