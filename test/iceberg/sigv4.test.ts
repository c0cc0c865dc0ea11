/**
 * A REST catalog whose requests AWS would sign (Glue, S3 Tables), and AWS's chain of credentials in both executions: keys of the environment, with and
 * without a session, a profile of the shared file, a container's server. What verifies is held against AWS's test vectors in sigv4-vectors.test.ts.
 */
import { createServer, type Server as Http } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { table } from "@lockstep/runtime";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { buildPrograms, type Program } from "../oracle/build-programs.ts";
import { RankPool } from "../oracle/rank-pool.ts";
import { root } from "../scripts/lib.mjs";
import { SECRET, versitygw, within, type Server } from "../stores/servers.ts";
import * as jobs from "./programs/catalog.ts";
import { restCatalog, type Catalog } from "./servers.ts";
import { signedOnly } from "./sigv4.ts";

// In the checkout, so that the built programs find @lockstep/runtime.
const scratch = mkdtempSync(join(root, ".lockstep-sigv4-"));
const [ID, TOKEN] = ["AKIDSESSION", "planted/Token+0815=="];
let store: Server;
let catalog: Catalog;
let front: Awaited<ReturnType<typeof signedOnly>>;
let programs: Map<string, Program>;
/** Where a container finds its credentials, and with what it asks for them. */
let container: Http;
const asks: (string | undefined)[] = [];
let answer: object;

