/** The other clouds against their emulators, and files of a web server: both executions, each reads what the other wrote. */
import { readFileSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server as WebServer } from "node:http";
import { join } from "node:path";
import { readParquet, table } from "@lockstep/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildPrograms, type Program } from "../oracle/build-programs.ts";
import { makeTables, type Tables } from "../oracle/data.ts";
import { RankPool } from "../oracle/rank-pool.ts";
import { root } from "../scripts/lib.mjs";
import * as jobs from "./programs/jobs.ts";
import { azurite, bare, fakeGcs, within, type Server } from "./servers.ts";

const scratch = mkdtempSync(join(root, ".lockstep-clouds-"));
let tables: Tables;
let programs: Map<string, Program>;
beforeAll(async () => {
  tables = await makeTables(join(scratch, "tables"));
  programs = new Map((await buildPrograms([join(root, "test/stores/programs/jobs.ts")], join(scratch, "built"))).map((program) => [program.id.split("#")[1]!, program]));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

async function run(pool: RankPool, name: keyof typeof jobs, ...args: unknown[]): Promise<unknown> {
  const { chunk, id } = programs.get(name)!;
  const answer = await pool.run({ chunk, id, args });
  if ("error" in answer) throw Object.assign(new Error(answer.error.message), answer.error);
  return answer.value;
}

for (const [scheme, start] of [["az", azurite], ["gs", fakeGcs]] as const) {
  describe(`${scheme}://`, () => {
    let server: Server;
    let pool: RankPool;
    beforeAll(async () => {
      server = await start();
      pool = new RankPool(3, { ...bare(), ...server.env });
    });
    afterAll(async () => {
      await pool?.close();
      await server?.stop();
    });

    // fake-gcs-server has no uploads in pieces.
    it.runIf(scheme === "gs")("is read by both executions", async () => {
      for (const name of ["a.parquet", "b.parquet"]) {
        const url = `${server.endpoint}/upload/storage/v1/b/lockstep/o?uploadType=media&name=in/large/${name}`;
        const put = await fetch(url, { method: "POST", body: readFileSync(join(tables.large, name)) });
        expect(put.ok).toBe(true);
      }
      const right = await jobs.counted(tables.large);
      for (const path of ["gs://lockstep/in/large", "gs://lockstep/in/*/?.parquet"]) {
        expect(await run(pool, "counted", path)).toEqual(right);
        expect(await within(server.env, () => jobs.counted(path))).toEqual(right);
      }
    });

    it.runIf(scheme === "az")("is read and written by both executions", async () => {
      const right = await jobs.counted(tables.large);
      const at = (name: string): string => `${scheme}://lockstep/${name}`;
      await within(server.env, () => jobs.copied(tables.large, at("plain")));
      expect(await run(pool, "counted", at("plain"))).toEqual(right);
      await run(pool, "copied", at("plain"), at("ranks/out"));
      expect(await within(server.env, () => jobs.counted(at("ranks/out")))).toEqual(right);
      expect(await run(pool, "counted", at("ranks/*/part-*.parquet"))).toEqual(right);
      await expect(run(pool, "copied", at("plain"), at("ranks/out"))).rejects.toMatchObject({ code: "LS2007" });
      await within(server.env, () => table({ id: [1] }).writeParquet(at("plain"), { mode: "overwrite" }));
      expect((await within(server.env, () => readParquet(at("plain")))).objects()).toEqual([{ id: 1 }]);
    });

    it("says what is missing", async () => {
      if (scheme === "az") {
        await expect(run(pool, "counted", "az://nowhere/x")).rejects.toMatchObject({ code: "LS2001" });
        await expect(within(server.env, () => readParquet("az://nowhere/x"))).rejects.toMatchObject({ code: "LS2001" });
      }
      await expect(run(pool, "counted", `${scheme}://lockstep/x`)).rejects.toMatchObject({ code: "LS2001", message: expect.stringContaining("does not exist") });
    });
  });
}

describe("http://", () => {
  let web: WebServer;
  let base: string;
  let pool: RankPool;
  const asked: string[] = [];
  beforeAll(async () => {
    web = createServer((request, response) => {
      const url = new URL(request.url!, "http://x");
      asked.push(`${request.method} ${url.search}`);
      // As a store does with a signed URL: GET alone, with the signature.
      const refused = url.pathname.startsWith("/signed") && (request.method !== "GET" || url.search !== "?Signature=planted4711");
      if (refused) return void response.writeHead(403).end("<Error><Code>AccessDenied</Code></Error>");
      const bytes = url.pathname.endsWith("/large.parquet") ? readFileSync(join(tables.large, "a.parquet")) : undefined;
      if (!bytes) return void response.writeHead(404).end();
      const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
      const headers = { etag: '"1"', "last-modified": new Date(0).toUTCString(), "accept-ranges": "bytes" };
      if (from === undefined) return void response.writeHead(200, { ...headers, "content-length": bytes.length }).end(request.method === "HEAD" ? undefined : bytes);
      const part = bytes.subarray(Number(from), Number(to) + 1);
      response.writeHead(206, { ...headers, "content-length": part.length, "content-range": `bytes ${from}-${Number(from) + part.length - 1}/${bytes.length}` }).end(part);
    });
    await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${(web.address() as { port: number }).port}`;
    pool = new RankPool(2);
  });
  afterAll(async () => {
    await pool?.close();
    web?.close();
  });

  it("is read, with a signed URL's query, which nobody sees", async () => {
    const right = await jobs.counted(join(tables.large, "a.parquet"));
    for (const url of [`${base}/large.parquet`, `${base}/signed/large.parquet?Signature=planted4711`]) {
      expect(await run(pool, "counted", url)).toEqual(right);
      expect(await jobs.counted(url)).toEqual(right);
    }
    for (const work of [() => run(pool, "counted", `${base}/signed/none.parquet?Signature=planted4711`), () => jobs.counted(`${base}/signed/none.parquet?Signature=planted4711`)]) {
      const error = await work().then(() => expect.fail("no error"), (error: unknown) => error as Error);
      expect(error).toMatchObject({ code: "LS2001" });
      expect(JSON.stringify(error) + String(error) + error.stack).not.toContain("planted");
    }
    await expect(run(pool, "counted", `${base}/signed/large.parquet`)).rejects.toMatchObject({ code: "LS2020" });
    await expect(run(pool, "copied", `${base}/large.parquet`, `${base}/out`)).rejects.toMatchObject({ code: "LS2015" });
  });
});
