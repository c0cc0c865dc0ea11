/**
 * Object stores as inputs and outputs: untransformed and on 1, 2, 3 and 7 ranks the answers of local files, from two
 * servers. What ranks wrote plain Node reads, and the other way round. Requests are counted in front of the server.
 */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { table } from "@lockstep/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lockstep } from "../jobs/job-process.ts";
import { buildPrograms, type Program } from "../oracle/build-programs.ts";
import { difference } from "../oracle/compare.ts";
import { makeTables, type Tables } from "../oracle/data.ts";
import { type Answer, RankPool } from "../oracle/rank-pool.ts";
import { writtenDifference } from "../oracle/written.ts";
import { isLong, shared } from "../sample.ts";
import { root } from "../scripts/lib.mjs";
import { Bucket } from "./bucket.ts";
import * as jobs from "./programs/jobs.ts";
import { proxy, type Proxy } from "./proxy.ts";
import { bare, s3mock, SECRET, versitygw, within, type Server } from "./servers.ts";

// In the checkout, so that the built programs find @lockstep/runtime.
const scratch = mkdtempSync(join(root, ".lockstep-stores-"));
let tables: Tables;
let programs: Map<string, Program>;
const remote = { measurements: "s3://lockstep/in/measurements", large: "s3://lockstep/in/large", notes: "s3://lockstep/in/notes.csv" };

