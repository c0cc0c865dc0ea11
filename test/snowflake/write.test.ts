/**
 * Snowflake as a target: untransformed and on 1, 2, 3 and 7 ranks the same tables on a server on this machine (fakesnow, with stages in a
 * real server of S3), and nothing else; Snowflake's own connector for Python reads what was written.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSnowflake, table } from "@lockstep/runtime";
import { errorDifference } from "../oracle/compare.ts";
import type { Answer } from "../oracle/rank-pool.ts";
import { shared } from "../sample.ts";
import { Executions } from "../executions.ts";
import * as writes from "./programs/writes.ts";
import { within } from "../stores/servers.ts";
import { ownDisk, SECRET, type StagedServer, startWithStages } from "./server.ts";

const programs = new Executions(writes, "test/snowflake/programs/writes.ts");
const disk = ownDisk();
let server: StagedServer;

type Name = keyof typeof writes;
const plain = (name: Name, ...args: unknown[]): Promise<Answer> => programs.plain(name, args);
const onRanks = (ranks: number, name: Name, ...args: unknown[]): Promise<Answer> => programs.onRanks(ranks, name, args);

/** Tables that are written into, in a schema for plain Node and one for each number of ranks. */
const targets = (schema: string): string[] => [
  `CREATE SCHEMA DB.${schema}`,
  `CREATE TABLE DB.${schema}.PEOPLE (ID int8 NOT NULL, NAME varchar DEFAULT 'nobody', DOC json, NOTE varchar)`,
  `INSERT INTO DB.${schema}.PEOPLE (ID, NAME) VALUES (5, 'five')`,
  `CREATE TABLE DB.${schema}.TYPES AS SELECT * FROM DB.PUBLIC.TYPES LIMIT 0`,
  `CREATE TABLE DB.${schema}.TOTALS (PRICE decimal(16, 2), CUSTOMER int8, N int8, EXTRA varchar DEFAULT 'e')`,
  `INSERT INTO DB.${schema}.TOTALS VALUES (1, 2, 3, 'x')`,
  `CREATE TABLE DB.${schema}.EVENTS (ID int8, NAME varchar, KIND varchar DEFAULT 'new')`,
  `INSERT INTO DB.${schema}.EVENTS SELECT i, 'old ' || i, 'old' FROM range(1, 10) AS t(i)`,
  `CREATE TABLE DB.${schema}.PAIRS (A int8, B varchar)`,
  `INSERT INTO DB.${schema}.PAIRS VALUES (1, 'x'), (NULL, 'n')`,
  `CREATE TABLE DB.${schema}.LISTS (ID int8, LIST json)`,
  `CREATE SCHEMA DB."my ${schema.toLowerCase()}"`,
  `CREATE VIEW DB.${schema}.SEEN AS SELECT * FROM DB.${schema}.PAIRS`,
];

beforeAll(async () => {
  server = await startWithStages();
  await server.sql(...["PLAIN", "R1", "R2", "R3", "R7"].flatMap(targets));
  await programs.open({ ...server.env, ...disk.env });
});

afterAll(async () => {
  await programs.close();
  await server?.stop();
  disk.remove();
});

/** A table's columns and rows, as the server holds them. */
async function shown(name: string): Promise<{ columns: unknown[]; rows: unknown[] }> {
  return { columns: (await server.sql(`DESCRIBE DB.${name}`)).map(([column, type]) => [column, type]), rows: (await server.sql(`SELECT "every column"::varchar AS row FROM DB.${name} AS "every column" ORDER BY row`)).map(([row]) => row!.replaceAll("\0", "\\0")) };
}
const isThere = async (schema: string, name: string): Promise<boolean> => (await server.sql(`SELECT 1 FROM duckdb_tables() WHERE schema_name = '${schema}' AND table_name = '${name}'`)).length > 0;

/** What is a write's alone: on the server, in the store, on this machine. */
const left = async (): Promise<unknown[]> => [...(await server.sql("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'LOCKSTEP%'")), ...server.staged(), ...disk.files()];

