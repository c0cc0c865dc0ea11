/** What a job and a build cost before they do anything. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile } from "@lockstep/plugin-babel/compile";
import { makeTaxi } from "../../data/taxi.ts";
import { cache, root } from "../../scripts/lib.mjs";
import { median } from "../measure.ts";

const example = join(root, "playground/examples/monthly-trips");
const RANKS = 2;

export async function startup(rounds: number): Promise<Record<string, unknown>[]> {
  const data = await makeTaxi(join(cache, "data/taxi-v1-200000"), 200_000);
  const starts: number[] = [];
  for (let round = 0; round < rounds; round++) {
    starts.push(await untilScan((out) => [join(example, "dist/job.mjs"), data.weather, data.trips, out], { LOCKSTEP_RANKS: `${RANKS}` }, RANKS));
  }
  const compiles = warmCompiles(10 * rounds);
  const line = (name: string, seconds: readonly number[]) => ({
    case: name, system: "lockstep", seconds: median(seconds), seconds_min: Math.min(...seconds), seconds_max: Math.max(...seconds), status: "ok",
  });
  return [line("exec-to-scan", starts), line("warm-compile", compiles)];
}

/**
 * Seconds from exec of the example until the last rank has planned and starts the operators of the first plan, which ask
 * their scans for a batch at once: seen from outside, by what the ranks say they enter. The job is then stopped.
 */
export async function untilScan(args: (out: string) => readonly string[], env: NodeJS.ProcessEnv, ranks: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "lockstep-startup-"));
  const start = performance.now();
  const job = spawn(process.execPath, args(join(folder, "out")), { env: { ...process.env, ...env, LOCKSTEP_DEBUG: "comm" }, stdio: ["ignore", "ignore", "pipe"] });
  const begun = new Map<string, number>();
  let rest = "";
  job.stderr.on("data", (data: Buffer) => {
    const lines = (rest + data.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const rank = /rank (\d+): enters \w+ \(exchange\)/.exec(line)?.[1];
      if (rank !== undefined && !begun.has(rank)) begun.set(rank, (performance.now() - start) / 1000);
    }
    if (begun.size === ranks) job.kill();
  });
  const code = await new Promise((resolve) => job.on("close", resolve));
  rmSync(folder, { recursive: true, force: true });
  if (begun.size !== ranks) throw new Error(`the example did not run on ${ranks} ranks (exit code ${String(code)}): npm start builds it`);
  return Math.max(...begun.values());
}

/** Seconds of `compile()` on the example, after some to warm up. */
function warmCompiles(count: number): number[] {
  const read = (name: string) => ({ id: join(example, "src", name), code: readFileSync(join(example, "src", name), "utf8") });
  const { id, code } = read("job.ts");
  const modules: Record<string, { id: string; code: string } | null> = {};
  for (;;) {
    const { needs } = compile(code, { id, root: example, modules });
    if (needs.length === 0) break;
    for (const key of needs) {
      const specifier = key.split("\0")[1] ?? "";
      modules[key] = specifier.startsWith("./") ? read(specifier.slice(2)) : null;
    }
  }
  const seconds: number[] = [];
  for (let i = -20; i < count; i++) {
    const start = performance.now();
    compile(code, { id, root: example, modules });
    if (i >= 0) seconds.push((performance.now() - start) / 1000);
  }
  return seconds;
}
