/**
 * Writes to PostgreSQL with sessions that end, answers that are lost and processes that are killed at every step, and two writers at once: all or
 * nothing, never twice.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Statements } from "../../runtime/src/connectors/database/write.ts";
import { PostgresWrite } from "../../runtime/src/connectors/postgres/commit.ts";
import { openSession } from "../../runtime/src/connectors/postgres/session.ts";
import { findTarget } from "../../runtime/src/connectors/postgres/target.ts";
import { int64 } from "../../runtime/src/tables/arrow-type.ts";
import { killed } from "../jobs/killed.ts";
import { buildPrograms, type Program } from "../oracle/build-programs.ts";
import { type Answer, RankPool } from "../oracle/rank-pool.ts";
import { commits, sampled } from "../sample.ts";
import { root } from "../scripts/lib.mjs";
import { within } from "../stores/servers.ts";
import { way, type Way } from "./cut.ts";
import * as writes from "./programs/writes.ts";
import { SECRET, startServer, type Server } from "./server.ts";

const scratch = mkdtempSync(join(root, ".lockstep-postgres-"));
let server: Server;
let front: Way;
let program: Program;

/** 1 to 8,000 are there; a write brings 4,001 to 12,000. */
const file = join(scratch, "rows.csv");
const old = { n: 8000, ids: 8000, mine: 0 };
const done = { append: { n: 16_000, ids: 12_000, mine: 8000 }, overwrite: { n: 8000, ids: 8000, mine: 8000 }, merge: { n: 12_000, ids: 12_000, mine: 8000 } };
type Mode = keyof typeof done;

const fresh = (table: string): Promise<unknown> => server.sql(`DROP TABLE IF EXISTS ${table}; DROP TABLE IF EXISTS lockstep_commits; CREATE TABLE ${table} (id int4, name text); INSERT INTO ${table} SELECT i, 'old' FROM generate_series(1, 8000) AS i`);
const state = async (table: string): Promise<unknown> => (await server.sql(`SELECT count(*)::int4 AS n, count(DISTINCT id)::int4 AS ids, sum((name LIKE 'mine%')::int4)::int4 AS mine FROM ${table}`))[0];
const environment = (): Record<string, string> => ({ ...server.env, PGPORT: `${front.port}`, PGSSLMODE: "disable" });

beforeAll(async () => {
  server = await startServer();
  front = await way(server.port);
  writeFileSync(file, `id,name\n${Array.from({ length: 8000 }, (_, i) => `${i + 4001},mine ${i}\n`).join("")}`);
  const programs = await buildPrograms([join(root, "test/postgres/programs/writes.ts")], join(scratch, "built"));
  program = programs.find(({ id }) => id.endsWith("#moved"))!;
});

