/** db-benchmark's questions about groups and joins, rows to sort, and functions of the user's own, each a process that reads Parquet, answers and writes the answer. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { makeGroupby, makeJoin } from "../../data/db-benchmark.ts";
import { pythonWith } from "../../python.ts";
import { cache, root } from "../../scripts/lib.mjs";
import { bundled } from "../bundle.ts";
import { answerOf, type Answer, type Job, type System } from "../compare.ts";
import { measure } from "../measure.ts";
import { scratch } from "../scratch.ts";
import { shapes, type Shape } from "../shapes.ts";

export type QuestionSuite = "groupby" | "join" | "sort" | "udf";

export const isQuestions = (suite: string): suite is QuestionSuite => ["groupby", "join", "sort", "udf"].includes(suite);

/** The questions of a suite, as its SQL names them. */
export const questionsIn = (suite: QuestionSuite): string[] =>
  [...readFileSync(peer(`${suite}.sql`), "utf8").matchAll(/^-- (\w+)$/gm)].map((match) => match[1]!);

const peer = (name: string): string => join(root, "test/bench/peers", name);

/** `memory`: GiB that ours and DuckDB may hold; Polars knows no limit. */
export async function* questions(suite: QuestionSuite, rows: number, without?: string, memory?: number): AsyncGenerator<Job> {
  const table = suite === "join" ? "join" : "groupby";
  const data = await (table === "groupby" ? makeGroupby : makeJoin)(join(cache, `data/${table}-v1-${rows}`), rows);
  const sql = peer(`${suite}.sql`);
  const python = join(await pythonWith("peers"), "python");
  const folder = scratch(root, ".lockstep-questions-");
  const program = await bundled(suite, folder);
  const lockstep = ({ name, options }: Shape, question: string): System => {
    const command = [join(root, "runtime/bin/lockstep.mjs"), "run", ...options, program, "--", question, data];
    return { name, rows, run: (aim, out) => measure(aim, process.execPath, [...command, out], {}) };
  };
  for (const question of questionsIn(suite)) {
    const systems: System[] = [
      ...shapes(without, memory).map((shape) => lockstep(shape, question)),
      { name: "duckdb", rows, run: (aim, out) => measure(aim, python, [peer("questions_duckdb.py"), sql, question, data, out, "2", ...(memory === undefined ? [] : [`${memory}GiB`])], {}) },
      { name: "polars", rows, run: (aim, out) => measure(aim, python, [peer(`${suite}_polars.py`), question, data, out], { POLARS_MAX_THREADS: "2" }) },
    ];
    yield { suite, case: question, rows, systems, answer: suite === "sort" ? sortedAnswer : answer };
  }
}

/** The number of rows, and of each column of values how many there are and their sum, alone and weighted by the row's keys (columns `id…`). */
async function answer(out: string): Promise<Answer | null> {
  const names = await answerOf(out, (files) => `select string_agg(name, ',' order by name) from parquet_schema(${files}) where type is not null`);
  if (names === null) return null;
  const all = [...new Set(String(names[0]).split(","))];
  const keys = all.filter((name) => name.startsWith("id"));
  const weight = keys.length === 0 ? "1" : `(hash(${keys.map((name) => `${name}::varchar`).join(", ")}) % 1009)::double`;
  // What is undefined (a correlation of equal values) is null to some and NaN to others.
  const values = all.filter((name) => !keys.includes(name)).map((name) => `(case when not isnan(${name}::double) then ${name}::double end)`);
  const sums = values.flatMap((value) => [`count(${value})`, `sum(${value})`, `sum(${value} * ${weight})`]);
  return answerOf(out, (files) => `select ${["count(*)", `sum(${weight})`, ...sums].join(", ")} from ${files}`);
}

/** As {@link answer}, and how often a row stands behind one with a larger first key. */
async function sortedAnswer(out: string): Promise<Answer | null> {
  const names = await answerOf(out, (files) => `select name from parquet_schema(${files}) where type is not null limit 1`);
  if (names === null) return null;
  const before = `lag(${String(names[0])}) over (order by filename, file_row_number)`;
  const disorder = await answerOf(out, (files) => `select count(*) from (select ${String(names[0])} < ${before} as wrong from read_parquet(${files}, filename = true, file_row_number = true)) where wrong`);
  return [...(await answer(out))!, ...disorder!];
}
