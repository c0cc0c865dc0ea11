/** Tables of a catalog in PostgreSQL: PyIceberg's SqlCatalog on the same server reads ours, and we its. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { expireSnapshots } from "../../runtime/src/connectors/iceberg/expire.ts";
import { orphansOf } from "../../runtime/src/connectors/iceberg/orphans.ts";
import { lockstep } from "../jobs/job-process.ts";
import { buildPrograms, type Program } from "../oracle/build-programs.ts";
import { RankPool } from "../oracle/rank-pool.ts";
import { SECRET, startServer, type Server } from "../postgres/server.ts";
import { pythonWith } from "../python.ts";
import { root } from "../scripts/lib.mjs";
import { Service } from "../service.ts";
import { within } from "../stores/servers.ts";
import * as jobs from "./programs/sql-catalog.ts";

// In the checkout, so that the built programs find @lockstep/runtime.
const scratch = mkdtempSync(join(root, ".lockstep-sqlcatalog-"));
const warehouse = join(scratch, "lake");
const pools = new Map<number, RankPool>();
let server: Server;
let python: string;
let programs: Map<string, Program>;
let uri: string;
beforeAll(async () => {
  python = await pythonWith("icebergsql");
  server = await startServer();
  uri = `postgres://127.0.0.1:${server.port}/postgres`;
  const built = await buildPrograms([join(root, "test/iceberg/programs/sql-catalog.ts")], join(scratch, "built"));
  programs = new Map(built.map((program) => [program.id.split("#")[1]!, program]));
});
afterAll(async () => {
  await Promise.all([...pools.values()].map((pool) => pool.close()));
  await pyIceberg?.close();
  await server?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

async function run(ranks: number, name: keyof typeof jobs, ...args: unknown[]): Promise<unknown> {
  if (ranks === 0) return within(server.env, () => (jobs[name] as (...args: unknown[]) => Promise<unknown>)(...args));
  const pool = pools.get(ranks) ?? new RankPool(ranks, server.env);
  pools.set(ranks, pool);
  const { chunk, id } = programs.get(name)!;
  const answer = await pool.run({ chunk, id, args });
  if ("error" in answer) throw Object.assign(new Error(answer.error.message), answer.error);
  return answer.value;
}

/** With the driver of Python, and the password, as its users have it. */
const theirs = (): string => `postgresql+psycopg2://reader:${encodeURIComponent(SECRET)}@127.0.0.1:${server.port}/postgres`;
let pyIceberg: Service | undefined;
function byPyIceberg(table: string, does: "look" | "change" | "make"): Promise<number[]> {
  // A catalog that is there: PyIceberg makes what it lacks.
  pyIceberg ??= new Service(join(python, "python"), [join(root, "test/iceberg/sqlcatalog.py"), theirs(), warehouse]);
  return pyIceberg.ask(table, does);
}
const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

it.each([0, 1, 3])("what we make PyIceberg goes on with, and what it makes we do, %i ranks", async (ranks) => {
  const ours = `sales.ours${ranks}`;
  await expect(run(ranks, "ids", ours, uri)).rejects.toMatchObject({ code: "LS2001", message: expect.stringContaining('the catalog "lake" has no such table') });
  await run(ranks, "append", ours, uri, warehouse, 0, 10);
  await run(ranks, "append", ours, uri, warehouse, 10, 12);
  expect(await run(ranks, "ids", ours, uri)).toEqual(numbers(0, 12));
  expect(await byPyIceberg(ours, "change")).toEqual([0, ...numbers(2, 12), 1000, 1001]);
  await run(ranks, "append", ours, uri, warehouse, 20, 21);
  expect(await run(ranks, "ids", ours, uri)).toEqual([0, ...numbers(2, 12), 20, 1000, 1001]);
  expect(await run(ranks, "compact", ours, uri)).toMatchObject({ into: 1 });
  expect(await byPyIceberg(ours, "look")).toEqual([0, ...numbers(2, 12), 20, 1000, 1001]);
  const [row] = await server.sql(`SELECT * FROM iceberg_tables WHERE table_name = 'ours${ranks}'`);
  expect(row).toMatchObject({ catalog_name: "lake", table_namespace: "sales", metadata_location: expect.stringContaining(`${warehouse}/sales/ours${ranks}/metadata/0000`), previous_metadata_location: expect.any(String) });
  const made = `made${ranks}.table`;
  expect(await byPyIceberg(made, "make")).toEqual([1000, 1001]);
  await run(ranks, "append", made, uri, warehouse, 5, 7);
  expect(await byPyIceberg(made, "look")).toEqual([5, 6, 1000, 1001]);
});

it("writers at once are all there, old snapshots expire, nothing is left", async () => {
  await within(server.env, async () => {
    const one = (from: number): Promise<void> => jobs.append("sales.once", uri, warehouse, from, from + 1);
    for (let round = 0; round < 5; round++) expect((await Promise.allSettled([one(3 * round), one(3 * round + 1), one(3 * round + 2)])).map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "fulfilled"]);
    const options = { catalog: { name: "lake", uri } };
    expect(await expireSnapshots("sales.once", options, { age: 0 }, false)).toMatchObject({ snapshots: 14, kept: 1, left: [] });
    expect(await orphansOf("sales.once", options, new Date(Date.now() + 60_000))).toEqual([]);
  });
  expect(await byPyIceberg("sales.once", "look")).toEqual(numbers(0, 15));
  // A state that was refused leaves no file.
  expect(readdirSync(join(warehouse, "sales/once/metadata")).filter((name) => name.endsWith(".metadata.json"))).toHaveLength(16);
  expect(await server.sessions()).toEqual([]);
});

