/** `lockstep schema pull` and `check`: what they write is what the build reads, and what changed in the data is seen. */
import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { compileFile } from "@lockstep/plugin-babel";
import { readParquet, table } from "@lockstep/runtime";
import { afterAll, beforeAll, expect, it } from "vitest";
import { root } from "../scripts/lib.mjs";
import { lockstep } from "./job-process.ts";

let folder: string;
const run = (...args: string[]) => lockstep(["schema", ...args], {}, folder).ended;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "lockstep-schema-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const trips = { id: [1, 2], city: ["a", null], at: [new Date(0), new Date(1)], ok: [true, false], fare: [1.5, 2] };

it("writes the columns of Parquet with their exact types, and the build checks a program against them", async () => {
  await table(trips).writeParquet(join(folder, "trips"), { types: { id: "int64" } });
  mkdirSync(join(folder, "src"));
  expect(await run("pull", "trips", "-o", "src/trips.schema.ts")).toMatchObject({ code: 0, stdout: expect.stringContaining("interface Trips, 5 columns") });
  const text = readFileSync(join(folder, "src/trips.schema.ts"), "utf8");
  expect(text).toContain('"path":"../trips"');
  expect(text.slice(text.indexOf("export interface"), text.indexOf("\n/** readParquet"))).toBe(`export interface Trips {
  id: number; // int64
  city: string | null; // string
  at: Date; // timestamp[ms, tz=UTC]
  ok: boolean; // bool
  fare: number; // float64
}
`);
  const job = (column: string) => `import { readParquet } from "@lockstep/runtime";
import type { Trips } from "./trips.schema.ts";
export async function job(path: string) {
  "use spmd";
  return (await readParquet<Trips>(path)).filter((d) => d.${column} > 1).numRows();
}`;
  const built = (column: string) => compileFile(job(column), { id: join(folder, "src/job.ts") }).diagnostics.map(({ message }) => message);
  expect(built("fare")).toEqual([]);
  expect(built("fares")).toEqual(["The table has no column 'fares'; did you mean 'fare'?"]);
});

it("a source named by a literal has the row of its snapshot where that is imported, in the editor and in the build", async () => {
  const job = (column: string, from = "trips") => `import { readParquet } from "@lockstep/runtime";
import "./trips.schema.ts";
export async function job() {
  "use spmd";
  return (await readParquet("${from}")).filter((d) => d.${column} > 1).numRows();
}`;
  const file = join(folder, "src/literal.ts");
  // As a project of its own would have them.
  mkdirSync(join(folder, "node_modules/@lockstep"), { recursive: true });
  symlinkSync(join(root, "runtime"), join(folder, "node_modules/@lockstep/runtime"));
  const tsc = (text: string): string => {
    writeFileSync(file, text);
    const options = ["--noEmit", "--strict", "--target", "esnext", "--module", "nodenext", "--allowImportingTsExtensions", "--skipLibCheck", "--types", "node", "--typeRoots", join(root, "node_modules/@types")];
    return spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), ...options, file], { encoding: "utf8", cwd: folder }).stdout;
  };
  const build = (text: string) => compileFile(text, { id: file }).diagnostics.map(({ message }) => message);
  expect([tsc(job("fare")), build(job("fare"))]).toEqual(["", []]);
  expect(tsc(job("fares"))).toMatch(/Property 'fares' does not exist on type .*Did you mean 'fare'/);
  expect(build(job("fares"))).toEqual(["The table has no column 'fares'; did you mean 'fare'?"]);
  // Of another path nothing is known.
  expect(tsc(job("fare", "others"))).toMatch(/Property 'fare' does not exist/);
  expect(build(job("fare", "others"))).toEqual([expect.stringContaining("The columns of this table are not known: readParquet was given no interface")]);
});

it("integers of Parquet that a number cannot hold are bigint where the file's bounds say so", async () => {
  await table({ id: [1n, 2n ** 60n], near: [2n ** 53n, -(2n ** 53n)] }).writeParquet(join(folder, "far"));
  expect(await run("pull", "far")).toMatchObject({ code: 0, stdout: expect.stringContaining('readParquet<Far>(path, { types: { "id": "bigint" } }) checks') });
  const text = readFileSync(join(folder, "far.schema.ts"), "utf8");
  expect(text.slice(text.indexOf("{\n", text.indexOf("export")), text.indexOf("\n/** read", text.indexOf("export")))).toBe("{\n  id: bigint; // int64\n  near: number; // int64\n}\n");
});

