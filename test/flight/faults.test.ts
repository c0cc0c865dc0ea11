/** What goes wrong between a program and a server of Flight SQL, on ranks and under plain Node: one error each, no secret, no hang. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Executions } from "../executions.ts";
import { difference } from "../oracle/compare.ts";
import { type Answer, type Failure, RankPool } from "../oracle/rank-pool.ts";
import { shared } from "../sample.ts";
import * as tables from "./programs/tables.ts";
import { SECRET, startPython, type Told } from "./server.ts";

const programs = new Executions(tables, "test/flight/programs/tables.ts");
type Name = keyof typeof tables;
type Env = Readonly<Record<string, string>>;

let open: Told;
let guarded: Told;
let encrypted: Told;

beforeAll(async () => {
  [open, guarded, encrypted] = await Promise.all([startPython(), startPython({ token: SECRET, password: `ann:${SECRET}`, endpoints: 3 }), startPython({ encrypted: true, token: SECRET, elsewhere: true, endpoints: 4 })]);
  await programs.open(open.env);
});

afterAll(async () => {
  await programs.close();
  await Promise.all([open, guarded, encrypted].map((server) => server?.stop()));
});

/** Under plain Node, and on ranks of their own with this environment. */
async function both(env: Env, name: Name, args: readonly unknown[] = [], ranks = 2): Promise<[Answer, Answer]> {
  if (env === open.env) return [await programs.plain(name, args), await programs.onRanks(ranks, name, args)];
  const pool = new RankPool(ranks, env);
  try {
    return [await programs.plain(name, args, env), await programs.on(pool, name, args)];
  } finally {
    await pool.close();
  }
}

const failure = (answer: Answer): Failure => ("error" in answer ? answer.error : expect.fail(`no error but ${JSON.stringify(answer.value)}`));

