/**
 * Tables of Iceberg that we write, in both executions: PyIceberg reads the rows, Java's Iceberg plans by our manifests and goes on with
 * the table, and we go on with what it has done.
 */
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { transformed } from "../../runtime/src/connectors/iceberg/partition.ts";
import { openTable } from "../../runtime/src/connectors/iceberg/table.ts";
import { TableWrite, tableKey } from "../../runtime/src/connectors/iceberg/table-write.ts";
import { writeParquetFile } from "../../runtime/src/connectors/parquet/write.ts";
import { Column } from "../../runtime/src/tables/column.ts";
import { shared } from "../sample.ts";
import { within } from "../stores/servers.ts";
import type { Planned, Seen } from "./others.ts";
import * as jobs from "./programs/write.ts";
import { Lake } from "./lake.ts";
import { guarded } from "./servers.ts";

const lake = new Lake("write", jobs, "sales");
const { scratch } = lake;
beforeAll(() => lake.open(), 600_000);
afterAll(() => lake.close());

const environment = (): Record<string, string> => lake.environment();
const run = (ranks: number, name: keyof typeof jobs, ...args: unknown[]): Promise<unknown> => lake.run(ranks, name, args);
const byPyIceberg = (...tables: string[]): Promise<Seen[]> => lake.byPyIceberg(...tables);
const byJava = (does: "look" | "compact", ...tables: string[]): Promise<Planned[]> => lake.byJava(does, ...tables);

/** The rows of the programs, as written.py prints them. */
const expected = (from: number, to: number): Record<string, unknown>[] =>
  Array.from({ length: to - from }, (_, i) => from + i).map((id) => ({
    id, region: id % 7 === 0 ? null : ["eu", "us", "日本 😀", "a/b=c"][id % 4]!, price: id % 5 === 0 ? null : id / 4, at: id % 11 === 0 ? null : Date.UTC(1969, 11, 30, id), ok: id % 2 === 0,
  }));
const sorted = (rows: readonly object[]): string[] => rows.map((row) => JSON.stringify(row)).sort();
const count = (rows: readonly Record<string, unknown>[], of: (row: Record<string, never>) => boolean): number => rows.filter((row) => of(row as Record<string, never>)).length;

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** 0: plain Node. */
const EXECUTIONS = [0, ...shared([1, 2, 3, 7], 0)];