it("integers of CSV that a number cannot hold are bigint, and further ones of no type at all are texts", async () => {
  writeFileSync(join(folder, "ids.csv"), "id,far,n\n1,1,1\n9007199254740993,99999999999999999999,2\n");
  expect(await run("pull", "ids.csv")).toMatchObject({ code: 0, stdout: expect.stringContaining('readCsv<Ids>(path, { types: { "id": "bigint" } }) checks') });
  const text = readFileSync(join(folder, "ids.schema.ts"), "utf8");
  expect(text.slice(text.indexOf("{\n", text.indexOf("export")), text.indexOf("\n/** read", text.indexOf("export")))).toBe("{\n  id: bigint; // int64\n  far: string; // string\n  n: number; // float64\n}\n");
});

it("columns of JSON Lines: far integers are bigint, what cannot be looked at has its types, absent is null", async () => {
  writeFileSync(join(folder, "log.jsonl"), '{"id":1,"at":"2024-01-31","any":1,"x":1.5}\n{"id":9007199254740993,"at":"b","any":[],"far":1,"of":{}}\n{"id":2,"at":"c","far":99999999999999999999}\n');
  expect(await run("pull", "log.jsonl")).toMatchObject({ code: 0, stdout: expect.stringContaining('readJsonLines<Log>(path, { types: { "id": "bigint" } })') });
  const text = readFileSync(join(folder, "log.schema.ts"), "utf8");
  expect(text.slice(text.indexOf("{\n", text.indexOf("export")), text.indexOf("\n/** read", text.indexOf("export")))).toBe(`{
  id: bigint; // int64
  at: string; // string
  // any: float64 | list<null> has no TypeScript type yet
  x: number | null; // float64
  far: number | null; // float64
  // of: struct has no TypeScript type yet
}
`);
  expect(await run("check", "log.schema.ts")).toMatchObject({ code: 0 });
  appendFileSync(join(folder, "log.jsonl"), '{"id":"3"}\n');
  expect(await run("check", "log.schema.ts")).toMatchObject({ code: 1, stdout: expect.stringMatching(/- id +int64\n {2}\+ id +float64 \| string +has another type/) });
  rmSync(join(folder, "log.schema.ts"));
});

it("columns of Arrow IPC, nulls counted by reading", async () => {
  await table({ ...trips, far: [2n ** 60n, null] }).writeArrow(join(folder, "flights"), { compression: "lz4" });
  expect(await run("pull", "flights")).toMatchObject({ code: 0, stdout: expect.stringContaining('readArrow<Flights>(path, { types: { "far": "bigint" } }) checks') });
  expect(readFileSync(join(folder, "flights.schema.ts"), "utf8")).toContain("  city: string | null; // string\n  at: Date; // timestamp[ms, tz=UTC]\n  ok: boolean; // bool\n  fare: number; // float64\n  far: bigint | null; // int64\n");
  expect(await run("check", "flights.schema.ts")).toMatchObject({ code: 0 });
  await table({ ...trips, city: ["a", "b"], fare: [1, null] }).writeArrow(join(folder, "flights"), { mode: "overwrite" });
  expect(await run("check", "flights.schema.ts")).toMatchObject({ code: 1, stdout: expect.stringMatching(/fare +float64 \| null +has nulls now\n.*- far/s) });
  rmSync(join(folder, "flights.schema.ts"));
});

