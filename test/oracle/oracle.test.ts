/**
 * The oracle: every program of `programs/` runs untransformed in this process, and transformed on 1, 2, 3 and 7
 * ranks (in the short form on two of these counts, its neighbours on others; over 200,000 rows on one), over the same tables; results, written rows and written schemas must
 * be equal, and on ranks to the last bit. Some run on 3 ranks over MPI as well; `LOCKSTEP_ORACLE_MPI=1`: all of them.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isLong, rankCounts, shared } from "../sample.ts";
import { root } from "../scripts/lib.mjs";
import { mpis, type Mpi } from "../conformance/mpis.ts";
import { buildPrograms, type Program } from "./build-programs.ts";
import { difference, errorDifference } from "./compare.ts";
import { makeTables, type Tables } from "./data.ts";
import { type Answer, type Failure, RankPool } from "./rank-pool.ts";
import { readWritten, writtenDifference } from "./written.ts";

const RANKS = [1, 2, 3, 7];
/** Shuffles and broadcasts, writes, errors, row functions in V8, what is dealt, the collectives. */
const OVER_MPI = process.env.LOCKSTEP_ORACLE_MPI ? /./ : /\/(joins|writing|errors|scripts|batches|collectives|collectives-guide)\.ts$/;
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
/** What the first ranks that ran a program answered. */
const first = new Map<string, { value: unknown; out: string }>();
/** What has been read of one program's outputs: plain Node's and the first ranks' are compared with all others. */
let outputs: { readonly of: string; readonly read: Map<string, ReturnType<typeof readWritten>> } = { of: "", read: new Map() };
function reading(id: string): typeof readWritten {
  if (outputs.of !== id) outputs = { of: id, read: new Map() };
  const { read } = outputs;
  return (out) => {
    const known = read.get(out) ?? readWritten(out);
    read.set(out, known);
    return known;
  };
}
/** Products are rounded in the order in which rows come. */
const ROUNDED = /#products$/;

beforeAll(async () => {
  tables = await makeTables(join(scratch, "tables"));
  programs = new Map((await buildPrograms(files, join(scratch, "built"))).map((program) => [program.id, program]));
});

afterAll(async () => {
  await Promise.all([...pools.values()].map((pool) => pool.close()));
  rmSync(scratch, { recursive: true, force: true });
});

const answerOf = (run: Run, out: string): Promise<Answer> =>
  run(tables, out).then(
    (value): Answer => ({ value }),
    (error: (Error & { code?: string }) | null): Answer => ({ error: { name: error?.name, ...(error?.code !== undefined && { code: error.code }), message: String(error?.message ?? error) } }),
  );

/** The untransformed function's answer, once for all rank counts. */
function expected(id: string, run: Run): Promise<{ answer: Answer; out: string }> {
  const known = plain.get(id);
  if (known) return known;
  const out = join(scratch, "plain", id.replace(/\W+/g, "-"));
  const result = answerOf(run, out).then((answer) => ({ answer, out }));
  plain.set(id, result);
  return result;
}

/** Over 200,000 rows: in the short form on one count of ranks alone. */
const isLarge = (run: Run): boolean => /\blarge\)?\(tables\)/.test(String(run));
const alone = (turn: number): typeof pooled => (isLong ? pooled : pooled.filter((_, index) => index === turn % RANKS.length));
/** In the short form on one MPI as well. */
const some = (turn: number): typeof pooled => [...pooled.filter(({ ranks, over }) => !over && rankCounts(turn).includes(ranks)), ...shared(pooled.filter(({ over }) => over), turn)];

let turn = 0;
for (const file of files) {
  const module = (await import(pathToFileURL(file).href)) as Record<string, Run>;
  const name = file.slice(root.length + 1);
  describe(name, () => {
    for (const [export_, run] of Object.entries(module)) {
      turn += 1;
      for (const { ranks, over } of (isLarge(run) ? alone(turn) : some(turn)).filter(({ over }) => !over || OVER_MPI.test(file))) {
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
            expect(answer).toHaveProperty("error");
            expect(errorDifference(right.error, (answer as { error: Failure }).error)).toBeNull();
            return;
          }
          if ("error" in (answer as object)) expect.fail(`the ranks threw ${JSON.stringify((answer as { error: unknown }).error)}`);
          expect(answer).toHaveProperty("value");
          const { value } = answer as { value: unknown };
          expect(difference(right.value, value)).toBeNull();
          const read = reading(id);
          expect(await writtenDifference(export_, rightOut, out, { read })).toBeNull();
          const before = first.get(id);
          if (!before) first.set(id, { value, out });
          else if (!ROUNDED.test(id)) {
            expect(difference(before.value, value, "result on other ranks", 0)).toBeNull();
            expect(await writtenDifference(export_, before.out, out, { tolerance: 0, read })).toBeNull();
          }
        });
      }
    }
  });
}

// Dates of rows, files and windows are UTC's, local getters go by rank 0's zone: west of Greenwich and between whole hours.
describe.each([["America/New_York", 0], ["Asia/Kolkata", 1]] as const)("in the zone %s", (zone, other) => {
  const dated = files.filter((file) => /\/(row-dates|csv|json-lines|header-only|windows|groups|sorting|writing|exact|scripts|joins)\.ts$/.test(file));
  let pool: RankPool;
  beforeAll(() => void (pool = new RankPool(3, { TZ: zone })));
  afterAll(() => pool.close());

  it.each(dated.map((file) => [file.slice(root.length + 1), file] as const))("%s on 3 ranks", async (name, file) => {
    const own = process.env.TZ;
    for (const [export_, run] of shared(Object.entries((await import(pathToFileURL(file).href)) as Record<string, Run>), other).filter(([, run]) => isLong || !isLarge(run))) {
      const [id, folder] = [`${name}#${export_}`, join(scratch, zone.replace(/\W/g, "-"), export_)];
      process.env.TZ = zone;
      try {
        expect(new Date(0).getTimezoneOffset()).not.toBe(0);
        const right = await answerOf(run, join(folder, "plain"));
        const answer = await pool.run({ chunk: programs.get(id)!.chunk, id, args: [tables, join(folder, "ranks")] });
        const wrong = "error" in right
          ? ("error" in answer ? errorDifference(right.error, answer.error) : "no error")
          : "error" in answer ? answer.error.message : (difference(right.value, answer.value) ?? (await writtenDifference(export_, join(folder, "plain"), join(folder, "ranks"))));
        expect(wrong, id).toBeNull();
      } finally {
        if (own === undefined) delete process.env.TZ;
        else process.env.TZ = own;
      }
    }
  });
});
