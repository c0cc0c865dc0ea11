// npm run bench -- taxi [--rows 20000000] [--rounds 5] [--systems a,b] [--bodo] [--spark] [--json]
// npm run bench -- startup [--rounds 5] [--json]
// npm run bench -- playground [--rounds 5] [--json]
// npm run bench -- scan --s3 [--rows 20000000] [--rounds 5] [--json]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { calibrate } from "./calibrate.ts";
import { median, type Measured } from "./measure.ts";
import { scan } from "./suites/scan.ts";
import { startup } from "./suites/startup.ts";
import { type Answer, removeOutput, sameAnswer, taxiAnswer, taxiSystems } from "./suites/taxi.ts";

const usage = "usage: npm run bench -- taxi [--rows 20000000] [--rounds 5] [--systems lockstep,duckdb,…] [--bodo] [--spark] [--json], startup or playground [--rounds 5] [--json], or scan --s3 [--rows 20000000] [--rounds 5] [--json]";
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rows: { type: "string", default: "20000000" },
    rounds: { type: "string", default: "5" },
    systems: { type: "string" },
    bodo: { type: "boolean", default: false },
    spark: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    s3: { type: "boolean", default: false },
  },
});
const rows = Number(values.rows);
const rounds = Number(values.rounds);
const suites = ["taxi", "startup", "playground", "scan"];
if (!suites.includes(positionals[0] ?? "") || (positionals[0] === "scan" && !values.s3) || !Number.isInteger(rows) || !Number.isInteger(rounds) || rounds < 1) {
  console.error(usage);
  process.exit(2);
}

if (positionals[0] === "startup") {
  for (const line of await startup(rounds)) emit({ suite: "startup", ...line, rounds });
  process.exit();
}

if (positionals[0] === "playground") {
  // Loaded here: other suites need no browser.
  const { playground } = await import("./suites/playground.ts");
  for (const figure of await playground(rounds)) emit({ suite: "playground", ...figure, status: figure.value <= figure.limit ? "ok" : "missed", rounds });
  process.exit();
}

if (positionals[0] === "scan") {
  for (const line of await scan(rows, rounds)) emit({ suite: "scan", ...line, rounds });
  process.exit();
}

const wanted = values.systems?.split(",");
const systems = (await taxiSystems(rows, values)).filter((system) => wanted?.includes(system.name) ?? true);
const folder = mkdtempSync(join(tmpdir(), "lockstep-bench-"));
const runs = new Map<string, Measured[]>(systems.map((system) => [system.name, []]));
const peaks = new Map<string, number>();
const startups = new Map<string, number[]>(systems.map((system) => [system.name, []]));
/** Of every timed run; null: there was none. */
const answers = new Map<string, (Answer | null)[]>(systems.map((system) => [system.name, []]));
const scaling: number[] = [];
try {
  for (const system of systems) {
    const out = join(folder, system.name);
    peaks.set(system.name, (await system.run("memory", out)).peakBytes);
    removeOutput(out);
  }
  for (let round = 0; round < rounds; round++) {
    scaling.push(await calibrate());
    // Interleaved, and each round begins with another one: a disturbance of the machine, and what a predecessor left
    // in caches and free memory, hit all systems alike.
    for (const system of [...systems.slice(round % systems.length), ...systems.slice(0, round % systems.length)]) {
      const out = join(folder, system.name);
      removeOutput(out);
      const measured = await system.run("time", out);
      runs.get(system.name)?.push(measured);
      answers.get(system.name)?.push(measured.failure === null ? await taxiAnswer(out) : null);
      removeOutput(out);
      const startup = measured.startup ?? (await system.startup?.());
      if (startup !== undefined) startups.get(system.name)?.push(startup);
      console.error(`round ${round + 1}/${rounds} ${system.name.padEnd(14)} ${measured.seconds.toFixed(2)} s ${measured.failure ?? ""}`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

for (const system of systems) report(system.name, system.rows);
emit({ suite: "taxi", case: "calibration", system: "two-kernels", seconds: null, startup_seconds: null, peak_bytes: null, rows: null, ratio: median(scaling), rounds, status: "ok" });

/** What a system's answers are compared with: the first answer of somebody else on the same rows, DuckDB's if it ran. */
function referenceFor(name: string): Answer | null {
  const others = systems.filter((other) => other.rows === rows && other.name !== name && !(isOurs(other.name) && isOurs(name)));
  const found = [...others.filter((other) => other.name === "duckdb"), ...others].flatMap((other) => answers.get(other.name) ?? []);
  return found.find((answer) => answer !== null) ?? null;
}

function isOurs(name: string): boolean {
  return name.startsWith("lockstep");
}

function report(name: string, count: number): void {
  const all = runs.get(name) ?? [];
  const failure = all.find((run) => run.failure !== null)?.failure;
  const reference = count === rows ? referenceFor(name) : null;
  const wrong = reference !== null && (answers.get(name) ?? []).some((answer) => answer === null || !sameAnswer(reference, answer));
  const seconds = all.map((run) => run.seconds);
  const starts = startups.get(name) ?? [];
  emit({
    suite: "taxi",
    case: "monthly-trips",
    system: name,
    seconds: median(seconds),
    seconds_min: Math.min(...seconds),
    seconds_max: Math.max(...seconds),
    startup_seconds: starts.length > 0 ? median(starts) : null,
    peak_bytes: peaks.get(name) ?? null,
    rows: count,
    status: failure !== undefined ? `failed: ${failure}` : wrong ? "wrong answer" : reference !== null ? "ok" : "ok, not compared",
  });
}

function emit(line: Record<string, unknown>): void {
  if (values.json) console.log(JSON.stringify(line));
  else console.log(Object.entries(line).map(([key, value]) => `${key} ${typeof value === "number" ? Number(value.toPrecision(4)) : String(value)}`).join("  "));
}