it("columns of lists: their elements may be null, and far integers are bigint", async () => {
  writeFileSync(join(folder, "lists.jsonl"), '{"tags":["a"],"ids":[9007199254740993],"deep":[[1]],"none":[],"mixed":[1,"a"],"at":{"x":1,"in":[{"a b":true}]},"odd":{"x":[]}}\n{"tags":[null],"ids":[1],"at":{"y":"t"}}\n');
  expect(await run("pull", "lists.jsonl")).toMatchObject({ code: 0, stdout: expect.stringContaining('readJsonLines<Lists>(path, { types: { "ids": "bigint[]" } })') });
  const text = readFileSync(join(folder, "lists.schema.ts"), "utf8");
  expect(text.slice(text.indexOf("{\n", text.indexOf("export")), text.indexOf("\n/** read", text.indexOf("export")))).toBe(`{
  tags: (string | null)[]; // list<string>
  ids: (bigint | null)[]; // list<int64>
  deep: ((number | null)[] | null)[] | null; // list<list<float64>>
  // none: list<null> has no TypeScript type yet
  // mixed: list has no TypeScript type yet
  at: { x: number | null; in: ({ "a b": boolean | null } | null)[] | null; y: string | null }; // struct<x: float64, in: list<struct<a b: bool>>, y: string>
  // odd: struct<x: list<null>> has no TypeScript type yet
}
`);
  expect(await run("check", "lists.schema.ts")).toMatchObject({ code: 0 });
  await table({ ids: [[1n, 2n ** 60n], []], days: [[new Date(0)], [null]] }).writeParquet(join(folder, "lists"));
  expect(await run("pull", "lists", "-o", "parquet.schema.ts")).toMatchObject({ code: 0, stdout: expect.stringContaining('{ types: { "ids": "bigint[]" } }') });
  expect(readFileSync(join(folder, "parquet.schema.ts"), "utf8")).toContain("  ids: (bigint | null)[] | null; // list<int64>\n  days: (Date | null)[] | null; // list<timestamp[ms, tz=UTC]>\n");
});

it("says what has changed in the data, and exits with 1 then alone", async () => {
  const data = join(folder, "sales.csv");
  writeFileSync(data, "city;amount;note\na;1;x\nb;2;y\n");
  expect(await run("pull", "sales.csv", "--delimiter", ";", "--name", "Sale")).toMatchObject({ code: 0 });
  expect(await run("check", "sales.schema.ts")).toMatchObject({ code: 0, stdout: "sales.schema.ts: as the data\n" });
  appendFileSync(data, "c;;z\n");
  expect(await run("check", "sales.schema.ts")).toMatchObject({ code: 1, stdout: expect.stringMatching(/- amount {2}float64\n {2}\+ amount {2}float64 \| null +has nulls now/) });
  writeFileSync(data, "city;amount;tip\na;free;1\n");
  const { code, stdout } = await run("check");
  expect(code).toBe(1);
  expect(stdout).toMatch(/- amount +float64\n {2}\+ amount +string +has another type\n {2}- note +string +is gone\n {2}\+ tip +float64 +is new/);
  expect(stdout).toContain("src/trips.schema.ts: as the data");
  // What the message proposes takes the change over; nulls that went away are none.
  expect(stdout).toContain("npx lockstep schema pull sales.csv --delimiter ';' --name Sale -o sales.schema.ts");
  expect(await run("pull", "sales.csv", "-o", "sales.schema.ts", "--delimiter", ";")).toMatchObject({ code: 0 });
  expect(await run("check")).toMatchObject({ code: 0 });
  rmSync(data);
  expect(await run("check")).toMatchObject({ code: 1, stdout: expect.stringMatching(/sales\.schema\.ts: LS2001: .*does not exist[^]*trips\.schema\.ts: as the data/) });
});

it("of CSV texts that are null are columns' nulls, where they are named", async () => {
  writeFileSync(join(folder, "gaps.csv"), 'n,s\n1,NA\n"NA",""\n2,x\n');
  expect(await run("pull", "gaps.csv", "--nulls", "NA", "", "--name", "Gap")).toMatchObject({ code: 0, stdout: expect.stringContaining('readCsv<Gap>(path, { nulls: ["NA",""] })') });
  expect(readFileSync(join(folder, "gaps.schema.ts"), "utf8")).toContain("  n: number | null; // float64\n  s: string | null; // string\n");
  expect(await run("check", "gaps.schema.ts")).toMatchObject({ code: 0 });
  writeFileSync(join(folder, "gaps.csv"), "n,s\nNo,NA\n2,x\n");
  expect(await run("check", "gaps.schema.ts")).toMatchObject({ code: 1, stdout: expect.stringMatching(/- n +float64 \| null\n {2}\+ n +string +has another type\n.* gaps\.csv --nulls NA '' --name Gap -o gaps\.schema\.ts/) });
  rmSync(join(folder, "gaps.schema.ts"));
});

