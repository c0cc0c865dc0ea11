/** What goes wrong between a program and Snowflake, on ranks and under plain Node: one error each, no secret, no hang; and what is tried again. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Executions } from "../executions.ts";
import { type Answer, type Failure, RankPool } from "../oracle/rank-pool.ts";
import { freePort } from "../stores/servers.ts";
import * as tables from "./programs/tables.ts";
import { SECRET, type Server, startSnowflake } from "./server.ts";

const programs = new Executions(tables, "test/snowflake/programs/tables.ts");
type Name = keyof typeof tables;
type Env = Readonly<Record<string, string>>;

let server: Server;
let impatient: Env;
let closed: number;

beforeAll(async () => {
  server = await startSnowflake();
  impatient = { ...server.env, LOCKSTEP_STORE_RETRIES: "1" };
  closed = await freePort();
  await programs.open(impatient);
});

afterAll(async () => {
  await programs.close();
  await server?.stop();
});

/** Under plain Node, and on ranks, of their own where the environment is another one. */
async function both(env: Env, name: Name, args: readonly unknown[] = [], ranks = 2): Promise<[Answer, Answer]> {
  if (env === impatient) return [await programs.plain(name, args), await programs.onRanks(ranks, name, args)];
  const pool = new RankPool(ranks, env);
  try {
    return [await programs.plain(name, args, env), await programs.on(pool, name, args)];
  } finally {
    await pool.close();
  }
}

const failure = (answer: Answer): Failure => ("error" in answer ? answer.error : expect.fail(`no error but ${JSON.stringify(answer.value)}`));
/** What opens a session, a result or a chunk. */
const secrets = ["planted", encodeURIComponent(SECRET), "BEGIN"];

