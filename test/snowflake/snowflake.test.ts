/**
 * Snowflake as a source: untransformed and on 1, 2, 3 and 7 ranks the same answers from a server on this machine (fakesnow, with results in
 * chunks as Snowflake encodes them), and those that Snowflake's own connector for Python gives.
 */
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { readSnowflake } from "@lockstep/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { difference, errorDifference } from "../oracle/compare.ts";
import type { Answer } from "../oracle/rank-pool.ts";
import { writtenDifference } from "../oracle/written.ts";
import { shared } from "../sample.ts";
import { root } from "../scripts/lib.mjs";
import { within } from "../stores/servers.ts";
import { Executions } from "../executions.ts";
import * as tables from "./programs/tables.ts";
import { type Server, startSnowflake } from "./server.ts";

const programs = new Executions(tables, "test/snowflake/programs/tables.ts");
const { scratch } = programs;
let server: Server;

type Rows = (string | null)[][];
type Name = keyof typeof tables;
/** Once for all numbers of ranks. */
const known = new Map<Name, Promise<Answer>>();
const plain = (name: Name, ...args: unknown[]): Promise<Answer> => {
  const answer = (args.length === 0 && known.get(name)) || programs.plain(name, args);
  if (args.length === 0) known.set(name, answer);
  return answer;
};
const onRanks = (ranks: number, name: Name, ...args: unknown[]): Promise<Answer> => programs.onRanks(ranks, name, args);

beforeAll(async () => {
  server = await startSnowflake();
  await programs.open(server.env);
});

afterAll(async () => {
  await programs.close();
  await server?.stop();
});

const answers = ["groups", "inOrder", "firstOf", "counted", "pushed", "queries", "small", "types", "twice"] as const;
const errors = ["farInteger", "hugeInteger", "farInstant", "nullFound"] as const;

describe.each(shared([1, 2, 3, 7], 1))("on %i ranks", (ranks) => {
  it.each(answers)("%s", async (name) => {
    const [right, answer] = [await plain(name), await onRanks(ranks, name)];
    if ("error" in right) expect.fail(right.error.message);
    if ("error" in answer) expect.fail(answer.error.message);
    expect(difference(right.value, answer.value)).toBeNull();
  });

  it.each(errors)("%s is an error", async (name) => {
    const [right, answer] = [await plain(name), await onRanks(ranks, name)];
    expect(answer).toHaveProperty("error");
    if (!("error" in answer)) return;
    expect(answer.error.code).toBe(name === "nullFound" ? "LS2003" : name === "farInteger" ? "LS2004" : "LS2015");
    // Nulls are only the compiled program's to find.
    if (name !== "nullFound") expect(errorDifference((right as { error: { name: string; code?: string; message: string } }).error, answer.error as never)).toBeNull();
  });

  it("writes every bit", async () => {
    const [right, out] = [join(scratch, `right-${ranks}`), join(scratch, `out-${ranks}`)];
    expect(await plain("written", right)).toHaveProperty("value");
    expect(await onRanks(ranks, "written", out)).toHaveProperty("value");
    expect(await writtenDifference("written", right, out)).toBeNull();
  });

  it("shares few connections", async () => {
    const right = (await plain("shared", null, 8)) as { value: unknown };
    for (const connections of [1, 3]) {
      server.most();
      expect(difference(right.value, ((await onRanks(ranks, "shared", null, connections)) as { value: unknown }).value)).toBeNull();
      // Of each of the two readers.
      const most = server.most();
      expect(most).toBeGreaterThan(0);
      expect(most).toBeLessThanOrEqual(2 * connections);
    }
  });
});

it("what Snowflake's own connector reads", async () => {
  const day = (date: Date | null): string | null => date && date.toISOString().slice(0, 10);
  // Python prints microseconds, and zones by which the instant is the same.
  const instant = (text: string | null): number | null => (text === null ? null : new Date(/[+-]\d\d:\d\d$/.test(text) ? text : `${text}Z`).getTime());
  const types = await within(server.env, () => readSnowflake<Record<string, never>>("types", { types: { BIG: "bigint" } as never }));
  const found = types.select("N", "B", "I", "BIG", "D5", "D15", "F", "T", "DAY", "S", "MS", "US", "NS", "LTZ", "LTZ3", "TZ", "TZ3", "V", "DOC", "LIST").objects() as unknown as Record<string, unknown>[];
  const [judged, theirs] = (await server.judged("select n, b, i, big, d5, d15, f, t, day, s, ms, us, ns, ltz, ltz3, tz, tz3, v, doc, list from types", "select id, customer, name, price from sales.orders")) as [Rows, Rows];
  const lower = (text: string | null): string | null => text && text.toLowerCase();
  for (const [index, row] of found.entries()) {
    const [n, b, i, big, d5, d15, f, t, date, ...rest] = judged[index]!;
    const { N, B, I, BIG, D5, D15, F, T, DAY, S, MS, US, NS, LTZ, LTZ3, TZ, TZ3, V, DOC, LIST } = row;
    expect([N, B, I, BIG, D5, D15, F, T]).toEqual([Number(n), b === null ? null : lower(b) === "true", i === null ? null : Number(i), big === null ? null : BigInt(big!), Number(d5), Number(d15), Number(f), t]);
    expect(day(DAY as Date | null)).toBe(date);
    expect([S, MS, US, NS, LTZ, LTZ3, TZ, TZ3].map((value) => (value as Date | null)?.getTime() ?? null)).toEqual(rest.slice(0, 8).map((text) => instant(text)));
    expect([V, DOC, LIST]).toEqual(rest.slice(8));
  }
  const orders = await within(server.env, () => readSnowflake<{ ID: number; CUSTOMER: number | null; NAME: string | null; PRICE: number }>("sales.orders"));
  const rows = orders.select("ID", "CUSTOMER", "NAME", "PRICE").objects({ limit: 30_000 });
  expect(rows.map(({ ID, CUSTOMER, NAME, PRICE }) => [ID, CUSTOMER, NAME, PRICE])).toEqual(theirs.map(([id, customer, name, price]) => [Number(id), customer === null ? null : Number(customer), name, Number(price)]));
});

