/**
 * Arrow Flight SQL as a source: untransformed and on 1, 2, 3 and 7 ranks the same answers from real servers: one over DuckDB with several
 * endpoints, one of Arrow's own in Go with one.
 */
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { difference, errorDifference } from "../oracle/compare.ts";
import type { Answer } from "../oracle/rank-pool.ts";
import { writtenDifference } from "../oracle/written.ts";
import { shared } from "../sample.ts";
import { root } from "../scripts/lib.mjs";
import * as tables from "./programs/tables.ts";
import { Executions } from "../executions.ts";
import { SECRET, startPython, type Told } from "./server.ts";

const programs = new Executions(tables, "test/flight/programs/tables.ts");
const { scratch } = programs;
let server: Told;

type Name = keyof typeof tables;
const plain = (name: Name, ...args: unknown[]): Promise<Answer> => programs.plain(name, args);
const onRanks = (ranks: number, name: Name, ...args: unknown[]): Promise<Answer> => programs.onRanks(ranks, name, args);

beforeAll(async () => {
  server = await startPython();
  await programs.open(server.env);
});

afterAll(async () => {
  await programs.close();
  await server?.stop();
});

const answers = ["groups", "inOrder", "firstOf", "counted", "pushed", "queries", "small", "types", "twice"] as const;
const errors = ["noTable", "brokenQuery", "nullFound", "farInteger"] as const;

describe.each(shared([1, 2, 3, 7], 0))("on %i ranks", (ranks) => {
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
    // Nulls are only the compiled program's to find, and ranks ask for more than the query.
    if (name === "brokenQuery") expect(answer.error.code).toBe("LS2015");
    else if (name !== "nullFound") expect(errorDifference((right as { error: { name: string; code?: string; message: string } }).error, answer.error as never)).toBeNull();
  });

  it("writes every bit", async () => {
    const [right, out] = [join(scratch, `right-${ranks}`), join(scratch, `out-${ranks}`)];
    expect(await plain("written", right)).toHaveProperty("value");
    expect(await onRanks(ranks, "written", out)).toHaveProperty("value");
    expect(await writtenDifference("written", right, out)).toBeNull();
  });

  it("shares few connections", async () => {
    const right = (await plain("shared", null, 8)) as { value: unknown };
    for (const connections of [1, 2, 20]) {
      server.most();
      expect(difference(right.value, ((await onRanks(ranks, "shared", null, connections)) as { value: unknown }).value)).toBeNull();
      // Of each of the two readers.
      expect(server.most()).toBeLessThanOrEqual(2 * connections);
    }
  });
});

it("asks for what is read, once, and of a query with an order for the query", async () => {
  const statements = async (name: Name): Promise<string[]> => {
    server.asked();
    expect(await onRanks(3, name)).toHaveProperty("value");
    return server.asked().map((sql) => sql.replaceAll(/\s+/g, " "));
  };
  const columns = "SELECT * FROM sales.orders WHERE 1 = 0";
  expect(await statements("twice")).toEqual([columns, 'SELECT "id", "customer" FROM sales.orders']);
  expect(await statements("firstOf")).toEqual([columns, 'SELECT "id" FROM sales.orders LIMIT 20']);
  expect(await statements("counted")).toEqual([columns, "SELECT 1 FROM sales.orders"]);
  expect((await statements("queries")).slice(1, 2)).toEqual(["select id, name from sales.orders order by id desc limit 4000"]);
  const pushed = (await statements("pushed")).filter((sql) => sql !== columns);
  expect(pushed).toHaveLength(10);
  expect(pushed).toContain(`SELECT "id", "name", "placed", "paid" FROM sales.orders WHERE "paid" = TRUE AND "placed" >= TIMESTAMP '2024-06-01 00:00:00.000000' AND "name" = 'O''Brien'`);
});

it("schema pull and check", async () => {
  const cli = (...args: string[]) => promisify(execFile)(process.execPath, [join(root, "runtime/bin/lockstep.mjs"), "schema", ...args], { cwd: scratch, env: { ...process.env, ...server.env } }).then(({ stdout }) => ({ code: 0, stdout, stderr: "" }), (error: { code: number; stdout: string; stderr: string }) => error);
  expect(await cli("pull", "grpc://", "sales.orders")).toMatchObject({ code: 0, stdout: 'orders.schema.ts: interface Orders, 8 columns; readFlightSql<Orders>("sales.orders") checks programs against it, and so does readFlightSql("sales.orders") where the file is imported\n' });
  const text = readFileSync(join(scratch, "orders.schema.ts"), "utf8");
  expect(text).toContain("  id: number | null; // int64\n  customer: number | null; // int32\n");
  expect(text).toContain("  price: number | null; // decimal128(12, 2)\n");
  expect(await cli("pull", `grpc://127.0.0.1:${server.port}`, "types", "-o", "all.schema.ts")).toMatchObject({ code: 0 });
  expect(readFileSync(join(scratch, "all.schema.ts"), "utf8")).toMatch(/  m: string \| null; \/\/ dictionary<[^]*  list: \(string \| null\)\[\] \| null; \/\/ list<[^]*  pair: \{ a: number \| null; b: string \| null \} \| null; \/\/ struct<a: int32, b: string>\n/);
  expect(await cli("check")).toMatchObject({ code: 0, stdout: "all.schema.ts: as the data\norders.schema.ts: as the data\n" });
  writeFileSync(join(scratch, "orders.schema.ts"), text.replace("int64", "float64"));
  expect(await cli("check", "orders.schema.ts")).toMatchObject({ code: 1, stdout: expect.stringMatching(/id +float64[^]*id +int64[^]*schema pull grpc:\/\/ sales\.orders -o orders\.schema\.ts/) });
  const refused = await cli("pull", `grpc://ann:${SECRET}@127.0.0.1:1`, "one");
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("host and port alone") });
  expect(`${refused.stdout}${refused.stderr}`).not.toContain(SECRET);
});

it("the report of a run has the query", async () => {
  const main = join(scratch, "built/main.mjs");
  const profile = join(scratch, "profile.json");
  writeFileSync(main, `import { pushed } from ${JSON.stringify(programs.program("pushed").module)};\nawait pushed();\n`);
  await promisify(execFile)(process.execPath, [join(root, "runtime/bin/lockstep.mjs"), "run", "-n", "2", "--profile", profile, main], { env: { ...process.env, ...server.env } });
  const { executions } = JSON.parse(readFileSync(profile, "utf8")) as { executions: { operators: { name: string; detail: string }[] }[] };
  const details = executions.flatMap(({ operators }) => operators.filter(({ name }) => name === "QueryExec").map(({ detail }) => detail));
  expect(details).toContainEqual(expect.stringMatching(/sales\.orders at grpc:\/\/127\.0\.0\.1:\d+, sessions=2, sql=\[SELECT "id", "price" FROM sales\.orders WHERE "price" >= 999\.98\]/));
});
