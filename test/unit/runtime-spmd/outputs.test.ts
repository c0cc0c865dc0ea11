/** What annotated calls write becomes visible together, and once. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeEach, expect, it, vi } from "vitest";
import { call, define, readParquet } from "../../../runtime/src/spmd/index.ts";
import { currentCall } from "../../../runtime/src/spmd/context.ts";
import { sign } from "../../../runtime/src/spmd/identity.ts";
import { setWorld } from "../../../runtime/src/spmd/world.ts";
import { reader, run, site } from "./annotated.ts";
import { RecordingEngine, worldOf } from "./recording-engine.ts";

const folder = mkdtempSync(join(tmpdir(), "lockstep-outputs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let engine: RecordingEngine;

beforeEach(() => {
  engine = new RecordingEngine();
  setWorld(Promise.resolve(worldOf(engine)));
});

it("become visible together when the outermost call returns", async () => {
  const [a, b] = [join(folder, "a"), join(folder, "b")];
  const inner = define("src/job.ts#inner", async (_: unknown, path: string) => {
    await (await readParquet("in.parquet", {}, reader)).writeParquet(path, {}, { site, ordered: false });
  });
  await run(async () => {
    await call(inner, [a]);
    expect(existsSync(a)).toBe(false);
    await call(inner, [b]);
  });
  expect([a, b].map((path) => existsSync(path))).toEqual([true, true]);
});

it("vanish when the call throws, and leave what was there", async () => {
  const out = join(folder, "kept");
  const write = async (fail: boolean) => {
    await (await readParquet("in.parquet", {}, reader)).writeParquet(out, { mode: "overwrite" }, { site, ordered: false });
    if (fail) throw new RangeError("no");
  };
  await run(() => write(false));
  await expect(run(() => write(true))).rejects.toBeInstanceOf(RangeError);
  expect(existsSync(out)).toBe(true);
  expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
});

it("are read in their staged version within the call", async () => {
  const out = join(folder, "staged");
  await run(async () => {
    await (await readParquet("in.parquet", {}, reader)).writeParquet(out, {}, { site, ordered: false });
    await readParquet(out, {}, reader);
    await readParquet(join(out, "*.parquet"), {}, reader);
  });
  const [, whole, glob] = engine.opened.map(({ paths }) => paths[0]!);
  expect(whole).toMatch(/\.staged\.lockstep-test/);
  expect(glob).toBe(join(whole!, "*.parquet"));
});

it("that cannot all be committed are named, and what is staged goes", async () => {
  const paths = ["first", "second", "third"].map((name) => join(folder, `partly-${name}`, "out"));
  const write = async () => {
    const t = await readParquet("in.parquet", {}, reader);
    for (const path of paths) await t.writeParquet(path, {}, { site, ordered: false });
    // A file where the second output is to appear: its rename fails.
    engine.failCommitOf = paths[1];
  };
  for (const path of paths) mkdirSync(dirname(path));
  await expect(run(write)).rejects.toMatchObject({
    code: "LS2008",
    message: expect.stringMatching(/partly-second.*; written before it: .*partly-first\/out; not written: .*partly-second\/out, .*partly-third\/out$/) as string,
  });
  expect(paths.map((path) => readdirSync(dirname(path)))).toEqual([["out"], [], []]);
});

it("are committed once by a job that keeps its identity", async () => {
  const [a, b] = [join(folder, "once-a"), join(folder, "once-b")];
  const attempt = async (job: string, written: string[], overwrite = false) => {
    process.env.LOCKSTEP_JOB = job;
    // A new process counts its calls from the start.
    engine.plans.length = 0;
    vi.resetModules();
    const fresh = await import("../../../runtime/src/spmd/index.ts");
    (await import("../../../runtime/src/spmd/world.ts")).setWorld(Promise.resolve(worldOf(engine)));
    await fresh.call(fresh.define("src/job.ts#once", async () => {
      const t = await fresh.readParquet("in.parquet", {}, reader);
      for (const path of [a, b]) await t.writeParquet(path, { mode: overwrite ? "overwrite" : "create" }, { site, ordered: false });
    }), []);
    expect(engine.plans.flatMap((plan) => plan.sinks.map((sink) => (sink.op === "writeParquet" ? sink.path : "")))).toEqual(written);
  };
  try {
    await attempt("nightly-1", [a, b]);
    await attempt("nightly-1", []);
    rmSync(b, { recursive: true });
    // What an interrupted attempt had left to do.
    await attempt("nightly-1", [b]);
    await expect(attempt("nightly-2", [])).rejects.toMatchObject({ code: "LS2007" });
    await attempt("nightly-2", [a, b], true);
  } finally {
    delete process.env.LOCKSTEP_JOB;
  }
});

it("are committed once by two attempts of a job at once, of which the other is the first to end", async () => {
  const at = join(folder, "at-once");
  mkdirSync(at);
  const [some, one] = [join(at, "some"), join(at, "one.parquet")];
  process.env.LOCKSTEP_JOB = "hourly";
  try {
    await run(async () => {
      const t = await readParquet("in.parquet", {}, reader);
      await t.writeParquet(some, { mode: "append" }, { site, ordered: false });
      await t.writeParquet(one, { single: true, mode: "overwrite" }, { site, ordered: false });
      mkdirSync(some);
      const identity = { job: "hourly", call: currentCall().id };
      sign(some, some, { ...identity, output: 0 }, false);
      writeFileSync(one, "the other's");
      sign(at, one, { ...identity, output: 1 }, true);
    });
    expect(readdirSync(some).filter((name) => !name.startsWith("."))).toEqual([]);
    expect(readFileSync(one, "utf8")).toBe("the other's");
    expect(readdirSync(at).filter((name) => name.includes(".lockstep-test"))).toEqual([]);
  } finally {
    delete process.env.LOCKSTEP_JOB;
  }
});

it("of the same path twice need overwrite; the last one stays", async () => {
  const out = join(folder, "twice");
  const twice = (overwrite: boolean) => async () => {
    const t = await readParquet("in.parquet", {}, reader);
    await t.writeParquet(out, {}, { site, ordered: false });
    await t.writeCsv(out, { mode: overwrite ? "overwrite" : "create" }, { site, ordered: false });
  };
  await expect(run(twice(false))).rejects.toMatchObject({ code: "LS2007" });
  expect(existsSync(out)).toBe(false);
  await run(twice(true));
  expect(existsSync(out)).toBe(true);
  expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
});

it("that exist are refused before any work", async () => {
  const out = join(folder, "exists");
  const write = async () => (await readParquet("in.parquet", {}, reader)).writeParquet(out, {}, { site, ordered: false });
  await run(write);
  engine.plans.length = 0;
  await expect(run(write)).rejects.toMatchObject({ code: "LS2007" });
  expect(engine.plans).toHaveLength(0);
});
