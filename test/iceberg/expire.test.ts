/**
 * Snapshots that expire: the same ones as by Java's Iceberg, with all files that nothing else names; what stays is read by PyIceberg and by us, after any history, with others
 * writing meanwhile, and after a crash at any step.
 */
import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deleteIceberg, readIceberg, table } from "@lockstep/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expireSnapshots, type Retention } from "../../runtime/src/connectors/iceberg/expire.ts";
import { orphansOf } from "../../runtime/src/connectors/iceberg/orphans.ts";
import { openTable } from "../../runtime/src/connectors/iceberg/table.ts";
import { TableWrite } from "../../runtime/src/connectors/iceberg/table-write.ts";
import { dataFiles, typesOf } from "../../runtime/src/connectors/iceberg/write.ts";
import { commits, isLong, sampled } from "../sample.ts";
import { random } from "../stores/proxy.ts";
import { within } from "../stores/servers.ts";
import { killed } from "./killed.ts";
import { Lake } from "./lake.ts";
import * as jobs from "./programs/changes.ts";

const lake = new Lake("changes", jobs, "expired");
const { scratch } = lake;
beforeAll(() => lake.open(), 600_000);
afterAll(() => lake.close());

const DAY = 86_400_000;
const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const rows = (ids: readonly number[]) => table({ id: [...ids], region: ids.map((id) => (id % 3 === 0 ? null : "eu")), at: ids.map((id) => new Date(id * DAY)) });
const spec = { partitionBy: ["truncate(10, id)"], types: { id: "int64" } } as const;
const expire = (of: string, retention: Retention, options = {}) => expireSnapshots(of, options, retention, false);
const orphans = async (of: string, options = {}): Promise<string[]> => (await orphansOf(of, options, new Date(Date.now() + 60_000))).map(({ path }) => path);

interface Metadata {
  snapshots: { "snapshot-id": string; "timestamp-ms": number; "sequence-number": number }[];
  refs: Record<string, object>;
  properties: Record<string, string>;
  "snapshot-log": object[];
  "metadata-log": { "metadata-file": string }[];
}
const version = (folder: string): number => Math.max(...readdirSync(join(folder, "metadata")).map((name) => Number(/^v(\d+)\.metadata\.json$/.exec(name)?.[1] ?? 0)));
const metadataOf = (folder: string): Metadata => {
  const text = readFileSync(join(folder, `metadata/v${version(folder)}.metadata.json`), "utf8");
  return JSON.parse(text, (key, value: unknown, context?: { source?: string }) => (key.endsWith("snapshot-id") ? context!.source : value)) as Metadata;
};
/** Another state of the table, as others might have made it. */
function edited(folder: string, change: (metadata: Metadata) => void): void {
  const metadata = metadataOf(folder);
  change(metadata);
  const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };
  const text = JSON.stringify(metadata, (key, value: unknown) => (key.endsWith("snapshot-id") && typeof value === "string" ? rawJSON(value) : value));
  const next = version(folder) + 1;
  writeFileSync(join(folder, `metadata/v${next}.metadata.json`), text);
  writeFileSync(join(folder, "metadata/version-hint.text"), `${next}`);
}
const idsAt = async (of: string, snapshot: string, options = {}): Promise<number[]> => (await readIceberg<{ id: number }>(of, { snapshot, ...options })).array("id").sort((a, b) => a - b);
const allFiles = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => /\.(parquet|avro)$/.test(name)).sort();

/** Seven snapshots, of days 1 to 7, two of them changes. */
async function week(folder: string): Promise<void> {
  for (const day of [0, 1, 2]) await rows(numbers(day * 20, day * 20 + 20)).writeIceberg(folder, spec);
  await deleteIceberg<{ id: number }>(folder, (d) => d.id % 4 === 0);
  await rows(numbers(10, 20)).writeIceberg(folder, { ...spec, mode: "overwrite-partitions" });
  for (const day of [5, 6]) await rows(numbers(day * 20, day * 20 + 20)).writeIceberg(folder, spec);
  const now = Date.now();
  edited(folder, ({ snapshots, "snapshot-log": log }) => {
    [snapshots, log].forEach((list) => list.forEach((one, index) => Object.assign(one, { "timestamp-ms": now - (7 - index) * DAY + 3_600_000 })));
  });
}