it("who may change rows of a catalog writes tables, and what the server refuses leaves nothing", async () => {
  await run(0, "append", "sales.narrow", uri, warehouse, 0, 1);
  await server.sql(`CREATE ROLE narrow LOGIN PASSWORD 'narrow'; REVOKE CREATE ON SCHEMA public FROM PUBLIC; GRANT SELECT, INSERT, UPDATE ON iceberg_tables TO narrow`);
  const as = (from: number, name: string): Promise<void> => within({ ...server.env, PGUSER: "narrow", PGPASSWORD: "narrow" }, () => jobs.append(name, uri, warehouse, from, from + 1));
  await as(1, "sales.narrow");
  await as(0, "sales.narrower");
  await server.sql("ALTER ROLE narrow SET default_transaction_read_only = on");
  const files = (): string[] => readdirSync(join(warehouse, "sales/narrow"), { recursive: true, encoding: "utf8" }).sort();
  const before = files();
  await expect(as(2, "sales.narrow")).rejects.toMatchObject({ code: "LS2015", message: expect.stringContaining("read-only transaction") });
  expect(files()).toEqual(before);
  expect(await run(0, "ids", "sales.narrow", uri)).toEqual([0, 1]);
});

it("writers at once make a catalog", async () => {
  await server.sql("CREATE DATABASE other");
  const other = uri.replace(/postgres$/, "other");
  await within(server.env, () => Promise.all(numbers(0, 6).map((of) => jobs.append(`sales.first${of}`, other, warehouse, 0, 1))));
  expect(await within(server.env, () => jobs.ids("sales.first5", other))).toEqual([0]);
});

it("the address may stand in the environment, as PyIceberg has it, and the password nowhere else", async () => {
  await run(0, "append", "sales.said", uri, warehouse, 0, 3);
  const env = { ...server.env, PGPASSWORD: "", PGUSER: "", PYICEBERG_CATALOG__LAKE__URI: theirs() };
  expect(await within(env, () => jobs.ids("sales.said", null))).toEqual([0, 1, 2]);
  expect(await lockstep(["iceberg", "expire", "sales.said", "--catalog-name", "lake"], env, scratch).ended).toMatchObject({ code: 0, stderr: expect.stringContaining("sales.said: 0 snapshots expired, 1 stays") });
  await expect(run(0, "ids", "sales.said", uri.replace("//", `//reader:${encodeURIComponent(SECRET)}@`))).rejects.toMatchObject({ code: "LS2015", message: expect.not.stringContaining("planted") });
  await expect(within({ ...server.env, PGPASSWORD: "wrong" }, () => jobs.ids("sales.said", uri))).rejects.toMatchObject({ code: "LS2020" });
  await expect(run(0, "ids", "said", uri)).rejects.toMatchObject({ code: "LS2016" });
  await expect(within({ ...server.env, PGPORT: "1" }, () => jobs.ids("sales.said", "postgres:///postgres"))).rejects.toMatchObject({ code: "LS2021" });
});

it("columns of its tables are pulled and checked", async () => {
  await run(0, "append", "sales.seen", uri, warehouse, 0, 3);
  const schema = (env: Record<string, string>, ...args: string[]) => lockstep(["schema", ...args], { ...server.env, ...env }, scratch).ended;
  expect(await schema({}, "pull", "sales.seen", "--catalog", uri, "--catalog-name", "lake")).toMatchObject({ code: 0, stdout: expect.stringContaining("seen.schema.ts: interface Seen, 2 columns; ") });
  const text = readFileSync(join(scratch, "seen.schema.ts"), "utf8");
  expect(text).toContain("  id: number | null; // int64\n  name: string | null; // string\n");
  expect(text).toContain(`"catalog":${JSON.stringify({ uri, name: "lake" })}`);
  expect(await schema({}, "check", "seen.schema.ts")).toMatchObject({ code: 0 });
  // Of an address in the environment only the catalog's name is kept.
  const said = { PGPASSWORD: "", PGUSER: "", PYICEBERG_CATALOG__LAKE__URI: theirs() };
  expect(await schema(said, "pull", "sales.seen", "--catalog-name", "lake")).toMatchObject({ code: 0 });
  const named = readFileSync(join(scratch, "seen.schema.ts"), "utf8");
  expect(named).toContain('"catalog":{"name":"lake"}');
  expect(named).not.toContain(SECRET);
  expect(await schema(said, "check", "seen.schema.ts")).toMatchObject({ code: 0 });
  expect(await schema({}, "pull", "sales.seen", "--catalog", uri.replace("//", `//reader:${encodeURIComponent(SECRET)}@`))).toMatchObject({ code: 1, stderr: expect.not.stringContaining("planted") });
  expect(await schema({}, "pull", "sales.other", "--catalog", uri, "--catalog-name", "lake")).toMatchObject({ code: 1, stderr: expect.stringContaining("LS2001") });
});
