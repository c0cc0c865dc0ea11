// npm run bench -- taxi [--rows 20000000] [--rounds 5] [--systems a,b] [--without specialise|keys|heavy] [--bodo] [--spark] [--json]
// npm run bench -- startup [--rounds 5] [--json]
// npm run bench -- playground [--rounds 5] [--json]
// npm run bench -- scan [--s3] [--rows 20000000] [--rounds 5] [--json]
// npm run bench -- connectors [--rows 2000000] [--rounds 5] [--json]
// npm run bench -- groupby|join|sort|udf [--rows 10000000] [--memory 8] [--rounds 5] [--systems a,b] [--without specialise|keys|heavy] [--json]
// npm run bench -- tpch [--sf 1] [--memory 4] [--queries 1,6] [--rounds 5] [--systems a,b] [--without specialise|keys|heavy] [--json]
// npm run bench -- memory [--rows 30000000] [--rounds 5] [--json]
// npm run bench -- shuffle [--rounds 5] [--json]
// npm run bench -- planning [--sf 1] [--rounds 5] [--json]
import { parseArgs } from "node:util";
import { suiteLines } from "./aims.ts";
import { calibrate } from "./calibrate.ts";
import { compare, type Job, type System } from "./compare.ts";
import { median } from "./measure.ts";
import { connectors } from "./suites/connectors.ts";
import { memory as peakMemory } from "./suites/memory.ts";
import { planning } from "./suites/planning.ts";
import { isQuestions, questions } from "./suites/questions.ts";
import { scan } from "./suites/scan.ts";
import { scanFiles } from "./suites/scan-files.ts";
import { shuffle } from "./suites/shuffle.ts";
import { sortBalance } from "./suites/sort.ts";
import { startup } from "./suites/startup.ts";
import { taxiAnswer, taxiSystems } from "./suites/taxi.ts";
import { tpch, tpchQueries } from "./suites/tpch.ts";

const usage = "usage: npm run bench -- taxi [--rows 20000000] [--rounds 5] [--systems lockstep,duckdb,…] [--without specialise|keys|heavy] [--bodo] [--spark] [--json], startup, playground or shuffle [--rounds 5] [--json], scan [--s3] [--rows 20000000] [--rounds 5] [--json], connectors [--rows 2000000] [--rounds 5] [--json], memory [--rows 30000000] [--rounds 5] [--json], groupby, join, sort or udf [--rows 10000000] [--memory GiB] [--rounds 5] [--systems …] [--without specialise|keys|heavy] [--json], tpch [--sf 1] [--memory GiB] [--queries 1,6,…] [--rounds 5] [--systems …] [--without specialise|keys|heavy] [--json], or planning [--sf 1] [--rounds 5] [--json]";
const { positionals, values } = asked(() => parseArgs({
  allowPositionals: true,
  options: {
    rows: { type: "string" },
    memory: { type: "string" },
    rounds: { type: "string", default: "5" },
    systems: { type: "string" },
    bodo: { type: "boolean", default: false },
    spark: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    s3: { type: "boolean", default: false },
    sf: { type: "string", default: "1" },
    queries: { type: "string" },
    without: { type: "string" },
  },
}));
const [suite = ""] = positionals;
const rows = Number(values.rows ?? (suite === "udf" ? 1_000_000 : suite === "connectors" ? 2_000_000 : suite === "memory" ? 30_000_000 : isQuestions(suite) ? 10_000_000 : 20_000_000));
const rounds = Number(values.rounds);
const wanted = values.systems?.split(",");
const memory = values.memory === undefined ? undefined : Number(values.memory);
const scale = Number(values.sf);
const queries = values.queries?.split(",").map((number) => `q${number}`) ?? tpchQueries;
const suites = ["taxi", "startup", "playground", "scan", "connectors", "groupby", "join", "sort", "udf", "tpch", "planning", "shuffle", "memory"];
if (!suites.includes(suite) || !(scale > 0) || !queries.every((query) => tpchQueries.includes(query)) || !Number.isInteger(rows) || !Number.isInteger(rounds) || rounds < 1 || (memory !== undefined && !((isQuestions(suite) || suite === "tpch") && memory > 0))) {
  console.error(usage);
  process.exit(2);
}

/** Suites whose figures are not those of systems side by side. */
const figures: Readonly<Record<string, () => Promise<Iterable<object>>>> = {
  startup: () => startup(rounds),
  shuffle: () => shuffle(rounds),
  connectors: () => connectors(rows, rounds),
  memory: () => peakMemory(rows, rounds),
  tpch: () => tpch(scale, queries, rounds, wanted, values.without, memory),
  planning: () => planning(scale, rounds),
  // Loaded here: other suites need no browser.
  playground: async () => (await (await import("./suites/playground.ts")).playground(rounds)).map((figure) => ({ ...figure, status: figure.value <= figure.limit ? "ok" : "missed" })),
  ...(values.s3 && { scan: () => scan(rows, rounds) }),
};

if (Object.hasOwn(figures, suite)) {
  for (const line of await figures[suite]!()) emit({ suite, ...line, rounds });
  process.exit();
}

const chosen = (systems: readonly System[]): System[] => systems.filter((system) => wanted?.includes(system.name) ?? true);

/** What two processes of pure computing reach over one, each time that it was asked. */
const scaling: number[] = [];
const round = async (): Promise<void> => void scaling.push(await calibrate());

/** The lines of all jobs, and what they come to. */
async function compared(suite: string, jobs: AsyncIterable<Job> | Iterable<Job>): Promise<void> {
  const lines: Awaited<ReturnType<typeof compare>> = [];
  for await (const job of jobs) {
    for (const line of await compare({ ...job, systems: chosen(job.systems) }, rounds)) {
      lines.push(line);
      emit(line);
    }
  }
  for (const line of suiteLines(suite, lines.filter((line) => line["rows"] === rows), scaling)) emit({ ...line, rounds });
}

if (suite === "scan") {
  await compared(suite, [{ ...(await scanFiles(rows)), round }]);
  process.exit();
}

if (isQuestions(suite)) {
  // The machine is measured once a question where scaling is a figure of the suite.
  const jobs = async function* (): AsyncGenerator<Job> {
    for await (const job of questions(suite, rows, values.without, memory)) {
      if (suite === "groupby" || suite === "join") await round();
      yield job;
    }
  };
  await compared(suite, jobs());
  if (suite === "sort") for (const line of await sortBalance(rows)) emit(line);
  process.exit();
}

await compared("taxi", [{ suite: "taxi", case: "monthly-trips", rows, systems: await taxiSystems(rows, values, values.without), answer: taxiAnswer, round }]);
emit({ suite: "taxi", case: "calibration", system: "two-kernels", seconds: null, startup_seconds: null, peak_bytes: null, rows: null, ratio: median(scaling), rounds, status: "ok" });

function emit(line: Record<string, unknown>): void {
  if (values.json) console.log(JSON.stringify(line));
  else console.log(Object.entries(line).map(([key, value]) => `${key} ${typeof value === "number" ? Number(value.toPrecision(4)) : String(value)}`).join("  "));
}

/** The options; one that there is not is told with those that there are. */
function asked<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}
