/** Snowflake on this machine's loopback, started for a test and stopped with it. */
import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { pythonWith } from "../python.ts";
import { root } from "../scripts/lib.mjs";
import { versitygw } from "../stores/servers.ts";

/** What must appear nowhere. */
export const SECRET = "planted/Secret+4711";

/** A login as the server notes it. */
export interface Login {
  readonly login: string;
  readonly user?: string;
  readonly account: string;
  /** Of the session. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly query: Readonly<Record<string, string>>;
}

export interface Server {
  /** What the environment of a program says to reach it. */
  readonly env: Readonly<Record<string, string>>;
  /** `127.0.0.1:port` */
  readonly name: string;
  readonly process: ChildProcess;
  /** A file with the private key that the server knows. */
  readonly key: string;
  /** Runs statements of DuckDB there; the rows of the last one, as texts. */
  sql(...statements: string[]): Promise<(string | null)[][]>;
  /** What is to go wrong with so many of the next statements (`writing.py`). */
  fault(fault: Fault): Promise<void>;
  /** The statements that were run since the last call, also those that were only `described`. */
  asked(described?: boolean): string[];
  logins(): Login[];
  /** How often something was noted since the last call. */
  count(name: "renewed" | "polled" | "chunk"): number;
  /** Calls `listener` with each statement as it comes; undefined ends it. */
  watch(listener: ((sql: string) => void) | undefined): void;
  /** The most chunks that were read at the same time since the last call. */
  most(): number;
  /** What the official connector for Python makes of queries: rows of texts, as Python prints the values. */
  judged(...queries: string[]): Promise<(string | null)[][][]>;
  stop(): Promise<void>;
}

/** A folder for what ranks and plain Node write on their own disks, and the files and folders of stages that are left there. */
export function ownDisk(): { readonly env: Readonly<Record<string, string>>; files(): string[]; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "lockstep-disk-"));
  return {
    env: { LOCKSTEP_SPILL: folder, TMPDIR: folder },
    files: () => readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".parquet") || basename(name).startsWith("lockstep-lockstep_stage")),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export interface Fault {
  /** Of the statement. */
  readonly pattern: string;
  /** So many of them pass before. */
  readonly skip?: number;
  /** 0: nothing goes wrong any longer. */
  readonly times: number;
  readonly refuse?: readonly [code: string, message: string];
  readonly lose?: "run" | "unsent" | "rollback";
  readonly expired?: true;
  readonly asleep?: true;
  /** Another writes this into the comments of all tables that are not filled yet. */
  readonly comment?: string;
  /** All sessions end, as if they had been idle for too long. */
  readonly abandon?: true;
}

export interface Wanted {
  /** A server of S3 to which stages lead, and the folder of its objects. */
  readonly stage?: { readonly endpoint: string; readonly bucket: string; readonly folder: string; readonly key: string; readonly secret: string };
  readonly inline?: number;
  readonly rows?: number;
  readonly tables?: readonly string[];
  /** What is told of columns by their names. */
  readonly columns?: Readonly<Record<string, { readonly type?: string; readonly scale?: number }>>;
}

const none = Object.fromEntries(["ACCOUNT", "USER", "PASSWORD", "WAREHOUSE", "ROLE", "DATABASE", "SCHEMA", "HOST", "PORT", "PROTOCOL", "AUTHENTICATOR", "TOKEN", "TOKEN_FILE_PATH", "PRIVATE_KEY_PATH", "PRIVATE_KEY_FILE", "PRIVATE_KEY_PASSPHRASE"].map((name) => [`SNOWFLAKE_${name}`, ""]));

/** One with stages in a server of S3. */
export interface StagedServer extends Server {
  /** Files that stand in stages. */
  staged(): string[];
  /** Sessions whose programs have died end, which takes Snowflake some hours. */
  abandon(): Promise<void>;
}

export async function startWithStages(): Promise<StagedServer> {
  const store = await versitygw();
  try {
    const server = await startSnowflake({ stage: { endpoint: store.endpoint, bucket: store.bucket, folder: store.folder, key: "test", secret: SECRET } });
    return {
      ...server,
      staged: () => readdirSync(store.folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".parquet")),
      abandon: () => server.fault({ pattern: "", times: 0, abandon: true }),
      async stop() {
        await server.stop();
        await store.stop();
      },
    };
  } catch (error) {
    await store.stop();
    throw error;
  }
}