beforeAll(async () => {
  store = await versitygw();
  catalog = await restCatalog(store);
  front = await signedOnly(catalog, { service: "glue", region: "eu-west-1", keys: { test: { secret: SECRET }, [ID]: { secret: SECRET, token: TOKEN } } });
  container = createServer((request, response) => {
    asks.push(request.headers.authorization);
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => container.listen(0, "127.0.0.1", resolve));
  for (const name of ["sales", "sales%1Feu"]) await fetch(`${catalog.uri}/v1/namespaces`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ namespace: decodeURIComponent(name).split("\x1f") }) });
  const plain = { ...store.env, PYICEBERG_CATALOG__PROD__URI: catalog.uri };
  for (const name of ["sales.orders", "sales.eu.orders"]) await within(plain, () => table({ id: [1, 2], name: ["a", "b"] }).writeIceberg(name, { catalog: { name: "prod" }, types: { id: "int64" } }));
  programs = new Map((await buildPrograms([join(root, "test/iceberg/programs/catalog.ts")], join(scratch, "built"))).map((program) => [program.id.split("#")[1]!, program]));
});
afterAll(async () => {
  container?.close();
  await front?.stop();
  await catalog?.stop();
  await store?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

const signing = () => ({ PYICEBERG_CATALOG__PROD__URI: front.uri, PYICEBERG_CATALOG__PROD__REST__SIGV4_ENABLED: "true", PYICEBERG_CATALOG__PROD__REST__SIGNING_NAME: "glue", PYICEBERG_CATALOG__PROD__REST__SIGNING_REGION: "eu-west-1" });
const file = (name: string, text: string): string => (writeFileSync(join(scratch, name), text), join(scratch, name));
const reached = () => ({ AWS_ENDPOINT_URL: store.endpoint, AWS_REGION: "us-east-1", AWS_SHARED_CREDENTIALS_FILE: "/nonexistent", AWS_CONFIG_FILE: "/nonexistent", AWS_EC2_METADATA_DISABLED: "true" });

const pools = new Map<string, RankPool>();
afterEach(async () => {
  await Promise.all([...pools.values()].map((pool) => pool.close()));
  pools.clear();
});

/** 0: plain Node. */
async function run(ranks: number, env: Record<string, string>, name: keyof typeof jobs, ...args: unknown[]): Promise<unknown> {
  if (ranks === 0) return within(env, () => (jobs[name] as (...args: unknown[]) => Promise<unknown>)(...args));
  const of = JSON.stringify([ranks, env]);
  const pool = pools.get(of) ?? new RankPool(ranks, env);
  pools.set(of, pool);
  const { chunk, id } = programs.get(name)!;
  const found = await pool.run({ chunk, id, args });
  if ("error" in found) throw Object.assign(new Error(found.error.message), found.error);
  return found.value;
}

/** Ways to the same keys. */
const chains: Readonly<Record<string, { readonly env: () => Record<string, string>; readonly key: string }>> = {
  "keys of the environment": { env: () => ({ AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: SECRET }), key: "test" },
  "a profile of the shared file": {
    key: "test",
    env: () => ({ AWS_PROFILE: "lake", AWS_SHARED_CREDENTIALS_FILE: file("credentials", `[default]\naws_access_key_id = other\naws_secret_access_key = other\n\n[lake]\naws_access_key_id = test\naws_secret_access_key = ${SECRET}\n`), AWS_CONFIG_FILE: file("config", "[profile lake]\nregion = us-east-1\n") }),
  },
  "a container's server, with a token of a file": {
    key: "test",
    env: () => ({ AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${(container.address() as AddressInfo).port}/v1/credentials`, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file("token", "proof") }),
  },
};

describe.each(Object.entries(chains))("%s", (name, { env, key }) => {
  it.each([0, 1, 3])("a table is read and written, %i ranks", async (ranks) => {
    answer = { AccessKeyId: "test", SecretAccessKey: SECRET, Token: "", Expiration: new Date(Date.now() + 3_600_000).toISOString() };
    asks.length = front.seen.length = 0;
    const all = { ...reached(), ...signing(), ...env() };
    const rows = (await run(ranks, all, "named", "sales.orders")) as object[];
    expect(rows.slice(0, 2)).toEqual([{ id: 1, name: "a" }, { id: 2, name: "b" }]);
    // A namespace of two parts: its separator is encoded twice in what is signed.
    expect(await run(ranks, all, "named", "sales.eu.orders")).toEqual([{ id: 1, name: "a" }, { id: 2, name: "b" }]);
    await run(ranks, all, "added", "sales.orders", 10 + ranks);
    expect(await run(ranks, all, "named", "sales.orders")).toHaveLength(rows.length + 1);
    expect(front.seen.length).toBeGreaterThanOrEqual(8);
    expect(front.seen.filter((request) => request.refused !== undefined || request.key !== key)).toEqual([]);
    expect(front.seen.some(({ method, target }) => method === "POST" && target.endsWith("/tables/orders"))).toBe(true);
    expect(front.seen.some(({ target }) => target.includes("sales%1Feu"))).toBe(true);
    if (name.startsWith("a container")) expect(new Set(asks)).toEqual(new Set(["proof"]));
  });
});

it("keys of a session bring their token, from the environment and from a container's server", async () => {
  answer = { AccessKeyId: ID, SecretAccessKey: SECRET, Token: TOKEN };
  const at = `http://127.0.0.1:${(container.address() as AddressInfo).port}/v1/credentials`;
  for (const env of [{ AWS_ACCESS_KEY_ID: ID, AWS_SECRET_ACCESS_KEY: SECRET, AWS_SESSION_TOKEN: TOKEN }, { AWS_CONTAINER_CREDENTIALS_FULL_URI: at, AWS_CONTAINER_AUTHORIZATION_TOKEN: "proof" }]) {
    asks.length = front.seen.length = 0;
    // The catalog lets it through; of a table that it has not nothing is asked of the store.
    for (const ranks of [0, 2]) await expect(run(ranks, { ...reached(), ...signing(), ...env }, "named", "sales.nothing")).rejects.toMatchObject({ code: "LS2001" });
    expect(front.seen.map(({ key, refused }) => [key, refused])).toEqual(front.seen.map(() => [ID, undefined]));
    expect(asks).toEqual("AWS_CONTAINER_CREDENTIALS_FULL_URI" in env ? ["proof", "proof"] : []);
  }
});

it("what is signed wrongly is refused, with what to do and no secret", async () => {
  const keys = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: SECRET };
  const cases: readonly [env: Record<string, string>, refused: string | undefined][] = [
    [{ ...keys, AWS_SECRET_ACCESS_KEY: "planted-wrong" }, "another signature"],
    [{ ...keys, AWS_ACCESS_KEY_ID: "who" }, "unknown key"],
    [{ ...keys, AWS_SESSION_TOKEN: "planted-wrong" }, "wrong token"],
    [{ ...keys, PYICEBERG_CATALOG__PROD__REST__SIGNING_NAME: "execute-api" }, "signed for execute-api in eu-west-1"],
    [{ ...keys, PYICEBERG_CATALOG__PROD__REST__SIGNING_REGION: "" }, "signed for glue in us-east-1"],
    [{ ...keys, PYICEBERG_CATALOG__PROD__REST__SIGV4_ENABLED: "" }, "not signed"],
    [{}, undefined],
  ];
  for (const [env, refused] of cases) {
    for (const ranks of refused === "another signature" ? [0, 2] : [0]) {
      front.seen.length = 0;
      const error = (await run(ranks, { ...reached(), ...signing(), ...env }, "named", "sales.orders").then(() => expect.fail("no error"), (thrown: unknown) => thrown)) as Error & { fix: string };
      expect(error).toMatchObject({ code: "LS2020", fix: expect.stringContaining("PYICEBERG_CATALOG__PROD__REST__SIGV4_ENABLED") });
      expect(front.seen.map((request) => request.refused)).toEqual(refused === undefined ? [] : [refused]);
      for (const text of [String(error), error.stack!, JSON.stringify(error)]) expect(text).not.toMatch(/planted|4711/);
    }
  }
});
