/**
 * Tables of Iceberg that PyIceberg wrote: plain Node reads the rows that PyIceberg reads, and the compiled programs on 1, 2, 3 and 7
 * ranks what plain Node reads, in its order.
 */
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { readIceberg } from "@lockstep/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lockstep } from "../jobs/job-process.ts";
import { buildPrograms, type Program } from "../oracle/build-programs.ts";
import { difference } from "../oracle/compare.ts";
import { RankPool } from "../oracle/rank-pool.ts";
import { pythonWith } from "../python.ts";
import { shared } from "../sample.ts";
import { root } from "../scripts/lib.mjs";
import * as jobs from "./programs/read.ts";

// In the checkout, so that the built programs find @lockstep/runtime.
const scratch = mkdtempSync(join(root, ".lockstep-iceberg-"));
interface Known {
  readonly folder: string;
  readonly states: Readonly<Record<string, { readonly options: { readonly snapshot?: string; readonly asOf?: number; readonly ref?: string }; readonly rows: readonly Readonly<Record<string, unknown>>[] }>>;
}
let known: Readonly<Record<string, Known>>;
let programs: Map<string, Program>;
const pools = new Map<number, RankPool>();

beforeAll(async () => {
  const python = await pythonWith("pyiceberg");
  const { stdout } = await promisify(execFile)(join(python, "python"), [join(root, "test/iceberg/tables.py"), join(scratch, "tables")], { maxBuffer: 1 << 26 });
  known = JSON.parse(stdout) as typeof known;
  programs = new Map((await buildPrograms([join(root, "test/iceberg/programs/read.ts")], join(scratch, "built"))).map((program) => [program.id.split("#")[1]!, program]));
});
afterAll(async () => {
  await Promise.all([...pools.values()].map((pool) => pool.close()));
  rmSync(scratch, { recursive: true, force: true });
});

async function onRanks(ranks: number, name: keyof typeof jobs, ...args: unknown[]): Promise<unknown> {
  if (!pools.has(ranks)) pools.set(ranks, new RankPool(ranks));
  const { chunk, id } = programs.get(name)!;
  const answer = await pools.get(ranks)!.run({ chunk, id, args });
  if ("error" in answer) throw Object.assign(new Error(answer.error.message), answer.error);
  return answer.value;
}

/** PyIceberg promises no order. */
const sorted = (rows: readonly object[]): string[] => rows.map((row) => JSON.stringify(row, (_, value: unknown) => (typeof value === "bigint" ? Number(value) : value))).sort();

const at = ({ asOf, ...options }: Known["states"][string]["options"]): jobs.At => ({ ...options, ...(asOf !== undefined && { asOf: new Date(asOf) }) });

const states: readonly [string, string, keyof typeof jobs][] = [
  ["evolved", "now", "evolved"], ["evolved", "branch", "evolved"], ["evolved", "snapshot", "before"], ["evolved", "tag", "before"], ["evolved", "time", "before"],
  ["parted", "now", "parted"], ["places", "now", "places"], ["keyed", "now", "keyed"], ["adopted", "now", "adopted"], ["empty", "now", "places"],
  ["nested", "evolved", "nested"], ["nested", "snapshot", "nestedBefore"], ["nested", "now", "nested"], ["strangers", "now", "strangers"], ["mapped", "now", "mapped"], ["kinds", "now", "kinds"], ["bare", "now", "bare"],
];

describe.each(states.map((state, turn) => [...state, turn] as const))("%s, %s", (table, state, name, turn) => {
  const job = jobs[name] as (folder: string, at: jobs.At) => Promise<object[]>;
  it("plain Node reads what PyIceberg reads", async () => {
    const { options, rows } = known[table]!.states[state]!;
    expect(sorted(await job(known[table]!.folder, at(options)))).toEqual(sorted(rows));
  });

  it.each(shared([1, 2, 3, 7], turn))("%i ranks read what plain Node reads", async (ranks) => {
    const { folder, states: { [state]: one } } = known[table]!;
    expect(difference(await job(folder, at(one!.options)), await onRanks(ranks, name, folder, at(one!.options)))).toBeNull();
  });
});