describe("as Java's Iceberg", () => {
  const at = (index: number) => (metadata: Metadata): string => metadata.snapshots[index]!["snapshot-id"];
  const ref = (index: number, type: "branch" | "tag", more = {}) => (metadata: Metadata): object => ({ "snapshot-id": at(index)(metadata), type, ...more });
  const cases: [name: string, retention: Retention, properties: Record<string, string>, refs: Record<string, (metadata: Metadata) => object>][] = [
    ["by the defaults", {}, {}, {}],
    ["by age", { age: 2 * DAY }, {}, {}],
    ["all but some", { age: 0, keep: 3 }, {}, {}],
    ["properties", {}, { "history.expire.max-snapshot-age-ms": String(DAY), "history.expire.min-snapshots-to-keep": "2" }, {}],
    ["a tag", { age: 0 }, {}, { kept: ref(1, "tag") }],
    ["tags that are too old", { age: 0 }, { "history.expire.max-ref-age-ms": String(4 * DAY) }, { old: ref(0, "tag"), longer: ref(1, "tag", { "max-ref-age-ms": 30 * DAY }), young: ref(4, "tag") }],
    ["a branch with its own rules", { age: 0, keep: 1 }, {}, { side: ref(3, "branch", { "min-snapshots-to-keep": 2 }), days: ref(4, "branch", { "max-snapshot-age-ms": 4 * DAY }) }],
    ["what no branch leads to", { age: 3 * DAY }, {}, { main: ref(3, "branch") }],
  ];

  it("the same snapshots, and no file more than is named", async () => {
    for (const [name, retention, properties, refs] of cases) {
      const folder = join(scratch, "java", name.replace(/\W/g, "-"));
      await week(folder);
      edited(folder, (metadata) => {
        metadata.properties = { ...metadata.properties, ...properties };
        Object.assign(metadata.refs, Object.fromEntries(Object.entries(refs).map(([of, make]) => [of, make(metadata)])));
        if (!refs.main) return;
        Object.assign(metadata, { "current-snapshot-id": at(3)(metadata) });
        metadata["snapshot-log"].push({ "timestamp-ms": Date.now(), "snapshot-id": at(3)(metadata) });
      });
      cpSync(folder, `${folder}-aside`, { recursive: true });
      const time = retention.age === undefined ? "" : Date.now() - retention.age;
      const [theirs] = await lake.byJava(`expire,${time}`.concat(`,${retention.keep ?? ""}`) as `expire,${number},${number}`, folder);
      const files = allFiles(folder);
      rmSync(folder, { recursive: true });
      renameSync(`${folder}-aside`, folder);
      const done = await expire(folder, retention);
      expect(metadataOf(folder).snapshots.map((one) => one["sequence-number"]), name).toEqual(theirs!.snapshots.map(({ sequence }) => sequence));
      // Java removes a file that a snapshot has replaced only when that snapshot expires itself.
      expect(files, name).toEqual(expect.arrayContaining(allFiles(folder)));
      expect([done.left, await orphans(folder)], name).toEqual([[], []]);
      expect(done.snapshots + done.kept, name).toBe(7);
    }
  });

  it("a table whose files are not its own is refused", async () => {
    const folder = join(scratch, "shared");
    await week(folder);
    edited(folder, ({ properties }) => Object.assign(properties, { "gc.enabled": "false" }));
    await expect(expire(folder, { age: 0 })).rejects.toMatchObject({ code: "LS2015", message: expect.stringContaining("gc.enabled") });
  });
});

