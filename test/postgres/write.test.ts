/** PostgreSQL as a target: untransformed and on 1, 2, 3 and 7 ranks the same tables on a real server, and nothing else. */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorDifference } from "../oracle/compare.ts";
import { type Answer, RankPool } from "../oracle/rank-pool.ts";
import { isLong, shared } from "../sample.ts";
import * as writes from "./programs/writes.ts";
import { Executions } from "../executions.ts";
import { SECRET, startServer, TABLES, type Server } from "./server.ts";

const programs = new Executions(writes, "test/postgres/programs/writes.ts");
const { scratch } = programs;
let server: Server;

type Name = keyof typeof writes;
const plain = (name: Name, ...args: unknown[]): Promise<Answer> => programs.plain(name, args);
const onRanks = (ranks: number, name: Name, ...args: unknown[]): Promise<Answer> => programs.onRanks(ranks, name, args);

/** Tables that are written into, in a schema for plain Node and one for each number of ranks. */
const targets = (schema: string): string => `
  CREATE SCHEMA ${schema};
  CREATE TABLE ${schema}.people (id int4 PRIMARY KEY, name varchar(10) NOT NULL DEFAULT 'nobody', since timestamptz DEFAULT '2020-01-01Z', note text);
  INSERT INTO ${schema}.people (id, name) VALUES (5, 'five');
  CREATE TABLE ${schema}.types (LIKE types); ALTER TABLE ${schema}.types ADD double int4 GENERATED ALWAYS AS (n * 2) STORED;
  CREATE TABLE ${schema}.totals (price numeric(14, 2), customer int8, n int8, extra text DEFAULT 'e');
  INSERT INTO ${schema}.totals VALUES (1, 2, 3);
  CREATE TABLE ${schema}.events (id int8, name text, kind text DEFAULT 'old') PARTITION BY RANGE (id);
  CREATE TABLE ${schema}.events_a PARTITION OF ${schema}.events FOR VALUES FROM (MINVALUE) TO (30000);
  CREATE TABLE ${schema}.events_b PARTITION OF ${schema}.events DEFAULT;
  INSERT INTO ${schema}.events SELECT i, 'old ' || i FROM generate_series(1, 9) AS i;
  CREATE TABLE ${schema}.pairs (a int4, b text);
  INSERT INTO ${schema}.pairs VALUES (1, 'x'), (NULL, 'n');`;

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

const cases: [Name, (schema: string) => unknown[], string[]][] = [
  ["copied", (s) => [`${s}.copied`, 8], ["copied"]],
  ["uneven", (s) => [`${s}.Uneven`], ["uneven"]],
  ["none", (s) => [`${s}.none`], ["none"]],
  ["types", (s) => [`${s}.new_types`, `${s}.types`], ["new_types", "types"]],
  ["literals", (s) => [`${s}."Literals"`], ['"Literals"']],
  ["added", (s) => [`${s}.people`], ["people"]],
  ["replaced", (s) => [`${s}.totals`], ["totals"]],
  ["merged", (s) => [`${s}.events`], ["events"]],
  ["merged", (s) => [`${s}.new_events`], ["new_events"]],
  ["keys", (s) => [`${s}.pairs`], ["pairs"]],
  ["several", (s) => [`${s}.first`, `${s}.second`, false], ["first", "second"]],
];
const errors: [Name, string, string][] = [
  ["nul", "new", "LS2015"], ["noUuid", "types", "LS2015"], ["tooLong", "types", "LS2015"], ["noMood", "types", "LS2015"], ["noName", "types", "LS2002"], ["tooOld", "new", "LS2015"], ["twice", "new", "LS2016"], ["taken", "people", "LS2015"],
  ["required", "people", "LS2003"], ["lacking", "people", "LS2002"], ["misspelt", "people", "LS2002"], ["wide", "people", "LS2002"], ["generated", "types", "LS2002"], ["there", "people", "LS2007"], ["nowhere", "new", "LS2001"],
];

describe("plain Node", () => {
  it.each(cases)("%s", async (name, args, tables) => {
    const answer = await plain(name, ...args("plain"));
    if ("error" in answer) expect.fail(answer.error.message);
    for (const table of tables) expect((await shown(`plain.${table}`)).rows.length, table).toBeGreaterThan(name === "none" ? -1 : 0);
    expect(await left()).toEqual([]);
  });

  it("keeps every bit", async () => {
    const bits = "md5(string_agg((row(n, b, i2, i4, i8, f4, f8, d5, d15, t, v, u, j::text, jb, m, p, day, ts, tz))::text, '|' ORDER BY n))";
    expect(await server.sql(`SELECT ${bits} FROM plain.types`)).toEqual(await server.sql(`SELECT ${bits} FROM types`));
    expect((await shown("plain.\"Literals\"")).rows).toMatchSnapshot();
    expect((await shown("plain.new_types")).columns).toMatchSnapshot();
    expect(await server.sql("SELECT count(*)::int4 AS n, count(DISTINCT id)::int4 AS ids, sum((name LIKE 'merged%')::int4)::int4 AS merged, sum((kind = 'old')::int4)::int4 AS old FROM plain.events")).toMatchSnapshot();
    expect((await shown("plain.pairs")).rows).toMatchSnapshot();
  });
});