it.each(shared([1, 2, 3, 7], 0))("filters, counts and sums on %i ranks", async (ranks) => {
  const folder = (table: string): string => known[table]!.folder;
  expect(difference(await jobs.summed(folder("parted")), await onRanks(ranks, "summed", folder("parted")))).toBeNull();
  expect(difference(await jobs.counts(folder("places")), await onRanks(ranks, "counts", folder("places")))).toBeNull();
  expect(difference(await jobs.regions(folder("keyed")), await onRanks(ranks, "regions", folder("keyed")))).toBeNull();
  expect(difference(await jobs.kindsBy(folder("kinds")), await onRanks(ranks, "kindsBy", folder("kinds")))).toBeNull();
  expect(difference(await jobs.within(folder("nested")), await onRanks(ranks, "within", folder("nested")))).toBeNull();
  const ids = known.places!.states.now!.rows.map(({ id }) => id as number);
  expect(await jobs.counts(folder("places"))).toEqual([ids.length, ids.filter((id) => id % 2 === 0).length, { least: Math.min(...ids), most: 5001, all: ids.length }]);
});

describe("refused, the same in both executions", () => {
  const copy = (table: string, as: string): string => {
    const folder = join(scratch, as);
    cpSync(known[table]!.folder, folder, { recursive: true });
    return folder;
  };
  const errors = async (name: keyof typeof jobs, folder: string, options: jobs.At = {}): Promise<{ code?: string; message: string }> => {
    const job = jobs[name] as (folder: string, at: jobs.At) => Promise<unknown>;
    const plain = await job(folder, options).then(() => expect.fail("no error"), (error: unknown) => error as Error & { code?: string });
    for (const ranks of [1, 3]) {
      expect(await onRanks(ranks, name, folder, options).then(() => expect.fail("no error"), (error: unknown) => error as Error)).toMatchObject({ code: plain.code, message: plain.message });
    }
    return plain;
  };

  it("no table, snapshot, branch", async () => {
    expect(await errors("places", join(scratch, "nothing"))).toMatchObject({ code: "LS2001", message: expect.stringContaining("is no Iceberg table") });
    const { folder } = known.evolved!;
    expect(await errors("evolved", folder, { snapshot: "1" })).toMatchObject({ code: "LS2001", message: expect.stringMatching(/has no snapshot 1; its newest snapshots: \d+ of 20/) });
    expect(await errors("evolved", folder, { ref: "sides" })).toMatchObject({ code: "LS2001", message: expect.stringContaining('no branch or tag "sides"; it has "main", "first", "side"') });
    expect(await errors("evolved", folder, { asOf: new Date(0) })).toMatchObject({ code: "LS2001", message: expect.stringContaining("no snapshot of 1970-01-01T00:00:00.000Z or before") });
    expect(await errors("evolved", folder, { ref: "side", snapshot: "1" })).toMatchObject({ code: "LS2016" });
  });

  it("metadata that are damaged, ambiguous or of a later version", async () => {
    const folder = copy("places", "damaged");
    const names = (): string[] => readdirSync(join(folder, "metadata")).filter((name) => name.endsWith(".metadata.json")).sort();
    const newest = join(folder, "metadata", names().at(-1)!);
    const text = readFileSync(newest, "utf8");
    writeFileSync(newest, text.replace(/"format-version":\s*2/, '"format-version":4'));
    expect(await errors("places", folder)).toMatchObject({ code: "LS2015", message: expect.stringContaining("format version 4") });
    writeFileSync(newest, text.slice(0, 100));
    expect(await errors("places", folder)).toMatchObject({ code: "LS2005", message: expect.stringContaining("damaged or not complete") });
    writeFileSync(newest, "[]");
    expect(await errors("places", folder)).toMatchObject({ code: "LS2005", message: expect.stringContaining("no metadata of an Iceberg table") });
    writeFileSync(newest, text);
    writeFileSync(newest.replace(/-[^/]*$/, "-other.metadata.json"), text);
    expect(await errors("places", folder)).toMatchObject({ code: "LS2001", message: expect.stringContaining("more than one newest metadata file") });
    // The one that is meant can be named.
    expect((await jobs.places(newest)).length).toBe(known.places!.states.now!.rows.length);
  });

  it("a manifest that is damaged or gone, a data file that is gone", async () => {
    const { folder } = known.keyed!;
    const metadata = join(folder, "metadata");
    const newest = readdirSync(metadata).filter((name) => name.endsWith(".metadata.json")).sort().at(-1)!;
    const lists = readFileSync(join(metadata, newest), "utf8").matchAll(/"manifest-list":"[^"]*\/([^"]+)"/g);
    const list = [...lists].at(-1)![1]!;
    const manifest = readdirSync(metadata).find((name) => name.endsWith(".avro") && !name.startsWith("snap-"))!;
    for (const name of [manifest, list]) {
      const bytes = readFileSync(join(metadata, name));
      writeFileSync(join(metadata, name), bytes.subarray(0, bytes.length - 40));
      const error = await errors("keyed", folder);
      expect(error).toMatchObject({ code: "LS2005", message: expect.stringContaining(name) });
      writeFileSync(join(metadata, name), bytes);
    }
    renameSync(join(metadata, manifest), join(metadata, "away"));
    expect(await errors("keyed", folder)).toMatchObject({ code: "LS2001", message: expect.stringContaining(`${manifest} does not exist`) });
    renameSync(join(metadata, "away"), join(metadata, manifest));
  });
});

it("is no folder of Parquet files, and no other format", async () => {
  const { folder } = known.places!;
  for (const ranks of [1, 3]) await expect(onRanks(ranks, "files", folder)).rejects.toMatchObject({ code: "LS2018" });
  await expect(jobs.files(folder)).rejects.toMatchObject({ code: "LS2018", message: expect.stringContaining("readIceberg reads the table") });
});

it("its columns are pulled, and compared, by lockstep schema", async () => {
  const run = (...args: string[]) => lockstep(["schema", ...args], {}, scratch).ended;
  expect(await run("pull", known.evolved!.folder, "-o", "evolved.schema.ts")).toMatchObject({ code: 0, stdout: expect.stringContaining("interface Evolved, 10 columns; readIceberg<Evolved>(path)") });
  const text = readFileSync(join(scratch, "evolved.schema.ts"), "utf8");
  expect(text).toContain('"reader":"readIceberg"');
  expect(text).toMatch(/\n {2}amount: number \| null; \/\/ int64\n/);
  expect(text).toMatch(/\n {2}tags: \(string \| null\)\[\] \| null; \/\/ list<string>\n/);
  expect(await run("check", "evolved.schema.ts")).toMatchObject({ code: 0, stdout: "evolved.schema.ts: as the data\n" });
  await run("pull", known.nested!.folder, "-o", "nested.schema.ts");
  const nested = readFileSync(join(scratch, "nested.schema.ts"), "utf8");
  expect(nested).toContain("\n  stops: ({ n: number | null; name: string | null; at: { x: number | null } | null; late: boolean | null } | null)[] | null; // list<struct<n: int64, name: string, at: struct<x: float64>, late: bool>>\n");
  await run("pull", known.mapped!.folder, "-o", "mapped.schema.ts");
  expect(readFileSync(join(scratch, "mapped.schema.ts"), "utf8")).toContain("\n  // prices: map has no TypeScript type yet\n  // deep: struct<x: int64, of: map> has no TypeScript type yet\n");
});

it("is looked at lazily: a column that no program can look at is in nobody's way", async () => {
  const rows = await readIceberg<{ id: number }>(known.mapped!.folder);
  expect(rows.columnNames()).toEqual(["id", "prices", "deep"]);
  expect(() => rows.select("prices" as never).objects()).toThrow(expect.objectContaining({ code: "LS2015", message: expect.stringMatching(/"prices" .* is map: it cannot be looked at/) }));
  expect(await onRanks(3, "prices", known.mapped!.folder).catch((error: unknown) => error)).toMatchObject({ code: "LS2002", message: expect.stringMatching(/prices +map +\{ a: number \} +no JavaScript type fits/) });
});
