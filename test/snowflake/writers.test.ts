/** Several writes into one new table of Snowflake's, whose steps come between each other: one makes it, nobody loses rows. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { SnowflakeWrite } from "../../runtime/src/connectors/snowflake/commit.ts";
import { findTarget } from "../../runtime/src/connectors/snowflake/target.ts";
import { int64, string } from "../../runtime/src/tables/arrow-type.ts";
import { within } from "../stores/servers.ts";
import { type Server, startSnowflake } from "./server.ts";

type Mode = "create" | "append";
const [few, more] = [[{ name: "ID", type: int64 }], [{ name: "ID", type: int64 }, { name: "NAME", type: string }]];

let server: Server;
beforeAll(async () => void (server = await startSnowflake()));
afterAll(() => server?.stop());
beforeEach(async () => void (await server.sql("DROP TABLE IF EXISTS DB.PUBLIC.MADE", "DROP TABLE IF EXISTS DB.PUBLIC.LOCKSTEP_COMMITS")));
afterEach(() => server.fault({ pattern: ".", times: 0 }));

const opened = (identity?: string): Promise<SnowflakeWrite> => within(server.env, () => SnowflakeWrite.open(findTarget({}), identity));

/** A write of no rows into the table, which is there when `commit` has ended. */
async function prepared(mode: Mode, columns = more, identity?: string): Promise<{ commit(): Promise<void> }> {
  const write = await opened(identity);
  const staging = await within(server.env, () => write.prepare("made", columns, { mode }));
  return {
    async commit() {
      await write.add(staging!, { mode }, 0);
      await write.commit();
    },
  };
}

/** The names of the table's columns; undefined: it is not there. */
const columns = (): Promise<(string | null)[] | undefined> => server.sql("DESCRIBE DB.PUBLIC.MADE").then((rows) => rows.map(([name]) => name!), () => undefined);

/** As a write leaves it that cannot drop what it has made. */
async function leave(of = few): Promise<void> {
  const write = await prepared("create", of);
  await server.fault({ pattern: "^(INSERT|DROP TABLE)", times: 2, refuse: ["000603", "an incident"] });
  await expect(write.commit()).rejects.toMatchObject({ code: "LS2015" });
  expect(await columns()).toHaveLength(of.length);
}

/** While `write` commits, something happens at a statement. */
async function meanwhile(write: { commit(): Promise<void> }, comment: string): Promise<void> {
  await server.fault({ pattern: "^INSERT", times: 1, comment });
  await write.commit();
}

it("of two that create it one does", async () => {
  const [first, second] = [await prepared("create"), await prepared("create", few)];
  await first.commit();
  await expect(second.commit()).rejects.toMatchObject({ code: "LS2007", message: expect.stringMatching(/^made in 127\.0\.0\.1:\d+/) });
  expect(await columns()).toEqual(["ID", "NAME"]);
});

it("of two that add to it one makes it", async () => {
  const [first, second] = [await prepared("append"), await prepared("append")];
  await first.commit();
  await second.commit();
  expect(await columns()).toEqual(["ID", "NAME"]);
});

it.each(["create", "append"] as const)("one that was left without rows counts as none, whatever its columns: %s", async (mode) => {
  await leave();
  await (await prepared(mode)).commit();
  expect(await columns()).toEqual(["ID", "NAME"]);
  await expect(prepared("create")).rejects.toMatchObject({ code: "LS2007" });
});

it("one that was left without rows, and has been filled since, is not replaced", async () => {
  await leave();
  const write = await prepared("create");
  await server.sql("INSERT INTO DB.PUBLIC.MADE VALUES (1)");
  await expect(write.commit()).rejects.toMatchObject({ code: "LS2007" });
  expect(await server.sql("SELECT * FROM DB.PUBLIC.MADE")).toEqual([["1"]]);
});

it("of two that find what was left one replaces it", async () => {
  await leave();
  const [first, second] = [await prepared("create"), await prepared("create")];
  await first.commit();
  await expect(second.commit()).rejects.toMatchObject({ code: "LS2007" });
});

it.each(["create", "append"] as const)("one that another has replaced is neither filled nor dropped: %s", async (mode) => {
  await expect(meanwhile(await prepared(mode), "Lockstep: its first rows are not committed yet, another's")).rejects.toMatchObject({ code: "LS2007" });
  expect(await columns()).toEqual(["ID", "NAME"]);
});

it("one that another adds to stays", async () => {
  await meanwhile(await prepared("append"), "");
  const write = await prepared("append", few);
  await server.fault({ pattern: "^INSERT", times: 1, refuse: ["000603", "an incident"] });
  await expect(write.commit()).rejects.toMatchObject({ code: "LS2015" });
  expect(await columns()).toEqual(["ID", "NAME"]);
});

it("a second attempt of a job that creates it says that the first has committed", async () => {
  const [first, second] = [await prepared("create", more, "job/1"), await prepared("create", more, "job/1")];
  await first.commit();
  await second.commit();
  const write = await opened("job/1");
  expect(await within(server.env, () => write.prepare("made", more, { mode: "create" }))).toBeNull();
  await write.abort();
  expect(await server.sql("SELECT count(*) FROM DB.PUBLIC.LOCKSTEP_COMMITS")).toEqual([["1"]]);
  await expect(prepared("create", more, "job/2")).rejects.toMatchObject({ code: "LS2007" });
});

it("one call writes into the schema that each of its writes names, by one warehouse", async () => {
  const write = await opened();
  const prepare = (options: object): Promise<unknown> => within(server.env, () => write.prepare("made", more, { mode: "append", ...options }));
  expect(await prepare({})).toMatchObject({ staging: expect.stringMatching(/^"DB"\."PUBLIC"\./) });
  expect(await prepare({ schema: "sales" })).toMatchObject({ staging: expect.stringMatching(/^"DB"\."SALES"\./) });
  await expect(prepare({ warehouse: "other" })).rejects.toMatchObject({ code: "LS2015", message: expect.stringContaining("another warehouse") });
  expect(await prepare({ database: '"other"' })).toMatchObject({ staging: expect.stringMatching(/^"other"\."PUBLIC"\./) });
  await write.abort();
});

it("what waits for others' locks too long is started again", async () => {
  const write = await prepared("append");
  await server.fault({ pattern: "^INSERT", times: 1, refuse: ["000625", "Statement 'x' has locked table 'MADE' in transaction 1 and this lock has not yet been released."] });
  await expect(write.commit()).rejects.toMatchObject({ code: "LS2021", fix: expect.stringContaining("start it again") });
});
