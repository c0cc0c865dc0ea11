/**
 * A network and a store that fail, in front of a real server: jobs end well, with the right bytes, and with at most 1.3
 * times the requests. Commits of plain Node with a crash or a lost answer at every request: all or nothing, never twice.
 * `cargo test -p lockstep-connectors commit` has the engine's.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { LockstepError, readParquet, table } from "@lockstep/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildPrograms, type Program } from "../oracle/build-programs.ts";
import { makeTables, type Tables } from "../oracle/data.ts";
import { RankPool } from "../oracle/rank-pool.ts";
import { commits } from "../sample.ts";
import { root } from "../scripts/lib.mjs";
import { Bucket } from "./bucket.ts";
import * as jobs from "./programs/jobs.ts";
import { proxy, random, type Proxy } from "./proxy.ts";
import { versitygw, within, type Server } from "./servers.ts";

let server: Server;
let front: Proxy;
let bucket: Bucket;
beforeAll(async () => {
  server = await versitygw();
  front = await proxy(server, 11);
  bucket = new Bucket(server);
});
afterAll(async () => {
  await front?.stop();
  await server?.stop();
});

const rows = table({ id: [1, 2, 3], name: ["a", null, "ü"] });
const others = table({ id: [7], name: ["z"] });
const ids = async (path: string): Promise<number[] | undefined> => {
  const found = await within(server.env, () => readParquet<{ id: number }>(path)).catch((error: unknown) => error as LockstepError);
  if (!(found instanceof Error)) return found.objects().map(({ id }) => id);
  if (found instanceof LockstepError && found.code === "LS2001") return undefined;
  throw found;
};

describe("5 % busy, 1 % cut, 0.5 % unanswered, 2 s stalls, cut bodies", () => {
  const scratch = mkdtempSync(join(root, ".lockstep-faults-"));
  let tables: Tables;
  let programs: Map<string, Program>;
  let pool: RankPool;
  beforeAll(async () => {
    tables = await makeTables(join(scratch, "tables"));
    programs = new Map((await buildPrograms([join(root, "test/stores/programs/jobs.ts")], join(scratch, "built"))).map((program) => [program.id.split("#")[1]!, program]));
    await bucket.copy(tables.large, "in/large");
    pool = new RankPool(3, front.env);
  });
  afterAll(async () => {
    await pool?.close();
    rmSync(scratch, { recursive: true, force: true });
  });

  it("ranks read and write the right bytes", async () => {
    const run = async (name: string, ...args: unknown[]): Promise<unknown> => {
      const { chunk, id } = programs.get(name)!;
      const answer = await pool.run({ chunk, id, args });
      if ("error" in answer) throw Object.assign(new Error(answer.error.message), answer.error);
      return answer.value;
    };
    const right = await jobs.counted(tables.large);
    const requests: number[] = [];
    for (const faults of [{}, { busy: 0.05, reset: 0.01, lost: 0.005, stalled: 0.005, truncated: 0.01 }]) {
      front.faults = faults;
      front.taken();
      const prefix = Object.keys(faults).length === 0 ? "calm" : "stormy";
      for (let round = 0; round < 8; round++) {
        await run("copied", "s3://lockstep/in/large", `s3://lockstep/${prefix}/${round}`);
        expect(await run("counted", `s3://lockstep/${prefix}/${round}`)).toEqual(right);
      }
      requests.push(front.taken().length);
    }
    front.faults = {};
    expect(requests[1]! / requests[0]!).toBeLessThanOrEqual(1.3);
    expect(await within(server.env, () => jobs.counted("s3://lockstep/stormy/3"))).toEqual(right);
  });
});

describe("plain Node's commit", () => {
  for (const fate of ["crash", "lost"] as const) {
    it(`${fate === "crash" ? "a crash" : "a lost answer"} at every request`, async () => {
      for (let at = 0; ; at++) {
        const path = `s3://lockstep/commits/${fate}-${at}`;
        let request = 0;
        // After a crash nothing more is sent.
        front.decide = () => (request++ === at ? fate : fate === "crash" && request > at ? "crash" : undefined);
        const crashing = fate === "crash" ? within({ ...front.env, LOCKSTEP_STORE_RETRIES: "0" }, () => rows.writeParquet(path)) : within(front.env, () => rows.writeParquet(path));
        const failed = await crashing.then(() => false, () => true);
        front.decide = undefined;
        const seen = await ids(path);
        expect(seen === undefined || seen.join() === "1,2,3", `${path}: ${seen}`).toBe(true);
        if (fate === "lost") expect(failed, path).toBe(false);
        if (!failed) expect(seen).toEqual([1, 2, 3]);
        const again = await within(server.env, () => others.writeParquet(path)).then(() => undefined, (error: unknown) => (error as LockstepError).code);
        expect(again).toBe(seen === undefined ? undefined : "LS2007");
        expect(await ids(path)).toEqual(seen ?? [7]);
        if (request <= at) break;
      }
    });
  }

  const rounds = commits(12);
  it("two writers at once", { timeout: 300_000 + 500 * rounds }, async () => {
    const next = random(5);
    /** Uploads whose name never came back: nobody can give them up, the bucket's rules remove them. */
    let nameless = 0;
    for (let round = 0; round < rounds; round++) {
      const path = `s3://lockstep/both/${round}`;
      const overwrite = next() < 0.5;
      const mode = overwrite ? "overwrite" : "create";
      const lose = next() < 0.5 ? Math.floor(next() * 24) : -1;
      let request = 0;
      front.decide = ({ method, url }) => {
        if (request++ !== lose) return undefined;
        if (method === "POST" && /\?uploads/.test(url)) nameless++;
        return "lost";
      };
      const results = await within(front.env, () => Promise.allSettled([rows.writeParquet(path, { mode }), others.writeParquet(path, { mode })]));
      front.decide = undefined;
      const [a, b] = results.map(({ status }) => status === "fulfilled");
      const seen = (await ids(path))!.join();
      expect(overwrite ? [a && b && /^(1,2,3|7)$/.test(seen)] : [a !== b, seen], `round ${round}`).toEqual(overwrite ? [true] : [true, a ? "1,2,3" : "7"]);
      expect([...(await bucket.list(`both/${round}/`)).keys()]).toHaveLength(2);
    }
    expect((await bucket.uploads()).filter((key) => key.startsWith("both/"))).toHaveLength(nameless);
  });
});
