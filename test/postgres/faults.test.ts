/** What goes wrong between a program and PostgreSQL, on ranks and under plain Node: one error each, no secret, no session left. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildPrograms, type Program } from "../oracle/build-programs.ts";
import { type Answer, type Failure, RankPool } from "../oracle/rank-pool.ts";
import { root } from "../scripts/lib.mjs";
import { within } from "../stores/servers.ts";
import * as tables from "./programs/tables.ts";
import { SECRET, startServer, TABLES, type Server } from "./server.ts";

const run = promisify(execFile);
const scratch = mkdtempSync(join(root, ".lockstep-postgres-"));
let server: Server;
let programs: Map<string, Program>;

beforeAll(async () => {
  server = await startServer();
  await server.sql(`${TABLES}
    CREATE TABLE accounts (id int4 PRIMARY KEY, amount int8, filler text);
    INSERT INTO accounts SELECT i, 100, repeat('x', 200) FROM generate_series(1, 40000) AS i;
    CREATE ROLE hasty LOGIN PASSWORD '${SECRET}'; ALTER ROLE hasty SET statement_timeout = '300ms'; GRANT pg_read_all_data TO hasty;
    CREATE ROLE stranger LOGIN PASSWORD '${SECRET}'; GRANT USAGE ON SCHEMA sales TO stranger;`);
  programs = new Map((await buildPrograms([join(root, "test/postgres/programs/tables.ts")], join(scratch, "built"))).map((program) => [program.id.split("#")[1]!, program]));
});

afterAll(async () => {
  await server?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

type Name = keyof typeof tables;
const onRanks = (pool: RankPool, name: Name, ...args: unknown[]): Promise<Answer> => {
  const { chunk, id } = programs.get(name)!;
  return pool.run({ chunk, id, args });
};
const failure = (answer: Answer): Failure => ("error" in answer ? answer.error : expect.fail(`no error but ${JSON.stringify(answer.value)}`));

describe("under other names", () => {
  const cases: [string, Record<string, string>, Name, unknown[], string, RegExp][] = [
    ["a wrong password", { PGPASSWORD: "planted-wrong" }, "small", [], "LS2020", /refuses a session: password authentication failed for user "reader"/],
    ["no password", { PGPASSWORD: "" }, "small", [], "LS2020", /asks for a password, and the environment has none/],
    ["no server", { PGPORT: "1" }, "small", [], "LS2021", /postgres:\/\/127\.0\.0\.1:1\/postgres cannot be reached: connection refused/],
    ["no database", { PGDATABASE: "nowhere" }, "small", [], "LS2001", /database "nowhere" does not exist/],
    ["no right", { PGUSER: "stranger" }, "groups", [], "LS2020", /permission denied for table orders/],
    ["a statement that takes too long", { PGUSER: "hasty" }, "slow", [], "LS2021", /statement timeout/],
    ["a URL with a password", {}, "at", [null, `postgres://reader:${encodeURIComponent(SECRET)}@127.0.0.1/postgres`], "LS2016", /takes the URL of a database without a password/],
  ];
  it.each(cases)("%s", async (_, env, name, args, code, message) => {
    const pool = new RankPool(2, { ...server.env, ...env });
    try {
      const found = failure(await onRanks(pool, name, ...args));
      expect(found).toMatchObject({ code, message: expect.stringMatching(message) });
      const plain = await within({ ...server.env, ...env }, () => (tables[name] as (...args: unknown[]) => Promise<unknown>)(...args).then(() => expect.fail("no error"), (error: unknown) => error as Error & { code: string }));
      expect(plain.code).toBe(code);
      for (const text of [JSON.stringify(found), plain.stack!, JSON.stringify(plain)]) for (const secret of [SECRET, encodeURIComponent(SECRET), "planted-wrong"]) expect(text).not.toContain(secret);
      expect(await server.left()).toEqual([]);
    } finally {
      await pool.close();
    }
  });

  it("finds the database by a URL", async () => {
    const pool = new RankPool(2, { ...server.env, PGHOST: "nowhere", PGPORT: "" });
    expect(await onRanks(pool, "at", null, `postgres://127.0.0.1:${server.port}`)).toEqual({ value: [{ id: 5 }] });
    await pool.close();
    const other = new RankPool(1, { ...server.env, PGHOST: "nowhere", PGPASSWORD: "", PGUSER: "", DATABASE_URL: `postgres://reader:${encodeURIComponent(SECRET)}@127.0.0.1:${server.port}/postgres?sslmode=disable` });
    expect(await onRanks(other, "small")).toHaveProperty("value");
    await other.close();
  });
});

describe("encrypted", () => {
  const answer = async (env: Record<string, string>): Promise<[Answer, unknown]> => {
    const pool = new RankPool(2, { ...server.env, ...env });
    try {
      return [await onRanks(pool, "small"), await within({ ...server.env, ...env }, () => tables.small().then((value) => ({ value }), (error: { code: string }) => error.code))];
    } finally {
      await pool.close();
    }
  };

  it("as sslmode says", async ({ skip }) => {
    if (server.certificate === undefined) return skip("openssl is missing");
    for (const env of [{ PGSSLMODE: "require" }, { PGSSLMODE: "verify-full", PGSSLROOTCERT: server.certificate }, { PGSSLMODE: "disable" }]) {
      const [ranks, plain] = await answer(env);
      expect(ranks).toHaveProperty("value");
      expect(plain).toHaveProperty("value");
    }
    expect(server.log()).toMatch(/SSL enabled \(protocol=TLSv1\.3/);
    const [ranks, plain] = await answer({ PGSSLMODE: "verify-full" });
    expect([failure(ranks).code, plain]).toEqual(["LS2021", "LS2021"]);
  });
});

describe.each([1, 3, 7])("on %i ranks", (ranks) => {
  let pool: RankPool;
  beforeAll(() => void (pool = new RankPool(ranks, server.env)));
  afterAll(() => pool.close());

  it("sees one moment while somebody writes", async () => {
    let on = true;
    const writer = (async () => {
      for (let i = 1; on; i++) await server.sql(`UPDATE accounts SET amount = amount + CASE WHEN id % 2 = 0 THEN 7 ELSE -7 END WHERE id % 50 < 40 AND id BETWEEN ${i * 37 % 30_000} AND ${i * 37 % 30_000} + 9999`);
    })();
    try {
      for (let time = 0; time < 4; time++) {
        const answer = await onRanks(pool, "balance");
        if ("error" in answer) expect.fail(answer.error.message);
        const [[sum], [most], rows] = answer.value as [[{ n: number; amount: number }], [{ n: number; amount: number }], number];
        expect([sum.n, sum.amount, rows]).toEqual([40_000, 4_000_000, 40_000]);
        expect(most.n).toBeLessThanOrEqual(40_000);
      }
    } finally {
      on = false;
      await writer;
    }
    expect(await server.left()).toEqual([]);
  });

  it("stops what nobody wants any more", async () => {
    expect(await onRanks(pool, "firstOf")).toEqual({ value: Array.from({ length: 20 }, (_, i) => ({ i: i + 1 })) });
    expect(await server.left()).toEqual([]);
  });

  it("a session that the server ends is an error, and the next call works", async () => {
    const answer = onRanks(pool, "slow");
    for (let found: Record<string, unknown>[] = []; found.length === 0; await wait(20)) found = (await server.sessions()).filter(({ query }) => String(query).startsWith("COPY"));
    await server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lockstep' AND query LIKE 'COPY%'");
    expect(failure(await answer)).toMatchObject({ code: "LS2021", message: expect.stringContaining("the connection was lost while it was read") });
    expect(await server.left()).toEqual([]);
    expect(await onRanks(pool, "small")).toHaveProperty("value");
  });
});

it("a program that is killed leaves no session", async () => {
  const pool = new RankPool(3, server.env);
  const answer = onRanks(pool, "slow").catch(() => undefined);
  for (let found: unknown[] = []; found.length < 2; await wait(20)) found = await server.sessions();
  await pool.kill();
  await answer;
  expect(await server.left()).toEqual([]);
});

it("schema pull and check", async () => {
  const cli = (...args: string[]) => run(process.execPath, [join(root, "runtime/bin/lockstep.mjs"), "schema", ...args], { cwd: scratch, env: { ...process.env, ...server.env } }).then(({ stdout }) => ({ code: 0, stdout, stderr: "" }), (error: { code: number; stdout: string; stderr: string }) => error);
  expect(await cli("pull", "postgres://", "sales.orders")).toMatchObject({ code: 0, stdout: 'orders.schema.ts: interface Orders, 9 columns; readPostgres<Orders>("sales.orders") checks programs against it, and so does readPostgres("sales.orders") where the file is imported\n' });
  const text = readFileSync(join(scratch, "orders.schema.ts"), "utf8");
  expect(text).toContain("  id: number; // int64\n  customer: number | null; // int32\n");
  expect(text).toContain("  price: number | null; // decimal128(12, 2)\n");
  expect(await cli("pull", `postgres://127.0.0.1:${server.port}/postgres`, "types", "-o", "all.schema.ts")).toMatchObject({ code: 0 });
  expect(readFileSync(join(scratch, "all.schema.ts"), "utf8")).toContain("  list: (number | null)[] | null; // list<int32>\n");
  expect(await cli("check")).toMatchObject({ code: 0, stdout: "all.schema.ts: as the data\norders.schema.ts: as the data\n" });
  await server.sql("ALTER TABLE sales.orders ALTER COLUMN due TYPE timestamp");
  expect(await cli("check", "orders.schema.ts")).toMatchObject({ code: 1, stdout: expect.stringMatching(/due +date32 \| null[^]*due +timestamp\[us\] \| null[^]*schema pull postgres:\/\/ sales\.orders -o orders\.schema\.ts/) });
  const refused = await cli("pull", `postgres://reader:${SECRET}@127.0.0.1/postgres`, "one");
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("holds a password") });
  expect(`${refused.stdout}${refused.stderr}`).not.toContain(SECRET);
});