export async function startSnowflake({ inline, rows, tables = TABLES, columns = TOLD, stage }: Wanted = {}): Promise<Server> {
  const python = join(await pythonWith("snowflake"), "python");
  const folder = mkdtempSync(join(tmpdir(), "lockstep-snowflake-"));
  const [statements, key] = [join(folder, "tables.json"), join(folder, "key.p8")];
  writeFileSync(statements, JSON.stringify(tables));
  execFileSync("openssl", ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-aes-256-cbc", "-pass", `pass:${SECRET}`, "-out", key], { stdio: "ignore" });
  execFileSync("openssl", ["pkey", "-in", key, "-passin", `pass:${SECRET}`, "-pubout", "-out", `${statements}.pub`], { stdio: "ignore" });
  const args = ["--statements", statements, "--columns", JSON.stringify(columns), ...(inline === undefined ? [] : ["--inline", `${inline}`]), ...(rows === undefined ? [] : ["--rows", `${rows}`]), ...(stage ? ["--stage", JSON.stringify(stage)] : [])];
  const child = spawn(python, [join(root, "test/snowflake/server.py"), ...args], { stdio: ["pipe", "pipe", "pipe"] });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  // A test file that dies takes its server along.
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  let lines: Record<string, unknown>[] = [];
  let watching: ((sql: string) => void) | undefined;
  let rest = "";
  let log = "";
  child.stderr.on("data", (text: Buffer) => (log = (log + text.toString()).slice(-20_000)));
  child.stdout.on("data", (text: Buffer) => {
    const parts = (rest + text.toString()).split("\n");
    rest = parts.pop()!;
    for (const line of parts.map((line) => JSON.parse(line) as Record<string, unknown>)) {
      lines.push(line);
      if (typeof line.asked === "string" && line.describing !== true) watching?.(line.asked);
    }
  });
  const take = (name: string): Record<string, unknown>[] => {
    const found = lines.filter((line) => name in line);
    lines = lines.filter((line) => !(name in line));
    return found;
  };
  // Python loads much before it begins.
  for (const until = Date.now() + 180_000; !lines.some((line) => "port" in line); await wait(20)) if (child.exitCode !== null || Date.now() > until) throw new Error(`Snowflake's stand-in does not start\n${log}`);
  const port = (take("port")[0] as { port: number }).port;
  const env = { ...none, SNOWFLAKE_ACCOUNT: "myorg-test", SNOWFLAKE_HOST: "127.0.0.1", SNOWFLAKE_PORT: `${port}`, SNOWFLAKE_PROTOCOL: "http", SNOWFLAKE_USER: "ann", SNOWFLAKE_PASSWORD: SECRET, SNOWFLAKE_DATABASE: "DB", SNOWFLAKE_SCHEMA: "PUBLIC" };
  const told = async (line: object, what: string): Promise<(string | null)[][]> => {
    child.stdin.write(`${JSON.stringify(line)}\n`);
    let done: Record<string, unknown>[] = [];
    for (const until = Date.now() + 120_000; done.length === 0; done = take("done"), await wait(5)) if (child.exitCode !== null || Date.now() > until) throw new Error(`${what} is not done\n${log}`);
    if (done[0]!.done !== "") throw new Error(`${what}: ${String(done[0]!.done)}`);
    return done[0]!.rows as (string | null)[][];
  };
  return {
    env, key, process: child, name: `127.0.0.1:${port}`,
    sql: (...statements) => told(statements, statements.join(";")),
    fault: async (fault) => void (await told(fault, "a fault")),
    asked: (described = false) => take("asked").filter(({ describing }) => described || describing !== true).map(({ asked }) => asked as string),
    logins: () => take("login") as unknown as Login[],
    count: (name) => take(name).length,
    watch: (listener) => void (watching = listener),
    most: () => Math.max(0, ...take("reading").map(({ reading }) => reading as number)),
    judged: async (...queries) => JSON.parse((await promisify(execFile)(python, ["-c", JUDGE, `${port}`, SECRET, ...queries], { maxBuffer: 1 << 28 })).stdout) as (string | null)[][][],
    async stop() {
      process.off("exit", kill);
      kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const JUDGE = `
import json, sys, snowflake.connector
connection = snowflake.connector.connect(user="ann", password=sys.argv[2], account="myorg-test", host="127.0.0.1", port=int(sys.argv[1]), protocol="http", database="DB", schema="PUBLIC", platform_detection_timeout_seconds=0.0, session_parameters={"TIMEZONE": "UTC", "CLIENT_TELEMETRY_ENABLED": False})
text = lambda v: None if v is None else v.hex() if isinstance(v, (bytes, bytearray)) else v.isoformat() if hasattr(v, "isoformat") else str(v)
print(json.dumps([[[text(v) for v in row] for row in connection.cursor().execute(query)] for query in sys.argv[3:]]))
`;

/** What fakesnow has no types for is told of columns by their names. */
const TOLD = {
  LTZ: { type: "timestamp_ltz", scale: 9 }, LTZ3: { type: "timestamp_ltz", scale: 3 }, TZ3: { scale: 3 }, S: { scale: 0 }, MS: { scale: 3 }, US: { scale: 6 }, NS: { scale: 9 }, PLACED: { scale: 6 }, TM: { scale: 6 }, TM0: { scale: 0 }, DOC: { type: "object" }, LIST: { type: "array" },
};

/** 8,000 orders, types and their ends, and what has few rows or none: in DuckDB's words. */
export const TABLES = [
  "CREATE SCHEMA DB.SALES",
  `CREATE TABLE DB.SALES.ORDERS AS SELECT i AS ID, CASE WHEN i % 11 > 0 THEN (i % 500)::int8 END AS CUSTOMER,
    CASE i % 5 WHEN 0 THEN 'Straße' WHEN 1 THEN 'O''Brien' WHEN 2 THEN '😀' WHEN 3 THEN NULL ELSE '' END AS NAME,
    ((i * 7919 % 100003) / 100.0)::decimal(12, 2) AS PRICE, CASE WHEN i % 1000 = 1 THEN 'NaN'::float8 WHEN i % 1000 = 2 THEN '-Infinity'::float8 ELSE (i * 7919 % 20011) / 7.0 END AS WEIGHT,
    timestamp '2024-01-01 00:00:00.000001' + i * interval 37 minutes AS PLACED, date '1960-01-01' + (i % 30000)::int4 AS DUE, i % 3 = 0 AS PAID
    FROM range(1, 8001) AS t(i)`,
  "CREATE TABLE DB.PUBLIC.EMPTY (ID int8, NAME varchar)",
  "CREATE TABLE DB.PUBLIC.ONE AS SELECT 5::int8 AS ID, 'only' AS NAME",
  "CREATE TABLE DB.PUBLIC.FEW AS SELECT i::int8 AS ID, 'row ' || i AS NAME FROM range(3) AS t(i)",
  `CREATE TABLE DB.PUBLIC.TYPES (N int8, B bool, I int8, BIG int8, D5 decimal(5, 2), D15 decimal(15, 3), D38 decimal(38, 10), F float8, T varchar, DAY date, S timestamp, MS timestamp, US timestamp, NS timestamp,
    LTZ timestamp, LTZ3 timestamp, TZ timestamptz, TZ3 timestamptz, TM time, TM0 time, BYTES blob, V json, DOC json, LIST json)`,
  `INSERT INTO DB.PUBLIC.TYPES VALUES
    (1, true, 9007199254740991, 9223372036854775807, 999.99, 999999999999.999, 9999999999999999999999999999.9999999999, 1.7976931348623157e308, 'é' || chr(9) || chr(10) || '"''\\', '9999-12-31', '9999-12-31 23:59:59', '9999-12-31 23:59:59.999', '9999-12-31 23:59:59.999999', '2262-04-11 23:47:16.854775',
     '2024-02-29 12:00:00.000001', '2024-02-29 12:00:00.5', '1900-01-01 00:00:00.000001+00', '1900-01-01 00:00:00.999+00', '23:59:59.999999', '23:59:59', '\\xDE\\xAD'::blob, '{"a":[1,null]}', '{"b":"x"}', '[1,"two"]'),
    (2, false, -9007199254740991, -9223372036854775808, -999.99, -999999999999.999, -0.0000000001, 5e-324, '', '0001-01-01', '0044-03-15 12:00:00', '1969-12-31 23:59:59.999', '1969-12-31 23:59:59.999999', '1969-12-31 23:59:59.999999',
     '1969-12-31 23:59:59.999999', '1969-12-31 23:59:59.999', '1969-12-31 23:59:59.999999+00', '1969-12-31 23:59:59.999+00', '00:00', '00:00', ''::blob, '5', '{}', '[]'),
    (3, NULL, NULL, NULL, 0, 0, 0, 'NaN', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`,
  "CREATE TABLE DB.PUBLIC.WIDE AS SELECT 9007199254740993::int8 AS ID, 9223372036854775808::hugeint AS HUGE, timestamp '9999-12-31' AS NS",
];
