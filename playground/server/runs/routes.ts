/** What the page may ask about runs; browsers speak no gRPC, so the job service is asked here. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { addressOf, body, bodyJson, json, jsonText, lines, Refusal, whenGone } from "../answer.ts";
import type { BuildOptions } from "./build.ts";
import type { ResultTable } from "./outputs.ts";
import type { RunOptions, Runs } from "./runs.ts";

const MOST_UPLOADED = 200_000_000;
const MOST_ROWS_OF_A_PAGE = 5000;

/** False: the path is about something else. */
export async function answerRun(runs: Runs, path: string, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
  const query = addressOf(request).searchParams;
  const [first, run = "", what = ""] = path.split("/");
  const { method } = request;
  if (first === "uploads" && method === "POST") json(response, { path: runs.upload(decoded(run), await body(request, MOST_UPLOADED)) });
  else if (first !== "runs") return false;
  else if (run === "" && method === "POST") await start(runs, optionsOf(await bodyJson(request)), response);
  else if (what === "" && method === "DELETE") json(response, { stopped: await runs.cancel(run) });
  else if (what === "profile" || what === "trace") jsonText(response, await runs.left(run, what));
  else if (what === "tables") json(response, (await runs.tables(run)).map(({ name, columns, rows }) => ({ name, columns, rows })));
  else if (what === "rows") json(response, await page(runs, run, query));
  else if (what === "aggregate") json(response, await runs.aggregate(run, await tableOf(runs, run, query), query.get("x") ?? "", query.get("y") ?? "", whenGone(response)));
  else if (what === "compare") json(response, await runs.compare(run, query.get("with") ?? ""));
  else return false;
  return true;
}

async function start(runs: Runs, options: RunOptions, response: ServerResponse): Promise<void> {
  await lines(response, (async function* () {
    for await (const event of runs.start(options)) {
      // Nobody waits for the answer.
      if ("run" in event) whenGone(response).addEventListener("abort", () => void runs.cancel(event.run).catch(() => undefined));
      yield event;
    }
  })());
}

async function tableOf(runs: Runs, run: string, query: URLSearchParams): Promise<ResultTable> {
  const table = (await runs.tables(run))[Number(query.get("table"))];
  if (!table) throw new Refusal(404, "there is no such table");
  return table;
}

async function page(runs: Runs, run: string, query: URLSearchParams): Promise<unknown[][]> {
  const table = await tableOf(runs, run, query);
  const from = Math.max(0, Number(query.get("from")) || 0);
  const to = Math.min(table.rows, from + MOST_ROWS_OF_A_PAGE, Number(query.get("to")) || 0);
  const rows = await table.page(from, to);
  return rows.map((row) => table.columns.map((name) => shown(row[name])));
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    throw new Refusal(400, `${name} is no name of a file`);
  }
}

/** Characters of a cell: nobody reads more of it in a table. */
const LONGEST = 1000;

/** JSON has no bigint, NaN and infinities. */
function shown(value: unknown): unknown {
  if (typeof value === "bigint" || (typeof value === "number" && !Number.isFinite(value))) return String(value);
  const text = typeof value === "object" && value !== null && !(value instanceof Date) ? JSON.stringify(value) : value;
  return typeof text === "string" && text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

function optionsOf(given: Record<string, unknown>): RunOptions {
  const { files, entry, arguments: args, ranks, example, options } = given;
  const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
  if (!isRecord(files) || !Object.values(files).every((text) => typeof text === "string")) throw new Refusal(400, "files: texts by path");
  if (typeof entry !== "string") throw new Refusal(400, "entry: a path of the files");
  if (!Array.isArray(args) || !args.every((a) => typeof a === "string")) throw new Refusal(400, "arguments: an array of texts");
  if (!Number.isInteger(ranks) || Number(ranks) < 0 || Number(ranks) > 8) throw new Refusal(400, "ranks: 1 to 8, or 0 for plain Node");
  return { files: files as Record<string, string>, entry, arguments: args as string[], ranks: Number(ranks), example: typeof example === "string" ? example : null, options: isRecord(options) ? (options as BuildOptions) : {} };
}
