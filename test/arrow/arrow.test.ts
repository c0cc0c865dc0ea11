/**
 * Arrow IPC of pyarrow and Polars: plain Node reads the rows that they read, and the compiled programs on 1, 2, 3 and 7 ranks what plain
 * Node reads, in its order. What both write pyarrow and Polars read.
 */
import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { dictionary, int32, tableFromArrays as flechetteTable, tableToIPC, utf8 } from "@uwdata/flechette";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Executions } from "../executions.ts";
import { difference } from "../oracle/compare.ts";
import type { Answer } from "../oracle/rank-pool.ts";
import { pythonWith } from "../python.ts";
import { shared } from "../sample.ts";
import { root } from "../scripts/lib.mjs";
import { Service } from "../service.ts";
import * as jobs from "./programs/jobs.ts";

const programs = new Executions(jobs, "test/arrow/programs/jobs.ts");
const { scratch } = programs;
const [ofPyarrow, ofPolars] = [join(scratch, "pyarrow"), join(scratch, "polars")];
type Rows = readonly Readonly<Record<string, unknown>>[];
let known: Readonly<Record<string, Rows>>;
let polarsRows: Rows;
/** What others read of files. */
let readers: Readonly<Record<"pyarrow" | "polars", Service>>;
interface Read {
  readonly schema: object;
  readonly rows: Rows;
}

async function made<T>(python: string, script: string, ...args: string[]): Promise<T> {
  const { stdout } = await promisify(execFile)(python, [join(root, "test/arrow", script), ...args], { maxBuffer: 1 << 27 });
  // Python prints what JSON has not.
  return JSON.parse(stdout.replaceAll(/: NaN/g, ": \"NaN\"")) as T;
}

beforeAll(async () => {
  const [pyarrow, polars] = [join(await pythonWith("pyiceberg"), "python"), join(await pythonWith("peers"), "python")];
  known = await made(pyarrow, "of_pyarrow.py", ofPyarrow);
  polarsRows = await made(polars, "of_polars.py", "write", ofPolars);
  readers = { pyarrow: new Service(pyarrow, [join(root, "test/arrow/read_pyarrow.py")]), polars: new Service(polars, [join(root, "test/arrow/of_polars.py"), "read"]) };
  await programs.open();
});
afterAll(async () => {
  await Promise.all([readers?.pyarrow.close(), readers?.polars.close()]);
  await programs.close();
});

type Name = keyof typeof jobs;
const plain = (name: Name, ...args: unknown[]): Promise<Answer> => programs.plain(name, args);
const onRanks = (ranks: number, name: Name, ...args: unknown[]): Promise<Answer> => programs.onRanks(ranks, name, args);
const value = (answer: Promise<Answer>): Promise<unknown> => programs.value(answer);

/** As the Python programs print values. */
const shown = (rows: unknown): Rows =>
  (rows as Rows).map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value instanceof Date ? value.getTime() : Number.isNaN(value) ? "NaN" : value])));

const files = ["uncompressed", "lz4", "zstd"].flatMap((name) => [`${name}.feather`, `${name}.arrows`]).concat("one-batch.arrow", "legacy.arrow", "replaced.arrows", "none.arrow", "none.arrows", "empty-batches.arrow");
const growing = ["growing.arrow", "growing.arrows"];
const polarsFiles = ["uncompressed", "lz4", "zstd"].flatMap((name) => [`${name}.arrow`, `${name}.arrows`]).concat("old.arrow");
const [ranksOf, at] = [shared([1, 2, 3, 7], 1), (name: string) => join(ofPyarrow, name)];

describe("plain Node reads what they read", () => {
  it.each(files)("%s of pyarrow", async (name) => {
    expect(shown(await value(plain("whole", at(name))))).toEqual(known[name]);
  });
  it.each(growing)("%s of pyarrow", async (name) => {
    expect(((await value(plain("growing", at(name)))) as [Rows])[0]).toEqual(known[name]);
  });
  it.each(polarsFiles)("%s of Polars", async (name) => {
    expect(shown(await value(plain("ofPolars", join(ofPolars, name))))).toEqual(polarsRows);
  });
});

