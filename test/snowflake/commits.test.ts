/**
 * Writes to Snowflake whose statements are refused, or whose answers are lost, at every step, processes that are killed, and credentials
 * that expire: all or nothing, never twice, no secret, no hang.
 */
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Executions } from "../executions.ts";
import { killed } from "../jobs/killed.ts";
import type { Answer } from "../oracle/rank-pool.ts";
import { sampled } from "../sample.ts";
import { root } from "../scripts/lib.mjs";
import * as writes from "./programs/writes.ts";
import { type Fault, ownDisk, SECRET, type StagedServer, startWithStages } from "./server.ts";

const programs = new Executions(writes, "test/snowflake/programs/writes.ts");
const { scratch } = programs;
let server: StagedServer;
let env: Readonly<Record<string, string>>;

/** 1 to 800 are there; a write brings 401 to 1,200. */
const file = join(scratch, "rows.csv");
const old = [800, 800, 0];
const done = { append: [1_600, 1_200, 800], overwrite: [800, 800, 800], merge: [1_200, 1_200, 800] };
type Mode = keyof typeof done;

const fresh = (): Promise<unknown> => server.sql("DROP TABLE IF EXISTS DB.PUBLIC.ROWS", "DROP TABLE IF EXISTS DB.PUBLIC.LOCKSTEP_COMMITS", "CREATE TABLE DB.PUBLIC.ROWS (ID int8, NAME varchar)", "INSERT INTO DB.PUBLIC.ROWS SELECT i, 'old' FROM range(1, 801) AS t(i)");
const state = async (): Promise<number[]> => (await server.sql("SELECT count(*), count(DISTINCT ID), count(*) FILTER (NAME LIKE 'mine%') FROM DB.PUBLIC.ROWS"))[0]!.map(Number);
const stages = async (): Promise<unknown[]> => [...(await server.sql("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'LOCKSTEP_STAGE%'")), ...server.staged()];
const disk = ownDisk();
const { files } = disk;
const mended: Fault = { pattern: ".", times: 0 };

beforeAll(async () => {
  server = await startWithStages();
  env = { ...server.env, ...disk.env, LOCKSTEP_STORE_RETRIES: "1" };
  writeFileSync(file, `ID,NAME\n${Array.from({ length: 800 }, (_, i) => `${i + 401},mine ${i}\n`).join("")}`);
  await programs.open(env);
});

afterAll(async () => {
  await programs.close();
  await server?.stop();
  disk.remove();
});

