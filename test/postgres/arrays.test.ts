/** Arrays of PostgreSQL: untransformed and on 1, 2, 3 and 7 ranks the same lists from a real server, and the same arrays in it. */
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Executions } from "../executions.ts";
import { difference, errorDifference } from "../oracle/compare.ts";
import type { Answer } from "../oracle/rank-pool.ts";
import { shared } from "../sample.ts";
import { root } from "../scripts/lib.mjs";
import * as arrays from "./programs/arrays.ts";
import { startServer, type Server } from "./server.ts";

const programs = new Executions(arrays, "test/postgres/programs/arrays.ts");
let server: Server;

type Name = keyof typeof arrays;
const plain = (name: Name, ...args: unknown[]): Promise<Answer> => programs.plain(name, args);
const onRanks = (ranks: number, name: Name, ...args: unknown[]): Promise<Answer> => programs.onRanks(ranks, name, args);

/** Elements of all types, none, null, no array; bounds from others than 1 on; several dimensions; values and rows of many. */
const TABLES = `
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN positive AS int4 CHECK (VALUE > 0);
CREATE DOMAIN few AS positive CHECK (VALUE < 10);
CREATE DOMAIN tags AS text[] CHECK (array_length(VALUE, 1) < 5);
CREATE TABLE arrays (
  n int4 NOT NULL, b bool[], i2 int2[], i4 int4[], i8 int8[], f4 float4[], f8 float8[], d5 numeric(5, 2)[], d38 numeric(38, 10)[], free numeric[], t text[], v varchar(10)[], c char(5)[], u uuid[], j json[],
  jb jsonb[], m mood[], p positive[], few few[], tags tags, day date[], ts timestamp[], tz timestamptz[], tm time[], bytes bytea[], grid int4[][]);
INSERT INTO arrays VALUES
  (1, '{t,f,NULL}', '{32767,NULL,-32768}', '{2147483647,-2147483648}', '{9007199254740991,-9007199254740991}', '{3.4028235e38,1e-45,NaN,-0}', '{1.7976931348623157e308,5e-324,Infinity,-Infinity,NaN,-0,0.1}',
   '{999.99,-999.99,0.05,NULL}', '{9999999999999999999999999999.9999999999,-0.0000000001}', '{1e50,NaN,0.5}',
   ARRAY['', ' ', 'NULL', 'null', NULL, 'a,b', '{x}', E'"q"', E'back\\\\slash\\\\\\\\', E'tab\\t\\n\\u00e9\\U0001F600', '[1:2]={'], '{ten letter,NULL}', '{ab,"",abcde}', '{00000000-0000-0000-0000-000000000001,NULL}',
   ARRAY['{"a" : [1, 2]}', 'null', NULL]::json[], ARRAY['{"b":{"c":null}}', '"t"']::jsonb[], '{ok,NULL,sad}', '{1,NULL,5}', '{9,1}', '{x,NULL,"y z"}', '{1970-01-01,5874897-12-31,"4713-01-01 BC",NULL}',
   '{"9999-12-31 23:59:59.999999","0044-03-15 12:00:00 BC"}', '{"1969-12-31 23:59:59.999999+00",NULL,"0001-01-01 00:00:00+00"}', '{23:59:59.999999,NULL}', ARRAY['\\xdeadbeef', '', NULL]::bytea[], '{{1,2},{3,NULL}}'),
  (2, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}'),
  (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (4, '{NULL}', '{NULL,NULL}', '[0:2]={1,NULL,3}', '[-5:-4]={1,2}', '[7:7]={1.5}', '{NULL}', '[2:3]={1.25,-1}', '{NULL}', '{NULL}', '[0:1]={"a","b=c"}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}',
   '[2:2]={z}', '[0:0]={2024-02-29}', '[0:0]={"2024-02-29 12:00:00.5"}', '{NULL}', '{NULL}', '{NULL}', '[0:0][3:4]={{1,2}}');

CREATE TABLE baskets (id int4 NOT NULL, items int4[], tags text[] NOT NULL);
INSERT INTO baskets SELECT i, CASE WHEN i % 19 > 0 THEN ARRAY(SELECT i + k FROM generate_series(1, i % 17) AS k) END,
  CASE WHEN i % 5 = 0 THEN '{}' ELSE ARRAY['t' || i % 4, CASE WHEN i % 3 > 0 THEN 'odd "' || i % 6 END] END FROM generate_series(1, 20000) AS i;
DELETE FROM baskets WHERE id BETWEEN 4000 AND 7000;

CREATE TABLE large (n int4 NOT NULL, items int4[] NOT NULL, words text[] NOT NULL);
INSERT INTO large SELECT n, (SELECT array_agg(n * 10 + k % 10) FROM generate_series(1, CASE WHEN n = 3 THEN 400000 ELSE n * 20000 END) AS k), (SELECT array_agg(repeat('wörd ', n) || k) FROM generate_series(1, 5000 * n) AS k) FROM generate_series(1, 6) AS n;

CREATE TABLE grids (n int4 NOT NULL, cells int4[], days date[], digits numeric(5, 2)[], far int8[]);
INSERT INTO grids VALUES (1, '{1,2}', '{2024-01-01}', '{1.5}', '{1}'), (2, '{{1,2},{3,4}}', '{2024-01-01,infinity}', '{NaN}', '{1,9007199254740993}');
`;

