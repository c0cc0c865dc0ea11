/**
 * A session with Snowflake, for both executions: on ranks rank 0 has the only one. What a query has given it says where to find: the first
 * rows come with the answer, the others stand in chunks at URLs that need no login, for some hours.
 *
 *     POST session/v1/login-request   → a token, and one that renews it
 *     POST queries/v1/query-request   → columns, first rows, chunks; or where to ask again, of a query that takes long
 *     POST session?delete=true
 */
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { LockstepError } from "../../errors/index.ts";
import { secretJson } from "../secret-json.ts";
import { corrupt } from "../typed-files.ts";
import { lost, noLogin, refused, type Refusal } from "./errors.ts";
import { request, type Patience } from "./http.ts";
import type { StageInfo } from "./stage.ts";
import { loginOf, type Target } from "./target.ts";

/** A column as Snowflake describes it. */
export interface ResultColumn {
  readonly name: string;
  /** `fixed`, `real`, `text`, `timestamp_ntz` … */
  readonly type: string;
  readonly nullable: boolean;
  readonly precision: number | null;
  readonly scale: number | null;
}

export interface Chunk {
  readonly url: string;
  readonly rows: number;
  /** Bytes as the store has it, and unpacked, as Snowflake says. */
  readonly compressedSize?: number;
  readonly uncompressedSize?: number;
}

export interface Result {
  readonly columns: readonly ResultColumn[];
  /** Bytes of a stream of Arrow IPC, in base64; empty: none of the rows came with the answer. */
  readonly first: string;
  /** Rows that came with it. */
  readonly rows: number;
  readonly chunks: readonly Chunk[];
  /** Headers with which chunks are asked for: they may hold what decrypts them. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface Session {
  /** The columns of a statement, which is not run. `source`: as messages name it. */
  describe(source: string, sql: string): Promise<readonly ResultColumn[]>;
  run(source: string, sql: string): Promise<Result>;
  /** What a statement answers in few rows, as texts, by the names of the columns. */
  ask(source: string, sql: string): Promise<{ readonly columns: readonly string[]; readonly rows: readonly (readonly (string | null)[])[] }>;
  /** Where the file of a PUT goes, and what opens that place: it is printed by nothing. */
  put(source: string, sql: string): Promise<StageInfo>;
  /** From now on answers are waited for some seconds, and no request is made again more than once: of what follows an error. */
  hurry(): void;
  /** Keeps the session, which else ends when it has rested for some hours. */
  beat(): Promise<void>;
  close(): Promise<void>;
}

interface Answered extends Refusal {
  readonly success?: boolean;
  readonly data?: Data | null;
}

interface Data {
  readonly token?: string;
  readonly masterToken?: string;
  readonly sessionToken?: string;
  readonly getResultUrl?: string;
  readonly rowtype?: readonly { readonly name: string; readonly type: string; readonly nullable?: boolean; readonly precision?: number | null; readonly scale?: number | null }[];
  readonly queryResultFormat?: string;
  readonly rowsetBase64?: string;
  readonly total?: unknown;
  readonly chunks?: readonly { readonly url: string; readonly rowCount?: unknown; readonly compressedSize?: unknown; readonly uncompressedSize?: unknown }[];
  readonly chunkHeaders?: Readonly<Record<string, string>>;
  readonly qrmk?: string;
  readonly rowset?: readonly (readonly (string | null)[])[];
  readonly stageInfo?: StageInfo;
}

/** A query runs on: its answer says where to ask again. */
const running = new Set(["333333", "333334"]);
const expired = "390112";
/** Milliseconds of STATEMENT_TIMEOUT_IN_SECONDS at most: seven days. */
const LONGEST = 604_800_000;

/** Where something has gone wrong already, and nothing is lost that a later write does not mend. */
const SHORT: Patience = { retries: 1, silence: 5_000 };