describe("in a folder", () => {
  const at = (ranks: number, name: string): string => join(scratch, `${ranks}`, name);

  it("appends and replaces: PyIceberg reads every snapshot, Java plans and compacts, and we go on", async () => {
    for (const ranks of EXECUTIONS) {
      await run(ranks, "append", at(ranks, "table"), 0, 100);
      await run(ranks, "append", at(ranks, "table"), 100, 103);
      await run(ranks, "parted", at(ranks, "parted"), 0, 100);
      await run(ranks, "parted", at(ranks, "parted"), 100, 103);
      await run(ranks, "parted", at(ranks, "parted"), 0, 0);
    }
    const tables = EXECUTIONS.flatMap((ranks) => [at(ranks, "table"), at(ranks, "parted")]);
    const all = expected(0, 103);
    for (const [index, seen] of (await byPyIceberg(...tables)).entries()) {
      const parted = index % 2 === 1;
      expect(sorted(seen.rows), tables[index]).toEqual(sorted(all));
      expect(seen.snapshots).toEqual(parted ? [100, 103, 103] : [100, 103]);
      expect(seen.operations).toEqual(parted ? ["append", "append", "append"] : ["append", "append"]);
      expect(seen.schema).toBe(`struct<1: id: optional long, 2: region: optional string, 3: price: optional ${parted ? "double" : "decimal(9, 2)"}, 4: at: optional timestamptz, 5: ok: optional boolean>`);
      expect(seen.spec).toEqual(parted ? ["1000: region: identity(2)", "1001: at_day: day(4)", "1002: id_bucket: bucket[3](1)", "1003: id_trunc: truncate[10](1)", "1004: ok: identity(5)"] : []);
      expect(seen.filtered).toEqual({
        id: count(all, ({ id }) => id >= 60), region: count(all, ({ region }) => region === "eu"), null: count(all, ({ at: time }) => time === null), at: count(all, ({ at: time }) => time !== null && time >= Date.UTC(1970, 0, 2)),
      });
      expect(seen.summary).toMatchObject({ "total-records": "103", "lockstep.commit-id": expect.any(String) });
    }
    for (const [index, seen] of (await byJava("compact", ...tables)).entries()) {
      expect(seen.records, tables[index]).toBe(103);
      expect(seen.from60).toBeGreaterThanOrEqual(43);
      expect(seen.eu).toBeGreaterThanOrEqual(count(all, ({ region }) => region === "eu"));
      // Partitions by truncate(10, id) tell exactly.
      if (index % 2 === 1) expect([seen.from60, seen.eu]).toEqual([43, count(all, ({ region }) => region === "eu")]);
      expect(seen.snapshots.map(({ sequence }) => sequence)).toEqual(seen.snapshots.map((_, at) => at + 1));
    }
    for (const ranks of EXECUTIONS) {
      await run(ranks, "append", at(ranks, "table"), 103, 110);
      await run(ranks, "replaced", at(ranks, "table"), 5, 9);
      expect(await run(ranks, "ids", at(ranks, "table"))).toEqual([5, 6, 7, 8].map((id) => ({ id })));
      await run(ranks, "append", at(ranks, "table"), 9, 10);
    }
    const ours = EXECUTIONS.map((ranks) => at(ranks, "table"));
    for (const seen of await byPyIceberg(...ours)) {
      expect(sorted(seen.rows)).toEqual(sorted(expected(5, 10)));
      expect([seen.snapshots, seen.operations.slice(-3)]).toEqual([[100, 103, 103, 110, 4, 5], ["append", "overwrite", "append"]]);
      expect(seen.summary["total-records"]).toBe("5");
    }
    for (const seen of await byJava("look", ...ours)) expect([seen.records, seen.snapshots.at(-2)!.removed > 0, seen.snapshots.at(-1)!.removed]).toEqual([5, true, 0]);
  });

  it.each([0, 3])("replaces partitions, others stay, %i ranks", async (ranks) => {
    const folder = at(ranks, "days");
    await run(ranks, "days", folder, 0, 100, "append");
    await run(ranks, "days", folder, 35, 38, "overwrite-partitions");
    await run(ranks, "days", folder, 96, 112, "overwrite-partitions");
    const ids = [...numbers(0, 30), ...numbers(35, 38), ...numbers(40, 90), ...numbers(96, 112)];
    const [seen] = await byPyIceberg(folder);
    expect(seen!.rows.map(({ id }) => id as number).sort((a, b) => a - b)).toEqual(ids);
    expect([seen!.operations, seen!.snapshots]).toEqual([["append", "overwrite", "overwrite"], [100, 93, ids.length]]);
    expect(seen!.summary).toMatchObject({ "total-records": `${ids.length}`, "deleted-records": "10", "replace-partitions": "true" });
    const [planned] = await byJava("compact", folder);
    expect([planned!.records, planned!.snapshots.at(1)!.removed > 0]).toEqual([ids.length, true]);
    await run(ranks, "days", folder, 0, 1, "overwrite-partitions");
    expect((await run(ranks, "ids", folder) as object[]).length).toBe(ids.length - 9);
  });

  it("files that a filter cannot match are not opened", async () => {
    const [days, table, parted] = [at(0, "skipped"), at(0, "skipped-table"), at(0, "skipped-parted")];
    await run(0, "days", days, 0, 100, "append");
    for (let from = 1; from < 40; from += 13) await run(0, "append", table, from, from + 13);
    await run(0, "parted", parted, 0, 80);
    for (const one of [days, table, parted]) {
      const plain = await run(0, "filtered", one);
      for (const ranks of [1, 3]) expect(await run(ranks, "filtered", one)).toEqual(plain);
    }
    const [folder] = readdirSync(join(days, "data"));
    const parts = readdirSync(join(days, "data", folder!)).sort();
    expect(parts).toHaveLength(10);
    for (const part of parts.slice(0, 6)) rmSync(join(days, "data", folder!, part));
    for (const ranks of [1, 3]) expect(await run(ranks, "last", days)).toBe(40);
  });

  it("many manifests become one, and overwriting makes one of all", async () => {
    const folder = at(0, "many");
    const manifests = (): number => readdirSync(join(folder, "metadata")).filter((name) => /-m\d+\.avro$/.test(name)).length;
    for (let from = 1; from < 104; from++) await run(0, "parted", folder, from, from + 1).catch(() => run(0, "parted", folder, from + 1, from + 2));
    expect(manifests()).toBe(104);
    const ids = (await run(0, "ids", folder) as { id: number }[]).map(({ id }) => id);
    const [planned] = await byJava("look", folder);
    const all = expected(0, 200).filter(({ id }) => ids.includes(id as number));
    expect([planned!.records, planned!.from60, planned!.eu]).toEqual([ids.length, ids.filter((id) => id >= 60).length, count(all, ({ region }) => region === "eu")]);
    const [seen] = await byPyIceberg(folder);
    expect(seen!.rows.map(({ id }) => id as number).sort((a, b) => a - b)).toEqual(ids);
    expect(seen!.filtered).toMatchObject({ id: planned!.from60, region: planned!.eu });
    await run(0, "parted", folder, 1, 3, "overwrite");
    expect(manifests()).toBe(106);
    expect((await byJava("look", folder))[0]!.records).toBe(2);
  });

  it("replaces only what the program saw", async () => {
    const folder = at(0, "seen");
    await run(0, "days", folder, 0, 30, "append");
    const seen = await openTable(folder, {});
    const replacing = async (since: typeof seen, of: number): Promise<TableWrite> => {
      const write = await TableWrite.open(folder, {}, `seen-${of}`, { snapshot: since.snapshot });
      const target = await write.prepare([{ name: "id", type: { id: "int", bits: 64, signed: true } }], {});
      await writeParquetFile(join(target.folder, "x.parquet"), [{ name: "id", ids: { id: 1, parts: [] }, column: new Column({ id: "int", bits: 64, signed: true }, 1, [of]) }], 1, { compression: "zstd", arrowSchema: false });
      const info = { name: "x.parquet", bytes: statSync(join(target.folder, "x.parquet")).size, partition: [{ Integer: `${of - (of % 10)}` }] };
      await write.add(target, [info], "overwrite-partitions").catch(async (error: unknown) => {
        // A program that goes on has written nothing.
        await write.commit();
        throw error;
      });
      return write;
    };
    // Two replace different partitions, a third one of these.
    const [first, second, third] = [await replacing(seen, 5), await replacing(seen, 15), await replacing(seen, 6)];
    await first!.commit();
    await second!.commit();
    await expect(third!.commit()).rejects.toMatchObject({ code: "LS2023", message: expect.stringContaining("was changed by others") });
    await expect(replacing(seen, 16)).rejects.toMatchObject({ code: "LS2023" });
    await (await replacing(seen, 25)).commit();
    expect(await run(0, "ids", folder)).toEqual([5, 15, 25].map((id) => ({ id })));
    const used = readdirSync(join(folder, "data")).length;
    expect(used).toBe(4);
    expect(readdirSync(join(folder, "metadata")).filter((name) => /^v\d+/.test(name))).toHaveLength(4);
  });

  it.each([0, 3])("and another output are not in one place, %i ranks", async (ranks) => {
    const refused = (name: string, out: string, into: string, overwrite: boolean): Promise<void> => expect(run(ranks, "beside", at(ranks, `${name}/${out}`), at(ranks, `${name}/${into}`), overwrite), name).rejects.toMatchObject({ code: "LS2007" });
    await refused("the same", "x", "x", false);
    await refused("replaced", "x", "x", true);
    await refused("inside", "x", "x/t", false);
    await refused("around", "x", "x/t", true);
    await run(ranks, "beside", at(ranks, "apart/x"), at(ranks, "apart/t"), false);
    expect(await run(ranks, "ids", at(ranks, "apart/t"))).toHaveLength(3);
  });

  it.each([0, 3])("leaves nothing where it fails, %i ranks", async (ranks) => {
    const folder = at(ranks, "fails");
    await run(ranks, "append", join(folder, "there"), 0, 10);
    const before = readdirSync(join(folder, "there"), { recursive: true }).sort();
    // Its columns have other types.
    await expect(run(ranks, "thrown", join(folder, "there"))).rejects.toThrow();
    await expect(run(ranks, "two", join(folder, "first"), join(folder, "there"))).rejects.toMatchObject({ code: "LS2007", message: `${join(folder, "there")} exists` });
    expect(readdirSync(join(folder, "there"), { recursive: true }).sort()).toEqual(before);
    // Plain Node commits each write by itself.
    expect(existsSync(join(folder, "first"))).toBe(ranks === 0);
    if (ranks > 0) {
      await expect(run(ranks, "thrown", join(folder, "new"))).rejects.toThrow("after the write");
      expect(existsSync(join(folder, "new"))).toBe(false);
    }
  });

  it("is refused where it is no table's folder, or a catalog has the table", async () => {
    const folder = at(0, "strange");
    await run(0, "append", folder, 0, 3);
    const metadata = join(folder, "metadata");
    for (const ranks of [0, 2]) await expect(run(ranks, "append", join(metadata, "v1.metadata.json"), 0, 3)).rejects.toMatchObject({ code: "LS2016" });
    writeFileSync(join(metadata, "00002-abc.metadata.json"), readFileSync(join(metadata, "v1.metadata.json")));
    rmSync(join(metadata, "version-hint.text"));
    for (const ranks of [0, 2]) await expect(run(ranks, "append", folder, 0, 3)).rejects.toMatchObject({ code: "LS2015", message: expect.stringContaining("is a table of a catalog") });
    rmSync(metadata, { recursive: true });
    writeFileSync(join(folder, "notes.txt"), "");
    for (const ranks of [0, 2]) await expect(run(ranks, "append", folder, 0, 3)).rejects.toMatchObject({ code: "LS2007", message: expect.stringContaining('holds "notes.txt"') });
  });

  it("a later attempt of the job commits nothing twice", async () => {
    const folder = at(2, "job");
    for (const [job, rows] of [["nightly-1", 3], ["nightly-1", 3], ["nightly-2", 6]] as const) {
      await lake.run(2, "append", [folder, 1, 4], job);
      expect(await run(0, "ids", folder)).toHaveLength(rows);
    }
    // The first attempt may have died between its commit and the hint, by which others find it.
    writeFileSync(join(folder, "metadata/version-hint.text"), "1");
    await lake.run(2, "append", [folder, 1, 4], "nightly-2");
    expect(readFileSync(join(folder, "metadata/version-hint.text"), "utf8")).toBe("2");
    expect(readdirSync(join(folder, "data"))).toHaveLength(2);
  });

  it("a hint that is late is followed to the newest state", async () => {
    const folder = at(0, "late");
    await expect(run(0, "append", folder, 0, 1)).rejects.toMatchObject({ code: "LS2015", message: expect.stringContaining('the column "region" has nothing but nulls') });
    for (let from = 1; from < 5; from++) await run(0, "append", folder, from, from + 1);
    writeFileSync(join(folder, "metadata/version-hint.text"), "2");
    expect(await run(0, "ids", folder)).toHaveLength(4);
    await run(2, "append", folder, 5, 6);
    expect(await run(2, "ids", folder)).toHaveLength(5);
    expect(readFileSync(join(folder, "metadata/version-hint.text"), "utf8")).toBe("5");
  });
});