/** Tables that are written into, in a schema for plain Node and one for each number of ranks. */
const targets = (schema: string): string => `
  CREATE SCHEMA ${schema};
  CREATE TABLE ${schema}.arrays (LIKE arrays INCLUDING CONSTRAINTS);
  CREATE TABLE ${schema}.groups (k int8, items int8[], extra int4[] DEFAULT '{7}');
  INSERT INTO ${schema}.groups VALUES (1, '{2,3}');
  CREATE TABLE ${schema}.baskets (id int4 PRIMARY KEY, items int4[], tags varchar(20)[] NOT NULL DEFAULT '{}', note text DEFAULT 'old');
  INSERT INTO ${schema}.baskets SELECT i, ARRAY[i], '{old}' FROM generate_series(1, 9) AS i;`;

beforeAll(async () => {
  server = await startServer();
  await server.sql(TABLES + ["plain", "r1", "r2", "r3", "r7"].map(targets).join("\n"));
  await programs.open(server.env);
});

afterAll(async () => {
  await programs.close();
  await server?.stop();
});

/** A table's columns and rows, as the server prints them. */
async function shown(name: string): Promise<{ columns: unknown[]; rows: unknown[] }> {
  const columns = await server.sql(`SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute WHERE attrelid = '${name}'::regclass AND attnum > 0 ORDER BY attnum`);
  return { columns, rows: (await server.sql(`SELECT (t.*)::text AS row FROM ${name} t ORDER BY (t.*)::text COLLATE "C"`)).map(({ row }) => row) };
}

/** Tables of a write alone are gone with its sessions. */
const left = async (): Promise<unknown[]> => [...(await server.left()), ...(await server.sql("SELECT relname FROM pg_class WHERE relname ~ '^lockstep'"))];