it("proposes a command that a shell takes as it is meant", async () => {
  const odd = "it's $(touch planted) `touch planted` *";
  mkdirSync(join(folder, odd));
  writeFileSync(join(folder, odd, "a b.csv"), "n|s\n1|$x\n");
  const out = "odd $(touch planted).schema.ts";
  expect(await run("pull", `${odd}/*.csv`, "--delimiter", "|", "--nulls", "$x", "*", "", "-o", out, "--name", "Odd")).toMatchObject({ code: 0 });
  writeFileSync(join(folder, odd, "a b.csv"), "n|s\n1|y\n");
  const { code, stdout } = await run("check", out);
  expect([code, stdout]).toEqual([1, expect.stringMatching(/- s +null \| null\n {2}\+ s +string/)]);
  const command = /npx lockstep schema (pull .*)$/m.exec(stdout)![1]!;
  // What a shell makes of its words.
  const { stdout: words } = spawnSync("sh", ["-c", `printf '%s\\0' ${command}`], { encoding: "utf8", cwd: folder });
  expect(words.split("\0").slice(0, -1)).toEqual(["pull", `${odd}/*.csv`, "--delimiter", "|", "--nulls", "$x", "*", "", "--name", "Odd", "-o", out]);
  expect(existsSync(join(folder, "planted"))).toBe(false);
  rmSync(join(folder, out));
  rmSync(join(folder, odd), { recursive: true });
});

it("of CSV without a line of names", async () => {
  writeFileSync(join(folder, "bare.csv"), "1,a\n2,\n");
  expect(await run("pull", "bare.csv", "--no-header")).toMatchObject({ code: 0, stdout: expect.stringContaining("readCsv<Bare>(path, { header: false })") });
  expect(readFileSync(join(folder, "bare.schema.ts"), "utf8")).toContain("  col1: number; // float64\n  col2: string | null; // string\n");
  expect(await run("check", "bare.schema.ts")).toMatchObject({ code: 0 });
  writeFileSync(join(folder, "bare.csv"), "x,a\n2,b\n");
  expect(await run("check", "bare.schema.ts")).toMatchObject({ code: 1, stdout: expect.stringMatching(/- col1 +float64\n {2}\+ col1 +string[^]* bare\.csv --no-header -o bare\.schema\.ts/) });
  rmSync(join(folder, "bare.schema.ts"));
});

