/**
 * Tables whose files are written again: the same rows for us, PyIceberg and Java before and after, files of the size that is wanted, rows in their files'
 * order, without what delete files named; and what others do meanwhile is neither lost nor undone.
 */
import { execFile } from "node:child_process";
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { compactIceberg, deleteIceberg, type LockstepError, readIceberg, readParquet, table } from "@lockstep/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expireSnapshots } from "../../runtime/src/connectors/iceberg/expire.ts";
import { orphansOf } from "../../runtime/src/connectors/iceberg/orphans.ts";
import { openTable } from "../../runtime/src/connectors/iceberg/table.ts";
import { unitsOf } from "../../runtime/src/connectors/iceberg/units.ts";
import { sampled, shared } from "../sample.ts";
import { root } from "../scripts/lib.mjs";
import { killed } from "./killed.ts";
import { Lake } from "./lake.ts";
import * as jobs from "./programs/compact.ts";

const lake = new Lake("compact", jobs, "compacted");
const { scratch } = lake;
beforeAll(() => lake.open(), 600_000);
afterAll(() => lake.close());

/** 0: plain Node. */
const EXECUTIONS = [0, ...shared([1, 2, 3, 7], 0)];
const at = (ranks: number, name: string): string => join(scratch, `${ranks}`, name);
const idsIn = async (path: string): Promise<number[]> => (await readParquet<{ id: number }>(path)).array("id");
const orphans = async (folder: string): Promise<string[]> => (await orphansOf(folder, {}, new Date(Date.now() + 60_000))).map(({ path }) => path);

describe.each(["a folder", "a catalog"])("in %s", (where) => {
  it("small files of a partition become one, and nobody sees another row", async () => {
    const executions = where === "a folder" ? EXECUTIONS : [0, 3];
    const uri = where === "a folder" ? null : lake.catalog.uri;
    const place = (ranks: number): string => (uri === null ? at(ranks, "table") : `compacted.table${ranks}`);
    const names = executions.map((ranks) => (uri === null ? place(ranks) : `${uri}|${place(ranks)}`));
    const before = new Map<number, unknown>();
    for (const ranks of executions) {
      for (let load = 0; load < 6; load++) await lake.run(ranks === 0 ? 0 : 2, "more", [place(ranks), load * 50, load * 50 + 50, true, uri]);
      before.set(ranks, await lake.run(ranks, "everything", [place(ranks), uri]));
    }
    const [first] = await lake.byPyIceberg(...names);
    for (const ranks of executions) {
      const small = ranks === 0 ? 18 : 36;
      expect(await lake.run(ranks, "compacted", [place(ranks), null, uri])).toEqual({ files: small, into: 3, deleteFiles: 0 });
      expect(await lake.run(ranks, "compacted", [place(ranks), null, uri])).toEqual({ files: 0, into: 0, deleteFiles: 0 });
      expect(await lake.run(ranks, "everything", [place(ranks), uri])).toEqual(before.get(ranks));
    }
    const sorted = (rows: readonly Readonly<Record<string, unknown>>[]) => rows.toSorted((a, b) => (a.id as number) - (b.id as number));
    for (const seen of await lake.byPyIceberg(...names)) {
      expect(sorted(seen.rows)).toEqual(sorted(first!.rows));
      expect(seen.operations.slice(-2)).toEqual(["append", "replace"]);
      expect(seen.snapshots.slice(-2)).toEqual([300, 300]);
      expect(seen.filtered.id).toBe(240);
      expect(seen.summary).toMatchObject({ "total-records": "300", "total-data-files": "3", "added-data-files": "3" });
    }
    for (const [index, seen] of (await lake.byJava("compact", ...names)).entries()) {
      expect(seen).toMatchObject({ records: 300 });
      expect(seen.snapshots.filter(({ operation }) => operation === "replace")[0]).toMatchObject({ added: 3, removed: executions[index] === 0 ? 18 : 36 });
    }
    for (const ranks of executions) {
      await lake.run(ranks, "more", [place(ranks), 1000, 1003, true, uri]);
      expect((await lake.run(ranks, "everything", [place(ranks), uri])) as unknown[]).toHaveLength(303);
    }
  });
});