/** LS2015, LS2020, LS2021. `doing`: what its statements are for; `soon`: it hurries from the beginning. */
export async function openSession(target: Target, doing: "read" | "written" = "read", soon = false): Promise<Session> {
  const { data } = await login(target, doing, soon ? SHORT : undefined);
  const tokens = { session: data.token, master: data.masterToken };
  let patience = soon ? SHORT : undefined;

  /** Where a token has expired, in a query of hours, another one is asked for. */
  const ask = async (source: string, path: string, body: object | undefined): Promise<Answered> => {
    const what = doing === "read" ? "the query was asked for" : "it was written";
    const answer = await send(source, what, target, path, body, tokens.session, patience);
    if (answer.code !== expired) return answer;
    const renewed = await send(source, what, target, "/session/token-request", { oldSessionToken: tokens.session, requestType: "RENEW" }, tokens.master, patience);
    if (renewed.success !== true || typeof renewed.data?.sessionToken !== "string") throw refused(source, renewed, doing);
    [tokens.session, tokens.master] = [renewed.data.sessionToken, renewed.data.masterToken ?? tokens.master];
    return send(source, what, target, path, body, tokens.session, patience);
  };

  const query = async (source: string, sqlText: string, describeOnly: boolean, format: "ARROW" | "JSON" = "ARROW"): Promise<Data> => {
    // An attempt of the same number is the same query, which is not run twice.
    let answer = await ask(source, `/queries/v1/query-request?requestId=${randomUUID()}`, { sqlText, describeOnly, asyncExec: false, sequenceId: 1, querySubmissionTime: Date.now(), parameters: { GO_QUERY_RESULT_FORMAT: format } });
    const began = Date.now();
    for (let [last, quick] = [began, 0]; running.has(answer.code ?? "") && typeof answer.data?.getResultUrl === "string"; ) {
      // A server waits with such an answer, mostly; where it does not, we do.
      if (Date.now() - last < 1_000) await pause(Math.min(100 * 2 ** quick++, 5_000));
      last = Date.now();
      if (last - began > LONGEST) throw lost(source, doing === "read" ? "the query was asked for" : "it was written", "it runs longer than Snowflake lets any statement");
      answer = await ask(source, answer.data.getResultUrl, undefined);
    }
    if (answer.success !== true || !answer.data) throw refused(source, answer, doing);
    return answer.data;
  };

  return {
    describe: async (source, sql) => columnsOf(await query(source, sql, true)),
    run: async (source, sql) => resultOf(source, target, await query(source, sql, false)),
    ask: async (source, sql) => {
      const { rowtype = [], rowset = [] } = await query(source, sql, false, "JSON");
      return { columns: rowtype.map(({ name }) => name), rows: rowset };
    },
    put: async (source, sql) => {
      const { stageInfo } = await query(source, sql, false, "JSON");
      if (typeof stageInfo?.location !== "string" || typeof stageInfo.locationType !== "string") throw corrupt(source, "Snowflake does not say where its stage is");
      return stageInfo;
    },
    hurry: () => void (patience = SHORT),
    beat: async () => {
      await ask(target.name, `/session/heartbeat?requestId=${randomUUID()}`, {});
    },
    close: async () => {
      // What it has told stays good, and an error waits for this: what does not answer soon leaves the session to its end.
      await send(target.name, "the session was closed", target, "/session?delete=true", {}, tokens.session, { retries: 0, silence: 2_000 }).catch(() => undefined);
    },
  };
}

/** What statements mean whatever the account's defaults are: TIMESTAMP without a zone in the conditions that the engine writes, and names in quotes as they stand there. A database or a role that is none is an error at once. */
const sessionParameters = { TIMEZONE: "UTC", TIMESTAMP_TYPE_MAPPING: "TIMESTAMP_NTZ", QUOTED_IDENTIFIERS_IGNORE_CASE: false, CLIENT_VALIDATE_DEFAULT_PARAMETERS: true };

/** For how many seconds a statement waits for others that change its table: longer than the five minutes after which a killed program's transaction, which it waits for, is rolled back; and statements are committed by themselves but in a transaction of ours. */
const writing = { LOCK_TIMEOUT: 600, AUTOCOMMIT: true };