const cases: [Name, (schema: string) => unknown[], string[]][] = [
  ["copied", (s) => [`db.${s}.copied`], ["COPIED"]],
  ["uneven", (s) => [`${s}."Uneven"`], ['"Uneven"']],
  ["uneven", (s) => [`${s}.order`], ['"ORDER"']],
  ["none", (s) => [`${s}.none`], ["NONE"]],
  ["types", (s) => [`${s}.new_types`, `${s}.types`], ["NEW_TYPES", "TYPES"]],
  ["literals", (s) => [`${s}.literals`], ["LITERALS"]],
  ["added", (s) => [`${s}.people`], ["PEOPLE"]],
  ["replaced", (s) => [`${s}.totals`], ["TOTALS"]],
  ["merged", (s) => [`${s}.events`], ["EVENTS"]],
  ["merged", (s) => [`${s}.new_events`], ["NEW_EVENTS"]],
  ["keys", (s) => [`${s}.pairs`], ["PAIRS"]],
  ["several", (s) => [`${s}.first`, `${s}.second`, false], ["FIRST", "SECOND"]],
];
const errors: [Name, string, string][] = [
  ["twice", "new", "LS2016"], ["required", "people", "LS2003"], ["lacking", "people", "LS2002"], ["misspelt", "people", "LS2002"], ["wide", "people", "LS2002"], ["both", "people", "LS2002"], ["byDocument", "people", "LS2015"], ["blank", "people", "LS2015"], ["noList", "lists", "LS2015"],
  ["listed", "new", "LS2015"], ["there", "people", "LS2007"], ["there", "seen", "LS2015"], ["added", "seen", "LS2015"], ["nowhere", "new", "LS2001"], ["noName", "new", "LS2015"],
];

describe("plain Node", () => {
  it.each(cases)("%s", async (name, args, tables) => {
    await programs.value(plain(name, ...args("plain")));
    for (const table of tables) expect((await shown(`PLAIN.${table}`)).rows.length, table).toBeGreaterThan(name === "none" ? -1 : 0);
    expect(await left()).toEqual([]);
  });

  it("keeps every bit", async () => {
    const columns = ["N", "B", "I", "BIG", "D5", "D15", "F", "T", "DAY", "S", "MS", "US", "NS", "LTZ", "TZ", "V"].map((name) => `t.${name}${/TZ$/.test(name) ? "::timestamp" : ""}::varchar`).join(", ");
    const of = (table: string): Promise<unknown> => server.sql(`SELECT ${columns} FROM DB.${table} t ORDER BY N`);
    expect(await of("PLAIN.TYPES")).toEqual(await of("PUBLIC.TYPES"));
    expect(await of("PLAIN.NEW_TYPES")).toEqual(await of("PUBLIC.TYPES"));
    expect(await shown("PLAIN.LITERALS")).toMatchSnapshot();
    expect(await server.sql("SELECT count(*), count(DISTINCT ID), sum((NAME LIKE 'merged%')::int4), sum((KIND = 'old')::int4), sum((KIND = 'new')::int4) FROM DB.PLAIN.EVENTS")).toEqual([["2672", "2672", "2666", "9", "2663"]]);
    expect(await shown("PLAIN.PAIRS")).toMatchSnapshot();
    expect((await shown("PLAIN.TOTALS")).rows).toHaveLength(40);
  });

  it("brings many rows in several files", async () => {
    server.asked();
    await within({ ...server.env, ...disk.env }, () => table({ ID: Array.from({ length: 150_000 }, (_, i) => i) }).writeSnowflake("plain.many", { types: { ID: "int64" } }));
    expect(server.asked().filter((sql) => sql.startsWith("PUT"))).toHaveLength(2);
    expect(await server.sql("SELECT count(*), count(DISTINCT ID), sum(ID) FROM DB.PLAIN.MANY")).toEqual([["150000", "150000", "11249925000"]]);
    expect(await left()).toEqual([]);
  });

  it("carries what no program looks at", async () => {
    await within(server.env, async () => (await readSnowflake("select n, d38, bytes from types")).writeSnowflake("plain.unseen"));
    const of = (table: string): Promise<unknown> => server.sql(`SELECT N::varchar, D38::varchar, BYTES::varchar FROM DB.${table} ORDER BY N`);
    expect(await of("PLAIN.UNSEEN")).toEqual(await of("PUBLIC.TYPES"));
    const time = within(server.env, async () => (await readSnowflake("select n, tm from types")).writeSnowflake("plain.times"));
    await expect(time).rejects.toMatchObject({ code: "LS2015", message: expect.stringContaining("time64[ns], which Snowflake does not have") });
  });

  it("what Snowflake's own connector reads is what it reads of the original", async () => {
    const types = "select n, b, i, big, d5, d15, f, t, day, s, ms, us, ns, ltz, tz, v from";
    const [original, written, copy, orders, copied] = await server.judged(`${types} types order by n`, `${types} plain.new_types order by n`, `${types} plain.types order by n`, "select id, customer, name, price, weight, placed, due, paid from sales.orders order by id", "select id, customer, name, price, weight, placed, due, paid from plain.copied order by id");
    expect(written).toEqual(original);
    expect(copy).toEqual(original);
    expect(copied).toEqual(orders);
    expect(copied).toHaveLength(8_000);
  });
});

