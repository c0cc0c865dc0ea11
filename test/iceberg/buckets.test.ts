/** Files of other buckets than a filter's values are not read: those that PyIceberg leaves out are taken away, and nobody misses them. */
import { execFile } from "node:child_process";
import { mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildPrograms, type Program } from "../oracle/build-programs.ts";
import { difference } from "../oracle/compare.ts";
import { RankPool } from "../oracle/rank-pool.ts";
import { pythonWith } from "../python.ts";
import { shared } from "../sample.ts";
import { root } from "../scripts/lib.mjs";
import * as jobs from "./programs/buckets.ts";

// In the checkout, so that the built programs find @lockstep/runtime.
const scratch = mkdtempSync(join(root, ".lockstep-iceberg-buckets-"));
let known: Readonly<Record<string, { readonly folder: string; readonly files: readonly string[]; readonly planned: Readonly<Record<string, readonly string[]>> }>>;
let programs: Map<string, Program>;
const pools = new Map<number, RankPool>();

beforeAll(async () => {
  const { stdout } = await promisify(execFile)(join(await pythonWith("pyiceberg"), "python"), [join(root, "test/iceberg/buckets.py"), join(scratch, "tables")], { maxBuffer: 1 << 26 });
  known = JSON.parse(stdout) as typeof known;
  programs = new Map((await buildPrograms([join(root, "test/iceberg/programs/buckets.ts")], join(scratch, "built"))).map((program) => [program.id.split("#")[1]!, program]));
});
afterAll(async () => {
  await Promise.all([...pools.values()].map((pool) => pool.close()));
  rmSync(scratch, { recursive: true, force: true });
});

const python = async (script: string, table: string): Promise<string> => (await promisify(execFile)(join(await pythonWith("pyiceberg"), "python"), ["-c", script, table])).stdout.trim();

async function onRanks(ranks: number, name: string, table: string): Promise<unknown> {
  if (!pools.has(ranks)) pools.set(ranks, new RankPool(ranks));
  const { chunk, id } = programs.get(name)!;
  const answer = await pools.get(ranks)!.run({ chunk, id, args: [table] });
  if ("error" in answer) throw Object.assign(new Error(answer.error.message), answer.error);
  return answer.value;
}

const plain = (name: string, table: string): Promise<object[]> => (jobs[name as keyof typeof jobs] as (table: string) => Promise<object[]>)(table);

const filters: readonly [table: string, filter: string, files: number][] = [
  ["longs", "longIs", 1], ["longs", "longIn", 2], ["longs", "longEither", 2], ["longs", "longAnd", 1], ["integers", "integerIs", 1], ["texts", "textIs", 1], ["texts", "textIn", 2],
  ["prices", "priceIs", 1],
];

describe.each(filters.map((filter, turn) => [...filter, turn] as const))("%s, %s", (table, filter, files, turn) => {
  it.each(shared([1, 2, 3, 7], turn))("%i ranks read what PyIceberg reads, and plain Node's rows", async (ranks) => {
    const { folder, files: all, planned } = known[table]!;
    const rows = await plain(filter, folder);
    expect(rows).toHaveLength(files);
    expect([all.length, planned[filter]!.length]).toEqual([9, files]);
    const away = all.filter((file) => !planned[filter]!.includes(file));
    for (const file of away) renameSync(file, `${file}.away`);
    try {
      expect(difference(rows, await onRanks(ranks, filter, folder))).toBeNull();
      await expect(onRanks(ranks, "all", folder)).rejects.toMatchObject({ code: "LS2001" });
    } finally {
      for (const file of away) renameSync(`${file}.away`, file);
    }
  });
});

// Of what a filter computes of a column (a Date's time) nothing is known of its buckets.
it.each([["longs", "longIsNot", 8], ["longs", "longAbove", 8], ["days", "dayIs", 1], ["times", "timeIs", 1]] as const)("%s, %s: no bucket is left out", async (table, filter, least) => {
  const { folder, planned } = known[table]!;
  expect(planned[filter]!.length).toBeGreaterThanOrEqual(least);
  expect(difference(await plain(filter, folder), await onRanks(3, filter, folder))).toBeNull();
});

it("a deletion reads and writes the files of its bucket alone", async () => {
  const into = join(scratch, "own");
  await onRanks(3, "inBuckets", into);
  const script = "import json, sys\nfrom pyiceberg.table import StaticTable\ntable = StaticTable.from_metadata(sys.argv[1])\nprint(json.dumps([[task.file.file_path for task in table.scan(**of).plan_files()] for of in ({}, {'row_filter': 'key == 34'})]))";
  const [all, planned] = JSON.parse(await python(script, join(into, "metadata/v1.metadata.json"))) as [string[], string[]];
  const others = all.filter((file) => !planned.includes(file));
  expect(others.length).toBeGreaterThanOrEqual(2);
  for (const file of others) renameSync(file, `${file}.away`);
  await onRanks(3, "without", into);
  for (const file of others) renameSync(`${file}.away`, file);
  expect(await plain("all", into)).toEqual(expect.arrayContaining([{ id: 2 }, { id: 4 }]));
  expect(await plain("all", into)).toHaveLength(2);
});

describe("partitions of decimals of more than 18 digits", () => {
  const ids = async (ranks: number, folder: string): Promise<unknown> => {
    const rows = (ranks === 0 ? await plain("all", folder) : await onRanks(ranks, "all", folder)) as { id: number }[];
    return rows.map(({ id }) => id).sort();
  };

  it.each([0, 1, 3])("those of PyIceberg are read on %i ranks", async (ranks) => {
    expect(await ids(ranks, known.bigs!.folder)).toEqual([1, 2, 3, 4]);
  });

  it.each([0, 3])("those of %i ranks are read by all", async (ranks) => {
    const into = join(scratch, `big-${ranks}`);
    await (ranks === 0 ? jobs.big(into) : onRanks(ranks, "big", into));
    for (const readers of [0, 1, 3]) expect(await ids(readers, into)).toEqual([1, 2, 3, 4]);
    const script = "import sys\nfrom pyiceberg.table import StaticTable\nprint(sorted((row['id'], str(row['key'])) for row in StaticTable.from_metadata(sys.argv[1]).scan().to_arrow().to_pylist()))";
    expect(await python(script, join(into, "metadata/v1.metadata.json"))).toBe("[(1, '1180591620717411303424.00'), (2, '-1180591620717411303424.00'), (3, '0.25'), (4, 'None')]");
  });
});