const answers = ["types", "said", "used", "pushed", "queried", "large"] as const;
const errors: [Name, string, string][] = [
  ["grid", "LS2015", "column cells has an array of several dimensions, in row 1"], ["gridOfTexts", "LS2015", "column cells has an array of several dimensions, in row 1"], ["farDays", "LS2015", "column days has infinity, which is no day, in row 1"],
  ["noNumber", "LS2015", "column digits has NaN, which is no decimal, in row 1"], ["farIntegers", "LS2004", "9007199254740993"], ["notSo", "LS2002", "column t of arrays in"],
];
const writes: [Name, (schema: string) => unknown[], string[]][] = [
  ["copied", (s) => [`${s}.new_arrays`, `${s}.arrays`], ["new_arrays", "arrays"]],
  ["many", (s) => [`${s}.many`, 8], ["many"]],
  ["largest", (s) => [`${s}.largest`], ["largest"]],
  ["literals", (s) => [`${s}.literals`], ["literals"]],
  ["collected", (s) => [`${s}.groups`], ["groups"]],
  ["merged", (s) => [`${s}.baskets`], ["baskets"]],
  ["merged", (s) => [`${s}.new_baskets`], ["new_baskets"]],
  ["empty", (s) => [`${s}.empty`], ["empty"]],
];
const refused: [Name, string, string][] = [
  ["byArray", "baskets", "LS2015"], ["fractions", "baskets", "LS2002"], ["noList", "baskets", "LS2002"], ["noScalar", "baskets", "LS2002"], ["listsOfLists", "new", "LS2015"], ["nul", "new", "LS2015"], ["noUuid", "arrays", "LS2015"],
  ["tooLong", "arrays", "LS2015"], ["notPositive", "arrays", "LS2015"], ["tooOld", "new", "LS2015"],
];

describe("plain Node", () => {
  it.each(answers)("%s", async (name) => {
    const value = await programs.value(plain(name));
    if (name === "types" || name === "said" || name === "pushed") expect(value).toMatchSnapshot();
  });

  it.each(errors)("%s is an error", async (name, code, message) => {
    expect(await plain(name)).toMatchObject({ error: { code, message: expect.stringContaining(message) } });
  });

  it("cannot look at what has no type", async () => {
    expect(await plain("unknown")).toMatchObject({ error: { code: "LS2015", message: expect.stringContaining("numeric[]") } });
    expect(await onRanks(1, "unknown")).toMatchObject({ error: { code: "LS2002", message: expect.stringContaining("numeric[]") } });
  });

  it("an interface that says otherwise", async () => {
    const { error } = (await onRanks(1, "otherwise")) as { error: { code: string; message: string } };
    expect(error.code).toBe("LS2002");
    expect(error.message.replace(/ in postgres:\S+/, "")).toMatchInlineSnapshot(`
      "arrays differs from the interface in 5 columns
        column  the table has             the interface says  fix
        n       int32                     number[]            n: number
        i4      list<int32>               string[]            i4: number[], or types: { i4: "string[]" }
        t       list<string>              number[]            t: string[]
        few     list<int32>               number              few: number[]
        d38     list<decimal128(38, 10)>  string              d38: number[], or types: { d38: "string" }"
    `);
  });

  it.each(writes)("%s", async (name, args, tables) => {
    await programs.value(plain(name, ...args("plain")));
    for (const table of tables) expect((await shown(`plain.${table}`)).rows.length, table).toBeGreaterThan(0);
    expect(await left()).toEqual([]);
  });

  it("keeps every bit", async () => {
    const columns = "n, b, i2, i4, i8, f4, f8, d5, t, v, c, u, j, jb, m, p, few, tags, day, ts, tz";
    // What is read of an array begins with its first element.
    const bits = (table: string) => server.sql(`SELECT md5(string_agg(regexp_replace((row(${columns}))::text, '\\[-?\\d+:-?\\d+\\]=', '', 'g'), '|' ORDER BY n)) FROM ${table}`);
    expect(await bits("plain.arrays")).toEqual(await bits("arrays"));
    expect((await shown("plain.new_arrays")).columns).toMatchSnapshot();
    expect(await shown("plain.literals")).toMatchSnapshot();
    const all = (table: string) => server.sql(`SELECT count(*)::int4 AS n, md5(string_agg((t.*)::text, '|' ORDER BY (t.*)::text)) FROM ${table} AS t`);
    expect(await all("plain.many")).toEqual(await all("baskets"));
    expect(await server.sql("SELECT array_length(items, 1) AS n, items[400000] AS last, words[15000] AS word FROM plain.largest WHERE n = 3")).toEqual([{ n: 400_000, last: 30, word: "wörd wörd wörd 15000" }]);
    expect(await server.sql("SELECT count(*)::int4 AS n, sum((note = 'old')::int4)::int4 AS noted, sum((tags[1] LIKE 'merged%')::int4)::int4 AS merged FROM plain.baskets")).toMatchSnapshot();
  });
});