describe.each(shared([1, 2, 3, 7], 0))("on %i ranks", (ranks) => {
  const schema = `r${ranks}`;

  it.each(cases)("%s", async (name, args, tables) => {
    const answer = await onRanks(ranks, name, ...args(schema));
    if ("error" in answer) expect.fail(answer.error.message);
    for (const table of tables) expect(await shown(`${schema}.${table}`)).toEqual(await shown(`plain.${table}`));
    expect(await left()).toEqual([]);
  });

  it("shares few sessions", async () => {
    // In the short form 2 and 20 on one rank, 3 on three ranks.
    for (const connections of shared([2, 3, 20], ranks >> 1)) {
      let most = 0;
      // On a busy machine one may have copied all its rows between two looks.
      for (let tries = 0; most === 0 && tries < 10; tries++) {
        await server.sql(`DROP TABLE IF EXISTS ${schema}.few`);
        let on = true;
        const watching = (async () => {
          for (; on; await delay(2)) most = Math.max(most, (await server.sql("SELECT 1 FROM pg_stat_activity WHERE application_name = 'lockstep' AND query ~ '(COPY lockstep|COPY r).*STDIN'")).length);
        })();
        expect(await onRanks(ranks, "copied", `${schema}.few`, connections)).toHaveProperty("value");
        on = false;
        await watching;
      }
      expect(most).toBeGreaterThan(0);
      expect(most).toBeLessThan(connections);
      expect(await shown(`${schema}.few`)).toEqual(await shown("plain.copied"));
    }
  });

  it.each(errors)("%s into %s is an error", async (name, table, code) => {
    const before = table === "new" ? undefined : await shown(`${schema}.${table}`);
    const [right, answer] = [await plain(name, `${schema}.${table}`), await onRanks(ranks, name, `${schema}.${table}`)];
    expect([right, answer]).toMatchObject([{ error: { code } }, { error: { code } }]);
    expect(errorDifference((right as { error: never }).error, (answer as { error: never }).error)).toBeNull();
    expect(JSON.stringify(answer)).not.toContain(SECRET);
    if (before) expect(await shown(`${schema}.${table}`)).toEqual(before);
    else expect(await server.sql(`SELECT to_regclass('${schema}.new')`)).toEqual([{ to_regclass: null }]);
    expect(await left()).toEqual([]);
  });

  it("what it has written it does not read", async () => {
    expect(await onRanks(ranks, "readAgain", `${schema}.again`)).toMatchObject({ error: { code: "LS2015", message: expect.stringContaining("is written in this call") } });
    expect(await server.sql(`SELECT to_regclass('${schema}.again')`)).toEqual([{ to_regclass: null }]);
    expect(await left()).toEqual([]);
  });

  it("but another of a longer name", async () => {
    expect(await onRanks(ranks, "readAnother", `${schema}.order`)).toEqual(await plain("readAnother", "plain.order"));
  });

  it("a call that fails writes nothing", async () => {
    const before = [await shown(`${schema}.first`), await shown(`${schema}.second`)];
    expect(await onRanks(ranks, "several", `${schema}.first`, `${schema}.second`, true)).toMatchObject({ error: { message: "after all" } });
    expect([await shown(`${schema}.first`), await shown(`${schema}.second`)]).toEqual(before);
    expect(await left()).toEqual([]);
  });
});

it("a key that comes twice is found, whichever rank is the last", async () => {
  for (let time = 0; time < (isLong ? 30 : 10); time++) expect(await onRanks(3, "twice", "r3.new"), `${time}`).toMatchObject({ error: { code: "LS2016" } });
});

describe("a user of few rights", () => {
  const few = (): Record<string, string> => ({ ...server.env, PGUSER: "few" });
  let ranks: RankPool;
  const answers = async (name: Name, ...args: unknown[]): Promise<Answer[]> => {
    return [await programs.plain(name, args, few()), await programs.on(ranks, name, args)];
  };

  beforeAll(async () => {
    await server.sql(`CREATE ROLE few LOGIN PASSWORD '${SECRET}'; CREATE SCHEMA closed; GRANT USAGE ON SCHEMA closed TO few; CREATE SCHEMA own; GRANT USAGE, CREATE ON SCHEMA own TO few;
      CREATE TABLE own.people (id int4, name text); CREATE TABLE own.first (id float8, name text); CREATE TABLE own.second (id float8, name text); GRANT INSERT ON own.people, own.first, own.second TO few`);
    ranks = new RankPool(2, few());
  });
  afterAll(() => ranks?.close());

  it("goes on where a write failed that the program has caught", async () => {
    expect(await answers("caught", "closed.people", "own.people")).toEqual([{ value: "LS2020" }, { value: "LS2020" }]);
    expect(await server.sql("SELECT count(*)::int4 AS n FROM own.people")).toEqual([{ n: 4 }]);
  });

  it("needs no others than the guide names", async () => {
    await server.sql("GRANT DELETE, UPDATE ON own.second TO few");
    expect(await answers("several", "own.first", "own.second", false)).toMatchObject([{ error: { code: "LS2020" } }, { error: { code: "LS2020" } }]);
    await server.sql("GRANT SELECT ON own.second TO few");
    expect(await answers("several", "own.first", "own.second", false)).toEqual([{ value: undefined }, { value: undefined }]);
    expect(await left()).toEqual([]);
  });
});
