/** Servers of Arrow Flight SQL on this machine's loopback, started for a test and stopped with it. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { pythonWith } from "../python.ts";
import { root } from "../scripts/lib.mjs";
import { goProgram } from "../stores/install.ts";
import { freePort } from "../stores/servers.ts";

export interface Server {
  /** What the environment of a program says to reach it. */
  readonly env: Readonly<Record<string, string>>;
  readonly port: number;
  /** The file of its certificate, if it is encrypted. */
  readonly certificate?: string;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

/** Of Python's, which says what it is asked. */
export interface Told extends Server {
  /** Runs statements there. */
  sql(text: string): Promise<void>;
  /** What was asked since the last call. */
  asked(): string[];
  /** The most endpoints that were read at the same time since the last call. */
  most(): number;
  /** The ports at which rows were read since the last call. */
  ports(): Set<number>;
  /** Resolves when so many endpoints are stuck. */
  stuck(count: number): Promise<void>;
}

/** What must appear nowhere. */
export const SECRET = "planted/Secret+4711";

export interface Wanted {
  readonly endpoints?: number;
  readonly token?: string;
  readonly password?: string;
  readonly encrypted?: boolean;
  readonly elsewhere?: boolean;
  readonly tables?: string;
}

const none = { LOCKSTEP_FLIGHT_URL: "", LOCKSTEP_FLIGHT_TOKEN: "", LOCKSTEP_FLIGHT_USER: "", LOCKSTEP_FLIGHT_PASSWORD: "", LOCKSTEP_FLIGHT_CA: "", LOCKSTEP_FLIGHT_KEEPALIVE: "" };

/** The server of server.py, over DuckDB with the tables that tests read. */
export async function startPython({ endpoints = 5, token, password, encrypted = false, elsewhere = false, tables = TABLES }: Wanted = {}): Promise<Told> {
  const python = join(await pythonWith("flight"), "python");
  const folder = mkdtempSync(join(tmpdir(), "lockstep-flight-"));
  const [sql, certificate, key] = [join(folder, "tables.sql"), join(folder, "server.crt"), join(folder, "server.key")];
  writeFileSync(sql, tables);
  if (encrypted) selfSigned(certificate, key);
  const args = ["--tables", sql, "--endpoints", `${endpoints}`, ...(token === undefined ? [] : ["--token", token]), ...(password === undefined ? [] : ["--password", password]), ...(encrypted ? ["--certificate", certificate, "--key", key] : []), ...(elsewhere ? ["--elsewhere"] : [])];
  const process = spawn(python, [join(root, "test/flight/server.py"), ...args], { stdio: ["pipe", "pipe", "pipe"] });
  let lines: Record<string, unknown>[] = [];
  let rest = "";
  let log = "";
  process.stderr.on("data", (text: Buffer) => (log = (log + text.toString()).slice(-20_000)));
  process.stdout.on("data", (text: Buffer) => {
    const parts = (rest + text.toString()).split("\n");
    rest = parts.pop()!;
    lines.push(...parts.map((line) => JSON.parse(line) as Record<string, unknown>));
  });
  const take = <T>(name: string): T[] => {
    const found = lines.filter((line) => name in line);
    lines = lines.filter((line) => !(name in line));
    return found.map((line) => line[name] as T);
  };
  const stop = stopping(process, () => rmSync(folder, { recursive: true, force: true }));
  for (const until = Date.now() + 120_000; !lines.some((line) => "other" in line); await wait(20)) if (process.exitCode !== null || Date.now() > until) throw new Error(`the server of Flight SQL does not start\n${log}`);
  const { port } = lines[0] as { port: number };
  lines = [];
  return {
    env: { ...none, LOCKSTEP_FLIGHT_URL: `${encrypted ? "grpc+tls" : "grpc"}://127.0.0.1:${port}` },
    port, process, stop,
    ...(encrypted && { certificate }),
    async sql(text) {
      process.stdin.write(`${JSON.stringify(text)}\n`);
      let done: string[] = [];
      for (const until = Date.now() + 120_000; done.length === 0; done = take("done"), await wait(5)) if (process.exitCode !== null || Date.now() > until) throw new Error(`${text} is not done\n${log}`);
      if (done[0] !== "") throw new Error(`${text}: ${done[0]}`);
    },
    asked: () => take<string>("asked"),
    most: () => Math.max(0, ...take<number>("reading")),
    ports: () => {
      const found = new Set(lines.filter((line) => "reading" in line).map((line) => line.port as number));
      take("reading");
      return found;
    },
    async stuck(count) {
      for (const until = Date.now() + 120_000; lines.filter((line) => "stuck" in line).length < count; await wait(10)) if (Date.now() > until) throw new Error("nothing is stuck");
      take("stuck");
    },
  };
}