async function login(target: Target, doing: "read" | "written", patience?: Patience): Promise<{ data: Data & { token: string } }> {
  const parameters = new URLSearchParams({ ...target.parameters, requestId: randomUUID() });
  // Arrow is given to clients of a known name alone: this is Go's, whose protocol this is.
  const data = { CLIENT_APP_ID: "Go", CLIENT_APP_VERSION: "1.13.0", SVN_REVISION: "", ...loginOf(target), CLIENT_ENVIRONMENT: { APPLICATION: "Lockstep" }, SESSION_PARAMETERS: { ...sessionParameters, ...(doing === "written" && writing) } };
  const answer = await send(target.name, "the session was opened", target, `/session/v1/login-request?${parameters.toString()}`, { data }, undefined, patience);
  if (answer.success !== true || typeof answer.data?.token !== "string") throw noLogin(target, answer);
  return answer as { data: Data & { token: string } };
}

async function send(source: string, doing: string, target: Target, path: string, body: object | undefined, token?: string, patience?: Patience): Promise<Answered> {
  const headers = { accept: "application/snowflake", "user-agent": "Go/1.13.0", ...(body !== undefined && { "content-type": "application/json" }), ...(token !== undefined && { authorization: `Snowflake Token="${token}"` }) };
  const url = new URL(path, target.url);
  // A place to ask at again is the server's to say, but not another server.
  if (url.origin !== new URL(target.url).origin) throw lost(source, doing, "the server sends to another one");
  const again = (attempt: number): string => {
    url.searchParams.set("retryCount", `${attempt}`);
    return url.href;
  };
  const answer = await request(url.href, { headers, method: body === undefined ? "GET" : "POST", ...(body !== undefined && { body: JSON.stringify(body) }) }, { again, ...patience });
  if ("failed" in answer) throw lost(source, doing, answer.failed);
  if (answer.status >= 300 && answer.status < 400) throw lost(source, doing, `the server sends elsewhere, with status ${answer.status}`);
  const said = secretJson(answer.body.toString());
  if (said) return said;
  // Of a proxy, or of a server that has broken.
  throw lost(source, doing, `the server answers with status ${answer.status}`);
}

const columnsOf = ({ rowtype = [] }: Data): readonly ResultColumn[] => rowtype.map(({ name, type, nullable, precision, scale }) => ({ name, type: type.toLowerCase(), nullable: nullable ?? true, precision: precision ?? null, scale: scale ?? null }));

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** LS2005, LS2015. */
function resultOf(source: string, target: Target, data: Data): Result {
  const { queryResultFormat, rowsetBase64 = "", chunks = [], total, chunkHeaders, qrmk } = data;
  if (queryResultFormat !== "arrow") throw new LockstepError({ code: "LS2015", message: `${source}: Snowflake gives its rows as ${queryResultFormat ?? "nothing"}, not as Arrow`, fix: "Read a table, or a query that begins with SELECT or WITH." });
  const later = chunks.reduce((sum, { rowCount }) => sum + (isCount(rowCount) ? rowCount : NaN), 0);
  // Those that came with it; NaN where a count is none.
  const rows = isCount(total) ? total - later : NaN;
  if (!isCount(rows) || (rows > 0 && rowsetBase64 === "")) throw corrupt(source, "the numbers of rows that Snowflake says of its result and of the parts of it do not agree");
  // What is to be encrypted is not asked for openly.
  if (target.url.startsWith("https:") && chunks.some(({ url }) => !url.startsWith("https:"))) throw new LockstepError({ code: "LS2015", message: `${source}: chunks of the result are where nothing is encrypted` });
  const headers = chunkHeaders ?? (qrmk === undefined ? {} : { "x-amz-server-side-encryption-customer-algorithm": "AES256", "x-amz-server-side-encryption-customer-key": qrmk });
  return { columns: columnsOf(data), first: rowsetBase64, rows, chunks: chunks.map(({ url, rowCount, compressedSize, uncompressedSize }) => ({ url, rows: rowCount as number, ...(isCount(compressedSize) && { compressedSize }), ...(isCount(uncompressedSize) && { uncompressedSize }) })), headers };
}
