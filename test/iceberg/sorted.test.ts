/** Files whose rows are sorted, and say so: each by itself, of Iceberg by the table's order. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readParquet } from "@lockstep/runtime";
import { parquetMetadata } from "hyparquet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compactIceberg } from "@lockstep/runtime";
import { readAvro } from "../../runtime/src/connectors/iceberg/avro.ts";
import { openTable } from "../../runtime/src/connectors/iceberg/table.ts";
import { shared } from "../sample.ts";
import { Lake } from "./lake.ts";
import * as jobs from "./programs/sorted.ts";

const lake = new Lake("sorted", jobs, "sorted");
const { scratch } = lake;
beforeAll(() => lake.open(), 600_000);
afterAll(() => lake.close());

interface Row {
  id: number;
  region: string | null;
  value: number | null;
}

const text = (a: string | null, b: string | null): number => (a === null || b === null ? Number(a !== null) - Number(b !== null) : Buffer.compare(Buffer.from(a), Buffer.from(b)));
const number = (a: number | null, b: number | null): number => (a === null || b === null ? Number(a !== null) - Number(b !== null) : a - b);
const bySpec = (a: Row, b: Row): number => -text(a.region, b.region) || number(a.value, b.value) || a.id - b.id;
const rowsIn = async (path: string): Promise<Row[]> => (await readParquet<Row>(path)).objects({ limit: 100_000 });
const sortingOf = (path: string): unknown => {
  const bytes = readFileSync(path);
  return parquetMetadata(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer).row_groups.map(({ sorting_columns: columns }) => columns?.map(({ column_idx: column, descending, nulls_first: nulls }) => [column, descending, nulls]));
};
/** The ids of orders in the manifests of a folder. */
async function orderIds(folder: string): Promise<number[]> {
  const manifests = readdirSync(join(folder, "metadata")).filter((name) => name.endsWith(".avro") && !name.startsWith("snap-"));
  const entries = await Promise.all(manifests.map((name) => readAvro(name, readFileSync(join(folder, "metadata", name)))));
  return entries.flat().filter(({ status }) => status === 1).map(({ data_file: file }) => (file as { sort_order_id: number }).sort_order_id);
}

describe.each([0, ...shared([1, 2, 3, 7], 0)])("%i ranks", (ranks) => {
  it("a table's files are in its order, those that come later, too", async () => {
    const folder = join(scratch, `${ranks}`, "table");
    await lake.run(ranks, "sorted", [folder, 0, 3000, null]);
    await lake.run(ranks, "again", [folder, 3000, 4000, null]);
    const { files } = await openTable(folder, {});
    expect(files.length).toBe(6);
    for (const { path } of files) {
      const rows = await rowsIn(path);
      expect(rows).toEqual(rows.toSorted(bySpec));
      expect(sortingOf(path)).toEqual([[[1, true, false], [2, false, true], [0, false, true]]]);
    }
    expect(await orderIds(folder)).toEqual([1, 1, 1, 1, 1, 1]);
    await expect(lake.run(ranks, "other", [folder])).rejects.toMatchObject({ code: "LS2016", message: expect.stringContaining("is sorted by region desc, value, id, not by id") });
    const metadata = JSON.parse(readFileSync(join(folder, "metadata/v2.metadata.json"), "utf8")) as { "sort-orders": unknown[]; "default-sort-order-id": number };
    expect(metadata["default-sort-order-id"]).toBe(1);
    expect(await lake.run(ranks, "count", [folder, null])).toBe(4000);
    // Rows of several sorted files behind each other are in no order.
    await compactIceberg(folder, { minFiles: 2 });
    expect((await orderIds(folder)).sort()).toEqual([0, 0, 0, 1, 1, 1, 1, 1, 1]);
    expect((await lake.byPyIceberg(folder))[0]!.rows).toHaveLength(4000);
  });

  it("files in folders", async () => {
    const out = join(scratch, `${ranks}`, "files");
    await lake.run(ranks, "files", [out, 0, 3000]);
    const paths = readdirSync(out, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".parquet")).map((name) => join(out, name));
    expect(paths).toHaveLength(3);
    for (const path of paths) {
      const rows = await rowsIn(path);
      expect(rows).toEqual(rows.toSorted((a, b) => -number(a.value, b.value) || a.id - b.id));
      expect(sortingOf(path)).toEqual([[[2, true, false], [0, false, true]]]);
    }
    await expect(lake.run(ranks, "misspelt", [join(scratch, `${ranks}`, "none"), ["nam"]])).rejects.toMatchObject({ code: "LS2016", message: expect.stringContaining('sortBy: the table has no column "nam"') });
    await expect(lake.run(ranks, "misspelt", [join(scratch, `${ranks}`, "none"), ["part desc"]])).rejects.toMatchObject({ code: "LS2016", message: expect.stringContaining("names its folder") });
  });
});

it.each([0, ...shared([1, 2, 3, 7], 1)])("files are sorted by what stands in them, %i ranks", async (ranks) => {
  const out = join(scratch, `${ranks}`, "rounded");
  await lake.run(ranks, "rounded", [out]);
  for (const file of readdirSync(out)) {
    const y = (await readParquet<{ y: number }>(join(out, file))).array("y") as number[];
    expect(y).toEqual([...y].sort((a, b) => a - b));
  }
});

it("a catalog takes the order, and PyIceberg and Java read such a table", async () => {
  const names = [0, 2].map((ranks) => `${lake.catalog.uri}|sorted.table${ranks}`);
  for (const ranks of [0, 2]) {
    const name = `sorted.table${ranks}`;
    await lake.run(ranks, "sorted", [name, 0, 1000, lake.catalog.uri]);
    await lake.run(ranks, "again", [name, 1000, 1200, lake.catalog.uri]);
    expect(await lake.run(ranks, "count", [name, lake.catalog.uri])).toBe(1200);
  }
  for (const seen of await lake.byPyIceberg(...names)) expect(seen.rows).toHaveLength(1200);
  for (const seen of await lake.byJava("compact", ...names)) expect(seen.records).toBe(1200);
});
