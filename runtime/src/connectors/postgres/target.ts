import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { LockstepError } from "../../errors/index.ts";

/** Where a database is; the password is what the environment has for it. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** libpq's `sslmode`: encrypted or not, and with the host that the certificate names. */
  readonly tls: "off" | "preferred" | "unverified" | "verified";
  password(): string | undefined;
  /** As it is printed. */
  readonly name: string;
}

type Parts = Readonly<Record<string, string | undefined>>;

/**
 * By libpq's names: the URL of the program, else `DATABASE_URL`, and what they leave out from the file of `PGSERVICE` and the `PG…`
 * variables. LS2015: a URL that is none, or with a password in it, which is not printed.
 */
export function findTarget(url: string | undefined): Target {
  const given = url === undefined ? ofEnvironment() : parse(url, false);
  const service = serviceOf(given.service);
  const said = (name: string, variable: string): string | undefined => given[name] ?? service[name] ?? variableOf(variable);
  const user = said("user", "PGUSER") ?? variableOf("USER") ?? "postgres";
  const [host, port] = [said("host", "PGHOST") ?? "localhost", said("port", "PGPORT") ?? "5432"];
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw wrong(`"${port}" is no port`);
  const database = said("dbname", "PGDATABASE") ?? user;
  const mode = said("sslmode", "PGSSLMODE") ?? "prefer";
  const tls = { disable: "off", allow: "preferred", prefer: "preferred", require: "unverified", "verify-ca": "verified", "verify-full": "verified" }[mode] as Target["tls"] | undefined;
  if (tls === undefined) throw wrong(`sslmode "${mode}" is not one of disable, allow, prefer, require, verify-ca, verify-full`);
  const where = { host, port: Number(port), user, database, tls };
  return { ...where, password: () => passwordOf(where), name: host.startsWith("/") ? `postgres:///${database} (${host})` : `postgres://${host}:${port}/${database}` };
}

function passwordOf({ host, port, user, database }: Pick<Target, "host" | "port" | "user" | "database">): string | undefined {
  const url = ofEnvironment();
  // The URL of another database has the password of another.
  const own = [[url.host, host], [url.user, user], [url.port, `${port}`]].every(([said, is]) => said === undefined || said === is);
  return (own ? url.password : undefined) ?? serviceOf(url.service).password ?? variableOf("PGPASSWORD") ?? ofFile([host.startsWith("/") ? "localhost" : host, `${port}`, database, user]);
}

/** A line of `~/.pgpass`: `host:port:database:user:password`. */
function ofFile(wanted: readonly string[]): string | undefined {
  const path = variableOf("PGPASSFILE") ?? join(homedir(), ".pgpass");
  if (!existsSync(path)) return undefined;
  const lines = readFileSync(path, "utf8").split(/\r?\n/).filter((line) => !line.startsWith("#")).map(fieldsOf);
  return lines.find((fields) => fields.length === 5 && wanted.every((is, index) => fields[index] === "*" || fields[index] === is))?.[4];
}

/** The fields of a line, which are separated by colons; a backslash takes the next character as it is, and the fifth is the rest. */
function fieldsOf(line: string): string[] {
  const fields = [""];
  for (const [part] of line.matchAll(/\\(.)|[^]/gu)) {
    if (part === ":" && fields.length < 5) fields.push("");
    else fields[fields.length - 1] += part.length > 1 && part.startsWith("\\") ? part.slice(1) : part;
  }
  return fields;
}

const variableOf = (name: string): string | undefined => process.env[name] || undefined;

const ofEnvironment = (): Parts => (variableOf("DATABASE_URL") === undefined ? {} : parse(variableOf("DATABASE_URL")!, true));

/** A URL's parts by libpq's names. `secret`: it may hold a password. */
function parse(url: string, secret: boolean): Parts {
  // Of what is not understood nothing is printed: it may hold a password.
  const match = /^postgres(?:ql)?:\/\/(?:([^/?]*)@)?([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(url);
  if (match === null) throw wrong("the URL of a database begins with postgres://");
  const [, login = "", place = "", database = "", query = ""] = match;
  const [, host = place, port = ""] = /^(.*?)(?::([^:\]]*))?$/s.exec(place)!;
  const [user, ...password] = login.split(":");
  const pairs = query.split("&").filter(Boolean).map((pair) => [pair.split("=", 1)[0]!, pair.slice(pair.indexOf("=") + 1)] as const);
  const said = [["host", host.replace(/^\[|\]$/g, "")], ["port", port], ["user", user ?? ""], ["password", password.join(":")], ["dbname", database], ...pairs] as const;
  const parts: Record<string, string> = {};
  for (const [name, value] of said) if (value !== "") parts[name] = decoded(value);
  if (!secret && (parts.password !== undefined || parts.dbname?.includes("@"))) throw new LockstepError({ code: "LS2015", message: "the URL holds a password; it is taken from the environment alone", fix: passwordFix });
  return parts;
}

const passwordFix = "Leave it out of the URL, and set PGPASSWORD or DATABASE_URL, or write a line into ~/.pgpass.";

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrong("the URL of a database has a % that stands for no character");
  }
}

/** What the file of services says of the one that is named. */
function serviceOf(named: string | undefined): Parts {
  const name = named ?? variableOf("PGSERVICE");
  if (name === undefined) return {};
  const system = variableOf("PGSYSCONFDIR");
  const files = variableOf("PGSERVICEFILE") !== undefined ? [variableOf("PGSERVICEFILE")!] : [join(homedir(), ".pg_service.conf"), ...(system === undefined ? [] : [join(system, "pg_service.conf")])];
  for (const file of files.filter((file) => existsSync(file))) {
    const found = sectionOf(readFileSync(file, "utf8"), name);
    if (found !== undefined) return found;
  }
  throw wrong(`PGSERVICE: no file of services has [${name}]`);
}

function sectionOf(text: string, heading: string): Parts | undefined {
  let found: Record<string, string> | undefined;
  let inside = false;
  for (const line of text.split(/\r?\n/).map((each) => each.trim())) {
    if (/^\[.*\]$/.test(line)) inside = line.slice(1, -1) === heading;
    const [, name, value] = /^([^#=]+)=(.*)$/.exec(line) ?? [];
    if (inside) found ??= {};
    if (inside && name !== undefined) found![name.trim()] = value!.trim();
  }
  return found;
}

const wrong = (message: string): LockstepError => new LockstepError({ code: "LS2015", message });
