/** How a database is reached by a driver of ADBC. */
import { basename } from "node:path";
import { LockstepError } from "../../errors/index.ts";
import { secretJson } from "../secret-json.ts";
import { isQuery } from "../sql.ts";

/** What a driver is given; no other process sees it, as a password may be in it. */
export interface Place {
  readonly driver: string;
  /** Of the database, as drivers name them. */
  readonly options: Readonly<Record<string, string>>;
}

/** What is asked of it, and as messages name it. */
export interface Asked extends Place {
  readonly name: string;
  readonly statement: string;
}

/** A table or a query, with the login that the environment says alone. LS2015 */
export function askedOf(table: string, { driver, uri }: { readonly driver?: string | undefined; readonly uri?: string | undefined } = {}): Asked {
  if (typeof table !== "string" || table.trim() === "") throw wrong(`readAdbc takes the name of a table, or a query, not ${table === "" ? "an empty text" : typeof table}`, 'Write readAdbc("sales.orders", { driver: "sqlite" }).');
  if (typeof driver !== "string" || driver === "") throw wrong("nothing says which driver of ADBC reads", 'Write { driver: "/path/to/libadbc_driver_NAME.so" }, or the driver\'s name.');
  const short = basename(driver).replace(/\.(?:so|dylib|dll)$/, "").replace(/^(?:lib)?adbc_driver_/, "");
  const text = table.trim().replace(/;+$/, "").trimEnd();
  const prefix = prefixOf(short);
  const said = { uri: uri ?? variableOf(prefix, "URI"), username: variableOf(prefix, "USERNAME"), password: variableOf(prefix, "PASSWORD") };
  const options = { ...Object.fromEntries(Object.entries(said).filter((entry): entry is [string, string] => entry[1] !== undefined)), ...furtherOptions(prefix) };
  return isQuery(table) ? { name: `the query by the ADBC driver ${short}`, statement: text, driver, options } : { name: `${text} by the ADBC driver ${short}`, statement: `SELECT * FROM ${text}`, driver, options };
}

/** `LOCKSTEP_ADBC_SQLITE_` where the environment has one of that driver's own names, which then are all it is given: no login of another's. Else `LOCKSTEP_ADBC_`. */
function prefixOf(driver: string): string {
  const own = `LOCKSTEP_ADBC_${driver.toUpperCase().replaceAll(/[^A-Z]/g, "_")}_`;
  return ["URI", "USERNAME", "PASSWORD", "OPTIONS"].some((name) => variableOf(own, name) !== undefined) ? own : "LOCKSTEP_ADBC_";
}

/** A driver's own: `{"adbc.snowflake.sql.account": "…"}`. What is none is not printed. */
function furtherOptions(prefix: string): Readonly<Record<string, string>> {
  const text = variableOf(prefix, "OPTIONS");
  if (text === undefined) return {};
  const said = secretJson(text);
  if (said && Object.values(said).every((value) => typeof value === "string")) return said as Record<string, string>;
  throw wrong(`${prefix}OPTIONS in the environment is no object of texts in JSON`, 'It is one such as {"adbc.flight.sql.authorization_header": "Bearer …"}.');
}

const variableOf = (prefix: string, name: string): string | undefined => process.env[`${prefix}${name}`] || undefined;

const wrong = (message: string, fix: string): LockstepError => new LockstepError({ code: "LS2015", message, fix });