it("over https, the file's name without what follows the question mark", async () => {
  await table(trips).writeParquet(join(folder, "web.parquet"), { single: true });
  const bytes = readFileSync(join(folder, "web.parquet"));
  const server = createServer((request, response) => {
    const [, from, to] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "") ?? [];
    const part = bytes.subarray(Number(from ?? 0), to ? Number(to) + 1 : undefined);
    if (!/^\/lake\/(\w+=\d\/)?web\.parquet\?v=2/.test(request.url!)) response.writeHead(404).end();
    else response.writeHead(from === undefined ? 200 : 206, { "content-range": `bytes ${from ?? 0}-${Number(from ?? 0) + part.length - 1}/${bytes.length}`, etag: '"1"' }).end(part);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/lake/web.parquet?v=2`;
  try {
    expect(await run("pull", url)).toMatchObject({ code: 0, stdout: expect.stringContaining("web.schema.ts: interface Web, 5 columns") });
    expect(await run("check", "web.schema.ts")).toMatchObject({ code: 0 });
    for (const secret of ["X-Amz-Signature=planted", "sig=planted", "x#token=planted"]) {
      const { code, stderr } = await run("pull", `${url}&${secret}`, "-o", "signed.schema.ts");
      expect([code, stderr]).toEqual([1, expect.stringMatching(/^error LS2016: the URL holds a signature(?![^]*planted)/)]);
    }
    expect(existsSync(join(folder, "signed.schema.ts"))).toBe(false);
    // Folders are called by what is in them.
    for (const place of ["key=5", "passenger_count=1"]) {
      const keyed = url.replace("web.parquet", `${place}/web.parquet`);
      expect(await run("pull", keyed), place).toMatchObject({ code: 0 });
      expect(await run("pull", keyed.replace("//", "//me:planted@"), "-o", "signed.schema.ts")).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error LS2016: the URL holds a signature(?![^]*planted)/) });
    }
  } finally {
    server.close();
    rmSync(join(folder, "web.schema.ts"));
  }
});

it("of a source that the program brings itself: the module's, with its options, or made already", async () => {
  writeFileSync(join(folder, "src/things.ts"), `import { defineSource } from "@lockstep/runtime";
export const things = defineSource<{ deep: boolean }, number>({
  name: "things",
  schema: ({ deep }) => ({ id: "int64", at: "timestamp[us]", ...(deep && { note: "string" }) }),
  chunks: () => { throw new Error("its rows are not asked for"); },
  read: () => [],
});
export const deep = things({ deep: true });
export const gone = defineSource({ name: "gone", schema: () => { throw new Error("no such host"); }, chunks: () => [], read: () => [] });
export default 1;
`);
  expect(await run("pull", "src/things.ts#things", "--options", '{ "deep": false }', "-o", "src/things.schema.ts")).toMatchObject({ code: 0, stdout: "src/things.schema.ts: interface Things, 2 columns; readSource<Things>(things(…)) checks programs against it\n" });
  const text = readFileSync(join(folder, "src/things.schema.ts"), "utf8");
  expect(text).toContain('"path":"things.ts#things","options":{"deep":false}');
  expect(text).toContain("export interface Things {\n  id: number | null; // int64\n  at: Date | null; // timestamp[us]\n}\n");
  expect(text).not.toContain("declare module");
  expect(await run("check", "src/things.schema.ts")).toMatchObject({ code: 0 });
  expect(await run("pull", "src/things.ts#things", "--options", '{ "deep": false, "author": "me", "authority": 5 }', "-o", "src/authors.schema.ts")).toMatchObject({ code: 0 });
  rmSync(join(folder, "src/authors.schema.ts"));
  // A module is loaded where somebody found a snapshot only if it is below.
  const outside = mkdtempSync(join(tmpdir(), "lockstep-outside-"));
  try {
    writeFileSync(join(outside, "evil.ts"), `import { writeFileSync } from "node:fs";\nwriteFileSync(${JSON.stringify(join(outside, "loaded"))}, "");\n`);
    for (const path of [join(outside, "evil.ts#x"), `../../${basename(outside)}/evil.ts#x`]) {
      writeFileSync(join(folder, "src/evil.schema.ts"), text.replace("things.ts#things", path));
      expect(await run("check")).toMatchObject({ code: 1, stdout: expect.stringMatching(/src\/evil\.schema\.ts: LS2016: .* outside of this folder[^]*src\/things\.schema\.ts: as the data/) });
      expect(existsSync(join(outside, "loaded"))).toBe(false);
    }
    await run("check", "src/evil.schema.ts");
    expect(existsSync(join(outside, "loaded"))).toBe(true);
  } finally {
    rmSync(outside, { recursive: true });
    rmSync(join(folder, "src/evil.schema.ts"));
  }
  writeFileSync(join(folder, "src/things.schema.ts"), text.replace("false}", "true}"));
  expect(await run("check", "src/things.schema.ts")).toMatchObject({ code: 1, stdout: expect.stringMatching(/\+ note +string \| null +is new\n.* 'src\/things\.ts#things' --options '\{"deep":true\}' -o/) });
  expect(await run("pull", "src/things.ts#deep", "-o", "src/things.schema.ts")).toMatchObject({ code: 0, stdout: expect.stringContaining("3 columns; readSource<Things>(deep)") });
  // What is built with it.
  const built = compileFile(`import { readSource } from "@lockstep/runtime";
import { deep } from "./things.ts";
import type { Things } from "./things.schema.ts";
export async function job() {
  "use spmd";
  return (await readSource<Things>(deep)).filter((d) => d.nots !== null).numRows();
}`, { id: join(folder, "src/job.ts") }).diagnostics.map(({ message }) => message);
  expect(built).toEqual(["The table has no column 'nots'; did you mean 'note'?"]);
  rmSync(join(folder, "src/things.schema.ts"));
  for (const [args, said] of [
    [["src/nothing.ts#things"], "LS2001: src/nothing.ts does not exist"],
    [["src/things.ts#thing"], "LS2016: src/things.ts exports no thing\n  fix: It exports deep, default, gone, things."],
    [["src/things.ts#default"], "LS2016: readSource reads what a source of defineSource gives, not a number"],
    [["src/things.ts#gone"], "LS2025: gone: schema: no such host"],
    [["src/things.ts#things", "--options", '{ "api": { "token": "planted" } }'], "LS2016: --options: token is a secret"],
    ...["authorization", "auth", "x-auth", "bearer", "signature", "access_key", "accessKey", "access-key"].map((name) => [["src/things.ts#things", "--options", `{ "of": { "${name}": "planted" } }`], `LS2016: --options: ${name} is a secret`] as const),
    [["src/things.ts#things", "--options", '{ "password": 1234 }'], "LS2016: --options: password is a secret"],
    [["src/things.ts#things", "--options", '{ "url": "https://me:planted@host" }'], "LS2016: --options: url is a secret"],
    [["src/things.ts#things", "--options", '{ "planted"'], "LS2016: --options: "],
    [["src/things.ts#things", "--nulls", "NA"], 'LS2016: readSource has no option "nulls"'],
  ] as const) {
    const { code, stdout, stderr } = await run("pull", ...args, "-o", "none.schema.ts");
    expect([code, stderr]).toEqual([1, expect.stringContaining(said)]);
    expect(stdout + stderr).not.toContain("planted");
  }
  expect(existsSync(join(folder, "none.schema.ts"))).toBe(false);
});