describe("errors", () => {
  const orders = "select id from sales.orders";
  const cases: [string, () => Env, Name, unknown[], string, RegExp][] = [
    ["a wrong token", () => ({ ...guarded.env, LOCKSTEP_FLIGHT_TOKEN: "planted-wrong" }), "small", [], "LS2020", /refuses access: the login is not one of this server's/],
    ["no token", () => guarded.env, "small", [], "LS2020", /refuses access: the login is not one of this server's/],
    ["a wrong password", () => ({ ...guarded.env, LOCKSTEP_FLIGHT_USER: "ann", LOCKSTEP_FLIGHT_PASSWORD: "planted-wrong" }), "small", [], "LS2020", /refuses access/],
    ["two logins", () => ({ ...guarded.env, LOCKSTEP_FLIGHT_TOKEN: SECRET, LOCKSTEP_FLIGHT_USER: "ann" }), "small", [], "LS2015", /leave one of the two logins/],
    ["a URL with a password", () => open.env, "at", ["one", `grpc://ann:${encodeURIComponent(SECRET)}@127.0.0.1:1`], "LS2016", /takes the URL of a server without a login/],
    ["a URL with a token", () => open.env, "at", ["one", `grpc://127.0.0.1:1/?token=${encodeURIComponent(SECRET)}`], "LS2016", /takes the URL of a server without a login/],
    ["a URL of something else", () => open.env, "at", ["one", "http://127.0.0.1:1"], "LS2015", /is grpc\+tls:\/\/host:port/],
    ["no URL", () => ({ ...open.env, LOCKSTEP_FLIGHT_URL: "" }), "small", [], "LS2015", /nothing says where the server of Flight SQL is/],
    ["no server", () => ({ ...open.env, LOCKSTEP_FLIGHT_URL: "grpc://127.0.0.1:1" }), "small", [], "LS2021", /grpc:\/\/127\.0\.0\.1:1 cannot be reached: connection refused/],
    ["an unknown certificate", () => ({ ...encrypted.env, LOCKSTEP_FLIGHT_TOKEN: SECRET }), "small", [], "LS2021", /cannot be reached: .*(certificate|issuer)/i],
    ["a file without a certificate", () => ({ ...encrypted.env, LOCKSTEP_FLIGHT_CA: "/nonexistent" }), "small", [], "LS2021", /no certificate is in \/nonexistent/],
    ["openly where it is encrypted", () => ({ ...encrypted.env, LOCKSTEP_FLIGHT_URL: encrypted.env.LOCKSTEP_FLIGHT_URL!.replace("+tls", "") }), "small", [], "LS2021", /127\.0\.0\.1/],
    ["encrypted where it is open", () => ({ ...open.env, LOCKSTEP_FLIGHT_URL: open.env.LOCKSTEP_FLIGHT_URL!.replace("grpc", "grpc+tls") }), "small", [], "LS2021", /cannot be reached/],
    ["no right", () => open.env, "asked", [`${orders} /* forbidden */`], "LS2020", /refuses it: the table is another's/],
    ["a server that fails", () => open.env, "asked", [`${orders} /* broken */`], "LS2015", /endpoint 2 of 5 at grpc:\/\/127\.0\.0\.1:\d+: the server refuses it: a disk of the server is gone/],
    ["a ticket that has expired", () => open.env, "asked", [`${orders} /* expired */`], "LS2021", /endpoint \d of 5 at .*the ticket has expired/],
    ["other columns at one endpoint", () => open.env, "asked", [`${orders} /* other */`], "LS2002", /endpoint 2 of 5/],
  ];
  it.each(cases)("%s", async (_, env, name, args, code, message) => {
    for (const answer of await both(env(), name, args)) {
      const found = failure(answer);
      expect(found).toMatchObject({ code, message: expect.stringMatching(message) });
      for (const secret of [SECRET, encodeURIComponent(SECRET), Buffer.from(`ann:${SECRET}`).toString("base64"), "planted-wrong"]) expect(JSON.stringify(answer)).not.toContain(secret);
    }
  });
});

describe("logins", () => {
  const cases: [string, () => Env][] = [
    ["a token", () => ({ ...guarded.env, LOCKSTEP_FLIGHT_TOKEN: SECRET })],
    ["a password", () => ({ ...guarded.env, LOCKSTEP_FLIGHT_USER: "ann", LOCKSTEP_FLIGHT_PASSWORD: SECRET })],
    ["encrypted, at two places", () => ({ ...encrypted.env, LOCKSTEP_FLIGHT_TOKEN: SECRET, LOCKSTEP_FLIGHT_CA: encrypted.certificate! })],
  ];
  it.each(cases)("%s", async (_, env) => {
    encrypted.ports();
    const [plain, ranks] = await both(env(), "inOrder", [], 3);
    expect(plain).toHaveProperty("value");
    expect(difference((plain as { value: unknown }).value, (ranks as { value: unknown }).value)).toBeNull();
    if (env().LOCKSTEP_FLIGHT_CA) expect(encrypted.ports().size).toBe(2);
  });
});

describe.each([1, 20])("%i endpoints", (endpoints) => {
  let server: Told;
  beforeAll(async () => void (server = await startPython({ endpoints })));
  afterAll(() => server?.stop());

  it.each(shared([1, 2, 7], endpoints))("on %i ranks", async (ranks) => {
    for (const name of ["inOrder", "groups", "small"] as const) {
      const [plain, answer] = await both(server.env, name, [], ranks);
      expect(plain).toHaveProperty("value");
      expect(difference((plain as { value: unknown }).value, (answer as { value: unknown }).value)).toBeNull();
    }
  });
});

describe.each([1, 3])("a server in the middle of the rows, on %i ranks", (ranks) => {
  it.each([["killed", "SIGKILL"], ["silent", "SIGSTOP"]] as const)("%s", async (_, signal) => {
    const server = await startPython({ endpoints: ranks });
    const env = { ...server.env, LOCKSTEP_FLIGHT_KEEPALIVE: "1" };
    const query = "select id from sales.orders /* stuck */";
    const pool = new RankPool(ranks, env);
    try {
      const answer = programs.on(pool, "asked", [query]);
      await server.stuck(ranks);
      const plain = programs.plain("asked", [query], env);
      await server.stuck(1);
      server.process.kill(signal);
      for (const found of await Promise.all([answer, plain])) expect(failure(found)).toMatchObject({ code: "LS2021", message: expect.stringMatching(/endpoint \d of \d at grpc:.*the connection was lost while it was read/) });
    } finally {
      await pool.close();
      await server.stop();
    }
  });
});
