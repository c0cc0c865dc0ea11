// Bad input and bad outputs: one clear message, an exit code, nothing half-written; on three ranks, in the long form on one as well.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import lockstepPlugin from "@lockstep/plugin-vite/esbuild";
import { table } from "@lockstep/runtime";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isLong } from "../sample.ts";
import { root } from "../scripts/lib.mjs";
import { type End, lockstep, Scratch } from "./job-process.ts";

const folder = join(root, `.lockstep-errors-${process.pid}`);
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  mkdirSync(folder);
  await build({
    entryPoints: [join(root, "test/jobs/errors/job.ts")], outdir: at("dist"), bundle: true, format: "esm", platform: "node", logLevel: "error", sourcemap: true,
    plugins: [lockstepPlugin({ root, report: false })],
  });
  const index = Array.from({ length: 3000 }, (_, i) => i);
  const good = { id: index, name: index.map((i) => `n${i}`), amount: index.map((i) => (i % 2 ? i : null)) };
  await table(good).writeParquet(at("good"));
  await table({ ...good, name: good.name.map((name, i) => (i === 2999 ? null : name)) }).writeParquet(at("nulls"));
  await table({ id: good.name, amount: good.id }).writeParquet(at("other"));
  await table({ ...good, id: index.map((i) => (i === 2500 ? 2n ** 53n + 1n : BigInt(i))) }).writeParquet(at("huge"));
  cpSync(at("good"), at("cut"), { recursive: true });
  const [part] = readdirSync(at("cut"));
  truncateSync(join(at("cut"), part!), readFileSync(join(at("cut"), part!)).length - 20);
  writeFileSync(at("bad.csv"), `id,name,amount\n${index.slice(0, 50).map((i) => `${i},n${i},${i}`).join("\n")}\n50,n50\n`);
  writeFileSync(at("bad.jsonl"), `${index.slice(0, 51).map((id) => `{"id":${id},"name":"n${id}","amount":null}`).join("\n")}\n{"id":x}\n`);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(ranks: number, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<End> {
  return lockstep(["run", "-n", `${ranks}`, "--threads", "1", at("dist/job.mjs"), "--", ...args], env).ended;
}

describe.each(isLong ? [1, 3] : [3])("on %i ranks", (ranks) => {
  /** One message with the code and all of `parts`; no stack, no second message. */
  async function fails(args: readonly string[], code: string, parts: readonly (string | RegExp)[], env?: NodeJS.ProcessEnv): Promise<void> {
    const end = await run(ranks, args, env);
    expect(end.stderr).toMatch(new RegExp(`^error ${code}: `));
    expect(end.stderr.match(/error LS/g)).toHaveLength(1);
    expect(end.stderr).not.toMatch(/^\s+at .*\.m?js:\d+/m);
    for (const part of parts) expect(end.stderr).toMatch(part);
    expect(end.stderr).toMatch(/fix: /);
    expect(end).toMatchObject({ code: 1, stdout: "" });
  }

  it("a missing input is named, with its place", () => fails(["count", at("no-such")], "LS2001", ["no-such", /errors\/job\.ts:\d+/]));

  it.runIf(ranks > 1)("an input that one process alone has open is refused", () => fails(["count", "/dev/stdin"], "LS2001", ["/dev/stdin is open in one process alone", /errors\/job\.ts:\d+/]));

  it("groups of what is no number of ranks are refused", () =>
    fails(["count", at("good")], "LS2015", ["LOCKSTEP_GROUP=two: set it to the number of ranks"], { LOCKSTEP_GROUP: "two" }));

  it("a store that cannot be read is named without its secrets", () =>
    fails(["count", "s3://AKIA:wJalrXUt@bucket/trips?token=wJalrXUt"], "LS2015", ["s3://…: the URL holds credentials", /^(?![^]*wJalrXUt)/]));

  it("a schema that differs is told column by column before anything is read", () =>
    fails(["count", at("other")], "LS2002", [/id/, /name/, /string/, /errors\/job\.ts:\d+/]));

  it("a truncated file is named", () => fails(["count", at("cut")], "LS2005", [/cut\/part-00000\.parquet/]));

  it("a file of another format names the reader of its own", async () => {
    await fails(["count", at("bad.csv")], "LS2018", [/bad\.csv is no Parquet file; readCsv reads CSV, readJsonLines JSON Lines/]);
    const [part] = readdirSync(at("good"));
    await fails(["countCsv", join(at("good"), part!)], "LS2018", [/is no CSV file; it is Parquet, which readParquet reads/]);
  });

  it("an output is committed once by a job that is started again", async () => {
    using scratch = new Scratch();
    const out = join(scratch.path, "out");
    const attempt = () => run(ranks, ["shout", at("good"), out], { LOCKSTEP_JOB: "nightly" });
    expect(await attempt()).toMatchObject({ code: 0, stderr: "" });
    const before = readdirSync(out).map((name) => statSync(join(out, name)).mtimeMs);
    expect(await attempt()).toMatchObject({ code: 0, stderr: `${out}: already committed by job nightly, not written again\n` });
    expect(readdirSync(out).map((name) => statSync(join(out, name)).mtimeMs)).toEqual(before);
    await fails(["shout", at("good"), out], "LS2007", [/out exists/], { LOCKSTEP_JOB: "the next night" });
  });

  it("a folder is told from the program in it", async () => {
    const { stderr, code } = await lockstep(["run", "-n", `${ranks}`, at("dist")]).ended;
    expect({ stderr, code }).toEqual({ code: 1, stderr: expect.stringMatching(/dist is a folder\n.*fix: Run the program in it: lockstep run .*dist\/job\.mjs\n$/) as string });
  });

  it("a bad CSV line has its number", () => fails(["countCsv", at("bad.csv")], "LS2006", [/bad\.csv/, /52/]));

  it("a line that is no JSON has its number", () => fails(["countJson", at("bad.jsonl")], "LS2006", [/bad\.jsonl, line 52: no JSON: 'x' at position 6/, /errors\/job\.ts:\d+/]));

  it("a null where the interface has none is named", () => fails(["shout", at("nulls"), at("o")], "LS2003", [/name/]));

  it("an integer past 2^53 is named", () => fails(["count", at("huge")], "LS2004", [/id/, /9007199254740993/]));

  it("too many rows to collect are a matter of the limit", () =>
    fails(["collect", at("good")], "LS2013", [/100 rows/], { LOCKSTEP_COLLECT_LIMIT: "100" }));

  it("an existing output is kept", async () => {
    using scratch = new Scratch();
    writeFileSync(join(scratch.path, "out"), "mine");
    await fails(["shout", at("good"), join(scratch.path, "out")], "LS2007", [/out/, /errors\/job\.ts:29/]);
    expect(readFileSync(join(scratch.path, "out"), "utf8")).toBe("mine");
  });

  it("an output that cannot be written is said before any work", async () => {
    using scratch = new Scratch();
    writeFileSync(join(scratch.path, "file"), "");
    await fails(["shout", at("good"), join(scratch.path, "file/out")], "LS2008", [/file/, /errors\/job\.ts:29/]);
  });

  it("of two outputs none appears when the second fails", async () => {
    const out = mkdtempSync(at("half-"));
    mkdirSync(join(out, "two"));
    writeFileSync(join(out, "two/mine"), "");
    await fails(["half", at("good"), out], "LS2007", [/two/]);
    expect(readdirSync(out)).toEqual(["two"]);
  });

  it("what a row function throws in V8 has its statement", () =>
    fails(["unreadable", at("good")], "LS2009", [/Expected property name/, /errors\/job\.ts:\d+:\d+/]));

  it("row functions in V8 see values of the module", async () => {
    expect(await run(ranks, ["matches", at("good")])).toMatchObject({ code: 0, stderr: "", stdout: "299\n" });
  });

  it("a function may catch an error and go on", async () => {
    expect(await run(ranks, ["recover", at("good"), at("no-such")])).toMatchObject({ code: 0, stderr: "", stdout: "LS2001, then 3000 rows\n" });
  });

  it("an error of the program has its stack in TypeScript, once", async () => {
    const { code, stderr } = await run(ranks, ["broken", at("good")]);
    expect(code).toBe(1);
    expect(stderr.match(/RangeError: 3000 rows are too many/g)).toHaveLength(1);
    expect(stderr).toMatch(/at refuse \(.*test\/jobs\/errors\/job\.ts:\d+:\d+\)/);
  });

  it("a program may catch an error and go on", async () => {
    expect(await run(ranks, ["caught", at("good")])).toMatchObject({ code: 0, stderr: "", stdout: "LS2001, then 3000\n" });
  });
});