it("after any history what stays is read by us and by PyIceberg, and nothing is left over", async () => {
  const next = random(11);
  const histories: { folder: string; counts: number[] }[] = [];
  for (let history = 0; history < Number(process.env.LOCKSTEP_HISTORIES ?? (isLong ? 6 : 2)); history++) {
    const folder = join(scratch, "histories", `${history}`);
    let now: number[] = [];
    const known = new Map<string, number[]>();
    let id = 0;
    for (let step = 0; step < 24; step++) {
      const does = next();
      if (does < 0.4 || now.length === 0) {
        const fresh = numbers(id, (id += 1 + Math.floor(next() * 30)));
        await rows(fresh).writeIceberg(folder, spec);
        now = [...now, ...fresh];
      } else if (does < 0.55) {
        const [of, rest] = [2 + Math.floor(next() * 5), Math.floor(next() * 2)];
        await deleteIceberg<{ id: number }>(folder, (d) => d.id % of === rest);
        now = now.filter((one) => one % of !== rest);
      } else if (does < 0.65) {
        const some = [now[Math.floor(next() * now.length)]!, id++];
        await rows(some).mergeIceberg(folder, { on: ["id"] });
        now = [...new Set([...now, ...some])];
      } else if (does < 0.75) {
        const ten = Math.floor(next() * (id / 10)) * 10;
        await rows([ten]).writeIceberg(folder, { ...spec, mode: "overwrite-partitions" });
        now = [...now.filter((one) => Math.floor(one / 10) !== ten / 10), ten];
      } else if (does < 0.8) {
        const kept = metadataOf(folder).snapshots;
        edited(folder, ({ refs }) => (refs[`tag-${step}`] = { "snapshot-id": kept[Math.floor(next() * kept.length)]!["snapshot-id"], type: "tag" }));
      } else {
        const { snapshots } = metadataOf(folder);
        const age = Date.now() - snapshots[Math.floor(next() * snapshots.length)]!["timestamp-ms"];
        await expire(folder, next() < 0.5 ? { age } : { age, keep: 1 + Math.floor(next() * 4) });
        expect(await orphans(folder), `history ${history}, step ${step}`).toEqual([]);
      }
      const { snapshots } = metadataOf(folder);
      const newest = snapshots.at(-1)!["snapshot-id"];
      if (!known.has(newest)) known.set(newest, now.toSorted((a, b) => a - b));
      for (const one of snapshots) expect(await idsAt(folder, one["snapshot-id"]), `history ${history}, step ${step}`).toEqual(known.get(one["snapshot-id"]));
    }
    histories.push({ folder, counts: metadataOf(folder).snapshots.map((one) => known.get(one["snapshot-id"])!.length) });
  }
  const seen = await lake.byPyIceberg(...histories.map(({ folder }) => folder));
  expect(seen.map(({ snapshots }) => snapshots)).toEqual(histories.map(({ counts }) => counts));
});

it("a time before the oldest snapshot that stays is none of the table's any more", async () => {
  const folder = join(scratch, "times");
  await week(folder);
  edited(folder, (metadata) => (metadata.refs.kept = { "snapshot-id": metadata.snapshots[1]!["snapshot-id"], type: "tag" }));
  await expire(folder, { age: 0, keep: 2 });
  const { snapshots, "snapshot-log": log } = metadataOf(folder);
  expect([snapshots.length, log.length]).toEqual([3, 2]);
  await expect(readIceberg(folder, { asOf: new Date(snapshots[0]!["timestamp-ms"] + 3 * DAY) })).rejects.toMatchObject({ code: "LS2001" });
  expect((await readIceberg(folder, { ref: "kept" })).numRows()).toBe(40);
});

it("metadata files that are forgotten are removed where the table wants it, and who comes late does not take their names", async () => {
  const folder = join(scratch, "forgotten");
  await week(folder);
  edited(folder, ({ properties }) => Object.assign(properties, { "write.metadata.previous-versions-max": "3", "write.metadata.delete-after-commit.enabled": "true" }));
  const late = await TableWrite.open(folder, {}, "late");
  const { columns } = rows([900]);
  const target = await late.prepare(typesOf(columns), {});
  await late.add(target, await dataFiles(target, columns, 1), "append");
  for (let more = 0; more < 8; more++) await rows([1000 + more]).writeIceberg(folder, spec);
  const states = (): number[] => readdirSync(join(folder, "metadata")).flatMap((name) => /^v(\d+)/.exec(name)?.[1] ?? []).map(Number).sort((a, b) => a - b);
  expect(metadataOf(folder)["metadata-log"]).toHaveLength(3);
  const now = version(folder);
  expect(states().slice(-4)).toEqual([now - 3, now - 2, now - 1, now]);
  expect(states()).not.toContain(now - 4);
  await late.commit();
  expect((await readIceberg<{ id: number }>(folder)).array("id")).toContain(900);
  expect(metadataOf(folder).snapshots).toHaveLength(16);
});

