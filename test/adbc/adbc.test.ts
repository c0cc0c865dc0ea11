/**
 * Drivers of ADBC as a source: untransformed and on 1, 2, 3 and 7 ranks the same answers, by a driver that gives all rows at once (SQLite's, of
 * a database that Node makes) and one whose results have parts (Flight SQL's in Go, of the server over DuckDB with five endpoints).
 */
import { execFile } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Executions } from "../executions.ts";
import { SECRET, startPython, type Told } from "../flight/server.ts";
import { difference } from "../oracle/compare.ts";
import { type Answer, type Failure, RankPool } from "../oracle/rank-pool.ts";
import { writtenDifference } from "../oracle/written.ts";
import { shared } from "../sample.ts";
import { root } from "../scripts/lib.mjs";
import { driverOf, none } from "./drivers.ts";
import * as tables from "./programs/tables.ts";

const programs = new Executions(tables, "test/adbc/programs/tables.ts");
type Name = keyof typeof tables;
type Env = Readonly<Record<string, string>>;
let server: Told;
let env: Env;
let [sqlite, flight, database] = ["", "", ""];

beforeAll(async () => {
  [server, sqlite, flight] = await Promise.all([startPython({ token: SECRET }), driverOf("sqlite"), driverOf("flightsql")]);
  env = { ...none, LOCKSTEP_ADBC_URI: server.env.LOCKSTEP_FLIGHT_URL!, LOCKSTEP_ADBC_OPTIONS: JSON.stringify({ "adbc.flight.sql.authorization_header": `Bearer ${SECRET}` }) };
  database = join(programs.scratch, "trips.db");
  const made = new DatabaseSync(database);
  // More rows than the driver looks at before it says the types.
  made.exec(`CREATE TABLE trips (id INTEGER, zone TEXT, fare REAL, paid INTEGER);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
    INSERT INTO trips SELECT i, CASE i % 4 WHEN 0 THEN 'Straße' WHEN 1 THEN NULL WHEN 2 THEN '😀' ELSE '' END, CASE WHEN i % 7 > 0 THEN (i * 7919 % 1009) / 8.0 END, i % 2 FROM n;
    CREATE TABLE far (id INTEGER); INSERT INTO far VALUES (9007199254740993), (-9223372036854775808), (9223372036854775807);
    CREATE TABLE mixed AS SELECT id, zone FROM trips; INSERT INTO mixed VALUES ('no number', 'x')`);
  made.close();
  await programs.open(none);
});

afterAll(async () => {
  await programs.close();
  await server?.stop();
});

/** Under plain Node, and on ranks of their own with this environment. */
async function both(ranks: number, name: Name, args: readonly unknown[], of: Env = none): Promise<[Answer, Answer]> {
  if (of === none) return [await programs.plain(name, args), await programs.onRanks(ranks, name, args)];
  const pool = new RankPool(ranks, of);
  try {
    return [await programs.plain(name, args, of), await programs.on(pool, name, args)];
  } finally {
    await pool.close();
  }
}

async function same(ranks: number, name: Name, args: readonly unknown[], of?: Env): Promise<unknown> {
  const [right, answer] = await both(ranks, name, args, of);
  if ("error" in right) expect.fail(right.error.message);
  if ("error" in answer) expect.fail(answer.error.message);
  expect(difference(right.value, answer.value)).toBeNull();
  return right.value;
}

describe.each(shared([1, 2, 3, 7], 1))("on %i ranks", (ranks) => {
  it("all rows at once", async () => {
    const [groups, , , rows] = (await same(ranks, "trips", [sqlite, database])) as [{ zone: string | null; n: number; fare: number; last: number }[], unknown, unknown, number];
    const right = new DatabaseSync(database, { readOnly: true }).prepare("SELECT zone, count(*) AS n, sum(fare) AS fare, max(id) AS last FROM trips GROUP BY zone ORDER BY min(id)").all();
    expect([groups, rows]).toEqual([right, 5000]);
    for (const name of ["exact", "counts", "few"] as const) await same(ranks, name, [sqlite, database]);
  });

  it("parts", async () => {
    for (const connections of [1, 3]) {
      server.most();
      await same(ranks, "orders", [flight, connections], env);
      // Plain Node reads one after another.
      const most = server.most();
      expect(most).toBeGreaterThan(0);
      expect(most).toBeLessThanOrEqual(connections);
    }
  });

  it("types, written as they are", async () => {
    const [right, out] = [join(programs.scratch, `right-${ranks}`), join(programs.scratch, `out-${ranks}`)];
    const pool = new RankPool(ranks, env);
    try {
      const [plain, answer] = [await programs.plain("types", [flight, right], env), await programs.on(pool, "types", [flight, out])];
      if ("error" in plain) expect.fail(plain.error.message);
      if ("error" in answer) expect.fail(answer.error.message);
      expect(difference(plain.value, answer.value)).toBeNull();
      expect(await writtenDifference("written", right, out)).toBeNull();
    } finally {
      await pool.close();
    }
  });
});