beforeAll(async () => {
  tables = await makeTables(join(scratch, "tables"));
  const file = join(root, "test/stores/programs/jobs.ts");
  programs = new Map((await buildPrograms([file], join(scratch, "built"))).map((program) => [program.id.split("#")[1]!, program]));
  await jobs.written(tables, join(scratch, "right"));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

async function value(pool: RankPool, name: keyof typeof jobs, ...args: unknown[]): Promise<unknown> {
  const { chunk, id } = programs.get(name)!;
  const answer: Answer = await pool.run({ chunk, id, args });
  if ("error" in answer) throw Object.assign(new Error(answer.error.message), answer.error);
  return answer.value;
}

for (const [turn, start] of [versitygw, s3mock].entries()) {
  // In the short form the second server reads and writes alone, on one count of ranks.
  const first = isLong || turn === 0 ? it : it.skip;
  describe(start.name, () => {
    let server: Server;
    let front: Proxy;
    let bucket: Bucket;
    const pools = new Map<number, RankPool>();
    const pool = (ranks: number): RankPool => {
      if (!pools.has(ranks)) pools.set(ranks, new RankPool(ranks, { ...front.env, AWS_SHARED_CREDENTIALS_FILE: "/nonexistent" }));
      return pools.get(ranks)!;
    };
    beforeAll(async () => {
      server = await start();
      front = await proxy(server);
      bucket = new Bucket(server);
      for (const name of ["measurements", "large", "notes"] as const) await bucket.copy(tables[name], remote[name].replace("s3://lockstep/", ""));
    });
    afterAll(async () => {
      await Promise.all([...pools.values()].map((pool) => pool.close()));
      await front?.stop();
      await server?.stop();
    });

    /** The files of an output, hidden ones left out, as a local folder. */
    async function fetched(prefix: string): Promise<string> {
      const folder = join(scratch, server.name, prefix);
      for (const key of (await bucket.list(prefix)).keys()) {
        if (/(^|\/)_/.test(key)) continue;
        const file = join(folder, key.slice(prefix.length + 1));
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, await bucket.get(key));
      }
      return folder;
    }

    for (const ranks of shared([1, 2, 3, 7], turn).slice(0, isLong || turn === 0 ? undefined : 1)) {
      it(`reads and writes on ${ranks} rank${ranks === 1 ? "" : "s"}`, async () => {
        expect(difference(await jobs.sums(tables), await value(pool(ranks), "sums", remote))).toBeNull();
        expect(difference(await jobs.texts(tables), await value(pool(ranks), "texts", remote))).toBeNull();
        await value(pool(ranks), "written", remote, `s3://lockstep/out${ranks}`);
        expect(await writtenDifference("written", join(scratch, "right"), await fetched(`out${ranks}`))).toBeNull();
        // The other execution finds the same rows in it.
        const counted = await within(server.env, () => jobs.counted(`s3://lockstep/out${ranks}/rows`));
        expect(counted).toEqual(await jobs.counted(join(scratch, "right/rows")));
        const right = await jobs.batches(join(scratch, "right/batches"));
        expect(difference(right, await value(pool(ranks), "batches", `s3://lockstep/out${ranks}/batches`))).toBeNull();
        expect(difference(right, await within(server.env, () => jobs.batches(`s3://lockstep/out${ranks}/batches`)))).toBeNull();
        await expect(value(pool(ranks), "written", remote, `s3://lockstep/out${ranks}`)).rejects.toMatchObject({ code: "LS2007" });
        await value(pool(ranks), "overwritten", remote, `s3://lockstep/out${ranks}`);
        expect(await value(pool(ranks), "counted", `s3://lockstep/out${ranks}/rows`)).toMatchObject([{ n: 100_000 }]);
        expect(await bucket.uploads()).toEqual([]);
        expect([...(await bucket.list(`out${ranks}`)).keys()].filter((key) => key.includes("/_lockstep-"))).toEqual([]);
      });
    }

    first("plain Node's outputs are read by ranks", async () => {
      await within(server.env, () => jobs.written(remote, "s3://lockstep/plain"));
      expect(await writtenDifference("written", join(scratch, "right"), await fetched("plain"))).toBeNull();
      expect(await value(pool(3), "counted", "s3://lockstep/plain/rows")).toEqual(await jobs.counted(join(scratch, "right/rows")));
    });

    first("columns are pulled and checked, of each format and of a table, with what says how the store is reached", async () => {
      const rows = table({ n: [1, 2], s: ["a", null] });
      await within(server.env, async () => {
        await rows.writeParquet("s3://lockstep/kinds/p");
        await rows.writeArrow("s3://lockstep/kinds/a");
        await rows.writeCsv("s3://lockstep/kinds/c");
        await rows.writeJsonLines("s3://lockstep/kinds/j");
        await rows.writeIceberg("s3://lockstep/kinds/i");
      });
      const { AWS_ENDPOINT_URL: endpoint, AWS_REGION: region, ...keys } = server.env;
      const schema = (...args: string[]) => lockstep(["schema", ...args], { ...bare(), ...keys }, scratch).ended;
      for (const [place, reader] of [["p", "readParquet"], ["p/*.parquet", "readParquet"], ["a", "readArrow"], ["c", "readCsv"], ["j", "readJsonLines"], ["i", "readIceberg"]] as const) {
        const url = `s3://lockstep/kinds/${place}`;
        const told = ["--endpoint", endpoint!, "--region", region!, "--path-style"];
        expect(await schema("pull", url, ...told, "-o", "kind.schema.ts"), place).toMatchObject({ code: 0, stdout: expect.stringContaining(`: interface Kind, 2 columns; ${reader}<Kind>(path, { store: {"endpoint":`) });
        const text = readFileSync(join(scratch, "kind.schema.ts"), "utf8");
        expect(text).toMatch(/n: number( \| null)?; \/\/ float64\n {2}s: string \| null; \/\/ string\n/);
        expect(text).toContain(`"path":"${url}"`);
        expect(await schema("check", "kind.schema.ts"), place).toMatchObject({ code: 0, stdout: "kind.schema.ts: as the data\n" });
        writeFileSync(join(scratch, "kind.schema.ts"), text.replace('["n","float64', '["n","int64'));
        expect(await schema("check", "kind.schema.ts"), place).toMatchObject({ code: 1, stdout: expect.stringContaining(`npx lockstep schema pull ${url.includes("*") ? `'${url}'` : url} ${told.join(" ")} -o kind.schema.ts`) });
      }
      const signed = `${endpoint}/lockstep/kinds/p/x.parquet?X-Amz-Signature=planted`;
      expect(await schema("pull", signed, "-o", "signed.schema.ts")).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error LS2016: the URL holds a signature(?![^]*planted)/) });
    });

    first("a call that fails leaves nothing", async () => {
      await expect(value(pool(3), "failing", remote, "s3://lockstep/failed")).rejects.toMatchObject({ name: "RangeError" });
      expect([...(await bucket.list("failed")).keys()]).toEqual([]);
      expect(await bucket.uploads()).toEqual([]);
    });

    first("one listing, one footer a file, no byte of a column twice", async () => {
      front.taken();
      await value(pool(3), "sums", remote);
      const asked = front.taken();
      const sizes = await bucket.list("in/measurements");
      expect(asked.filter(({ query }) => query.includes("list-type"))).toHaveLength(1);
      expect(asked.filter(({ method }) => method === "HEAD")).toEqual([]);
      const gets = asked.filter(({ method, query }) => method === "GET" && !query.includes("list-type"));
      const ofEnd = ({ path, range }: { path: string; range: string | undefined }): boolean => range!.endsWith(`-${sizes.get(path.replace("/lockstep/", ""))! - 1}`);
      expect(gets.filter(ofEnd)).toHaveLength(sizes.size);
      // Two of the three files have rows; a part may begin within a file.
      expect(gets.filter((get) => !ofEnd(get)).length).toBeLessThanOrEqual(2 + 3 - 1);
    });

    first("the summary counts the requests that came, of all ranks", async () => {
      const { module } = programs.get("counted")!;
      const main = join(scratch, "built/summary.mjs");
      writeFileSync(main, `import { counted } from ${JSON.stringify(module)};\nconsole.log(JSON.stringify(await counted(${JSON.stringify(remote.large)})));\n`);
      front.taken();
      const env = { ...process.env, ...front.env, VITEST: undefined, AWS_SHARED_CREDENTIALS_FILE: "/nonexistent" };
      const { stderr } = await promisify(execFile)(process.execPath, [join(root, "runtime/bin/lockstep.mjs"), "run", "-n", "2", "--summary", main], { env });
      expect(stderr).toContain(`, ${front.taken().length} store requests (`);
    });

    first("says what is wrong: the source, the rank, what to do; no secret", async () => {
      const wrong = async (env: Record<string, string>, from = remote.large): Promise<Error & { code?: string }> => {
        const other = new RankPool(2, { ...bare(), ...front.env, ...env });
        try {
          return await value(other, "counted", from).then(() => expect.fail("no error"), (error: unknown) => error as Error);
        } finally {
          await other.close();
        }
      };
      expect(await wrong({}, "s3://nowhere/x")).toMatchObject({ code: "LS2001", message: expect.stringContaining("no such bucket") });
      expect(await wrong({}, "s3://lockstep/in/lrage")).toMatchObject({ code: "LS2001", message: expect.stringContaining('did you mean "large"') });
      expect(await wrong({ AWS_ENDPOINT_URL: "http://127.0.0.1:9" })).toMatchObject({ code: "LS2021", message: expect.stringContaining("cannot be reached") });
      if (server.name !== "versitygw") return;
      for (const [env, message] of [
        [{ AWS_SECRET_ACCESS_KEY: `${SECRET}!` }, "secret key"],
        [{ AWS_ACCESS_KEY_ID: "who" }, "does not know the access key"],
      ] as const) {
        const error = await wrong(env);
        expect(error).toMatchObject({ code: "LS2020", message: expect.stringContaining(message) });
        expect(JSON.stringify(error) + String(error)).not.toContain("4711");
      }
    });
  });
}
