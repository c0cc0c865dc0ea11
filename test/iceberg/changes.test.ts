/**
 * Tables of Iceberg whose rows we delete, replace and merge, in both executions: PyIceberg reads every snapshot, Java's Iceberg counts the files that were
 * removed and added, and files that need not be read are not there.
 */
import { execFile } from "node:child_process";
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { deleteIceberg, type LockstepError, readIceberg, table } from "@lockstep/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { orphansOf } from "../../runtime/src/connectors/iceberg/orphans.ts";
import { openTable } from "../../runtime/src/connectors/iceberg/table.ts";
import { parseLocation } from "../../runtime/src/connectors/store/location.ts";
import { openStore } from "../../runtime/src/connectors/store/store.ts";
import { commits, shared } from "../sample.ts";
import { root } from "../scripts/lib.mjs";
import { within } from "../stores/servers.ts";
import type { Planned, Seen } from "./others.ts";
import * as jobs from "./programs/changes.ts";
import { Lake } from "./lake.ts";

const lake = new Lake("changes", jobs, "changed");
const { scratch } = lake;
beforeAll(() => lake.open(), 600_000);
afterAll(() => lake.close());

const environment = (): Record<string, string> => lake.environment();
const run = (ranks: number, name: keyof typeof jobs, args: readonly unknown[], job?: string): Promise<unknown> => lake.run(ranks, name, args, job);
const byPyIceberg = (...tables: string[]): Promise<Seen[]> => lake.byPyIceberg(...tables);
const byJava = (...tables: string[]): Promise<Planned[]> => lake.byJava("compact", ...tables);
const at = (ranks: number, name: string): string => join(scratch, `${ranks}`, name);
const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const sorted = (rows: Seen["rows"]): number[] => rows.map(({ id }) => id as number).sort((a, b) => a - b);
const filesOf = (folder: string): string[] => readdirSync(join(folder, "data"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".parquet")).map((name) => join(folder, "data", name));

/** 0: plain Node. */
const EXECUTIONS = [0, ...shared([1, 2, 3, 7], 1)];

describe.each(["a folder", "a catalog"])("in %s", (where) => {
  it("rows are deleted, replaced and merged, and others read it and go on", async () => {
    const executions = where === "a folder" ? EXECUTIONS : [0, 3];
    const uri = where === "a folder" ? null : lake.catalog.uri;
    const place = (ranks: number): string => (uri === null ? at(ranks, "table") : `changed.table${ranks}`);
    for (const ranks of executions) {
      await run(ranks, "year", [place(ranks), 20, uri]);
      expect(await run(ranks, "forget", [place(ranks), 3, uri])).toEqual([12, 4]);
      expect(await run(ranks, "again", [place(ranks), 30, 33, uri])).toBe(5);
      expect(await run(ranks, "late", [place(ranks), [1, 41, 42, 61, 75, 200], uri])).toEqual({ inserted: 3, updated: 2, deleted: 0 });
    }
    const names = executions.map((ranks) => (uri === null ? place(ranks) : `${uri}|${place(ranks)}`));
    const deleted = [...numbers(12, 40), ...numbers(40, 48).filter((id) => id % 2 === 0), ...numbers(48, 80)];
    const replaced = [...deleted.filter((id) => id < 30 || id > 34), 30, 31, 32].sort((a, b) => a - b);
    const merged = [...replaced, 1, 41, 200].sort((a, b) => a - b);
    for (const [index, seen] of (await byPyIceberg(...names)).entries()) {
      expect(sorted(seen.rows), names[index]).toEqual(merged);
      expect(seen.rows.filter(({ price }) => (price as number) > 999).map(({ id }) => id as number).sort((a, b) => a - b)).toEqual([1, 41, 42, 61]);
      // Two deletes of a call are one snapshot; plain Node knows no calls.
      const deletes = executions[index] === 0 ? ["delete", "overwrite"] : ["overwrite"];
      expect(seen.operations).toEqual(["append", ...deletes, "overwrite", "overwrite"]);
      expect(seen.snapshots).toEqual([80, ...(executions[index] === 0 ? [68] : []), 64, 62, 65]);
      expect(seen.summary).toMatchObject({ "total-records": "65", "lockstep.commit-id": expect.any(String) });
    }
    for (const [index, seen] of (await byJava(...names)).entries()) {
      expect(seen.records, names[index]).toBe(65);
      expect(seen.snapshots.filter(({ operation }) => operation !== "replace").at(-1)).toMatchObject({ removed: 2 });
    }
    for (const ranks of executions) expect(await run(ranks, "late", [place(ranks), [300], uri])).toEqual({ inserted: 1, updated: 0, deleted: 0 });
  });
});

