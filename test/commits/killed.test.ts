/**
 * Jobs of three ranks that are killed at every step of what they write, one rank, all, or the launcher: all or nothing. Then a
 * scheduler starts them again under the same name: all of it, once. What is there in the end others read.
 */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LockstepError, readArrow, readCsv, readIceberg, readJsonLines, readParquet, table } from "@lockstep/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { killed, type Killed, type Lived } from "../jobs/killed.ts";
import { canTrace, killedAt, stepsOf } from "../jobs/traced.ts";
import { readWritten } from "../oracle/written.ts";
import { isLong, sampled, shared } from "../sample.ts";
import { within } from "../stores/servers.ts";
import type { Catalog, Change, FileMode } from "./programs/writes.ts";
import { Targets } from "./targets.ts";

const targets = new Targets();
const { scratch } = targets;
const file = join(scratch, "rows.csv");
beforeAll(async () => {
  await targets.open();
  writeFileSync(file, `id,name,part\n${numbers(41, 121).map((id) => `${id},mine,1\n`).join("")}`);
});
afterAll(() => targets.close());

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
/** 1 to 80 are there; a write brings 41 to 120. */
const there = () => table({ id: numbers(1, 81), name: numbers(1, 81).map(() => "old"), part: numbers(1, 81).map((id) => (id > 40 ? 1 : 0)) });

interface State {
  readonly n: number;
  readonly ids: number;
  readonly mine: number;
}

interface Row {
  readonly id: number;
  readonly name: string;
}

const old: State = { n: 80, ids: 80, mine: 0 };
const done = {
  create: { n: 80, ids: 80, mine: 80 }, overwrite: { n: 80, ids: 80, mine: 80 }, append: { n: 160, ids: 120, mine: 80 }, delete: { n: 40, ids: 40, mine: 0 }, compact: old,
  merge: { n: 120, ids: 120, mine: 80 }, replace: { n: 120, ids: 120, mine: 80 }, "overwrite-partitions": { n: 120, ids: 120, mine: 80 },
};

const stateOf = (rows: readonly Row[]): State => ({ n: rows.length, ids: new Set(rows.map(({ id }) => Number(id))).size, mine: rows.filter(({ name }) => name === "mine").length });

/** What plain Node reads; undefined: nothing is there. */
const seen = (read: () => Promise<{ objects(): object[] }>): Promise<State | undefined> =>
  within(targets.clean, read).then((found) => stateOf(found.objects() as Row[]), (error: unknown) => (error instanceof LockstepError && error.code === "LS2001" ? undefined : Promise.reject(error as Error)));

/** One output or table, new for each attempt, with what is there before. */
interface Begun {
  readonly job: Omit<Killed, "victims" | "at" | "watch">;
  readonly before: State | undefined;
  readonly after: State;
  /** What we see of it. */
  seen(): Promise<State | undefined>;
  /** What others see. */
  theirs(): Promise<State | undefined>;
  /** What is there that no reader wants. */
  left(): Promise<string[]>;
}

/** After an attempt that was killed, or was not, the state is the one or the other; after the next it is the other, for all readers. */
async function again({ job, before, after, seen, theirs, left }: Begun, { lived, stderr }: Lived, at: string): Promise<void> {
  const found = await seen();
  expect([before, after], `${at}: ${stderr}`).toContainEqual(found);
  if (lived) expect(found, at).toEqual(after);
  else expect(stderr, at).not.toContain(targets.store.env.AWS_SECRET_ACCESS_KEY);
  const next = await killed({ ...job, at: 0, watch: () => undefined });
  expect(next, at).toMatchObject({ lived: true });
  expect(await seen(), `${at}, again: ${next.stderr}`).toEqual(after);
  expect(await theirs(), at).toEqual(after);
  expect(await left(), at).toEqual([]);
}

const VICTIMS = ["one", "all", "launcher"] as const;

/** Whoever is killed at some of the steps that servers see, and the first attempt that is not killed. */
async function atEveryRequest(turn: number, begin: () => Promise<Begun>): Promise<void> {
  const first = await begin();
  const undisturbed = await killed({ ...first.job, at: 0, watch: targets.watch });
  expect(undisturbed).toMatchObject({ lived: true });
  await again(first, undisturbed, "undisturbed");
  const every = isLong ? 1 : Math.ceil(undisturbed.steps / 2);
  for (const at of sampled(undisturbed.steps, turn, every)) {
    const begun = await begin();
    const victims = VICTIMS[(turn + Math.floor(at / every)) % 3]!;
    await again(begun, await killed({ ...begun.job, victims, at, watch: targets.watch }), `${victims} at ${at} of ${undisturbed.steps}`);
  }
}

/** A rank is killed at some of its changes of the file system. */
async function atEveryChange(turn: number, of: string, begin: () => Promise<Begun>): Promise<void> {
  const first = await begin();
  const steps = await stepsOf(first.job, of);
  await again(first, { lived: true, stderr: "" }, "undisturbed");
  expect(steps.length).toBeGreaterThan(3);
  let died = 0;
  for (const index of sampled(steps.length, turn, Math.ceil(steps.length / 3))) {
    const begun = await begin();
    const { call, nth } = steps[index]!;
    const end = await killedAt(begun.job, steps[index]!);
    died += end.lived ? 0 : 1;
    await again(begun, end, `${call} ${nth}`);
  }
  expect(died).toBeGreaterThan(0);
}

