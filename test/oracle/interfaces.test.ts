/**
 * The interface is erased under plain Node, so there a table has all the file's columns. The compiled reader reads those of
 * the interface; where that could be seen it refuses the file, on every rank, before any data is read.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { root } from "../scripts/lib.mjs";
import { buildPrograms, type Program } from "./build-programs.ts";
import { makeTables, type Tables } from "./data.ts";
import { RankPool } from "./rank-pool.ts";

const scratch = mkdtempSync(join(root, ".lockstep-interfaces-"));
const file = "test/oracle/refused/interfaces.ts";
const pool = new RankPool(2);
let tables: Tables;
let programs: Program[];

beforeAll(async () => {
  tables = await makeTables(join(scratch, "tables"));
  programs = await buildPrograms([join(root, file)], join(scratch, "built"));
});

afterAll(async () => {
  await pool.close();
  rmSync(scratch, { recursive: true, force: true });
});

it.each([
  ["otherOrder", "the interface says level, id"],
  ["fewer", "the interface says id"],
  ["written", "the interface says id, station"],
  ["distinctRows", "the interface says ok"],
  ["allButSome", "the interface says id, level"],
  ["groupsLike", "the interface says id, level"],
  ["clashInJoin", 'a column "label", which the interface leaves out'],
  ["clashInRename", 'a column "ok", which the interface leaves out'],
])("%s is refused", async (name, message) => {
  const program = programs.find(({ id }) => id === `${file}#${name}`)!;
  const answer = await pool.run({ chunk: program.chunk, id: program.id, args: [tables, join(scratch, name)] });
  expect(answer).toMatchObject({ error: { code: "LS2002", message: expect.stringContaining(message), site: expect.stringContaining(file) } });
});

it("may be caught", async () => {
  const program = programs.find(({ id }) => id === `${file}#caught`)!;
  expect(await pool.run({ chunk: program.chunk, id: program.id, args: [tables] })).toEqual({ value: 2003 });
});