describe("files", () => {
  it.each(EXECUTIONS)("of a size, their rows in the order of those that they are of, %i ranks", async (ranks) => {
    const folder = at(ranks, "sizes");
    for (let load = 0; load < 8; load++) await lake.run(0, "more", [folder, load * 300, load * 300 + 300, false, null]);
    const { files } = await openTable(folder, {});
    const all = (await Promise.all(files.map(({ path }) => idsIn(path)))).flat();
    // Three files of a size, and the last two.
    const most = Math.ceil(Math.max(...files.map(({ size }) => size)) * 3.5);
    expect(await lake.run(ranks, "compacted", [folder, most, null])).toEqual({ files: 8, into: 3, deleteFiles: 0 });
    const now = (await openTable(folder, {})).files;
    const ids = await Promise.all(now.map(({ path }) => idsIn(path)));
    expect(ids.map((of) => of.length).sort((a, b) => a - b)).toEqual([600, 900, 900]);
    expect(ids.toSorted((a, b) => a[0]! - b[0]!).flat()).toEqual(all);
    expect(now.every(({ size }) => size <= most)).toBe(true);
    expect(await orphans(folder)).toEqual([]);
    await expireSnapshots(folder, {}, { age: 0 }, false);
    expect(readdirSync(join(folder, "data"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".parquet"))).toHaveLength(3);
    expect((await lake.run(ranks, "everything", [folder, null])) as unknown[]).toHaveLength(2400);
  });

  it("that are too large become several, once", async () => {
    const folder = at(0, "large");
    await jobs.more(folder, 0, 3000, false, null);
    const fileBytes = Math.ceil((await openTable(folder, {})).files[0]!.size / 3);
    expect(await jobs.compacted(folder, fileBytes, null)).toEqual({ files: 1, into: 3, deleteFiles: 0 });
    expect(await jobs.compacted(folder, fileBytes, null)).toEqual({ files: 0, into: 0, deleteFiles: 0 });
    expect((await Promise.all((await openTable(folder, {})).files.map(({ path }) => idsIn(path)))).flat()).toEqual(Array.from({ length: 3000 }, (_, id) => id));
  });

  it("that gain nothing stay", () => {
    const file = (size: number, partition = "p", deletes: number[] = []) => ({ path: `${Math.random()}`, size, partition, deletes, rows: 100, constants: {}, bounds: {} });
    const sizes = (files: ReturnType<typeof file>[], options = {}, deletes: { of: string | undefined; rows: number }[] = []) => unitsOf({ files, deletes: deletes as never }, 100, options).map((unit) => unit.map(({ size }) => size));
    expect(sizes([file(10), file(10), file(10), file(10)])).toEqual([]);
    expect(sizes([file(10), file(10), file(10), file(10)], { minFiles: 2 })).toEqual([[10, 10, 10, 10]]);
    expect(sizes([1, 2, 3, 4, 5, 6].map((size) => file(size, `${size % 2}`)))).toEqual([]);
    expect(sizes([file(80), file(100), file(170), file(10)])).toEqual([]);
    expect(sizes([file(60), file(30), file(20), file(74), file(10), file(90)])).toEqual([[60, 30], [20, 74], ]);
    expect(sizes([file(300), file(20), file(100)])).toEqual([[300]]);
    expect(sizes([file(100, "p", [0])], {}, [{ of: "x", rows: 29 }])).toEqual([]);
    expect(sizes([file(100, "p", [0])], {}, [{ of: "x", rows: 30 }])).toEqual([[100]]);
    expect(sizes([file(100, "p", [0])], {}, [{ of: undefined, rows: 100 }])).toEqual([]);
    expect(sizes([file(100, "p", [0])], { deleteFiles: 1 }, [{ of: undefined, rows: 1 }])).toEqual([[100]]);
  });

  it("whose rows all are deleted leave nothing, and what others have deleted stays deleted, without files that say so", async () => {
    const { stdout } = await promisify(execFile)(join(lake.python, "python"), [join(root, "test/iceberg/tables.py"), join(scratch, "theirs")], { maxBuffer: 1 << 26 });
    const known = JSON.parse(stdout) as Record<string, { folder: string; states: Record<string, { rows: { id: number }[] }> }>;
    for (const name of ["places", "keyed"]) {
      const { folder, states } = known[name]!;
      const metadata = join(folder, "metadata", readdirSync(join(folder, "metadata")).filter((one) => one.endsWith(".metadata.json")).sort().at(-1)!);
      const text = readFileSync(metadata, "utf8");
      for (const one of readdirSync(join(folder, "metadata")).filter((file) => file.endsWith(".metadata.json"))) rmSync(join(folder, "metadata", one));
      const wanted = states.now!.rows.map(({ id }) => id).sort((a, b) => a - b);
      for (const ranks of EXECUTIONS) {
        for (const one of readdirSync(join(folder, "metadata")).filter((file) => /^v\d|hint/.test(file))) rmSync(join(folder, "metadata", one));
        writeFileSync(join(folder, "metadata/v1.metadata.json"), text);
        const before = await openTable(folder, {});
        expect(before.deletes.length).toBeGreaterThan(0);
        const counts = (await lake.run(ranks, "worn", [folder, 1])) as { deleteFiles: number };
        const after = await openTable(folder, {});
        expect([after.deletes.length, counts.deleteFiles], `${name} ${ranks}`).toEqual([0, before.deletes.length]);
        expect((await readIceberg<{ id: number }>(folder)).array("id").sort((a, b) => a - b)).toEqual(wanted);
        // Older snapshots of the other one PyIceberg does not read.
        if (name === "places") expect((await lake.byPyIceberg(folder))[0]!.rows).toHaveLength(wanted.length);
      }
    }
  });
});