/** The server of Arrow's Go, over SQLite: another's, which knows no columns before there are rows, and has one endpoint. Null without `go`. */
export async function startGo(): Promise<Server | null> {
  try {
    execFileSync("go", ["version"], { stdio: "ignore" });
  } catch {
    return null;
  }
  const program = await goProgram("github.com/apache/arrow-go/v18/arrow/flight/flightsql/example/cmd/sqlite_flightsql_server@v18.8.0");
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "lockstep-flight-"));
  const process = spawn(program, ["-host", "127.0.0.1", "-port", `${port}`], { cwd: folder, stdio: "ignore" });
  const stop = stopping(process, () => rmSync(folder, { recursive: true, force: true }));
  for (const until = Date.now() + 120_000; !(await answers(port)); await wait(20)) if (process.exitCode !== null || Date.now() > until) throw new Error("the server of Flight SQL does not start");
  return { env: { ...none, LOCKSTEP_FLIGHT_URL: `grpc://127.0.0.1:${port}` }, port, process, stop };
}

function stopping(server: ChildProcess, clean: () => void): () => Promise<void> {
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  // A test file that dies takes its server along.
  const kill = (): void => void server.kill("SIGKILL");
  process.once("exit", kill);
  return async () => {
    process.off("exit", kill);
    kill();
    await ended;
    clean();
  };
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(true));
    socket.on("error", () => resolve(false)).on("connect", () => socket.destroy());
  });

function selfSigned(certificate: string, key: string): void {
  execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE", "-keyout", key, "-out", certificate], { stdio: "ignore" });
}

/** 20,000 orders, types and their ends, and what has few rows or none. */
export const TABLES = `
CREATE SCHEMA sales;
CREATE TABLE sales.orders AS SELECT i AS id, CASE WHEN i % 11 > 0 THEN (i % 500)::int4 END AS customer,
  CASE i % 5 WHEN 0 THEN 'Straße' WHEN 1 THEN 'O''Brien' WHEN 2 THEN '😀' WHEN 3 THEN NULL ELSE '' END AS name,
  ((i * 7919 % 100003) / 100.0)::decimal(12, 2) AS price, CASE WHEN i % 1000 = 1 THEN 'NaN'::float8 WHEN i % 1000 = 2 THEN '-Infinity'::float8 ELSE (i * 7919 % 20011) / 7.0 END AS weight,
  timestamp '2024-01-01 00:00:00.000001' + i * interval 37 minutes AS placed, date '1960-01-01' + (i % 30000)::int4 AS due, i % 3 = 0 AS paid
  FROM range(1, 20001) AS t(i);
CREATE TABLE empty (id int4, name varchar);
CREATE TABLE one AS SELECT 5::int4 AS id, 'only' AS name;
CREATE TABLE few AS SELECT i::int4 AS id, 'row ' || i AS name FROM range(3) AS t(i);
CREATE TABLE "Odd ""names""" ("A b" int4, "select" varchar, "ö" int2);
INSERT INTO "Odd ""names""" VALUES (1, 'x', 7);
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE types (n int4, b bool, i1 int1, i2 int2, i4 int4, i8 int8, u1 utinyint, u2 usmallint, u4 uinteger, u8 ubigint, f4 float4, f8 float8, d5 decimal(5, 2), d15 decimal(15, 0), d38 decimal(38, 10),
  t varchar, m mood, day date, ts timestamp, tz timestamptz, s timestamp_s, ms timestamp_ms, ns timestamp_ns, tm time, bytes blob, list varchar[], numbers int8[], pair struct(a int4, b varchar), big hugeint);
INSERT INTO types VALUES
  (1, true, 127, 32767, 2147483647, 9007199254740991, 255, 65535, 4294967295, 9007199254740991, 3.4028235e38, 1.7976931348623157e308, 999.99, 999999999999999, 9999999999999999999999999999.9999999999,
   'é' || chr(9) || chr(10) || '"''\\', 'ok', '9999-12-31', '9999-12-31 23:59:59.999999', '1900-01-01 00:00:00+00', '2024-02-29 12:00:00', '2024-02-29 12:00:00.5', '2024-02-29 12:00:00.000000001', '23:59:59.999999', '\\xDE\\xAD'::blob, ['a', NULL, ''], [1, -5], {'a': 1, 'b': 'x'}, 1),
  (2, false, -128, -32768, -2147483648, -9007199254740991, 0, 0, 0, 0, 1e-45, 5e-324, -999.99, -999999999999999, -0.0000000001,
   '', 'sad', '0001-01-01', '0044-03-15 12:00:00', '1969-12-31 23:59:59.999999+00', '1970-01-01', '1969-12-31 23:59:59.999', '1969-12-31 23:59:59.999999999', '00:00', ''::blob, [], NULL, NULL, -1),
  (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'NaN', '-0.0', 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, [], NULL, NULL);
CREATE TABLE far AS SELECT 9007199254740993::int8 AS id, 5 AS n;
`;
