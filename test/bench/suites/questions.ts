/** db-benchmark's questions about groups and joins, each a process that reads Parquet, answers and writes the answer. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { makeGroupby, makeJoin } from "../../data/db-benchmark.ts";
import { pythonWith } from "../../python.ts";
import { cache, root } from "../../scripts/lib.mjs";
import { bundled } from "../bundle.ts";
import { answerOf, type Answer, type Job, type System } from "../compare.ts";
import { measure } from "../measure.ts";
import { scratch } from "../scratch.ts";

export async function* questions(suite: "groupby" | "join", rows: number): AsyncGenerator<Job> {
  const data = await (suite === "groupby" ? makeGroupby : makeJoin)(join(cache, `data/${suite}-v1-${rows}`), rows);
  const peer = (name: string): string => join(root, "test/bench/peers", name);
  const sql = peer(`${suite}.sql`);
  const python = join(await pythonWith("peers"), "python");
  const folder = scratch(root, ".lockstep-questions-");
  const program = await bundled(suite, folder);
  const lockstep = (name: string, question: string, ranks: number, threads: number): System => {
    const command = [join(root, "runtime/bin/lockstep.mjs"), "run", "-n", `${ranks}`, "--threads", `${threads}`, "--no-progress", program, "--", question, data];
    return { name, rows, run: (aim, out) => measure(aim, process.execPath, [...command, out], {}) };
  };
  for (const [, question] of readFileSync(sql, "utf8").matchAll(/^-- (\w+)$/gm) as Iterable<[string, string]>) {
    const systems: System[] = [
      lockstep("lockstep", question, 2, 1),
      lockstep("lockstep-1x2", question, 1, 2),
      lockstep("lockstep-1x1", question, 1, 1),
      { name: "duckdb", rows, run: (aim, out) => measure(aim, python, [peer("questions_duckdb.py"), sql, question, data, out, "2"], {}) },
      { name: "polars", rows, run: (aim, out) => measure(aim, python, [peer(`${suite}_polars.py`), question, data, out], { POLARS_MAX_THREADS: "2" }) },
    ];
    yield { suite, case: question, rows, systems, answer };
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