it("in an object store's folder", async () => {
  for (const ranks of [0, 3]) {
    const table = `s3://lockstep/folder/${ranks}`;
    await run(ranks, "append", table, 0, 20);
    await run(ranks, "parted", `${table}-parted`, 0, 20);
    await run(ranks, "replaced", table, 3, 5);
    expect(await within(environment(), () => jobs.ids(table))).toEqual([{ id: 3 }, { id: 4 }]);
    expect(await run(3, "ids", `${table}-parted`)).toHaveLength(20);
  }
});

it("in a REST catalog: PyIceberg and Java read and go on", async () => {
  const all = expected(0, 100);
  for (const ranks of [0, 3]) {
    const name = `sales.orders${ranks}`;
    const address = `${lake.catalog.uri}|${name}`;
    await run(ranks, "inCatalog", name, lake.catalog.uri, 0, 90, "create");
    await run(ranks, "inCatalog", name, lake.catalog.uri, 90, 100, "append");
    await expect(run(ranks, "inCatalog", name, lake.catalog.uri, 0, 90, "create")).rejects.toMatchObject({ code: "LS2007" });
    const [seen] = await byPyIceberg(address);
    expect(sorted(seen!.rows)).toEqual(sorted(all));
    expect([seen!.spec, seen!.snapshots]).toEqual([["1000: region: identity(2)", "1001: at_day: day(4)"], [90, 100]]);
    const [planned] = await byJava("compact", address);
    expect([planned!.records, planned!.eu]).toEqual([100, count(all, ({ region }) => region === "eu")]);
    await run(ranks, "inCatalog", name, lake.catalog.uri, 0, 2, "overwrite");
    const [again] = await byPyIceberg(address);
    expect([sorted(again!.rows), again!.operations]).toEqual([sorted(expected(0, 2)), ["append", "append", "replace", "overwrite"]]);
  }
});