describe("files", () => {
  it.each(EXECUTIONS)("late data in 3 of 365 partitions rewrites 3 and reads no other, %i ranks", async (ranks) => {
    const folder = at(ranks, "year");
    await run(0, "year", [folder, 365, null]);
    const before = filesOf(folder);
    const { files } = await openTable(folder, { bounded: new Set(["id"]) });
    const days = [7, 100, 301];
    const concerned = files.filter(({ bounds }) => days.some((day) => bounds[1]!.min !== null && "Integer" in bounds[1]!.min && Number(bounds[1]!.min.Integer) === 4 * day));
    expect([before.length, concerned.length]).toEqual([365, 3]);
    for (const file of before) if (!concerned.some(({ path }) => path === file)) rmSync(file);
    expect(await run(ranks, "late", [folder, days.flatMap((day) => [4 * day + 1, 4 * day + 2]), null])).toEqual({ inserted: 0, updated: 4, deleted: 0 });
    const [seen] = await lake.byJava("look", folder);
    expect([seen!.records, seen!.snapshots.at(-1)!.removed]).toEqual([4 * 365, 3]);
    // A rank has a file for what stays of its rows, and one for what it brings.
    expect(seen!.snapshots.at(-1)!.added).toBeLessThanOrEqual(6 * Math.max(1, ranks));
  });

  it.each([1, 3])("whose rows all go, or all stay, are not read, %i ranks", async (ranks) => {
    const folder = at(ranks, "unread");
    await run(0, "year", [folder, 50, null]);
    const before = filesOf(folder);
    expect(before).toHaveLength(50);
    before.forEach((file) => rmSync(file));
    expect(await run(ranks, "forgotten", [folder, 20])).toBe(80);
    expect(await run(ranks, "forgotten", [folder, 20])).toBe(0);
    const [seen] = await lake.byJava("look", folder);
    expect([seen!.records, seen!.snapshots.length, seen!.snapshots.at(-1)]).toEqual([120, 2, expect.objectContaining({ operation: "delete", removed: 20, added: 0 })]);
  });

  it("several changes of a call are one snapshot, and leave no file that nobody names", async () => {
    for (const ranks of [1, 3]) {
      const folder = at(ranks, "both");
      await run(0, "year", [folder, 3, null]);
      expect(await run(ranks, "both", [folder])).toEqual([{ inserted: 1, updated: 1, deleted: 1 }, 2]);
      const { files } = await openTable(folder, {});
      expect(await run(ranks, "count", [folder])).toBe(10);
      const first = new Set((await openTable(join(folder, "metadata/v1.metadata.json"), {})).files.map(({ path }) => path));
      expect(filesOf(folder).filter((path) => !first.has(path)).sort()).toEqual(files.map(({ path }) => path).filter((path) => !first.has(path)).sort());
      expect(readdirSync(join(folder, "metadata")).filter((name) => name.startsWith("v"))).toEqual(["v1.metadata.json", "v2.metadata.json", "version-hint.text"]);
    }
  });
});

