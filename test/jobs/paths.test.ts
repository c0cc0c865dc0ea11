// Paths of every kind: plain Node and the ranks say the same of each, in the same words.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import lockstepPlugin from "@lockstep/plugin-vite/esbuild";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import { root } from "../scripts/lib.mjs";
import { lockstep } from "./job-process.ts";

const folder = join(root, `.lockstep-paths-${process.pid}`);
const source = join(root, "test/jobs/paths/job.ts");

beforeAll(async () => {
  mkdirSync(folder);
  await build({
    entryPoints: [source], outdir: join(folder, "dist"), bundle: true, format: "esm", platform: "node", packages: "external", logLevel: "error",
    plugins: [lockstepPlugin({ root, report: false })],
  });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A folder with files of data, some that are none, an empty folder. */
function place(name: string): string {
  const at = join(folder, name);
  mkdirSync(join(at, "data"), { recursive: true });
  mkdirSync(join(at, "empty"));
  writeFileSync(join(at, "data/one.csv"), "a,b\n1,x\n");
  for (const [other, header] of [["order", "b,a"], ["less", "a"]] as const) {
    mkdirSync(join(at, other));
    writeFileSync(join(at, other, "1.csv"), "a,b\n1,x\n");
    writeFileSync(join(at, other, "2.csv"), `${header}\n`);
  }
  // Files that would be waited for, and folders that hold themselves.
  mkdirSync(join(at, "odd"));
  writeFileSync(join(at, "odd/one.csv"), "a,b\n1,x\n");
  execFileSync("mkfifo", [join(at, "odd/pipe.csv")]);
  symlinkSync("pipe.csv", join(at, "odd/link.csv"));
  symlinkSync(".", join(at, "odd/self"));
  mkdirSync(join(at, "odd/deep"));
  symlinkSync("..", join(at, "odd/deep/up"));
  writeFileSync(join(at, "ids.csv"), "a,b\n9007199254740993,x\n");
  mkdirSync(join(at, "lines"));
  for (const name of ["1.jsonl", "2.ndjson", "3.JSON"]) writeFileSync(join(at, "lines", name), `{"a":${name[0]},"b":"x"}`);
  writeFileSync(join(at, "list.json"), '[{"a":1,"b":"x"}]');
  writeFileSync(join(at, "pretty.json"), '{\n  "a": 1,\n  "b": "x"\n}\n');
  writeFileSync(join(at, "scalar.jsonl"), '{"a":1,"b":"x"}\n2\n');
  writeFileSync(join(at, "ids.jsonl"), '{"a":9007199254740993,"b":"x"}\n');
  writeFileSync(join(at, "file"), "");
  writeFileSync(join(at, "zero.csv"), "");
  writeFileSync(join(at, "twice.csv"), "a,b,a\n1,x,2\n");
  return at;
}

const cases = {
  "read=data/one.csv": '[{"a":1,"b":"x"}]',
  "read=url:data/one.csv": '[{"a":1,"b":"x"}]',
  "read=link": '[{"a":1,"b":"x"}]',
  "read=link/one.csv": '[{"a":1,"b":"x"}]',
  "read=data/oen.csv": 'LS2001: ./data/oen.csv does not exist: no "oen.csv" in ./data; did you mean "one.csv"?',
  "read=date/one.csv": 'LS2001: ./date/one.csv does not exist: no "date" in .; did you mean "data"?',
  "read=dangling": "LS2001: ./dangling is a symbolic link to to-be, which does not exist",
  "read=loop": "LS2001: cannot read ./loop: too many levels of symbolic links",
  "read=file/x": "LS2001: cannot read ./file/x: not a directory",
  "read=LONG": "LS2001: cannot read ./LONG: file name too long",
  "read=empty": "LS2001: ./empty has no .csv file",
  "read=/dev/null": "LS2001: /dev/null is neither a file nor a folder",
  "read=": "LS2015: a path is a string or a URL, not the empty string",
  "read=NUL": 'LS2015: the path "a\\u0000b" holds a NUL character',
  "read=url:data:text/csv,a": "LS2015: data: is not supported; s3://, gs://, az://, https:// and local files are",
  "read=url:file://host/x": 'LS2015: file://host/x is the URL of no local file: File URL host must be "localhost" or empty on linux',
  "read=odd": '[{"a":1,"b":"x"}]',
  "read=odd/*.csv": '[{"a":1,"b":"x"}]',
  "read=odd/pipe.csv": "LS2001: ./odd/pipe.csv is neither a file nor a folder",
  "read=ids.csv": 'LS2004: ./ids.csv, line 2: column a has "9007199254740993", an integer past ±2^53 that a number cannot hold exactly',
  "read=zero.csv": "LS2006: ./zero.csv, line 1: the file is empty, a header line is expected",
  "read=twice.csv": 'LS2006: ./twice.csv, line 1: the column "a" appears twice',
  "read=order": "LS2002: ./order/2.csv has the columns of ./order/1.csv in another order",
  "read=less":
    "LS2002: ./less/2.csv differs from ./less/1.csv in 1 column column the file has the first file has fix b (missing) string read the files separately, or rewrite one of them",
  "write=/proc/x/y": "LS2008: cannot write /proc/x/y: the folder /proc/x cannot be made: no such file or directory",
  "overwrite=/dev/null": "LS2008: cannot write /dev/null: it is neither a file nor a folder",
  "write=file": "LS2007: ./file exists",
  "write=file/x": "LS2008: cannot write ./file/x: not a directory",
  "write=LONG": "LS2008: cannot write ./LONG: file name too long",
  "write=dangling/x": "LS2008: cannot write ./dangling/x: ./dangling is no folder",
  "write=loop": "LS2008: cannot write ./loop: too many levels of symbolic links",
  "write=empty": '"written"',
  "write=url:deep/er/out": '"written"',
  "write=dangling": '"written"',
  "write=link": "LS2007: ./data exists",
  "overwrite=link": '"written"',
  "read=data": '[{"a":1,"b":"x"},{"a":2,"b":"y"}]',
  "again=link": '[{"a":3,"b":"z"}]',
  "write=data/more": "LS2007: ./data/more lies in the output ./data, whose readers would read both",
  "write=data/_more": '"written"',
  "overwrite=.": 'LS2007: . is not an output: it holds "dangling", and overwriting would remove it',
  nested: "LS2007: ./n41/x/y lies in the output ./n41/x, whose readers would read both",
  "nested=overwrite": "LS2007: ./n42/x/y lies in the output ./n42/x, whose readers would read both",
  around: "LS2007: ./n43/x exists",
  "around=overwrite": 'LS2007: ./n44/x is not an output: it holds "y", and overwriting would remove it',
  "lines=lines": '[{"a":1,"b":"x"},{"a":2,"b":"x"},{"a":3,"b":"x"}]',
  "lines=data/_more": "LS2001: ./data/_more has no .jsonl or .ndjson or .json file",
  "lines=list.json": "LS2018: ./list.json is no JSON Lines file; it is one list of JSON: write a line for each of its objects (jq -c '.[]')",
  "lines=pretty.json": "LS2018: ./pretty.json is no JSON Lines file; its objects go over several lines: write each in one (jq -c .)",
  "lines=scalar.jsonl": "LS2006: ./scalar.jsonl, line 2: a number, where an object is expected",
  "lines=ids.jsonl": 'LS2004: ./ids.jsonl, line 1: column a has "9007199254740993", an integer past ±2^53 that a number cannot hold exactly',
  "putLines=data": '[{"a":2,"b":"y"}]',
  "putLines=lines": 'LS2007: ./lines is not an output: it holds "2.ndjson", and overwriting would remove it',
};
const lines = Object.entries(cases).map(([one, said]) => `${one} ${said}`);

function check(at: string, stdout: string): void {
  expect(stdout.trim().split("\n")).toEqual(lines);
  // The links stand where they stood; what they point to was written.
  expect(["link", "dangling"].map((name) => lstatSync(join(at, name)).isSymbolicLink())).toEqual([true, true]);
  expect([readdirSync(join(at, "to-be")).length > 0, existsSync(join(at, "data/one.csv"))]).toEqual([true, false]);
  // By find: Node's recursive list would follow the links round and round.
  expect(execFileSync("find", [at, "-name", "*.lockstep-*"], { encoding: "utf8" })).toBe("");
}

it("under plain Node", () => {
  const at = place("plain");
  const { stdout } = spawnSync(process.execPath, [source, ...Object.keys(cases)], { cwd: at, encoding: "utf8", timeout: 20_000 });
  check(at, stdout);
});

it.each([1, 3])("on %i ranks", async (ranks) => {
  const at = place(`ranks-${ranks}`);
  const { stdout } = await lockstep(["run", "-n", `${ranks}`, "--threads", "1", join(folder, "dist/job.mjs"), "--", ...Object.keys(cases)], {}, at).ended;
  check(at, stdout);
});