it("tables of one name in two catalogs are two", async () => {
  for (const ranks of [0, 3]) {
    await run(ranks, "namesakes", `sales.named${ranks}`, lake.catalog.uri, lake.catalog.uri.replace("127.0.0.1", "localhost"));
    const [seen] = await byPyIceberg(`${lake.catalog.uri}|sales.named${ranks}`);
    expect([seen!.rows.length, seen!.snapshots]).toEqual([5, [3, 5]]);
  }
  const [one, same] = [{ uri: "http://host", name: "prod" }, { name: "prod", uri: "http://host" }].map((of) => tableKey("sales.orders", { catalog: of }));
  expect(one).toBe(same);
});

it("a number that is cut below the least goes on from the greatest, as in Java and on ranks", () => {
  expect(transformed("truncate[10]", { id: "int", bits: 32, signed: true }, -2_147_483_648)).toEqual({ Integer: "2147483646" });
  expect(transformed("truncate[10]", { id: "int", bits: 64, signed: true }, -(2n ** 63n))).toEqual({ Integer: "9223372036854775806" });
  expect(transformed("truncate[10]", { id: "int", bits: 64, signed: true }, -1n)).toEqual({ Integer: "-10" });
});

it("a token that has aged while the rows were computed is got anew", async () => {
  const ages = new Set(["/v1/namespaces/sales/tables/aged"]);
  const front = await guarded(lake.catalog, "someone", "planted-4711", "token-0815", ({ method, url }) => method === "POST" && ages.delete(url!));
  const env = { ...environment(), PYICEBERG_CATALOG__DEFAULT__CREDENTIAL: "someone:planted-4711" };
  try {
    for (let from = 1; from < 3; from++) await within(env, () => jobs.inCatalog("sales.aged", front.uri, from, from + 1, "append"));
    expect([ages.size, front.tokens()]).toEqual([0, 3]);
    expect((await byPyIceberg(`${lake.catalog.uri}|sales.aged`))[0]!.snapshots).toEqual([1, 2]);
  } finally {
    await front.stop();
  }
});