describe.each([["plain Node", 0], ["2 ranks", 2]] as const)("on %s", (_, ranks) => {
  const write = (mode: Mode | "create", target = "rows"): Promise<Answer> => (ranks > 0 ? programs.onRanks(ranks, "moved", [file, target, mode]) : programs.plain("moved", [file, target, mode]));

  /** How a write ends of which something goes wrong; how many statements it had. */
  async function failing(fault: Fault, mode: Mode): Promise<{ answer: Answer; statements: string[] }> {
    await fresh();
    await server.fault(fault);
    server.asked();
    const answer = await write(mode);
    await server.fault(mended);
    return { answer, statements: server.asked(true) };
  }

  it.each([["refused", "append", 0], ["unsent", "merge", 1], ["lost", "overwrite", 2]] as const)("a statement that is %s, at every one of them, %s", async (fate, mode, turn) => {
    const fault = (skip: number): Fault => ({ pattern: ".", skip, times: 2, ...(fate === "refused" ? { refuse: ["000603", "Snowflake has an incident"] } : { lose: fate === "lost" ? "run" : "unsent" }) });
    const { statements } = await failing(mended, mode);
    expect(await state()).toEqual(done[mode]);
    for (const at of sampled(statements.length, turn)) {
      const { answer } = await failing(fault(at), mode);
      const succeeded = !("error" in answer);
      expect(await state(), `${statements[at]}: ${JSON.stringify(answer)}`).toEqual(succeeded ? done[mode] : old);
      if ("error" in answer) expect(answer.error.code).toMatch(fate === "refused" ? /^LS2015$/ : /^LS2021$/);
      // Its transaction is still there, so COMMIT is sent again.
      if (statements[at] === "COMMIT") expect(succeeded).toBe(true);
      expect(JSON.stringify(answer)).not.toContain(SECRET);
      expect(await stages()).toEqual([]);
      expect(files()).toEqual([]);
    }
  });

  it("an answer that is lost once is asked for again, and its statement is not run again", async () => {
    for (const pattern of ["^INSERT", "^COPY", "^COMMIT"]) {
      expect((await failing({ pattern, times: 1, lose: "run" }, "append")).answer).toHaveProperty("value");
      expect(await state()).toEqual(done.append);
    }
  });

  it.each([["run", "append"], ["unsent", "overwrite"], ["rollback", "merge"]] as const)("the answer to COMMIT is lost: %s", async (fate, mode) => {
    const { answer } = await failing({ pattern: "^COMMIT", times: 2, lose: fate }, mode);
    if (fate === "rollback") expect(answer).toMatchObject({ error: { code: "LS2021" } });
    else expect(answer).toHaveProperty("value");
    expect(await state()).toEqual(fate === "rollback" ? old : done[mode]);
  });

  it.skipIf(ranks > 0)("where nobody can be asked what became of COMMIT, it says so", async () => {
    await fresh();
    await server.fault({ pattern: "^(COMMIT|DESCRIBE TRANSACTION)", times: 1_000, lose: "run" });
    let isOver = false;
    // It asks for half a minute: from then on the clock runs faster.
    const now = Date.now;
    let faster = 0;
    server.watch((sql) => (isOver ||= sql === "COMMIT"));
    const clock = vi.spyOn(Date, "now").mockImplementation(() => now() + (isOver ? (faster += 5_000) : 0));
    const answer = await write("append");
    clock.mockRestore();
    server.watch(undefined);
    await server.fault(mended);
    expect(answer).toMatchObject({ error: { code: "LS2008", message: expect.stringContaining("whether it is written is not known") } });
    expect(await state()).toEqual(done.append);
  });

  it("credentials that have expired are asked for again", async () => {
    const { answer, statements } = await failing({ pattern: "^PUT", times: 1, expired: true }, "append");
    if (ranks > 0) {
      expect(answer).toHaveProperty("value");
      expect(await state()).toEqual(done.append);
      expect(statements.filter((sql) => sql.startsWith("PUT"))).toHaveLength(2);
    } else expect(answer).toMatchObject({ error: { code: "LS2020" } });
  });

  it("credentials that open nothing are an error", async () => {
    const { answer } = await failing({ pattern: "^PUT", times: 5, expired: true }, "append");
    expect(answer).toMatchObject({ error: { code: "LS2020", message: expect.stringMatching(/rows in 127\.0\.0\.1:\d+: the store of the stage lets nobody in, also with credentials that Snowflake has just given/) } });
    expect(JSON.stringify(answer)).not.toContain(SECRET);
    expect(await state()).toEqual(old);
    expect([...(await stages()), ...files()]).toEqual([]);
  });

  it("a right that the role has not", async () => {
    const refuse = ["003001", "SQL access control error: Insufficient privileges to operate on table 'ROWS'"] as const;
    const { answer, statements } = await failing({ pattern: "^INSERT", times: 1, refuse }, "append");
    // It is known before a row is computed.
    expect(statements.filter((sql) => /^(PUT|COPY|BEGIN)/.test(sql))).toEqual([]);
    expect(answer).toMatchObject({ error: { code: "LS2020", message: expect.stringMatching(/rows in 127\.0\.0\.1:\d+: Snowflake refuses it: .*Insufficient privileges.*\(error 003001\)/) } });
    expect(await state()).toEqual(old);
  });

  it("no warehouse", async () => {
    await server.fault({ pattern: "CURRENT_WAREHOUSE", times: 1, asleep: true });
    expect(await write("append")).toMatchObject({ error: { code: "LS2015", message: expect.stringMatching(/rows in 127\.0\.0\.1:\d+: Snowflake refuses it: the session has no warehouse \(error 000606\)/) } });
    await server.fault(mended);
  });

  it.each([["refused", 0], ["lost", 2]] as const)("a new table is there whole, or counts as none, where a statement is %s, at every one of them", async (fate, turn) => {
    const made = (): Promise<(string | null)[][]> => server.sql("SELECT count(*) FROM DB.PUBLIC.NEWLY").catch(() => []);
    const drop = (): Promise<unknown> => server.sql("DROP TABLE IF EXISTS DB.PUBLIC.NEWLY");
    await drop();
    server.asked(true);
    expect(await write("create", "newly")).toHaveProperty("value");
    const statements = server.asked(true);
    expect(await made()).toEqual([["800"]]);
    for (const at of sampled(statements.length, turn)) {
      await drop();
      await server.fault({ pattern: ".", skip: at, times: 2, ...(fate === "refused" ? { refuse: ["000603", "Snowflake has an incident"] } : { lose: "run" }) });
      const answer = await write("create", "newly");
      await server.fault(mended);
      if ("error" in answer) {
        expect([[], [["0"]]], `${statements[at]}: ${JSON.stringify(answer)}`).toContainEqual(await made());
        expect(await write("create", "newly"), statements[at]).toHaveProperty("value");
      }
      expect(await made(), statements[at]).toEqual([["800"]]);
      expect([...(await stages()), ...files()]).toEqual([]);
    }
  });

  it("a new table that cannot be filled is gone, and one that could not be dropped counts as none", async () => {
    const isThere = async (): Promise<boolean> => (await server.sql("SELECT 1 FROM duckdb_tables() WHERE table_name = 'MADE'")).length > 0;
    await server.sql("DROP TABLE IF EXISTS DB.PUBLIC.MADE");
    await server.fault({ pattern: '^INSERT INTO "DB"."PUBLIC"."MADE"', times: 1, refuse: ["000603", "an incident"] });
    expect(await write("create", "made")).toMatchObject({ error: { code: "LS2015" } });
    expect(await isThere()).toBe(false);
    await server.fault({ pattern: '^(INSERT INTO|DROP TABLE IF EXISTS) "DB"."PUBLIC"."MADE"', times: 10, refuse: ["000603", "an incident"] });
    expect(await write("create", "made")).toMatchObject({ error: { code: "LS2015" } });
    expect(await isThere()).toBe(true);
    await server.fault(mended);
    expect(await write("create", "made")).toHaveProperty("value");
    expect(await server.sql("SELECT count(*) FROM DB.PUBLIC.MADE")).toEqual([["800"]]);
    expect(await write("create", "made")).toMatchObject({ error: { code: "LS2007" } });
  });
});