describe("with others", () => {
  it("an append that began on a snapshot that has expired since is there", async () => {
    const folder = join(scratch, "began");
    await week(folder);
    const begun = await TableWrite.open(folder, {}, "begun");
    const { columns } = rows([900]);
    const target = await begun.prepare(typesOf(columns), {});
    await begun.add(target, await dataFiles(target, columns, 1), "append");
    await rows([901]).writeIceberg(folder, { ...spec, mode: "overwrite" });
    await expire(folder, { age: 0 });
    await begun.commit();
    expect((await readIceberg<{ id: number }>(folder)).array("id").sort()).toEqual([900, 901]);
    expect(await orphans(folder)).toEqual([]);
  });

  it.each(["a folder", "a catalog"])("appends, changes and expiry at once, in %s", { timeout: 300_000 + 6_000 * commits(4) }, async (where) => {
    const options = where === "a folder" ? {} : { catalog: { uri: lake.catalog.uri } };
    const of = where === "a folder" ? join(scratch, "once") : "expired.once";
    const rounds = commits(4);
    await within(lake.environment(), async () => {
      await rows(numbers(0, 20)).writeIceberg(of, { ...spec, ...options });
      for (let round = 0; round < rounds; round++) {
        const [a, b, c, d] = await Promise.allSettled([
          rows([1000 + round]).writeIceberg(of, options), rows([5000 + round]).mergeIceberg(of, { on: ["id"] }, options), expire(of, { age: 0, keep: 2 }, options), expire(of, { age: 0 }, options),
        ]);
        expect([a, c, d].map((one) => (one.status === "rejected" ? (one.reason as Error).message : ""))).toEqual(["", "", ""]);
        // A change is of the state that it saw; that may have expired.
        if (b.status === "rejected") expect((b.reason as { code: string }).code).toMatch(/LS2023|LS2001/);
        const ids = (await readIceberg<{ id: number }>(of, options)).array("id");
        expect(ids.filter((id) => id < 5000)).toHaveLength(21 + round);
        expect(ids.includes(5000 + round)).toBe(b.status === "fulfilled");
      }
      expect((await expire(of, { age: 0 }, options)).kept).toBe(1);
      expect(await orphans(of, options)).toEqual([]);
    });
    const [seen] = await lake.byPyIceberg(where === "a folder" ? of : `${lake.catalog.uri}|${of}`);
    expect(seen!.rows.filter(({ id }) => (id as number) < 5000)).toHaveLength(20 + rounds);
  });

  it("killed at every step, the table is as it was or without them, and what is left is listed", async () => {
    const begun = async (step: number): Promise<string> => {
      const folder = join(scratch, "killed", `${step}`);
      await week(folder);
      return folder;
    };
    const steps = (await killed(-1, "expired", await begun(-1)))!;
    let before = 0;
    for (const step of [...sampled(steps), steps]) {
      const folder = await begun(step);
      expect((await killed(step, "expired", folder)) !== undefined).toBe(step === steps);
      const { snapshots } = metadataOf(folder);
      expect([1, 7]).toContain(snapshots.length);
      before += snapshots.length === 7 ? 1 : 0;
      for (const one of snapshots) await idsAt(folder, one["snapshot-id"]);
      if (snapshots.length === 7) expect((await orphans(folder)).filter((path) => !path.endsWith(".tmp"))).toEqual([]);
      const { files } = await openTable(folder, {});
      for (const path of await orphans(folder)) rmSync(path);
      expect((await expire(folder, { age: 0 })).kept).toBe(1);
      expect([(await openTable(folder, {})).files.length, await orphans(folder)]).toEqual([files.length, []]);
      expect(allFiles(folder).filter((name) => name.endsWith(".parquet"))).toHaveLength(files.length);
    }
    expect(before).toBeGreaterThan(isLong ? 1 : 0);
  });
});
