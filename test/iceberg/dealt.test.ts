/** Tables of many manifests and files, which the ranks read together: each file once, whoever reads it, and one error where some are wrong. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { table } from "@lockstep/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readManifests } from "../../runtime/src/connectors/iceberg/manifest-entries.ts";
import { parseMetadata } from "../../runtime/src/connectors/iceberg/metadata.ts";
import { openTable } from "../../runtime/src/connectors/iceberg/table.ts";
import { buildPrograms, type Program } from "../oracle/build-programs.ts";
import { difference } from "../oracle/compare.ts";
import { RankPool } from "../oracle/rank-pool.ts";
import { shared } from "../sample.ts";
import { root } from "../scripts/lib.mjs";
import { Bucket } from "../stores/bucket.ts";
import { proxy, type Proxy } from "../stores/proxy.ts";
import { versitygw, within, type Server } from "../stores/servers.ts";
import * as jobs from "./programs/dealt.ts";

/** More than a rank has under way at a time, so that there is something to deal. */
const FILES = 40;
const AT_A_TIME = 16;

// In the checkout, so that the built programs find @lockstep/runtime.
const scratch = mkdtempSync(join(root, ".lockstep-iceberg-dealt-"));
const folder = join(scratch, "table");
let programs: Map<string, Program>;
const pools = new Map<number, RankPool>();
/** The table's snapshots, the oldest first. */
let snapshots: string[];

beforeAll(async () => {
  programs = new Map((await buildPrograms([join(root, "test/iceberg/programs/dealt.ts")], join(scratch, "built"))).map((program) => [program.id.split("#")[1]!, program]));
  for (let file = 0; file < FILES; file++) {
    const ids = Array.from({ length: 10 }, (_, row) => file * 10 + row);
    await table({ id: ids, name: ids.map((id) => (id % 7 === 0 ? null : `name ${id % 5}`)) }).writeIceberg(folder, { mode: "append" });
  }
  const newest = join(folder, `metadata/v${FILES}.metadata.json`);
  snapshots = parseMetadata(newest, readFileSync(newest, "utf8")).snapshots!.map((one) => one["snapshot-id"]);
});
afterAll(async () => {
  await Promise.all([...pools.values()].map((pool) => pool.close()));
  rmSync(scratch, { recursive: true, force: true });
});

async function run(pool: RankPool, name: keyof typeof jobs, ...args: unknown[]): Promise<unknown> {
  const { chunk, id } = programs.get(name)!;
  const answer = await pool.run({ chunk, id, args });
  if ("error" in answer) throw Object.assign(new Error(answer.error.message), answer.error);
  return answer.value;
}

const onRanks = (ranks: number, name: keyof typeof jobs, ...args: unknown[]): Promise<unknown> => {
  if (!pools.has(ranks)) pools.set(ranks, new RankPool(ranks));
  return run(pools.get(ranks)!, name, ...args);
};

it.each(shared([1, 2, 3, 7], 0))("%i ranks read what plain Node reads", async (ranks) => {
  expect((await openTable(folder, {})).files).toHaveLength(FILES);
  expect(difference(await jobs.summed(folder), await onRanks(ranks, "summed", folder))).toBeNull();
  expect(difference(await jobs.above(folder), await onRanks(ranks, "above", folder))).toBeNull();
  expect(difference(await jobs.files(join(folder, "data")), await onRanks(ranks, "files", join(folder, "data")))).toBeNull();
  expect(difference(await jobs.since(folder, snapshots[3]!), await onRanks(ranks, "since", folder, snapshots[3]))).toBeNull();
});

describe("one error, that of the first file", () => {
  /** The manifests in the order of the newest list, which is that of the files. */
  const names = async (): Promise<{ manifests: string[]; files: string[] }> => {
    const read: string[] = [];
    const { files } = await openTable(folder, {
      readManifests: async (asked) => {
        read.push(...asked.manifests.map(({ path }) => path));
        return readManifests(asked);
      },
    });
    return { manifests: read, files: files.map(({ path }) => path) };
  };

  it.each(shared([1, 2, 3, 7], 1))("on %i ranks", async (ranks) => {
    const { manifests, files } = await names();
    expect([manifests.length, files.length]).toEqual([FILES, FILES]);
    const expectFirst = async (paths: readonly string[], code: string, name: keyof typeof jobs = "summed", at = folder): Promise<void> => {
      const whole = paths.map((path) => readFileSync(path));
      for (const [index, path] of paths.entries()) writeFileSync(path, whole[index]!.subarray(0, whole[index]!.length - 40));
      const error = await onRanks(ranks, name, at).then(() => expect.fail("no error"), (error: unknown) => error);
      for (const [index, path] of paths.entries()) writeFileSync(path, whole[index]!);
      expect(error).toMatchObject({ code, message: expect.stringContaining(paths[0]!) });
    };
    await expectFirst([manifests[5]!, manifests[30]!], "LS2005");
    await expectFirst([manifests[39]!], "LS2005");
    // What is shorter than its manifest says is another file.
    await expectFirst([files[11]!, files[38]!], "LS2019");
    await expectFirst([files[38]!], "LS2019");
    const parts = [...files].sort();
    await expectFirst([parts[11]!, parts[38]!], "LS2005", "files", join(folder, "data"));
    expect(difference(await jobs.summed(folder), await onRanks(ranks, "summed", folder))).toBeNull();
  });
});