describe.each(shared([1, 2, 3, 7], 2))("on %i ranks", (ranks) => {
  const schema = `r${ranks}`;

  it.each(answers)("%s", async (name) => {
    expect(difference(await programs.value(plain(name)), await programs.value(onRanks(ranks, name)))).toBeNull();
    expect(await server.left()).toEqual([]);
  });

  it.each(errors)("%s is an error", async (name, code, message) => {
    const [right, answer] = [await plain(name), await onRanks(ranks, name)];
    expect(answer).toMatchObject({ error: { code, message: expect.stringContaining(message) } });
    expect(errorDifference((right as { error: never }).error, (answer as { error: never }).error)).toBeNull();
    expect(await server.left()).toEqual([]);
  });

  it.each(writes)("%s", async (name, args, tables) => {
    await programs.value(onRanks(ranks, name, ...args(schema)));
    for (const table of tables) expect(await shown(`${schema}.${table}`)).toEqual(await shown(`plain.${table}`));
    expect(await left()).toEqual([]);
  });

  it("puts rows aside where there are few sessions", async () => {
    await programs.value(onRanks(ranks, "many", `${schema}.few`, 2));
    expect(await shown(`${schema}.few`)).toEqual(await shown("plain.many"));
  });

  it.each(refused)("%s into %s is an error", async (name, table, code) => {
    const before = table === "new" ? undefined : await shown(`${schema}.${table}`);
    const [right, answer] = [await plain(name, `${schema}.${table}`), await onRanks(ranks, name, `${schema}.${table}`)];
    expect([right, answer]).toMatchObject([{ error: { code } }, { error: { code } }]);
    expect(errorDifference((right as { error: never }).error, (answer as { error: never }).error)).toBeNull();
    if (before) expect(await shown(`${schema}.${table}`)).toEqual(before);
    else expect(await server.sql(`SELECT to_regclass('${schema}.new')`)).toEqual([{ to_regclass: null }]);
    expect(await left()).toEqual([]);
  });
});

const cli = (...args: string[]) => promisify(execFile)(process.execPath, [join(root, "runtime/bin/lockstep.mjs"), ...args], { cwd: programs.scratch, env: { ...process.env, ...server.env } });

it("the server is asked whether there is an array, and nothing of its elements", async () => {
  const [main, profile] = [join(programs.scratch, "built/main.mjs"), join(programs.scratch, "profile.json")];
  writeFileSync(main, `import { pushed } from ${JSON.stringify(programs.program("pushed").module)};\nawait pushed();\n`);
  await cli("run", "-n", "2", "--profile", profile, main);
  const { executions } = JSON.parse(readFileSync(profile, "utf8")) as { executions: { operators: { name: string; detail: string }[] }[] };
  const details = executions.flatMap(({ operators }) => operators.filter(({ name }) => name === "QueryExec").map(({ detail }) => detail));
  expect(details).toContainEqual(expect.stringContaining(`sql=[SELECT "id", "items", "tags" FROM public.baskets WHERE "items" IS NULL AND "id" < (100)]`));
  expect(details).toContainEqual(expect.stringContaining(`sql=[SELECT "id", "items" FROM public.baskets WHERE "items" IS NOT NULL]`));
  expect(details).toContainEqual(expect.stringContaining(`sql=[SELECT "id", "items"::text[] FROM public.baskets WHERE "items"::text[] IS NULL AND "id" > (19900)]`));
});

it("lockstep schema pull writes lists", async () => {
  await cli("schema", "pull", "postgres://", "arrays");
  expect(readFileSync(join(programs.scratch, "arrays.schema.ts"), "utf8").replace(/^.*$/m, "")).toMatchSnapshot();
  await cli("schema", "check", "arrays.schema.ts");
});
