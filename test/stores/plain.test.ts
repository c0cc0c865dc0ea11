/** Plain Node with real servers: reading, writing, mistakes. The compiled program is compared with it in s3.test.ts. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readCsv, readParquet, table } from "@lockstep/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { shared } from "../sample.ts";
import { Bucket } from "./bucket.ts";
import { s3mock, SECRET, versitygw, within, type Server } from "./servers.ts";

const scratch = mkdtempSync(join(tmpdir(), "lockstep-stores-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const rows = table({ id: [1, 2, 3], name: ["a", null, "ü"] });
const again = table({ id: [7], name: ["z"] });
interface Row { id: number; name: string | null }

// The second server in the long form alone: s3.test.ts has it read and write.
for (const start of shared([versitygw, s3mock], 0)) {
  describe(start.name, () => {
    let server: Server;
    let bucket: Bucket;
    beforeAll(async () => {
      server = await start();
      bucket = new Bucket(server);
    });
    afterAll(() => server?.stop());
    const here = <T>(work: () => Promise<T>): Promise<T> => within(server.env, work);
    const failure = (work: () => Promise<unknown>): Promise<{ code?: string; message: string }> => here(() => work().then(() => expect.fail("no error"), (error: unknown) => error as Error));

    it("writes and reads, once and again", async () => {
      await here(() => rows.writeParquet("s3://lockstep/plain/out"));
      const keys = [...(await bucket.list("plain/out")).keys()];
      expect(keys).toEqual(["plain/out/_lockstep.json", expect.stringMatching(/^plain\/out\/part-00000-[\w-]+\.parquet$/)]);
      expect((await here(() => readParquet<Row>("s3://lockstep/plain/out"))).objects()).toEqual(rows.objects());
      expect(await failure(() => again.writeParquet("s3://lockstep/plain/out"))).toMatchObject({ code: "LS2007" });
      await here(() => again.writeParquet("s3://lockstep/plain/out", { mode: "overwrite" }));
      expect((await here(() => readParquet<Row>("s3://lockstep/plain/out/"))).objects()).toEqual(again.objects());
      expect((await bucket.list("plain/out")).size).toBe(2);
      expect((await bucket.uploads()).filter((key) => key.startsWith("plain/"))).toEqual([]);
    });

    it("finds files, folders, patterns and lists", async () => {
      const folder = join(scratch, server.name);
      await rows.writeCsv(join(folder, "one"));
      await again.writeCsv(join(folder, "two"));
      await bucket.copy(folder, "found");
      await bucket.put("found/_hidden/x.csv", "id,name\n9,x\n");
      await bucket.put("found/odd name+é%20.csv", "id,name\n9,x\n");
      const read = (path: string | string[]): Promise<number[]> => here(async () => (await readCsv<Row>(path)).objects().map(({ id }) => id));
      expect(await read("s3://lockstep/found")).toEqual([9, 1, 2, 3, 7]);
      expect(await read("s3://lockstep/found/one/part-00000.csv")).toEqual([1, 2, 3]);
      expect(await read("s3://lockstep/found/*/part-*.csv")).toEqual([1, 2, 3, 7]);
      expect(await read("s3://lockstep/found/{two,one}")).toEqual([1, 2, 3, 7]);
      expect(await read(["s3://lockstep/found/two", "s3://lockstep/found/one"])).toEqual([7, 1, 2, 3]);
      expect(await read("s3://lockstep/found/odd name+é%20.csv")).toEqual([9]);
      expect(await failure(() => readCsv("s3://lockstep/found/tow"))).toMatchObject({ code: "LS2001", message: expect.stringContaining("two") });
      expect(await failure(() => readCsv("s3://lockstep/found/x*.csv"))).toMatchObject({ code: "LS2001", message: "no file matches s3://lockstep/found/x*.csv" });
    });

    it("says what is wrong, once, and no secret", async () => {
      const wrong = async (url: string, env: Record<string, string>): Promise<{ code?: string; message: string }> =>
        within({ ...server.env, ...env }, () => readCsv(url).then(() => expect.fail("no error"), (error: unknown) => error as Error));
      expect(await wrong("s3://nowhere/x", {})).toMatchObject({ code: "LS2001", message: expect.stringContaining("s3://nowhere/x: there is no such bucket") });
      expect(await wrong("s3://lockstep/x", { AWS_ACCESS_KEY_ID: "" })).toMatchObject({ code: "LS2020", message: expect.stringContaining("no credentials"), fix: expect.stringContaining("Set AWS_ACCESS_KEY_ID") });
      for (const url of [`s3://key:${SECRET}@lockstep/x`, `gcs://${SECRET}`]) {
        const error = await wrong(url, {});
        expect(error.code).toBe("LS2015");
        expect(String(error)).not.toContain("4711");
      }
      // S3Mock believes everybody.
      if (server.name !== "versitygw") return;
      expect(await wrong("s3://lockstep/x", { AWS_SECRET_ACCESS_KEY: "wrong" })).toMatchObject({ code: "LS2020", message: expect.stringContaining("secret key") });
      expect(await wrong("s3://lockstep/x", { AWS_ACCESS_KEY_ID: "who" })).toMatchObject({ code: "LS2020", message: expect.stringContaining("does not know the access key") });
    });
  });
}
