import { readFileSync } from "node:fs";
import { LockstepError } from "../../errors/index.ts";
import { failed, type DriverError } from "./errors.ts";
import type { Target } from "./target.ts";

/** An answer of the server: values are its texts. */
export interface Answer {
  readonly rows: readonly (readonly (string | null)[])[];
  readonly fields: readonly { readonly name: string; readonly dataTypeID: number; readonly dataTypeModifier: number }[];
}

export interface Session {
  /** Runs a statement about `source`, as messages name it. */
  ask(source: string, sql: string): Promise<Answer>;
  end(): Promise<void>;
}

interface Client {
  connect(): Promise<void>;
  query(config: { text: string; rowMode: "array"; types: { getTypeParser(): (text: string) => string } }): Promise<Answer>;
  end(): Promise<void>;
  on(event: "error", listener: () => void): void;
}

type Driver = { readonly Client: new (config: object) => Client };

/**
 * What makes texts of values, and the order of rows, the same as on ranks (`connectors/src/postgres/session.rs`): rows of a table
 * come as they lie there.
 */
const settings: readonly (readonly [string, string])[] = [
  ["datestyle", "ISO"], ["timezone", "UTC"], ["intervalstyle", "postgres"], ["bytea_output", "hex"], ["extra_float_digits", "1"],
  ["standard_conforming_strings", "on"], ["synchronize_seqscans", "off"], ["max_parallel_workers_per_gather", "0"], ["lock_timeout", "10000"],
];

/** LS2001, LS2015 without the driver, LS2020, LS2021. `doing`: what its statements are for. */
export async function openSession(target: Target, doing: "read" | "written" = "read"): Promise<Session> {
  const { Client } = await loadDriver();
  const client = await connected(target, Client);
  const session: Session = {
    ask: async (source, text) => {
      try {
        return await client.query({ text, rowMode: "array", types: { getTypeParser: () => (value) => value } });
      } catch (error) {
        throw failed(source, error as DriverError, doing);
      }
    },
    end: () => client.end().catch(() => undefined),
  };
  for (const [name, value] of settings) await session.ask(target.name, `SET ${name} = '${value}'`);
  return session;
}

async function connected(target: Target, Client: Driver["Client"]): Promise<Client> {
  const { host, port, user, database, tls } = target;
  const password = target.password();
  for (const encrypted of host.startsWith("/") || tls === "off" ? [false] : tls === "preferred" ? [true, false] : [true]) {
    const ssl = encrypted && { rejectUnauthorized: tls === "verified", ...(tls === "verified" && rootCertificate()) };
    const client = new Client({ host, port, user, database, password, ssl, application_name: "lockstep", connectionTimeoutMillis: 20_000 });
    client.on("error", () => undefined); // A broken session shows in its next answer.
    try {
      await client.connect();
      return client;
    } catch (error) {
      if (encrypted && tls === "preferred" && /does not support SSL/.test((error as Error).message)) continue;
      throw refused(target, password === undefined, error as DriverError);
    }
  }
  throw new LockstepError({ code: "LS2099", message: "no session was tried" });
}

function rootCertificate(): { ca: Buffer } | undefined {
  const path = process.env.PGSSLROOTCERT;
  return path && path !== "system" ? { ca: readFileSync(path) } : undefined;
}

/** pg is loaded where Node itself speaks to a server: under plain Node, and for catalogs. Ranks read and write databases without. */
async function loadDriver(): Promise<Driver> {
  const name = "pg"; // Not a literal: bundlers would look for it in every project.
  try {
    const { default: driver } = (await import(name)) as { default: Driver };
    return driver;
  } catch (error) {
    const missing = (error as { code?: string }).code === "ERR_MODULE_NOT_FOUND" && (error as Error).message.includes("'pg'");
    throw new LockstepError({
      code: "LS2015",
      message: missing ? "the package pg, by which Node speaks to PostgreSQL, is not installed" : `the package pg, by which Node speaks to PostgreSQL, does not load: ${(error as Error).message}`,
      why: ["a program that runs without Lockstep's plugin needs it, and so do `lockstep schema` and Iceberg catalogs in PostgreSQL; a compiled program reads and writes tables without"],
      fix: missing ? "npm install pg" : "npm install pg@8",
    });
  }
}

function refused(target: Target, withoutPassword: boolean, error: DriverError): LockstepError {
  const { code = "", message } = error;
  const login = "Give user and password in the environment: DATABASE_URL, PGUSER and PGPASSWORD, or a line of ~/.pgpass.";
  if (code === "28P01" || code === "28000" || /password/i.test(message)) {
    return new LockstepError({ code: "LS2020", message: withoutPassword ? `${target.name} asks for a password, and the environment has none` : `${target.name} refuses a session: ${message}`, fix: login });
  }
  if (code === "3D000") return new LockstepError({ code: "LS2001", message: `${target.name} refuses a session: ${message}`, fix: "Name another database in the URL, or with PGDATABASE." });
  const answered = /^[0-9A-Z]{5}$/.test(code);
  return new LockstepError({
    code: "LS2021",
    message: answered ? `${target.name} refuses a session: ${message}` : `${target.name} cannot be reached: ${reasons[code] ?? message}`,
    fix: answered ? "The server says why." : "Say where it is: DATABASE_URL, or PGHOST and PGPORT.",
  });
}

const reasons: Readonly<Record<string, string | undefined>> = { ECONNREFUSED: "connection refused", ENOTFOUND: "no such host", ETIMEDOUT: "it does not answer", ENOENT: "no such socket" };

/** A text as SQL writes it in a session, where a backslash is one. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