const readers = { parquet: readParquet, csv: readCsv, lines: readJsonLines, batches: readArrow } as const;
type Format = keyof typeof readers;

let made = 0;
/** `base`: a folder of this machine, or of the bucket. */
async function output(base: string, format: Format | "single", mode: FileMode): Promise<Begun> {
  const isRemote = base.startsWith("s3:");
  const into = `${base}/${format}-${mode}-${made++}`;
  const reads = readers[format === "single" ? "parquet" : format] as (path: string) => Promise<{ objects(): object[] }>;
  const options = { mode: "create", ...(mode === "overwrite-partitions" && { partitionBy: ["part"] as const }) } as const;
  const writes = { parquet: () => there().writeParquet(into, options), csv: () => there().writeCsv(into, options), lines: () => there().writeJsonLines(into, options), batches: () => there().writeArrow(into, options), single: () => there().writeParquet(into, { single: true }) };
  if (mode !== "create") await within(targets.clean, writes[format]);
  const key = into.replace("s3://lockstep/", "");
  const local = isRemote ? join(targets.store.folder, "lockstep", key) : into;
  return {
    job: targets.job(format, [file, into, mode]),
    before: mode === "create" ? undefined : old, after: done[mode],
    seen: () => seen(() => reads(into)),
    async theirs() {
      if (format === "single") return stateOf(await hyparquet(into));
      const rows = [...(await readWritten(local)).values()].flatMap((written) => written.rows);
      return stateOf(format === "csv" ? rows.map((row) => Object.values(row)[0]).map((line) => fromLine(String(line))) : (rows as unknown as Row[]));
    },
    // In a store the notes of what a killed attempt has uploaded are hidden, and stay until the bucket's rules remove them.
    left: async () => (isRemote ? [] : readdirSync(base).filter((name) => name.includes("lockstep") && !name.endsWith(".lockstep-commit.json"))),
  };
}

async function hyparquet(path: string): Promise<Row[]> {
  const { asyncBufferFromFile, parquetReadObjects } = await import("hyparquet");
  const { compressors } = await import("hyparquet-compressors");
  return (await parquetReadObjects({ file: await asyncBufferFromFile(path), compressors })) as unknown as Row[];
}

const fromLine = (line: string): Row => ({ id: Number(line.split(",")[0]), name: line.split(",")[1]! });

describe("outputs in an object store, at every request", { timeout: 900_000 }, () => {
  it.each(shared([["parquet", "create", 0], ["csv", "append", 1], ["lines", "overwrite", 2], ["parquet", "overwrite-partitions", 3], ["batches", "append", 4]] as const, 1))("%s, %s", async (format, mode, turn) => {
    await atEveryRequest(turn, () => output("s3://lockstep/killed", format, mode));
  });
});

describe.runIf(canTrace)("outputs on a disk, at every change of the file system", { timeout: 900_000 }, () => {
  it.each(shared([["parquet", "create", 0], ["parquet", "append", 1], ["csv", "overwrite", 2], ["parquet", "overwrite-partitions", 3], ["single", "create", 0], ["single", "overwrite", 1]] as const, 1))("%s, %s", async (format, mode, turn) => {
    const base = join(scratch, "disk", `${format}-${mode}`);
    await atEveryChange(turn, base, () => output(base, format, mode));
  });
});

/** `base`: a folder, or the namespace of a catalog. */
async function icebergTable(base: string, does: Change, catalog: Catalog | null, clean: Catalog | null): Promise<Begun> {
  const into = catalog === null ? join(base, `${does}-${made++}`) : `${base}.${does}_${made++}`;
  const options = clean === null ? {} : { catalog: clean };
  await within(targets.clean, async () => {
    if (does !== "compact") return there().writeIceberg(into, options);
    for (const quarter of [0, 1, 2, 3]) await there().filter((d) => d.id % 4 === quarter).writeIceberg(into, options);
  });
  return {
    job: targets.job("iceberg", [file, into, does, catalog]),
    before: old, after: done[does],
    seen: () => seen(() => readIceberg<Row>(into, options)),
    theirs: async () => stateOf((await targets.byPyIceberg(clean?.warehouse === undefined ? into : await targets.metadataOf(into))).rows as unknown as Row[]),
    // What no snapshot names `lockstep iceberg orphans` lists (test/iceberg/expire.test.ts).
    left: async () => [],
  };
}

/** In the short form each of the three places has a third of them. */
const changes = (place: number) => (["append", "overwrite", "merge", "replace", "delete", "compact"] as const).map((does, turn) => [does, turn] as const).filter(([, turn]) => isLong || turn % 3 === place);
const direct = (catalog: Catalog, uri: string): Catalog => ({ ...catalog, uri });

describe("tables of Iceberg", { timeout: 900_000 }, () => {
  it.each(changes(0))("in a REST catalog, at every request: %s", async (does, turn) => {
    await atEveryRequest(turn, () => icebergTable("commits", does, targets.rest, direct(targets.rest, targets.catalog.uri)));
  });

  it.each(changes(1))("in a catalog in PostgreSQL, at every message: %s", async (does, turn) => {
    await atEveryRequest(turn, () => icebergTable("commits_sql", does, targets.sql, direct(targets.sql, `postgres://127.0.0.1:${targets.postgres.port}/postgres`)));
  });

  it.runIf(canTrace).each(changes(2))("in a folder, at every change of the file system: %s", async (does, turn) => {
    const base = join(scratch, "tables");
    await atEveryChange(turn, base, () => icebergTable(base, does, null, null));
  });
});