describe("with others", () => {
  const rows = (...ids: number[]) => table({ id: ids, v: ids.map(() => 1) });
  const ids = async (folder: string): Promise<number[]> => (await readIceberg<{ id: number }>(folder)).array("id").sort((a, b) => a - b);

  it.each([2, 3])("an append meanwhile is there, a change of these files refuses it, %i ranks", async (ranks) => {
    for (const does of ["append", "delete", "compact"] as const) {
      const folder = at(ranks, `slowly-${does}`);
      for (let load = 0; load < 6; load++) await lake.run(0, "more", [folder, load * 10, load * 10 + 10, false, null]);
      const slow = lake.run(ranks, "slowly", [folder]).then(() => undefined, (error: LockstepError) => error.code);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      if (does === "append") await lake.run(0, "more", [folder, 60, 61, false, null]);
      if (does === "delete") await deleteIceberg<{ id: number }>(folder, (d) => d.id === 5);
      if (does === "compact") await compactIceberg(folder);
      expect(await slow, does).toBe(does === "append" ? undefined : "LS2023");
      expect(await ids(folder)).toHaveLength(does === "append" ? 61 : does === "delete" ? 59 : 60);
      expect(await orphans(folder)).toEqual([]);
    }
  });

  it("two at once, and a merge: never a row twice, or none", async () => {
    for (let round = 0; round < 8; round++) {
      const folder = at(0, `race-${round}`);
      for (let load = 0; load < 5; load++) await rows(...Array.from({ length: 10 }, (_, i) => load * 10 + i)).writeIceberg(folder);
      const done = await Promise.allSettled([compactIceberg(folder), rows(3, 77).mergeIceberg(folder, { on: ["id"] }), compactIceberg(folder)]);
      for (const one of done) if (one.status === "rejected") expect((one.reason as LockstepError).code).toBe("LS2023");
      expect(await ids(folder)).toEqual([...Array.from({ length: 50 }, (_, id) => id), ...(done[1].status === "fulfilled" ? [77] : [])]);
    }
  });

  it("is alone in its call, and a later attempt of the job does nothing twice", async () => {
    const folder = at(2, "alone");
    for (let load = 0; load < 5; load++) await lake.run(0, "more", [folder, load * 10, load * 10 + 10, false, null]);
    await expect(lake.run(2, "also", [folder])).rejects.toMatchObject({ code: "LS2015", message: expect.stringContaining("in the same call") });
    const first = await lake.run(2, "compacted", [folder, null, null], "compact-1");
    expect(first).toMatchObject({ files: 5, into: 1 });
    expect(await lake.run(2, "compacted", [folder, null, null], "compact-1")).toEqual(first);
    expect((await ids(folder)).length).toBe(50);
    await expect(lake.run(2, "compacted", [at(2, "nowhere"), null, null])).rejects.toMatchObject({ code: "LS2001" });
  });

  it("killed at every step, the rows are there", async () => {
    const base = at(0, "killed");
    for (let load = 0; load < 5; load++) await rows(load, 10 + load).writeIceberg(base);
    const aside = `${base}-aside`;
    cpSync(base, aside, { recursive: true });
    const steps = (await killed(-1, "compacted", base))!;
    for (const step of [...sampled(steps), steps]) {
      // In its own place: the metadata name where their files are.
      rmSync(base, { recursive: true });
      cpSync(aside, base, { recursive: true });
      expect((await killed(step, "compacted", base)) !== undefined).toBe(step === steps);
      expect(await ids(base)).toEqual([0, 1, 2, 3, 4, 10, 11, 12, 13, 14]);
      await compactIceberg(base);
      expect((await openTable(base, {})).files).toHaveLength(1);
      for (const path of await orphans(base)) expect(statSync(path).isFile()).toBe(true);
    }
  });
});