describe("rows that others have deleted by files of positions and of keys", () => {
  it("stay deleted where files are written again", async () => {
    const { stdout } = await promisify(execFile)(join(lake.python, "python"), [join(root, "test/iceberg/tables.py"), join(scratch, "theirs")], { maxBuffer: 1 << 26 });
    const known = JSON.parse(stdout) as Record<string, { folder: string; states: Record<string, { rows: { id: number }[] }> }>;
    for (const name of ["places", "keyed"]) {
      const { folder, states } = known[name]!;
      const metadata = readdirSync(join(folder, "metadata")).filter((one) => one.endsWith(".metadata.json")).sort();
      const ids = states.now!.rows.map(({ id }) => id).sort((a, b) => a - b);
      for (const ranks of EXECUTIONS) {
        // As a folder without a catalog.
        for (const one of readdirSync(join(folder, "metadata")).filter((file) => /^v\d|hint/.test(file))) rmSync(join(folder, "metadata", one));
        cpSync(join(folder, "metadata", metadata.at(-1)!), join(folder, "metadata/v1.metadata.json"));
        if (ranks === 0) for (const one of metadata.slice(0, -1)) rmSync(join(folder, "metadata", one));
        cpSync(join(folder, "metadata", metadata.at(-1)!), join(scratch, "newest"));
        rmSync(join(folder, "metadata", metadata.at(-1)!));
        const hidden = ids[1]!;
        expect(await run(ranks, "without", [folder, hidden]), `${name} ${ranks}`).toEqual([ids.filter((id) => id === hidden).length, ids.filter((id) => id !== hidden).map((id) => ({ id }))]);
        expect(await run(0, "count", [folder])).toBe(ids.filter((id) => id !== hidden).length);
        cpSync(join(scratch, "newest"), join(folder, "metadata", metadata.at(-1)!));
      }
    }
  });
});

const added = (folder: string, ids: number[]): Promise<void> => table({ id: ids, at: ids.map((id) => new Date(id * 1000)) }).writeIceberg(folder, { types: { id: "int64" } });

it("files of a store that no snapshot of a catalog's table names are listed", async () => {
  const options = { catalog: { uri: lake.catalog.uri } };
  await run(0, "year", ["changed.orphans", 2, lake.catalog.uri]);
  await run(0, "late", ["changed.orphans", [1, 100], lake.catalog.uri]);
  const now = (): Promise<string[]> => within(environment(), async () => (await orphansOf("changed.orphans", options, new Date(Date.now() + 60_000))).map(({ path }) => path));
  expect(await now()).toEqual([]);
  const { files } = await within(environment(), () => openTable("changed.orphans", options));
  const stray = parseLocation(`${files[0]!.path}.left.parquet`);
  await within(environment(), async () => (await openStore(stray)).put(stray.key, Buffer.from("x")));
  expect(await now()).toEqual([`${files[0]!.path}.left.parquet`]);
  expect(await within(environment(), () => orphansOf("changed.orphans", options, new Date(0)))).toEqual([]);
});

it("tables of other versions are read, not changed", async () => {
  const folder = at(0, "version");
  await run(0, "year", [folder, 3, null]);
  const metadata = join(folder, "metadata/v1.metadata.json");
  writeFileSync(metadata, readFileSync(metadata, "utf8").replace('"format-version":2', '"format-version":3'));
  for (const ranks of [0, 2]) await expect(run(ranks, "forgotten", [folder, 2])).rejects.toMatchObject({ code: "LS2015", message: expect.stringContaining("format version 3") });
});