it("a table that PyIceberg made is written as it says", async () => {
  const make = `
import os, sys
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import BucketTransform, MonthTransform
from pyiceberg.types import *
s3 = {"s3.endpoint": os.environ["AWS_ENDPOINT_URL"], "s3.access-key-id": os.environ["AWS_ACCESS_KEY_ID"], "s3.secret-access-key": os.environ["AWS_SECRET_ACCESS_KEY"], "s3.region": "us-east-1"}
schema = Schema(NestedField(1, "at", TimestamptzType(), required=False), NestedField(2, "note", StringType(), required=False), NestedField(3, "id", LongType(), required=True),
                NestedField(4, "price", FloatType(), required=False), NestedField(5, "region", StringType(), required=False), NestedField(6, "ok", BooleanType(), required=True))
spec = PartitionSpec(PartitionField(1, 1000, MonthTransform(), "at_month"), PartitionField(5, 1001, BucketTransform(2), "region_bucket"))
RestCatalog("test", uri=sys.argv[1], **s3).create_table("sales.theirs", schema, partition_spec=spec, properties={"write.parquet.compression-codec": "gzip"})
`;
  await promisify(execFile)(join(lake.python, "python"), ["-c", make, lake.catalog.uri], { env: { ...process.env, ...environment() } });
  for (const ranks of [0, 3]) {
    await run(ranks, "theirs", lake.catalog.uri, ranks * 10 + 1, ranks * 10 + 9);
    await expect(run(ranks, "nullId", lake.catalog.uri)).rejects.toMatchObject({ code: "LS2003", message: expect.stringContaining('the column "id" is required') });
    await expect(run(ranks, "noId", lake.catalog.uri)).rejects.toMatchObject({ code: "LS2002", message: expect.stringContaining('requires a column "id"') });
  }
  const [seen] = await byPyIceberg(`${lake.catalog.uri}|sales.theirs`);
  expect(sorted(seen!.rows)).toEqual(sorted([...expected(1, 9), ...expected(31, 39)].map(({ id, region, price, at, ok }) => ({ at, note: null, id, price: price === null ? null : Math.fround(price as number), region, ok }))));
  expect(seen!.schema).toContain("3: id: required long");
  const [planned] = await byJava("look", `${lake.catalog.uri}|sales.theirs`);
  expect([planned!.records, planned!.snapshots.map(({ operation }) => operation)]).toEqual([16, ["append", "append"]]);
});