it("nothing that opens the account or the stage is printed, whatever is asked for", async () => {
  await fresh();
  const [main, profile] = [join(scratch, "built/printed.mjs"), join(scratch, "profile.json")];
  writeFileSync(main, `import { moved } from ${JSON.stringify(programs.program("moved").module)};\nawait moved(...process.argv.slice(2));\n`);
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [join(root, "runtime/bin/lockstep.mjs"), "run", "-n", "2", "--profile", profile, main, "--", file, "rows", "append"], { env: { ...process.env, ...env, LOCKSTEP_DEBUG: "plan,comm,time,stack,ranks" }, maxBuffer: 1 << 26 });
  expect(await state()).toEqual(done.append);
  const printed = stdout + stderr + readFileSync(profile, "utf8");
  expect(printed).toMatch(/stage 1 -> sink 0[^]*plan executed/);
  for (const secret of ["planted", encodeURIComponent(SECRET), Buffer.from(SECRET).toString("base64").slice(0, 20)]) expect(printed).not.toContain(secret);
});

describe("processes that are killed", () => {
  /** A job of three ranks, of which one or all are killed at a statement; whether it ended well. */
  const job = (victims: "one" | "all" | undefined, at: number, mode: Mode) =>
    killed({ main: join(scratch, "built/main.mjs"), module: programs.program("moved").module, export: "moved", job: `job-${mode}`, args: [file, "rows", mode], env, victims, at, watch: (step) => server.watch(step) });

  it.each([["one", "append", 0], ["all", "merge", 4]] as const)("%s of the ranks, %s", { timeout: 600_000 }, async (victims, mode, turn) => {
    await fresh();
    const { steps } = await job(undefined, 0, mode);
    for (const at of [...sampled(steps, turn, 7), Infinity]) {
      await fresh();
      const { lived } = await job(victims, at, mode);
      await server.abandon();
      const seen = await state();
      expect([old, done[mode]]).toContainEqual(seen);
      if (lived) expect(seen).toEqual(done[mode]);
      else expect(at).toBeLessThan(Infinity);
      // The scheduler starts it again.
      expect((await job(undefined, 0, mode)).lived).toBe(true);
      expect(await state(), `${at}`).toEqual(done[mode]);
      expect(await stages()).toEqual([]);
      expect(files()).toEqual([]);
    }
  });
});