it("finds a driver by its name", async () => {
  copyFileSync(sqlite, join(programs.scratch, "libadbc_driver_mine.so"));
  await same(2, "asked", ["trips", "mine", database], { ...none, ADBC_DRIVER_PATH: `/nonexistent:${programs.scratch}` });
});

it("a driver with names of its own in the environment is given nothing of another's", async () => {
  // SQLite's driver refuses what is Flight SQL's.
  expect(await same(2, "both", [sqlite, flight], { ...env, LOCKSTEP_ADBC_SQLITE_URI: database })).toEqual([{ n: 5000 }, { n: 1 }]);
  for (const answer of await both(2, "asked", ["trips", sqlite], env)) expect(answer).toHaveProperty("error");
});

describe("errors", () => {
  const failure = (answer: Answer): Failure => ("error" in answer ? answer.error : expect.fail(`no error but ${JSON.stringify(answer.value)}`));
  const login = (options: object): Env => ({ ...env, LOCKSTEP_ADBC_OPTIONS: JSON.stringify(options) });
  const cases: [string, () => Env, Name, () => unknown[], string, RegExp][] = [
    ["no library", () => none, "asked", () => ["trips", "/nonexistent.so"], "LS2001", /the ADBC driver \/nonexistent\.so cannot be loaded: .*No such file/],
    ["a name of none", () => none, "asked", () => ["trips", "nothing"], "LS2001", /the ADBC driver nothing cannot be loaded/],
    ["no driver", () => none, "asked", () => ["trips", join(root, "native-rs/lockstep.linux-x64.node")], "LS2015", /is no ADBC driver: it has no function AdbcDriverInit/],
    ["nothing said", () => none, "asked", () => ["trips", ""], "LS2015", /nothing says which driver of ADBC reads/],
    ["no table", () => none, "asked", () => ["trip", sqlite, database], "LS2015", /trip by the ADBC driver sqlite: the database refuses it: .*no such table: trip/],
    ["a broken query", () => none, "asked", () => ["select id from trips where", sqlite, database], "LS2015", /the query by the ADBC driver sqlite: the database refuses it: .*incomplete input/],
    ["a database that is none", () => none, "asked", () => ["trips", sqlite, "/nonexistent/x.db"], "LS2021", /the database cannot be opened: failed to open '\/nonexistent\/x\.db'/],
    ["values of another type further on", () => none, "asked", () => ["mixed", sqlite, database], "LS2015", /mixed by the ADBC driver sqlite: its rows end: /],
    ["a wrong token", () => login({ "adbc.flight.sql.authorization_header": "Bearer planted-wrong" }), "asked", () => ["one", flight], "LS2020", /one by the ADBC driver flightsql: .*the login is not one of this server's/],
    ["no server", () => ({ ...env, LOCKSTEP_ADBC_URI: "grpc://ann:planted-wrong@127.0.0.1:1" }), "asked", () => ["one", flight], "LS2021", /one by the ADBC driver flightsql: /],
    ["an option of none", () => login({ planted: "planted-wrong" }), "asked", () => ["one", flight], "LS2015", /one by the ADBC driver flightsql: the database cannot be opened: .*Unknown database option/],
    ["options that are none", () => ({ ...env, LOCKSTEP_ADBC_OPTIONS: "planted-wrong" }), "asked", () => ["one", flight], "LS2015", /LOCKSTEP_ADBC_OPTIONS in the environment is no object/],
    ["a URI with a password", () => none, "asked", () => ["one", flight, `grpc://ann:${SECRET}@127.0.0.1:1`], "LS2016", /takes a URI without a login/],
    ...[`host=db user=ann password=${SECRET}`, `ann:${SECRET}@myorg/db`, `https://host.example/x?sig=${SECRET}`, `mssql://host.example?PWD=${SECRET}`].map((uri): (typeof cases)[number] => [`a URI with a secret, ${uri.slice(0, 9)}…`, () => none, "asked", () => ["one", flight, uri], "LS2016", /takes a URI without a login .* not one with a password$/]),
    ["options of one driver that are none", () => ({ ...env, LOCKSTEP_ADBC_FLIGHTSQL_OPTIONS: "planted-wrong" }), "asked", () => ["one", flight], "LS2015", /LOCKSTEP_ADBC_FLIGHTSQL_OPTIONS in the environment is no object/],
    ["a part that fails", () => env, "asked", () => ["select id from sales.orders /* broken */", flight], "LS2015", /its rows end: .*a disk of the server is gone/],
  ];
  it.each(cases)("%s", async (_, of, name, args, code, message) => {
    for (const answer of await both(2, name, args(), of())) {
      expect(failure(answer)).toMatchObject({ code, message: expect.stringMatching(message) });
      for (const secret of [SECRET, encodeURIComponent(SECRET), "planted-wrong"]) expect(JSON.stringify(answer)).not.toContain(secret);
    }
  });

  it.each([["typed", "LS2002", /id +int64 +string/], ["nullFound", "LS2003", /column zone is null in row 0/]] as const)("%s, which only ranks know", async (name, code, message) => {
    for (const ranks of [1, 3]) expect(failure(await programs.onRanks(ranks, name, [sqlite, database]))).toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

it("rows that come at once are dealt over the ranks, but not where a few are wanted", async () => {
  const [main, profile] = [join(programs.scratch, "built/main.mjs"), join(programs.scratch, "profile.json")];
  const dealt = async (name: Name): Promise<number[][]> => {
    writeFileSync(main, `import { ${name} } from ${JSON.stringify(programs.program(name).module)};\nawait ${name}(${JSON.stringify(sqlite)}, ${JSON.stringify(database)});\n`);
    await promisify(execFile)(process.execPath, [join(root, "runtime/bin/lockstep.mjs"), "run", "-n", "3", "--profile", profile, main], { env: { ...process.env, ...none } });
    const { executions } = JSON.parse(readFileSync(profile, "utf8")) as { executions: { operators: { name: string; detail: string; ranks: { rows: number }[] }[] }[] };
    return executions.flatMap(({ operators }) => operators.filter(({ name }) => name === "DealExec").map(({ ranks }) => ranks.map(({ rows }) => rows)));
  };
  expect(await dealt("counts")).toEqual([[1667, 1667, 1666]]);
  expect(await dealt("few")).toEqual([]);
});

it("schema pull and check", async () => {
  const cli = (...args: string[]) => promisify(execFile)(process.execPath, [join(root, "runtime/bin/lockstep.mjs"), "schema", ...args], { cwd: programs.scratch, env: { ...process.env, ...none, ADBC_DRIVER_PATH: dirname(sqlite), LOCKSTEP_ADBC_URI: database } }).then(({ stdout }) => ({ code: 0, stdout }), (error: { code: number; stdout: string }) => error);
  expect(await cli("pull", "adbc:sqlite", "trips")).toMatchObject({ code: 0, stdout: expect.stringContaining('readAdbc<Trips>("trips") checks programs against it') });
  const text = readFileSync(join(programs.scratch, "trips.schema.ts"), "utf8");
  expect(text).toContain("  id: number | null; // int64\n  zone: string | null; // string\n  fare: number | null; // float64\n");
  expect(await cli("check")).toMatchObject({ code: 0, stdout: "trips.schema.ts: as the data\n" });
  writeFileSync(join(programs.scratch, "trips.schema.ts"), text.replace("int64", "float64"));
  expect(await cli("check")).toMatchObject({ code: 1, stdout: expect.stringMatching(/schema pull adbc:sqlite trips -o trips\.schema\.ts/) });
});