it("what came since a snapshot, compactions or not; not where rows were changed", async () => {
  const folder = at(0, "since");
  const more = (from: number, to: number): Promise<void> => added(folder, numbers(from, to));
  const state = async (): Promise<string> => (await openTable(folder, {})).snapshot!;
  await run(0, "year", [folder, 3, null]);
  await deleteIceberg<{ id: number }>(folder, (d) => d.id === 3);
  const first = await state();
  await more(100, 105);
  const second = await state();
  await byJava(folder);
  await more(200, 203);
  for (const ranks of EXECUTIONS) {
    expect(await run(ranks, "news", [folder, first, 102])).toEqual([[...numbers(100, 105), ...numbers(200, 203)], 6]);
    expect(await run(ranks, "news", [folder, second, 202])).toEqual([numbers(200, 203), 1]);
    expect(await run(ranks, "news", [folder, await state(), 0])).toEqual([[], 0]);
    await expect(run(ranks, "news", [folder, "17", 0])).rejects.toMatchObject({ code: "LS2001", message: expect.stringContaining("the snapshot 17 is none of those that led to") });
  }
  await deleteIceberg<{ id: number }>(folder, (d) => d.id === 201);
  await more(300, 301);
  for (const ranks of [0, 3]) await expect(run(ranks, "news", [folder, second, 0])).rejects.toMatchObject({ code: "LS2015", message: expect.stringContaining("rows were changed or deleted since") });
});

it.each([0, 1, 3])("a nightly job goes on where its last commit has read, %i ranks", async (ranks) => {
  const [folder, into] = [at(ranks, "source"), at(ranks, "nightly")];
  const more = (to: string, from: number, end: number): Promise<void> =>
    to === folder ? added(to, numbers(from, end)) : table({ id: numbers(from, end) }).writeIceberg(to, { types: { id: "int64" } });
  const ids = async (): Promise<number[]> => (await readIceberg<{ id: number }>(into)).array("id").sort((a, b) => a - b);
  await run(0, "year", [folder, 2, null]);
  // Plain Node knows no calls: what was written before the error stays.
  if (ranks > 0) await expect(run(ranks, "nightly", [folder, into, true, null])).rejects.toThrow("before the end");
  expect(await run(ranks, "nightly", [folder, into, false, null])).toBe(8);
  await more(folder, 100, 103);
  await byJava(folder);
  if (ranks > 0) await expect(run(ranks, "nightly", [folder, into, true, null])).rejects.toThrow("before the end");
  expect(await run(ranks, "nightly", [folder, into, false, null])).toBe(3);
  expect(await run(ranks, "nightly", [folder, into, false, null])).toBe(0);
  // Of a call its snapshot says what it has read: there is none yet.
  const again = run(ranks, "twiceNightly", [folder, into]);
  if (ranks === 0) expect(await again).toBe(0);
  else await expect(again).rejects.toMatchObject({ code: "LS2015", message: expect.stringContaining("is written in this call, and what is new in it, or for it, is known when the call has returned") });
  // Others write the output, too.
  await more(into, 500, 501);
  await more(folder, 200, 201);
  expect(await run(ranks, "nightly", [folder, into, false, null])).toBe(1);
  expect(await ids()).toEqual([...numbers(0, 8), ...numbers(100, 103), 200, 500]);
  const { uuid, snapshot } = await openTable(folder, {});
  const newest = readFileSync(join(into, "metadata/version-hint.text"), "utf8");
  const { snapshots } = JSON.parse(readFileSync(join(into, `metadata/v${newest}.metadata.json`), "utf8")) as { snapshots: { summary: Record<string, string> }[] };
  expect(snapshots.at(-1)!.summary[`lockstep.read.${uuid}`]).toBe(snapshot);
  const strange = at(ranks, "strange");
  await more(strange, 1, 2);
  await expect(run(ranks, "nightly", [folder, strange, false, null])).rejects.toMatchObject({ code: "LS2001", message: expect.stringContaining("none of its snapshots says up to which snapshot") });
  expect(await run(ranks, "nightly", [folder, strange, false, snapshot])).toBe(0);
  await more(folder, 300, 302);
  expect(await run(ranks, "nightly", [folder, strange, false, null])).toBe(2);
});