describe.each(shared([1, 2, 3, 7], 0))("on %i ranks", (ranks) => {
  const schema = `r${ranks}`;

  it.each(cases)("%s", async (name, args, tables) => {
    await programs.value(onRanks(ranks, name, ...args(schema)));
    for (const table of tables) expect(await shown(`${schema}.${table}`)).toEqual(await shown(`PLAIN.${table}`));
    expect(await left()).toEqual([]);
  });

  it.each(errors)("%s into %s is an error", async (name, table, code) => {
    const before = table === "new" ? undefined : await shown(`${schema}.${table}`);
    const [right, answer] = [await plain(name, `${schema}.${table}`), await onRanks(ranks, name, `${schema}.${table}`)];
    expect([right, answer]).toMatchObject([{ error: { code } }, { error: { code } }]);
    expect(errorDifference((right as { error: never }).error, (answer as { error: never }).error)).toBeNull();
    expect(JSON.stringify([right, answer])).not.toContain(SECRET);
    if (before) expect(await shown(`${schema}.${table}`)).toEqual(before);
    else expect(await isThere(schema, "NEW")).toBe(false);
    expect(await left()).toEqual([]);
  });

  it("a schema with a blank in its name", async () => {
    await programs.value(onRanks(ranks, "several", `"my ${schema}".first`, `db."my ${schema}".second`, false));
    for (const table of ["FIRST", "SECOND"]) expect((await shown(`"my ${schema}".${table}`)).rows).toEqual((await shown(`PLAIN.${table}`)).rows);
    expect(await left()).toEqual([]);
  });

  it("what it has written it does not read", async () => {
    expect(await onRanks(ranks, "readAgain", `${schema}.again`)).toMatchObject({ error: { code: "LS2015", message: expect.stringContaining("is written in this call") } });
    expect(await isThere(schema, "AGAIN")).toBe(false);
    expect(await left()).toEqual([]);
  });

  it("a call that fails writes nothing", async () => {
    const before = [await shown(`${schema}.FIRST`), await shown(`${schema}.SECOND`)];
    expect(await onRanks(ranks, "several", `${schema}.first`, `${schema}.second`, true)).toMatchObject({ error: { message: "after all" } });
    expect([await shown(`${schema}.FIRST`), await shown(`${schema}.SECOND`)]).toEqual(before);
    expect(await left()).toEqual([]);
  });
});

it("what goes into two schemas is one transaction", async () => {
  server.asked();
  await programs.value(onRanks(2, "places", "r1"));
  for (const schema of ["PUBLIC", "R1"]) expect((await shown(`${schema}.PLACED`)).rows).toHaveLength(2);
  expect(server.asked().filter((sql) => sql === "COMMIT")).toHaveLength(1);
});

it("one session, which goes where the program says, brings all in by one transaction", async () => {
  server.logins();
  server.asked();
  await programs.value(onRanks(3, "several", "r3.third", "r3.fourth", false));
  expect(server.logins()).toMatchObject([{ account: "MYORG-TEST", query: { databaseName: "DB", schemaName: "PUBLIC" }, parameters: { QUOTED_IDENTIFIERS_IGNORE_CASE: false } }]);
  const asked = server.asked().map((sql) => sql.replaceAll(/[0-9A-F]{32}/g, "…"));
  expect(asked.slice(asked.indexOf("BEGIN TRANSACTION"))).toMatchSnapshot();
  expect(asked.filter((sql) => sql.startsWith("BEGIN"))).toHaveLength(1);
});
