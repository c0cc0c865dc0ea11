/** Tables in a REST catalog and an object store, both real servers: found by their names, read in both executions, refused in our words. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { buildPrograms, type Program } from "../oracle/build-programs.ts";
import { difference } from "../oracle/compare.ts";
import { RankPool } from "../oracle/rank-pool.ts";
import { pythonWith } from "../python.ts";
import { root } from "../scripts/lib.mjs";
import { bare, SECRET, versitygw, within, type Server } from "../stores/servers.ts";
import * as jobs from "./programs/catalog.ts";
import { lockstep } from "../jobs/job-process.ts";
import { guarded, restCatalog, type Catalog } from "./servers.ts";

const scratch = mkdtempSync(join(root, ".lockstep-catalog-"));
const TOKEN = "planted-token-0815";
let store: Server;
let catalog: Catalog;
let front: Awaited<ReturnType<typeof guarded>>;
let programs: Map<string, Program>;
let rows: readonly { id: number; name: string }[];

beforeAll(async () => {
  store = await versitygw();
  catalog = await restCatalog(store);
  front = await guarded(catalog, "someone", SECRET, TOKEN);
  const python = await pythonWith("pyiceberg");
  const { stdout } = await promisify(execFile)(join(python, "python"), [join(root, "test/iceberg/catalog.py"), catalog.uri, store.endpoint], { env: { ...process.env, ...store.env }, maxBuffer: 1 << 26 });
  rows = JSON.parse(stdout) as typeof rows;
  programs = new Map((await buildPrograms([join(root, "test/iceberg/programs/catalog.ts")], join(scratch, "built"))).map((program) => [program.id.split("#")[1]!, program]));
});
afterAll(async () => {
  await front?.stop();
  await catalog?.stop();
  await store?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

const variables = (more: Record<string, string> = {}): Record<string, string> => ({ ...store.env, AWS_SHARED_CREDENTIALS_FILE: "/nonexistent", ...more });

async function onRanks(ranks: number, env: Record<string, string>, name: keyof typeof jobs, ...args: unknown[]): Promise<unknown> {
  const pool = new RankPool(ranks, env);
  try {
    const { chunk, id } = programs.get(name)!;
    const answer = await pool.run({ chunk, id, args });
    if ("error" in answer) throw Object.assign(new Error(answer.error.message), answer.error);
    return answer.value;
  } finally {
    await pool.close();
  }
}

it.each([1, 3])("finds a table by its name, on %i ranks", async (ranks) => {
  for (const name of ["sales.orders", "sales.eu.orders"]) {
    const plain = await within(variables(), () => jobs.orders(name, catalog.uri));
    expect(plain.toSorted((a, b) => a.id - b.id)).toEqual(rows.toSorted((a, b) => a.id - b.id));
    expect(difference(plain, await onRanks(ranks, variables(), "orders", name, catalog.uri))).toBeNull();
  }
});

it("gets a token for the secret of the environment, or has one there", async () => {
  const uri = { PYICEBERG_CATALOG__PROD__URI: front.uri };
  for (const env of [{ ...uri, PYICEBERG_CATALOG__PROD__CREDENTIAL: `someone:${SECRET}` }, { ...uri, PYICEBERG_CATALOG__PROD__TOKEN: TOKEN }]) {
    const before = front.tokens();
    const plain = await within(variables(env), () => jobs.named("sales.orders"));
    expect(front.tokens() - before).toBe("PYICEBERG_CATALOG__PROD__CREDENTIAL" in env ? 1 : 0);
    expect(plain.length).toBe(rows.length);
    // Rank 0 alone asks.
    expect(difference(plain, await onRanks(3, variables(env), "named", "sales.orders"))).toBeNull();
    expect(front.tokens() - before).toBe("PYICEBERG_CATALOG__PROD__CREDENTIAL" in env ? 2 : 0);
  }
});

it("its columns are pulled and checked, by an address or by the name that the environment knows, and no secret is written", async () => {
  const secret = { PYICEBERG_CATALOG__PROD__CREDENTIAL: `someone:${SECRET}`, PYICEBERG_CATALOG__PROD__URI: front.uri };
  const schema = (...args: string[]) => lockstep(["schema", ...args], { ...bare(), ...variables(secret) }, scratch).ended;
  const out = join(scratch, "orders.schema.ts");
  for (const told of [["--catalog", catalog.uri], ["--catalog-name", "prod"], ["--catalog", front.uri, "--catalog-name", "prod"]]) {
    const pulled = await schema("pull", "sales.orders", ...told);
    expect(pulled).toMatchObject({ code: 0, stdout: expect.stringMatching(/^orders\.schema\.ts: interface Orders, 2 columns; readIceberg<Orders>\("sales\.orders", \{ catalog: .* checks programs against it, and so does readIceberg\("sales\.orders"\)/) });
    const text = readFileSync(out, "utf8");
    expect(text).toMatch(/interface Orders \{\n {2}id: number( \| null)?; \/\/ int64\n {2}name: string \| null; \/\/ string\n\}/);
    expect(text + pulled.stdout + pulled.stderr).not.toMatch(/planted|someone/);
    expect(await schema("check", "orders.schema.ts")).toMatchObject({ code: 0, stdout: "orders.schema.ts: as the data\n" });
    writeFileSync(out, text.replace('["name","string', '["name","int64'));
    expect(await schema("check", "orders.schema.ts")).toMatchObject({ code: 1, stdout: expect.stringContaining(`has another type\n  take them over: npx lockstep schema pull sales.orders ${told.join(" ")} -o orders.schema.ts`) });
  }
  const wrong = await lockstep(["schema", "check", "orders.schema.ts"], { ...bare(), ...variables({ ...secret, PYICEBERG_CATALOG__PROD__TOKEN: "planted-wrong" }) }, scratch).ended;
  expect(wrong).toMatchObject({ code: 1, stdout: expect.stringContaining("LS2020: ") });
  expect(await schema("pull", "sales.order", "--catalog-name", "prod")).toMatchObject({ code: 1, stderr: expect.stringContaining("LS2001: ") });
  const planted = await schema("pull", "sales.orders", "--catalog", front.uri.replace("//", "//someone:planted@"), "-o", "planted.schema.ts");
  expect(planted).toMatchObject({ code: 1, stderr: expect.stringContaining("LS2016: ") });
  for (const { stdout, stderr } of [wrong, planted]) expect(stdout + stderr).not.toMatch(/planted-wrong|planted@/);
});

it("says what is wrong, and no secret", async () => {
  const uri = { PYICEBERG_CATALOG__PROD__URI: front.uri };
  const wrong = "planted-wrong-4711";
  const cases: readonly [Record<string, string>, string, object][] = [
    [{ ...uri, PYICEBERG_CATALOG__PROD__TOKEN: TOKEN }, "sales.order", { code: "LS2001", message: expect.stringContaining("sales.order: the catalog has no such table") }],
    [{ ...uri, PYICEBERG_CATALOG__PROD__TOKEN: TOKEN }, "orders", { code: "LS2016", message: expect.stringContaining('whose names are "namespace.table"') }],
    [{ ...uri, PYICEBERG_CATALOG__PROD__TOKEN: wrong }, "sales.orders", { code: "LS2020", message: expect.stringContaining("sales.orders: access is denied") }],
    [{ ...uri, PYICEBERG_CATALOG__PROD__CREDENTIAL: `someone:${wrong}` }, "sales.orders", { code: "LS2020" }],
    [{}, "sales.orders", { code: "LS2016", message: expect.stringContaining("has no address") }],
    [{ PYICEBERG_CATALOG__PROD__URI: `http://someone:${wrong}@127.0.0.1` }, "sales.orders", { code: "LS2016" }],
    [{ PYICEBERG_CATALOG__PROD__URI: "http://127.0.0.1:9", LOCKSTEP_STORE_RETRIES: "0" }, "sales.orders", { code: "LS2021", message: "http://127.0.0.1:9: sales.orders: the catalog cannot be reached" }],
  ];
  for (const [env, name, expected] of cases) {
    const plain = await within(variables(env), () => jobs.named(name).then(() => expect.fail("no error"), (error: unknown) => error as Error));
    expect(plain).toMatchObject(expected);
    // What to do is about this catalog, not about some store.
    if (/^LS202/.test((plain as Error & { code: string }).code)) expect(plain).toMatchObject({ fix: expect.stringMatching(/PYICEBERG_CATALOG__PROD__(URI|TOKEN)/) });
    const ranked = await onRanks(2, variables(env), "named", name).then(() => expect.fail("no error"), (error: unknown) => error as Error);
    expect(ranked).toMatchObject(expected);
    for (const text of [plain.stack!, plain.message, JSON.stringify(ranked), ranked.message]) expect(text).not.toMatch(/planted/);
  }
});