describe.each(ranksOf)("on %i ranks", (ranks) => {
  const agrees = async (name: Name, ...args: unknown[]): Promise<void> => {
    expect(difference(await value(plain(name, ...args)), await value(onRanks(ranks, name, ...args)))).toBeNull();
  };
  it.each(files)("%s of pyarrow", async (name) => {
    await agrees("whole", at(name));
    await agrees("some", at(name));
  });
  it.each(growing)("%s of pyarrow", (name) => agrees("growing", at(name)));
  it("files and streams together, and folders that are columns", async () => {
    await agrees("whole", [at("zstd.feather"), at("none.arrow"), at("replaced.arrows"), at("empty-batches.arrow"), at("lz4.arrows")]);
    await agrees("months", at("months"));
  });
  it.each(polarsFiles)("%s of Polars", (name) => agrees("ofPolars", join(ofPolars, name)));

  it.each(["none", "lz4", "zstd"] as const)("writes what pyarrow and Polars read, compressed by %s", async (compression) => {
    const [right, out] = [join(scratch, `plain-${ranks}-${compression}`), join(scratch, `ranks-${ranks}-${compression}`)];
    await value(plain("copy", at("lz4.feather"), right, compression));
    await value(onRanks(ranks, "copy", at("lz4.feather"), out, compression));
    const parts = (folder: string): string[] => readdirSync(folder).filter((name) => name.endsWith(".arrow")).sort().map((name) => join(folder, name));
    const found = await readers.pyarrow.ask<Read>(...parts(out));
    expect(found).toEqual(await readers.pyarrow.ask(...parts(right)));
    expect(found.rows.length).toBe(1000);
    expect(found.schema).toMatchObject({ label: "dictionary<values=string, indices=int32, ordered=0>", zoned: "timestamp[ns, tz=Europe/Berlin]", price: "decimal128(10, 2)", half: "halffloat" });
    expect(await readers.polars.ask(...parts(out))).toEqual(await readers.polars.ask(...parts(right)));
    // And ours, of the other execution.
    for (const name of ["some", "count"] as const) expect(difference(await value(plain(name, out)), await value(onRanks(ranks, name, right)))).toBeNull();
  });

  it("labels that come with later record batches are in the one dictionary of a file", async () => {
    const [source, out] = [join(scratch, `labels-${ranks}.arrow`), join(scratch, `labelled-${ranks}`)];
    const ids = Array.from({ length: 150_000 }, (_, id) => id);
    const label = (id: number): string => `label ${Math.floor(id / 50_000)} ${id % 3}`;
    writeFileSync(source, tableToIPC(flechetteTable({ label: ids.map(label), id: ids }, { types: { label: dictionary(utf8(), int32()), id: int32() } }), { format: "file" })!);
    mkdirSync(out);
    await value(onRanks(ranks, "labels", source, out));
    for (const reader of [readers.pyarrow, readers.polars]) {
      const { rows } = await reader.ask<Read>(join(out, "whole.arrow"));
      expect(rows.length).toBe(ids.length);
      expect(rows.every((row, id) => row.id === id && row.label === label(id))).toBe(true);
    }
    expect(await value(plain("count", join(out, "whole.arrow")))).toEqual([{ sum: (150_000 * 149_999) / 2 }]);
  });
});

describe("errors name the file, the same on ranks", () => {
  const bytes = (name: string): Buffer => readFileSync(at(name));
  const cases: readonly (readonly [string, () => Buffer, Name, string])[] = [
    ["cut.arrow", () => bytes("lz4.feather").subarray(0, -20), "count", "LS2005"],
    ["cut.arrows", () => bytes("zstd.arrows").subarray(0, -2000), "count", "LS2005"],
    ["no-bytes.arrow", () => Buffer.alloc(0), "count", "LS2005"],
    ["text.arrow", () => Buffer.from("id,name\n1,a\n"), "count", "LS2018"],
    ["parquet.arrow", () => Buffer.concat([Buffer.from("PAR1"), Buffer.alloc(100), Buffer.from("PAR1")]), "count", "LS2018"],
    ["feather-1.arrow", () => Buffer.from("FEA1 and so on"), "count", "LS2018"],
    ["other.arrow", () => bytes("lz4.feather"), "another", "LS2002"],
  ];
  it.each(cases)("%s", async (name, content, job, code) => {
    const path = join(scratch, name);
    writeFileSync(path, content());
    const answers = [...(job === "another" ? [] : [await plain(job, path)]), await onRanks(1, job, path), await onRanks(3, job, path)];
    for (const answer of answers) expect(answer).toMatchObject({ error: { code, message: expect.stringContaining(name) } });
  });

  it("damage anywhere is an answer or an error of ours, in both executions", async () => {
    let seed = 1;
    const random = (below: number): number => (seed = (seed * 48271) % 2147483647) % below;
    for (const name of ["uncompressed.feather", "lz4.feather", "zstd.arrows", "replaced.arrows"]) {
      for (let round = 0; round < 40; round++) {
        const damaged = Buffer.from(bytes(name));
        // Metadata above all: a file's are at its end, too.
        const place = [random(damaged.length), random(2000), damaged.length - 1 - random(3000)][round % 3]!;
        damaged[place]! ^= 1 << random(8);
        if (round % 4 === 0) damaged.fill(0xff, place, place + 8);
        const path = join(scratch, `damaged-${round}-${name}`);
        writeFileSync(path, damaged);
        for (const answer of [await plain("whole", path), await onRanks(2, "whole", path)]) {
          if ("error" in answer && !["LS2005", "LS2002", "LS2015", "LS2018", "LS2003", "LS2004", "LS2016"].includes(answer.error.code)) expect.fail(`${name}, byte ${place}: ${answer.error.code} ${answer.error.message}`);
        }
        rmSync(path);
      }
    }
  });

  it("a read ends whichever byte is another", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [join(root, "test/arrow/damaged.ts")], { timeout: 100_000 });
    expect(stdout).toMatch(/^\d+ of \d+\n$/);
  });
});