it("a null that only some writers count is one that may be there; one that was there may come back", async () => {
  await table({ v: [1, null] }).writeParquet(join(folder, "maybe"));
  await run("pull", "maybe");
  expect(readFileSync(join(folder, "maybe.schema.ts"), "utf8")).toContain("v: number | null; // float64");
  await table({ v: [1, 2] }).writeParquet(join(folder, "maybe"), { mode: "overwrite" });
  expect(await run("check", "maybe.schema.ts")).toMatchObject({ code: 0 });
});

it("keeps names that are no identifiers apart from code, whatever they hold", async () => {
  const names = ["two words", 'q"uote', "new\nline", "\u2028export const x = 1;", "*/ throw 1 /*", "__proto__", "1st", "`${x}`"];
  const columns = Object.fromEntries(names.map((name) => [name, [1]]));
  Object.defineProperty(columns, "__proto__", { value: [1], enumerable: true });
  await table(columns).writeParquet(join(folder, "odd"));
  expect(await run("pull", "odd")).toMatchObject({ code: 0 });
  expect([...(await readParquet(join(folder, "odd"))).columnNames()].sort()).toEqual([...names].sort());
  const text = readFileSync(join(folder, "odd.schema.ts"), "utf8");
  const program = `${text}\nimport { readParquet } from "@lockstep/runtime";
export async function job(path: string) { "use spmd"; return (await readParquet<Odd>(path)).columnNames(); }`;
  const { diagnostics, rankModule } = compileFile(program, { id: join(folder, "odd-job.ts") });
  expect(diagnostics).toEqual([]);
  expect(rankModule!.code).not.toContain("throw 1;");
  expect(await run("check", "odd.schema.ts")).toMatchObject({ code: 0 });
});

it("refuses what it cannot do, and leaves files of others alone", async () => {
  writeFileSync(join(folder, "mine.schema.ts"), "export const mine = 1;\n");
  expect(await run("pull", "trips", "-o", "mine.schema.ts")).toMatchObject({ code: 1, stderr: expect.stringContaining("was not written by lockstep schema pull") });
  expect(readFileSync(join(folder, "mine.schema.ts"), "utf8")).toBe("export const mine = 1;\n");
  expect(await run("check", "mine.schema.ts")).toMatchObject({ code: 1, stdout: expect.stringContaining("LS2018") });
  expect(await run("pull", "trip")).toMatchObject({ code: 1, stderr: expect.stringContaining("did you mean") });
  expect(await run("pull", "trips", "--delimiter", ";", "-o", "x.schema.ts")).toMatchObject({ code: 1, stderr: expect.stringContaining('LS2016: readParquet has no option "delimiter"') });
  expect(await run("pull", "trips", "--anonymous", "-o", "x.schema.ts")).toMatchObject({ code: 1, stderr: expect.stringContaining("LS2016: trips is in no object store") });
  expect(await run("pull", "trips", "--options", "{}", "-o", "x.schema.ts")).toMatchObject({ code: 1, stderr: expect.stringContaining("LS2016: --options are a source's of a program, not readParquet's") });
  expect(await run("pull", "trips", "--name", "a b")).toMatchObject({ code: 1, stderr: expect.stringContaining("no name for an interface") });
  writeFileSync(join(folder, "trips/more.csv"), "a\n1\n");
  expect(await run("pull", "trips")).toMatchObject({ code: 1, stderr: expect.stringContaining("holds Parquet and CSV files") });
});