describe("errors", () => {
  const orders = "select id from sales.orders";
  const cases: [string, () => Env, Name, unknown[], string, RegExp][] = [
    ["a wrong password", () => ({ ...impatient, SNOWFLAKE_PASSWORD: "planted-wrong" }), "small", [], "LS2020", /127\.0\.0\.1:\d+ refuses access: Incorrect username or password was specified\. \(error 390100\)/],
    ["no password", () => ({ ...impatient, SNOWFLAKE_PASSWORD: "" }), "small", [], "LS2020", /no password, key or token/],
    ["nobody", () => ({ ...impatient, SNOWFLAKE_USER: "" }), "small", [], "LS2020", /SNOWFLAKE_USER is not set/],
    ["no account", () => ({ ...impatient, SNOWFLAKE_ACCOUNT: "" }), "small", [], "LS2015", /nothing says which account of Snowflake it is/],
    ["an account with a password", () => impatient, "placed", [`ann:${SECRET}@myorg`, "W"], "LS2015", /what stands for the account of Snowflake is none/],
    ["an authenticator that opens a browser", () => ({ ...impatient, SNOWFLAKE_AUTHENTICATOR: "externalbrowser" }), "small", [], "LS2015", /need nobody at a browser/],
    ["a token that is none", () => ({ ...impatient, SNOWFLAKE_AUTHENTICATOR: "oauth", SNOWFLAKE_TOKEN: "planted-wrong" }), "small", [], "LS2020", /Invalid OAuth access token/],
    ["no token", () => ({ ...impatient, SNOWFLAKE_AUTHENTICATOR: "oauth" }), "small", [], "LS2015", /there is no token/],
    ["a key that is none", () => ({ ...impatient, SNOWFLAKE_PRIVATE_KEY_PATH: join(programs.scratch, "none.p8") }), "small", [], "LS2015", /SNOWFLAKE_PRIVATE_KEY_PATH names has no private key/],
    ["no file of a key", () => ({ ...impatient, SNOWFLAKE_PRIVATE_KEY_PATH: "/nonexistent" }), "small", [], "LS2015", /the file that SNOWFLAKE_PRIVATE_KEY_PATH names cannot be read$/],
    ["a key where its path should stand", () => ({ ...impatient, SNOWFLAKE_PRIVATE_KEY_PATH: SECRET }), "small", [], "LS2015", /the file that SNOWFLAKE_PRIVATE_KEY_PATH names cannot be read$/],
    ["a token where its path should stand", () => ({ ...impatient, SNOWFLAKE_AUTHENTICATOR: "oauth", SNOWFLAKE_TOKEN_FILE_PATH: SECRET }), "small", [], "LS2015", /the file that SNOWFLAKE_TOKEN_FILE_PATH names cannot be read$/],
    ["a wrong passphrase", () => ({ ...impatient, SNOWFLAKE_PRIVATE_KEY_PATH: server.key, SNOWFLAKE_PRIVATE_KEY_PASSPHRASE: "planted-wrong" }), "small", [], "LS2015", /SNOWFLAKE_PRIVATE_KEY_PATH names has no private key/],
    ["another's key", () => ({ ...impatient, SNOWFLAKE_ACCOUNT: "other", SNOWFLAKE_USER: "bob", SNOWFLAKE_PRIVATE_KEY_PATH: join(programs.scratch, "other.p8") }), "small", [], "LS2020", /JWT token is invalid\. \(error 390144\)/],
    ["no server", () => ({ ...impatient, SNOWFLAKE_PORT: `${closed}` }), "small", [], "LS2021", /127\.0\.0\.1:\d+: the connection was lost while the session was opened: connection refused/],
    ["no table", () => impatient, "asked", ["sales.order"], "LS2001", /sales\.order at 127\.0\.0\.1:\d+: Snowflake refuses it: .*\(error 002003\)/],
    ["a broken query", () => impatient, "asked", [`${orders} where`], "LS2015", /the query at 127\.0\.0\.1:\d+: Snowflake refuses it: .*\(error 001003\)/],
    ["no right", () => impatient, "asked", [`${orders} /* forbidden */`], "LS2020", /Insufficient privileges .*\(error 003001\)/],
    ["no warehouse", () => impatient, "asked", [`${orders} /* asleep */`], "LS2015", /No active warehouse/],
    ["two columns of a name", () => impatient, "asked", ["select id, 5 as id from sales.orders"], "LS2015", /two columns/],
    ["a chunk that is gone", () => impatient, "asked", [`${orders} /* gone */`], "LS2021", /the query at 127\.0\.0\.1:\d+, chunk 2 of 14: .*status 403/],
    ["a store that is down", () => impatient, "asked", [`${orders} /* down */`], "LS2021", /chunk 2 of 14: the connection was lost while it was read: .*status 503/],
    ["a chunk that is always cut", () => impatient, "asked", [`${orders} /* always cut */`], "LS2021", /chunk 2 of 14: the connection was lost while it was read/],
    ["a chunk that is damaged", () => impatient, "asked", [`${orders} /* damaged */`], "LS2005", /chunk 2 of 14/],
    ["a chunk of other rows", () => impatient, "asked", [`${orders} /* counts */`], "LS2005", /it has \d+ rows, not \d+/],
  ];
  beforeAll(async () => {
    writeFileSync(join(programs.scratch, "none.p8"), SECRET);
    const { generateKeyPairSync } = await import("node:crypto");
    writeFileSync(join(programs.scratch, "other.p8"), generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" }));
  });
  it.each(cases)("%s", async (_, env, name, args, code, message) => {
    for (const answer of await both(env(), name, args)) {
      expect(failure(answer)).toMatchObject({ code, message: expect.stringMatching(message) });
      for (const secret of secrets) expect(JSON.stringify(answer)).not.toContain(secret);
    }
  });
});

describe("logins", () => {
  const cases: [string, () => Env, string][] = [
    ["a password", () => ({ SNOWFLAKE_HOST: "LOCALHOST" }), "SNOWFLAKE"],
    ["a key", () => ({ SNOWFLAKE_PASSWORD: "", SNOWFLAKE_PRIVATE_KEY_PATH: server.key, SNOWFLAKE_PRIVATE_KEY_PASSPHRASE: SECRET }), "SNOWFLAKE_JWT"],
    ["a token of a program", () => ({ SNOWFLAKE_PASSWORD: "", SNOWFLAKE_AUTHENTICATOR: "programmatic_access_token", SNOWFLAKE_TOKEN: SECRET }), "PROGRAMMATIC_ACCESS_TOKEN"],
    ["a token in a file", () => ({ SNOWFLAKE_PASSWORD: "", SNOWFLAKE_AUTHENTICATOR: "OAUTH", SNOWFLAKE_TOKEN_FILE_PATH: join(programs.scratch, "token") }), "OAUTH"],
  ];
  beforeAll(() => writeFileSync(join(programs.scratch, "token"), `${SECRET}\n`));
  it.each(cases)("%s", async (_, env, how) => {
    server.logins();
    for (const answer of await both({ ...impatient, ...env() }, "counted")) expect(answer).toEqual({ value: [{ n: 8_000 }] });
    // Of ranks only the first logs in.
    expect(server.logins().map(({ login, user }) => [login, user])).toEqual([[how, "ann"], [how, "ann"]]);
  });
});

describe("goes on", () => {
  const cases: [string, string, (() => void)?][] = [
    ["where a server is busy", "busy"],
    ["where a store is busy", "flaky"],
    ["where a chunk is cut once", "cut"],
    ["where a session has expired", "expires", () => expect(server.count("renewed")).toBe(2)],
    ["where a query takes long", "slow", () => expect(server.count("polled")).toBe(4)],
  ];
  it.each(cases)("%s", async (_, fault, check) => {
    const patient = { ...server.env, LOCKSTEP_STORE_RETRIES: "3" };
    const pool = new RankPool(3, patient);
    // Statements of their own: some faults are a statement's first.
    const query = (whose: string): string => `select id from sales.orders /* ${fault} */ /* ${whose} */`;
    try {
      for (const answer of [await programs.plain("asked", [query("plain")], patient), await programs.on(pool, "asked", [query("ranks")])]) expect(answer).toEqual({ value: [{ n: 8_000, ids: 32_004_000 }] });
    } finally {
      await pool.close();
    }
    check?.();
  });
});