afterAll(async () => {
  await front?.stop();
  await server?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

/** How the write goes that `fails` is asked of at each of its messages, and how many they are. */
async function failing(fails: (message: number, text: string) => ReturnType<NonNullable<Way["decide"]>>, write: () => Promise<Answer>): Promise<{ answer: Answer; messages: number }> {
  let messages = 0;
  front.decide = (text) => fails(messages++, text);
  const answer = await write();
  front.decide = undefined;
  return { answer, messages };
}

const isCommit = (text: string): boolean => text.includes("COMMIT\0");

describe.each([["plain Node", 0], ["2 ranks", 2]] as const)("on %s", (_, ranks) => {
  let pool: RankPool;
  beforeAll(() => {
    if (ranks > 0) pool = new RankPool(ranks, environment());
  });
  afterAll(() => pool?.close());
  const write = (target: string, mode: Mode): Promise<Answer> =>
    ranks > 0
      ? pool.run({ chunk: program.chunk, id: program.id, args: [file, target, mode] })
      : within(environment(), () => writes.moved(file, target, mode)).then((value): Answer => ({ value }), (error: Error & { code?: string }): Answer => ({ error: { message: error.message, ...(error.code && { code: error.code }) } }));

  it.each([["cut", "append", 0], ["lost", "append", 1], ["cut", "overwrite", 2], ["lost", "merge", 3]] as const)("a session that is %s at every message, %s", async (fate, mode, turn) => {
    const at = async (message: number): Promise<number> => {
      await fresh("rows");
      const { answer, messages } = await failing((index) => (index === message ? fate : undefined), () => write("rows", mode));
      const succeeded = !("error" in answer);
      expect(await state("rows"), `${message}: ${JSON.stringify(answer)}`).toEqual(succeeded ? done[mode] : old);
      if ("error" in answer) expect(answer.error.code).toMatch(/^LS20(08|20|21)$/);
      if (messages <= message || message < 0) expect(succeeded).toBe(true);
      expect(JSON.stringify(answer)).not.toContain(SECRET);
      expect(await server.left()).toEqual([]);
      return messages;
    };
    for (const message of sampled(await at(-1), turn)) await at(message);
    // What was left is dropped by who comes next.
    expect(await server.sql("SELECT relname FROM pg_class WHERE relname ~ '^lockstep_stage'")).toEqual([]);
  });

  it("an answer to COMMIT that is lost is no failure", async () => {
    for (const mode of ["append", "overwrite", "merge"] as const) {
      await fresh("rows");
      const { answer } = await failing((_, text) => (isCommit(text) ? "lost" : undefined), () => write("rows", mode));
      expect(answer).toHaveProperty("value");
      expect(await state("rows")).toEqual(done[mode]);
    }
  });

  it.skipIf(ranks > 0)("where nobody can be asked what became of COMMIT, it says so", async () => {
    await fresh("rows");
    let isOver = false;
    // It asks for half a minute: from then on the clock runs faster.
    const now = Date.now;
    let faster = 0;
    const clock = vi.spyOn(Date, "now").mockImplementation(() => now() + (isOver ? (faster += 5_000) : 0));
    const { answer } = await failing((_, text) => ((isOver ||= isCommit(text)) ? "lost" : undefined), () => write("rows", "append"));
    clock.mockRestore();
    expect(answer).toMatchObject({ error: { code: "LS2008", message: expect.stringContaining("whether it is written is not known") } });
    expect(await state("rows")).toEqual(done.append);
  });
});

it("a second attempt of a job that creates a table says that the first has committed", async () => {
  await server.sql("DROP TABLE IF EXISTS created; DROP TABLE IF EXISTS lockstep_commits");
  const target = await within(server.env, async () => findTarget(undefined));
  const prepared = async (identity: string): Promise<{ commit(): Promise<void> }> => {
    const connect = async (): Promise<Statements> => {
      const session = await within(server.env, () => openSession(target, "written"));
      return { rows: async (path, sql) => (await session.ask(path, sql)).rows ?? [], end: () => session.end() };
    };
    const write = await PostgresWrite.open(target.name, connect, identity);
    const staging = await write.prepare("created", [{ name: "id", type: int64 }], {});
    return {
      async commit() {
        await write.add(staging!, {});
        await write.commit();
      },
    };
  };
  const [first, second, other] = [await prepared("job/1"), await prepared("job/1"), await prepared("job/2")];
  await first.commit();
  await second.commit();
  await expect(other.commit()).rejects.toMatchObject({ code: "LS2007" });
  expect(await server.sql("SELECT id FROM lockstep_commits")).toEqual([{ id: "job/1" }]);
});

describe("processes that are killed", () => {
  /** A job of three ranks, of which one or all are killed at a message; whether it ended well. */
  const job = (victims: "one" | "all" | undefined, at: number, mode: Mode) => {
    const watch = (step: (() => void) | undefined): void => void (front.decide = step && (() => (step(), undefined)));
    return killed({ main: join(scratch, "built/main.mjs"), module: program.module, export: "moved", job: `job-${mode}`, args: [file, "rows", mode], env: environment(), victims, at, watch });
  };

  it.each([["one", "append", 0], ["all", "append", 5], ["all", "merge", 10]] as const)("%s of the ranks, %s", { timeout: 600_000 }, async (victims, mode, turn) => {
    await fresh("rows");
    const { steps } = await job(undefined, 0, mode);
    let committed = 0;
    for (const at of [...sampled(steps, turn, 15), Infinity]) {
      await fresh("rows");
      const { lived } = await job(victims, at, mode);
      expect(await server.left()).toEqual([]);
      const seen = await state("rows");
      expect([old, done[mode]]).toContainEqual(seen);
      committed += (seen as typeof old).mine > 0 ? 1 : 0;
      if (lived) expect(seen).toEqual(done[mode]);
      else expect(at).toBeLessThan(Infinity);
      // The scheduler starts it again.
      expect((await job(undefined, 0, mode)).lived).toBe(true);
      expect(await state("rows"), `${at}`).toEqual(done[mode]);
      expect(await server.sql("SELECT relname FROM pg_class WHERE relname ~ '^lockstep_stage'")).toEqual([]);
    }
    expect(committed).toBeGreaterThan(0);
  });
});

describe("two writers at once", () => {
  const rounds = commits(3);

  it.each(["append", "overwrite", "merge"] as const)("%s", { timeout: 300_000 + 2_000 * rounds }, async (mode) => {
    const pools = [new RankPool(2, server.env), new RankPool(1, server.env)];
    try {
      for (let round = 0; round < rounds; round++) {
        await fresh("pair");
        const answers = await Promise.all(pools.map((pool) => pool.run({ chunk: program.chunk, id: program.id, args: [file, "pair", mode] })));
        expect(answers).toEqual([{ value: undefined }, { value: undefined }]);
        expect(await state("pair")).toEqual(mode === "append" ? { n: 24_000, ids: 12_000, mine: 16_000 } : done[mode]);
        await server.sql("DROP TABLE pair");
        // One makes it, and the other goes on with it.
        expect(await Promise.all(pools.map((pool) => pool.run({ chunk: program.chunk, id: program.id, args: [file, "pair", mode] })))).toEqual([{ value: undefined }, { value: undefined }]);
        expect(await state("pair")).toEqual({ n: mode === "append" ? 16_000 : 8000, ids: 8000, mine: mode === "append" ? 16_000 : 8000 });
      }
    } finally {
      await Promise.all(pools.map((pool) => pool.close()));
    }
  });
});
