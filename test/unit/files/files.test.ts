/** What writers lay out in folders and files, read by pyarrow, DuckDB and Polars, and files that others have compressed or laid out: plain Node and ranks. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildPrograms, type Program } from "../../oracle/build-programs.ts";
import { RankPool } from "../../oracle/rank-pool.ts";
import { pythonWith } from "../../python.ts";
import { root } from "../../scripts/lib.mjs";
import { Service } from "../../service.ts";
import * as jobs from "./program.ts";

const scratch = mkdtempSync(join(root, ".lockstep-files-"));
const pool = new RankPool(3, {});
const readers = new Map<string, Service>();
let programs: Map<string, Program>;

beforeAll(async () => {
  const [peers, arrow] = [await pythonWith("peers"), await pythonWith("pyiceberg")];
  for (const [library, python] of [["duckdb", peers], ["polars", peers], ["pyarrow", arrow]] as const) readers.set(library, new Service(join(python, "python"), [join(root, "test/unit/files/peers.py"), library]));
  programs = new Map((await buildPrograms([join(root, "test/unit/files/program.ts")], join(scratch, "built"))).map((program) => [program.id.split("#")[1]!, program]));
  for (const execution of executions) await run(execution, "laidOut", join(scratch, execution));
});
afterAll(async () => {
  await Promise.all([pool.close(), ...[...readers.values()].map((reader) => reader.close())]);
  rmSync(scratch, { recursive: true, force: true });
});

const executions = ["plain", "ranks"] as const;

async function run(execution: (typeof executions)[number], name: keyof typeof jobs, path: string): Promise<unknown> {
  if (execution === "plain") return jobs[name](path);
  const { chunk, id } = programs.get(name)!;
  const answer = await pool.run({ chunk, id, args: [path] });
  if ("error" in answer) throw Object.assign(new Error(answer.error.message), answer.error);
  return answer.value;
}

const seenBy = (library: string, kind: string, path: string): Promise<unknown> => readers.get(library)!.ask(kind, path);

const rows = [
  { n: 1, city: "Oslo", year: 2023, ok: true },
  { n: 2, city: "a/b=c%d é", year: 2024, ok: false },
  { n: 3, city: null, year: 2024, ok: true },
  { n: 4, city: "007", year: 2024, ok: true },
  { n: 5, city: "Oslo", year: 2025, ok: false },
  { n: 6, city: "x:y*?", year: 2023, ok: null },
];

for (const execution of executions) {
  describe(`written by ${execution}`, () => {
    for (const library of ["duckdb", "polars", "pyarrow"]) {
      it(`${library} reads folders and single files`, async () => {
        const at = (name: string): string => join(scratch, execution, name);
        for (const name of ["folders", "appended"]) expect(await seenBy(library, "folders", at(name)), name).toEqual(rows);
        expect(await seenBy(library, "parquet", at("one.parquet"))).toEqual(rows);
        // A text of digits is a number to who infers types.
        expect(await seenBy(library, "csv", at("one.csv.gz"))).toMatchObject(rows.map(({ n, year, ok }) => ({ n, year, ok })));
        expect(await seenBy(library, "jsonl", at("one.jsonl"))).toEqual(rows);
      });
    }

    it("files hold no more rows than was said, under names that the rows' values give", () => {
      const names = readdirSync(join(scratch, execution, "small"));
      expect(names.length).toBe(rows.length);
      expect(readdirSync(join(scratch, execution, "folders"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".parquet")).map((name) => name.replace(/part-\d+/, "part")).sort()).toEqual([
        "year=2023/city=Oslo/part.parquet", "year=2023/city=x%3Ay%2A%3F/part.parquet", "year=2024/city=007/part.parquet",
        "year=2024/city=__HIVE_DEFAULT_PARTITION__/part.parquet", "year=2024/city=a%2Fb%3Dc%25d é/part.parquet", "year=2025/city=Oslo/part.parquet",
      ]);
      expect(readdirSync(join(scratch, execution)).filter((name) => name.startsWith("."))).toEqual([]);
    });
  });

  describe(`read by ${execution}`, () => {
    const file = (name: string, bytes: Uint8Array): string => {
      const path = join(scratch, `read-${execution}`, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, bytes);
      return path;
    };
    const text = `a,b\n${Array.from({ length: 100_000 }, (_, row) => `${row},"x\n${row % 7}"\n`).join("")}`;
    const [front, back] = [text.slice(0, 333_333), text.slice(333_333)];
    const whole = [{ n: 100_000, a: 4_999_950_000, b: "x\n6" }];

    it("all members of gzip, all frames of zstd", async () => {
      for (const [name, bytes] of [["m.csv.gz", Buffer.concat([gzipSync(front), gzipSync(back), Buffer.alloc(9)])], ["f.csv.zst", Buffer.concat([zstdCompressSync(front), zstdCompressSync(back)])]] as const) {
        expect(await run(execution, "total", file(name, bytes)), name).toEqual(whole);
      }
    });

    it("a stream that is cut off or is none names the file", async () => {
      const [gzip, zstd] = [gzipSync(text), zstdCompressSync(text)];
      for (const [name, bytes] of [["a.csv.gz", gzip.subarray(0, -9)], ["b.csv.gz", Buffer.from("a,b\n1,2\n")], ["c.csv.gz", Buffer.alloc(0)], ["d.csv.zst", zstd.subarray(0, zstd.length >> 1)], ["e.csv.zst", Buffer.from("a,b\n1,2\n")], ["f.csv.zst", Buffer.concat([zstd, Buffer.from("behind the last frame")])], ["g.csv.zst", Buffer.concat([zstd, zstd.subarray(0, 2)])]] as const) {
        await expect(run(execution, "total", file(name, bytes)), name).rejects.toMatchObject({ code: "LS2005", message: expect.stringContaining(name) as string });
      }
      if (execution === "plain") await expect(run(execution, "total", file("b.csv.gz", Buffer.from("a,b\n1,2\n")))).rejects.toMatchObject({ message: expect.stringContaining("b.csv.gz is not compressed by gzip") as string, fix: expect.stringContaining("Call it b.csv ") as string });
      await expect(run(execution, "total", file("plain.csv", gzip))).rejects.toMatchObject({ code: "LS2018" });
    });

    it("folders are columns, and files in other folders an error", async () => {
      const root = join(scratch, `read-${execution}`, "folders");
      file("folders/zip=0150/day=2024-01-31/x.csv", Buffer.from("a\n2\n"));
      file("folders/zip=12%2F3/day=__HIVE_DEFAULT_PARTITION__/x.csv.gz", gzipSync("a\n1\n"));
      expect(await run(execution, "inFolders", root)).toEqual([{ a: 1, zip: "12/3", day: null }, { a: 2, zip: "0150", day: new Date("2024-01-31") }]);
      expect(await run(execution, "inFolders", `${root}/zip=*/*/x.csv*`)).toHaveLength(2);
      file("folders/zip=9/x.csv", Buffer.from("a\n2\n"));
      await expect(run(execution, "inFolders", root)).rejects.toMatchObject({ code: "LS2002", message: expect.stringContaining("day") as string });
    });
  });
}