describe("in a store", () => {
  let server: Server;
  let front: Proxy;
  let bucket: Bucket;
  const at = "s3://lockstep/table";
  beforeAll(async () => {
    server = await versitygw();
    front = await proxy(server);
    bucket = new Bucket(server);
    await within(server.env, async () => {
      for (let file = 0; file < FILES; file++) await table({ id: Array.from({ length: 10 }, (_, row) => file * 10 + row), name: Array.from({ length: 10 }, (_, row) => `name ${row}`) }).writeIceberg(at, { mode: "append" });
    });
  });
  afterAll(async () => {
    await front?.stop();
    await server?.stop();
  });

  it("each manifest and each footer is asked for once, by more ranks than one", async () => {
    const ranks = 3;
    const pool = new RankPool(ranks, { ...front.env, AWS_SHARED_CREDENTIALS_FILE: "/nonexistent" });
    try {
      const right = await within(server.env, () => jobs.summed(at));
      expect(difference(right, await run(pool, "summed", at))).toBeNull();
      // Each request takes so long that as many are under way as are ever asked for at a time.
      front.faults = { latency: 1500 };
      const came: { readonly url: string; readonly when: number }[] = [];
      front.decide = ({ url }) => void came.push({ url: url.split("?")[0]!, when: performance.now() });
      front.taken();
      expect(difference(right, await run(pool, "summed", at))).toBeNull();
      const asked = front.taken();
      const sizes = await bucket.list("table/");
      const key = ({ path }: { readonly path: string }): string => path.replace("/lockstep/", "");
      const manifests = asked.filter((one) => /\/metadata\/(?!snap-)[^/]*\.avro$/.test(one.path));
      const footers = asked.filter((one) => one.path.endsWith(".parquet") && one.range?.endsWith(`-${sizes.get(key(one))! - 1}`));
      expect([manifests.length, new Set(manifests.map(key)).size]).toEqual([FILES, FILES]);
      expect([footers.length, new Set(footers.map(key)).size]).toEqual([FILES, FILES]);
      const metadata = asked.filter((one) => !one.path.endsWith(".parquet") || footers.includes(one));
      expect(metadata.length).toBeLessThanOrEqual(new Set(metadata.map(key)).size + ranks);
      const underWay = (of: RegExp): number => {
        const times = came.filter(({ url }) => of.test(url)).map(({ when }) => when).sort((a, b) => a - b);
        return Math.max(...times.map((from) => times.filter((when) => when >= from && when < from + 1500).length));
      };
      expect(underWay(/\/metadata\/(?!snap-)[^/]*\.avro$/)).toBeGreaterThan(AT_A_TIME);
      expect(underWay(/\.parquet$/)).toBeGreaterThan(AT_A_TIME);
    } finally {
      front.faults = {};
      front.decide = undefined;
      await pool.close();
    }
  });

  it("a network and a store that fail", async () => {
    const pool = new RankPool(3, { ...front.env, AWS_SHARED_CREDENTIALS_FILE: "/nonexistent" });
    try {
      const right = await within(server.env, () => jobs.summed(at));
      front.taken();
      expect(difference(right, await run(pool, "summed", at))).toBeNull();
      const calm = front.taken().length;
      front.faults = { busy: 0.05, reset: 0.01, lost: 0.005, truncated: 0.01 };
      for (let round = 0; round < 4; round++) expect(difference(right, await run(pool, "summed", at))).toBeNull();
      expect(front.taken().length).toBeLessThanOrEqual(4 * 1.3 * calm);
    } finally {
      front.faults = {};
      await pool.close();
    }
  });
});
