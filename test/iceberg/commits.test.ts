/**
 * Commits to tables of Iceberg with a crash or a lost answer at every step, and two writers at once: all or nothing, never twice.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { LockstepError, readIceberg, table } from "@lockstep/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commits, isLong, sampled } from "../sample.ts";
import { root } from "../scripts/lib.mjs";
import { proxy, random, type Proxy } from "../stores/proxy.ts";
import { versitygw, within, type Server } from "../stores/servers.ts";
import { killed } from "./killed.ts";
import * as jobs from "./programs/write.ts";
import { restCatalog, type Catalog } from "./servers.ts";

const scratch = mkdtempSync(join(root, ".lockstep-commits-"));
let server: Server;
let catalog: Catalog;
/** Before the store and before the catalog. */
let front: Proxy;
let before: Proxy;
beforeAll(async () => {
  server = await versitygw();
  front = await proxy(server, 7);
  catalog = await restCatalog(server);
  before = await proxy({ ...server, name: "the catalog", endpoint: catalog.uri });
  await fetch(`${catalog.uri}/v1/namespaces`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ namespace: ["commits"] }) });
});
afterAll(async () => {
  await before?.stop();
  await catalog?.stop();
  await front?.stop();
  await server?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

const environment = (): Record<string, string> => ({ ...server.env, AWS_SHARED_CREDENTIALS_FILE: "/nonexistent" });
const rows = (...ids: number[]) => table({ id: ids, name: ids.map((id) => `n${id}`) });

const written = async (now: readonly number[], of: string, options: object, mode: "append" | "overwrite" | "merge"): Promise<unknown> =>
  mode === "merge" ? rows(...now).mergeIceberg(of, { on: ["id"] }, options) : rows(...now).writeIceberg(of, { ...options, mode });

/** Sorted; undefined: there is no table. */
async function ids(of: string, options: object = {}): Promise<number[] | undefined> {
  const found = await within(environment(), () => readIceberg<{ id: number }>(of, options)).catch((error: unknown) => error as LockstepError);
  if (!(found instanceof Error)) return found.objects().map(({ id }) => id).sort((a, b) => a - b);
  if (found instanceof LockstepError && found.code === "LS2001") return undefined;
  throw found;
}

describe("a process that is killed at every step", { timeout: 180_000 }, () => {
  const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

  it.each([["a new table", "append", false, 0], ["an append", "append", true, 1], ["a replacement", "replaced", true, 2], ["a merge", "merged", true, 3]] as const)("%s", async (name, mode, exists, turn) => {
    const from = mode === "merged" ? 3 : 7;
    const old = exists ? numbers(1, 5) : undefined;
    const wanted = mode === "merged" ? numbers(1, 10) : mode === "replaced" || !exists ? numbers(7, 10) : [...numbers(1, 5), ...numbers(7, 10)];
    const begun = async (step: number): Promise<string> => {
      const folder = join(scratch, name.replace(/ /g, "-"), `${step}`);
      if (exists) await jobs.append(folder, 1, 5);
      return folder;
    };
    const steps = (await killed(-1, mode, await begun(-1), from, 10))!;
    let committed = 0;
    for (const step of [...sampled(steps, turn), steps]) {
      const folder = await begun(step);
      const lived = await killed(step, mode, folder, from, 10);
      const seen = await ids(folder);
      expect([old, wanted]).toContainEqual(seen);
      committed += seen?.length === wanted.length ? 1 : 0;
      expect(lived !== undefined).toBe(step === steps);
      if (lived) expect(seen).toEqual(wanted);
      // Whoever comes next finds a table that it can go on with.
      await jobs.append(folder, 20, 22);
      expect(await ids(folder)).toEqual([...(seen ?? []), 20, 21]);
    }
    // The hint, and what was written beside, come after.
    expect(committed).toBeGreaterThan(isLong ? 2 : 1);
  });
});

const writes = (["append", "overwrite", "merge"] as const).flatMap((mode) => (["crash", "lost"] as const).flatMap((fate) => ([undefined, [1, 2]] as const).map((was) => [fate, mode, was === undefined ? "a new table" : "one that is there", was] as const))).map((write, turn) => [...write, turn] as const);

describe.each(["store", "catalog"] as const)("at every request to the %s", (what) => {
  const place = (name: string): { of: string; options: object; clean: object; faulty: Proxy } =>
    what === "store"
      ? { of: `s3://lockstep/commits/${name}`, options: { store: { endpoint: front.endpoint } }, clean: { store: { endpoint: server.endpoint } }, faulty: front }
      : { of: `commits.${name.replace(/\W/g, "_")}`, options: { store: { endpoint: server.endpoint }, catalog: { uri: before.endpoint } }, clean: { store: { endpoint: server.endpoint }, catalog: { uri: catalog.uri } }, faulty: before };

  it.each(writes)("%s, %s, %s", async (fate, mode, _, was, turn) => {
    const now = was === undefined ? [1, 2] : mode === "merge" ? [2, 3] : [3];
    const wanted = mode === "overwrite" ? now : [...new Set([...(was ?? []), ...now])];
    const env = { ...environment(), ...(fate === "crash" && { LOCKSTEP_STORE_RETRIES: "0" }) };
    /** The number of its requests, of which one has this fate; after a crash nothing more is sent. */
    const attempt = async (at: number): Promise<number> => {
      const { of, options, clean, faulty } = place(`${fate}-${mode}-${was?.length ?? 0}-${at}`);
      if (was) await within(environment(), () => written(was, of, clean, "append"));
      let requests = 0;
      faulty.decide = () => {
        const index = requests++;
        return index === at ? fate : fate === "crash" && at >= 0 && index > at ? "crash" : undefined;
      };
      const failed = await within(env, () => written(now, of, options, mode)).then(() => undefined, (error: unknown) => error as LockstepError);
      faulty.decide = undefined;
      const after = await ids(of, clean);
      expect([was, wanted], `${of}: ${after}`).toContainEqual(after);
      if (!failed || fate === "lost") expect([failed?.message, after]).toEqual([undefined, wanted]);
      // What surely failed says so; where nobody answered, that it is not known.
      if (failed && after?.length === wanted.length) expect(failed.message).toContain("whether it is committed is not known");
      if (after?.length !== wanted.length) await within(environment(), () => written(now, of, clean, mode));
      expect(await ids(of, clean)).toEqual(wanted);
      return requests;
    };
    for (const at of sampled(await attempt(-1), turn, 8)) expect(await attempt(at)).toBeGreaterThan(at);
  });
});

describe("two writers at once", () => {
  const rounds = commits(6);

  it.each(["folder", "store", "catalog"] as const)("of a table in a %s", { timeout: 300_000 + 1_000 * rounds }, async (what) => {
    const next = random(3);
    const of = what === "folder" ? join(scratch, "both") : what === "store" ? "s3://lockstep/both" : "commits.both";
    const own = what === "folder" ? {} : { store: { endpoint: front.endpoint }, ...(what === "catalog" && { catalog: { uri: before.endpoint } }) };
    const clean = what === "folder" ? {} : { store: { endpoint: server.endpoint }, ...(what === "catalog" && { catalog: { uri: catalog.uri } }) };
    await within(environment(), () => rows(-1).writeIceberg(of, clean));
    let known = [-1];
    for (let round = 0; round < rounds; round++) {
      const mode = next() < 0.2 ? "overwrite" : "append";
      const [at, fate] = [Math.floor(next() * 25), next() < 0.5 ? ("lost" as const) : ("crash" as const)];
      let request = 0;
      front.decide = before.decide = () => (request++ === at ? fate : fate === "crash" && request > at ? "crash" : undefined);
      const env = { ...environment(), LOCKSTEP_STORE_RETRIES: fate === "crash" ? "0" : "8" };
      const [a, b] = await within(env, () => Promise.allSettled([rows(2 * round).writeIceberg(of, { ...own, mode }), rows(2 * round + 1).writeIceberg(of, clean)]));
      front.decide = before.decide = undefined;
      const after = (await ids(of, clean))!;
      // The one that nothing happens to always comes through, once.
      expect(b.status === "rejected" ? (b.reason as Error).message : undefined, `round ${round}`).toBeUndefined();
      const [first, second] = [2 * round, 2 * round + 1];
      const possible = mode === "append" ? [[...known, second], [...known, first, second]] : [[...known, second], [first, second], [first]];
      expect(possible.map((one) => one.sort((x, y) => x - y)), `round ${round}: ${mode} ${fate} at ${at}`).toContainEqual(after);
      if (a.status === "fulfilled") expect(after).toContain(first);
      else if (after.includes(first)) expect((a.reason as Error).message).toContain("is not known");
      else if (mode === "overwrite" && (a.reason as LockstepError).code === "LS2023") expect((a.reason as Error).message).toContain("was changed by others while it was written");
      known = after;
      // One file again: what is read in every round does not grow with the rounds, the table's history does.
      if (round % 20 === 19) await within(environment(), () => rows(...known).writeIceberg(of, { ...clean, mode: "overwrite" }));
    }
    if (what === "folder") expect(readdirSync(join(of, "metadata")).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });
});
