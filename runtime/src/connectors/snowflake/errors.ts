/** What Snowflake refuses, and what becomes of the way to it, in our words with its code and message. */
import { LockstepError, type ErrorCode } from "../../errors/index.ts";
import { loginFix, type Target } from "./target.ts";

/** An answer that is no success. */
export interface Refusal {
  readonly code?: string | null;
  readonly message?: string | null;
}

/** Snowflake's numbers of what has an answer of its own here. */
const known: Readonly<Record<string, readonly [code: ErrorCode, fix?: string]>> = {
  "002002": ["LS2007", "Another has made it meanwhile, or something that is no table has its name."],
  "002003": ["LS2001", "Check the name, and that the role may see it; names in quotes keep their case, others are in capitals."],
  "002043": ["LS2001", "Check the name, and that the role may see it."],
  "000606": ["LS2015", 'Name a warehouse: { warehouse: "…" }, or SNOWFLAKE_WAREHOUSE.'],
  "090105": ["LS2015", 'Name a database: { database: "…" }, or SNOWFLAKE_DATABASE.'],
  "000625": ["LS2021", "Others write into the same table, and this one has waited for them too long: start it again."],
  "000630": ["LS2021", "The statement took longer than the session or the warehouse allows: ask for less, or raise STATEMENT_TIMEOUT_IN_SECONDS."],
};

const rights = {
  read: "Give the role the right to read it, or name another: SNOWFLAKE_ROLE.",
  written: "Give the role USAGE on its database and schema, CREATE TABLE on the schema where it makes one, and on the table INSERT, to overwrite also DELETE, to merge UPDATE and SELECT; or name another: SNOWFLAKE_ROLE.",
};

/** What a statement was refused for; `source`: as messages name it. */
export function refused(source: string, refusal: Refusal, doing: "read" | "written" = "read"): LockstepError {
  const [as, fix] = (refusal.code === "003001" ? (["LS2020", rights[doing]] as const) : known[refusal.code ?? ""]) ?? (isLogin(refusal.code) ? (["LS2020", loginFix] as const) : (["LS2015"] as const));
  return new LockstepError({ code: as, message: `${source}: Snowflake refuses it: ${said(refusal)}`, ...(fix !== undefined && { fix }) });
}

/** A login that was refused: what is said of it has no secret. */
export function noLogin(target: Target, refusal: Refusal): LockstepError {
  return new LockstepError({ code: "LS2020", message: `${target.name} refuses access: ${said(refusal)}`, fix: loginFix });
}

/** In one line, and no longer than one reads. */
const said = ({ code, message }: Refusal): string => `${(message ?? "it does not say why").split(/\s+/).join(" ").slice(0, 400)}${code == null ? "" : ` (error ${code})`}`;

/** Numbers from 390100 to 390999 are of sessions and logins. */
const isLogin = (code: string | null | undefined): boolean => /^390[1-9]\d\d$/.test(code ?? "");

/** Nobody answers, or the connection breaks. `doing`: "the query was asked for". No URL is in it: one of a chunk opens the chunk. */
export function lost(source: string, doing: string, reason: string): LockstepError {
  return new LockstepError({ code: "LS2021", message: `${source}: the connection was lost while ${doing}: ${reason}`, fix: "Check SNOWFLAKE_ACCOUNT and the network; then start the program again." });
}