describe("writers at once", () => {
  const rows = (...ids: number[]) => table({ id: ids, v: ids.map(() => 1) });
  const ids = async (folder: string): Promise<number[]> => (await readIceberg<{ id: number }>(folder)).array("id").sort((a, b) => a - b);

  const rounds = commits(4);
  const timeout = 60_000 + 1_000 * rounds;

  it("two merges of the same keys are one after the other, or one is refused", { timeout }, async () => {
    for (let round = 0; round < rounds; round++) {
      const folder = at(0, `race-${round}`);
      await rows(...numbers(0, 20)).writeIceberg(folder, { partitionBy: ["truncate(10, id)"], types: { id: "int64" } });
      const done = await Promise.allSettled([rows(3, 30, 31).mergeIceberg(folder, { on: ["id"] }), rows(4, 30).mergeIceberg(folder, { on: ["id"] })]);
      for (const one of done) if (one.status === "rejected") expect((one.reason as LockstepError).code).toBe("LS2023");
      expect(done.some(({ status }) => status === "fulfilled")).toBe(true);
      const now = await ids(folder);
      expect(new Set(now).size).toBe(now.length);
      expect(now.filter((id) => id < 20)).toEqual(numbers(0, 20));
      expect(now.includes(31)).toBe(done[0].status === "fulfilled");
    }
  });

  it("of other files both are done", async () => {
    const folder = at(0, "apart");
    await rows(...numbers(0, 20)).writeIceberg(folder, { partitionBy: ["truncate(10, id)"], types: { id: "int64" } });
    await Promise.all([rows(3, 5).mergeIceberg(folder, { on: ["id"], when: { matched: "delete" } }), rows(14).mergeIceberg(folder, { on: ["id"], when: { matched: "delete" } })]);
    expect(await ids(folder)).toEqual(numbers(0, 20).filter((id) => ![3, 5, 14].includes(id)));
  });

  it("rows that came meanwhile and would have been deleted refuse the delete; an append follows it", { timeout }, async () => {
    const outcomes = new Set<string>();
    for (let round = 0; round < rounds; round++) {
      const folder = at(0, `append-${round}`);
      await rows(...numbers(0, 20)).writeIceberg(folder);
      const [gone] = await Promise.allSettled([deleteIceberg<{ id: number }>(folder, (d) => d.id % 2 === 0), rows(40, 41).writeIceberg(folder)]);
      outcomes.add(gone.status);
      if (gone.status === "rejected") expect((gone.reason as LockstepError).code).toBe("LS2023");
      const odd = numbers(0, 20).filter((id) => id % 2 === 1);
      expect([[...odd, 40, 41], [...odd, 41], [...numbers(0, 20), 40, 41]]).toContainEqual(await ids(folder));
    }
    expect(outcomes.size).toBeGreaterThan(0);
  });

  it.each([false, true])("on ranks, too: by the condition, or by the keys (%s)", async (merges) => {
    for (const [others, isMet] of [[[4000, 4001], false], [[8, 4000], merges], [[-5, 4000], !merges]] as const) {
      const folder = at(2, `slowly-${merges}-${others[0]}`);
      await run(0, "year", [folder, 2, null]);
      if (merges) await deleteIceberg<{ id: number }>(folder, () => true);
      const slow = run(2, "slowly", [folder, merges]).then(() => undefined, (error: LockstepError) => error.code);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      await added(folder, [...others]);
      expect(await slow, `${others}`).toBe(isMet ? "LS2023" : undefined);
    }
  });

  it("a later attempt of the job changes nothing twice, and answers the same", async () => {
    const folder = at(2, "job");
    await run(0, "year", [folder, 3, null]);
    for (const job of ["nightly-1", "nightly-1"]) {
      expect(await run(2, "both", [folder], job)).toEqual([{ inserted: 1, updated: 1, deleted: 1 }, 2]);
    }
    expect(await run(0, "count", [folder])).toBe(10);
    expect(readdirSync(join(folder, "metadata")).filter((name) => name.startsWith("v")).length).toBe(3);
  });
});
