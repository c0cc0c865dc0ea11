/**
 * PostgreSQL as a source: untransformed and on 1, 2, 3 and 7 ranks the same answers from a real server, errors without a secret, and
 * no session left.
 */
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { difference, errorDifference } from "../oracle/compare.ts";
import type { Answer } from "../oracle/rank-pool.ts";
import { writtenDifference } from "../oracle/written.ts";
import { shared } from "../sample.ts";
import { root } from "../scripts/lib.mjs";
import * as tables from "./programs/tables.ts";
import { Executions } from "../executions.ts";
import { SECRET, startServer, TABLES, type Server } from "./server.ts";

const programs = new Executions(tables, "test/postgres/programs/tables.ts");
const { scratch } = programs;
let server: Server;

type Name = keyof typeof tables;
const plain = (name: Name, ...args: unknown[]): Promise<Answer> => programs.plain(name, args);
const onRanks = (ranks: number, name: Name, ...args: unknown[]): Promise<Answer> => programs.onRanks(ranks, name, args);

beforeAll(async () => {
  server = await startServer();
  await server.sql(TABLES);
  await programs.open(server.env);
});

afterAll(async () => {
  await programs.close();
  await server?.stop();
});

const answers = ["groups", "inOrder", "filtered", "pushed", "joined", "partitions", "small", "views", "many", "types"] as const;
const errors = ["noTable", "nullFound", "farInteger", "infinity", "notANumber", "brokenQuery", "divided", "twice"] as const;

describe.each(shared([1, 2, 3, 7], 1))("on %i ranks", (ranks) => {
  it.each(answers)("%s", async (name) => {
    const [right, answer] = [await plain(name), await onRanks(ranks, name)];
    if ("error" in right) expect.fail(right.error.message);
    if ("error" in answer) expect.fail(answer.error.message);
    expect(difference(right.value, answer.value)).toBeNull();
    expect(await server.left()).toEqual([]);
  });

  it.each(errors)("%s is an error", async (name) => {
    const [right, answer] = [await plain(name), await onRanks(ranks, name)];
    expect(answer).toHaveProperty("error");
    if (!("error" in answer)) return;
    // Nulls are only the compiled program's to find.
    if (name !== "nullFound") expect(errorDifference((right as { error: { name: string; code?: string; message: string } }).error, answer.error as never)).toBeNull();
    expect(answer.error.message).not.toContain(SECRET);
    expect(await server.left()).toEqual([]);
  });

  it("writes every bit", async () => {
    const [right, out] = [join(scratch, `right-${ranks}`), join(scratch, `out-${ranks}`)];
    expect(await plain("written", right)).toHaveProperty("value");
    expect(await onRanks(ranks, "written", out)).toHaveProperty("value");
    expect(await writtenDifference("written", right, out)).toBeNull();
  });

  it("shares few sessions", async () => {
    for (const connections of [2, 3, 20]) {
      const most = watch();
      const answer = await onRanks(ranks, "few", null, connections);
      expect(difference((await plain("few", null, 8) as { value: unknown }).value, (answer as { value: unknown }).value)).toBeNull();
      const seen = await most();
      expect(seen).toBeGreaterThan(0);
      expect(seen).toBeLessThanOrEqual(connections);
      expect(await server.left()).toEqual([]);
    }
  });
});

it("the report of a run has the statements", async () => {
  const main = join(scratch, "built/main.mjs");
  const profile = join(scratch, "profile.json");
  writeFileSync(main, `import { pushed, inOrder } from ${JSON.stringify(programs.program("pushed").module)};\nawait pushed();\nawait inOrder();\n`);
  await promisify(execFile)(process.execPath, [join(root, "runtime/bin/lockstep.mjs"), "run", "-n", "2", "--profile", profile, main], { env: { ...process.env, ...server.env } });
  const report = readFileSync(profile, "utf8");
  const { executions } = JSON.parse(report) as { executions: { operators: { name: string; detail: string }[] }[] };
  const details = executions.flatMap(({ operators }) => operators.filter(({ name }) => name === "QueryExec").map(({ detail }) => detail));
  expect(details).toContainEqual(expect.stringContaining(`sql=[SELECT "id", "name", "placed", "paid" FROM sales.orders WHERE "paid" = true AND "placed" >= '2024-06-01 00:00:00.000000+00'::timestamptz AND "name" = 'O''Brien']`));
  expect(details).toContainEqual(expect.stringContaining(`sessions=2, sql=[SELECT "weight" FROM sales.orders WHERE ("weight" < '-1e0'::float8 OR "weight" >= '2.8585e3'::float8)]`));
  expect(details).toContainEqual(expect.stringContaining(`WHERE ("price" = '12.50'::numeric OR "id" = (12345))]`));
  expect(details).toContainEqual(expect.stringContaining(`sql=[SELECT "id", "price" FROM sales.orders WHERE "price" >= '999.98'::numeric]`));
  expect(report).not.toContain(SECRET);
});

/** The most sessions there are until it is asked. */
function watch(): () => Promise<number> {
  let [most, on] = [0, true];
  const watching = (async () => {
    // Without a pause the server would do little else.
    for (; on; await delay(2)) most = Math.max(most, (await server.sessions()).length);
  })();
  return async () => {
    on = false;
    await watching;
    return most;
  };
}