it("asks for what is read, once, and of a query with an order for the query", async () => {
  const statements = async (name: Name): Promise<string[]> => {
    server.asked();
    expect(await onRanks(3, name)).toHaveProperty("value");
    return server.asked().map((sql) => sql.replaceAll(/\s+/g, " "));
  };
  expect(await statements("twice")).toEqual(['SELECT "ID", "CUSTOMER" FROM sales.orders']);
  expect(await statements("firstOf")).toEqual(['SELECT "ID" FROM sales.orders LIMIT 20']);
  expect(await statements("counted")).toEqual(["SELECT 1 FROM sales.orders"]);
  expect((await statements("queries"))[0]).toBe("select id, name from sales.orders order by id desc limit 4000");
  const pushed = await statements("pushed");
  expect(pushed).toHaveLength(10);
  expect(pushed).toContain(`SELECT "ID", "NAME", "PLACED", "PAID" FROM sales.orders WHERE "PAID" = TRUE AND "PLACED" >= TIMESTAMP '2024-06-01 00:00:00.000000' AND "NAME" = 'O''Brien'`);
});

it("opens a session in the place that the program says", async () => {
  for (const run of [() => plain("placed", "other-account", "REPORTS"), () => onRanks(3, "placed", "other-account", "REPORTS")]) {
    server.logins();
    expect(await run()).toEqual({ value: 3 });
    const parameters = { CLIENT_VALIDATE_DEFAULT_PARAMETERS: true, QUOTED_IDENTIFIERS_IGNORE_CASE: false, TIMESTAMP_TYPE_MAPPING: "TIMESTAMP_NTZ", TIMEZONE: "UTC" };
    expect(server.logins()).toEqual([{ login: "SNOWFLAKE", user: "ann", account: "OTHER-ACCOUNT", query: { warehouse: "REPORTS", databaseName: "DB", schemaName: "PUBLIC", roleName: "READER" }, parameters }]);
  }
});

it("schema pull and check", async () => {
  const cli = (...args: string[]) => promisify(execFile)(process.execPath, [join(root, "runtime/bin/lockstep.mjs"), "schema", ...args], { cwd: scratch, env: { ...process.env, ...server.env } }).then(({ stdout }) => ({ code: 0, stdout, stderr: "" }), (error: { code: number; stdout: string; stderr: string }) => error);
  expect(await cli("pull", "snowflake://", "sales.orders")).toMatchObject({ code: 0, stdout: 'orders.schema.ts: interface Orders, 8 columns; readSnowflake<Orders>("sales.orders") checks programs against it, and so does readSnowflake("sales.orders") where the file is imported\n' });
  const text = readFileSync(join(scratch, "orders.schema.ts"), "utf8");
  expect(text).toContain("  ID: number | null; // int64\n  CUSTOMER: number | null; // int64\n");
  expect(text).toContain("  PRICE: number | null; // decimal128(12, 2)\n");
  expect(text).toContain("  PLACED: Date | null; // timestamp[us]\n");
  expect(await cli("pull", "snowflake://another-account", "types", "-o", "all.schema.ts")).toMatchObject({ code: 0 });
  expect(server.logins().at(-1)!.account).toBe("ANOTHER-ACCOUNT");
  expect(readFileSync(join(scratch, "all.schema.ts"), "utf8")).toMatch(/  LTZ: Date \| null; \/\/ timestamp\[ns, tz=UTC\][^]*  TM: string \| null; \/\/ time64\[ns\][^]*  DOC: string \| null; \/\/ string\n/);
  expect(await cli("check")).toMatchObject({ code: 0, stdout: "all.schema.ts: as the data\norders.schema.ts: as the data\n" });
  writeFileSync(join(scratch, "orders.schema.ts"), text.replace("int64", "float64"));
  expect(await cli("check", "orders.schema.ts")).toMatchObject({ code: 1, stdout: expect.stringMatching(/ID +float64[^]*ID +int64[^]*schema pull snowflake:\/\/ sales\.orders -o orders\.schema\.ts/) });
});

it("the report of a run has the query", async () => {
  const main = join(scratch, "built/main.mjs");
  const profile = join(scratch, "profile.json");
  writeFileSync(main, `import { pushed } from ${JSON.stringify(programs.program("pushed").module)};\nawait pushed();\n`);
  await promisify(execFile)(process.execPath, [join(root, "runtime/bin/lockstep.mjs"), "run", "-n", "2", "--profile", profile, main], { env: { ...process.env, ...server.env } });
  const text = readFileSync(profile, "utf8");
  const { executions } = JSON.parse(text) as { executions: { operators: { name: string; detail: string }[] }[] };
  const details = executions.flatMap(({ operators }) => operators.filter(({ name }) => name === "QueryExec").map(({ detail }) => detail));
  expect(details).toContainEqual(expect.stringMatching(/sales\.orders at 127\.0\.0\.1:\d+, sessions=1, sql=\[SELECT "ID", "PRICE" FROM sales\.orders WHERE "PRICE" >= 999\.98\]/));
  expect(text).not.toContain("planted");
});
