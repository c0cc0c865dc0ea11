// What a person sees of a job that takes its time: on a terminal a bar that leaves nothing behind, elsewhere nothing for half a minute.
import { spawn } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import lockstepPlugin from "@lockstep/plugin-vite/esbuild";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import { root } from "../scripts/lib.mjs";
import { lockstep } from "./job-process.ts";

const folder = join(root, `.lockstep-progress-${process.pid}`);
const at = (name: string) => join(folder, name);
const cli = join(root, "runtime/bin/lockstep.mjs");

beforeAll(async () => {
  mkdirSync(folder);
  // Four batches for each of two ranks, of some 0.4 s each.
  writeFileSync(at("rows.csv"), `a\n${`3\n${"0\n".repeat(63)}`.repeat(1024)}`);
  await build({ entryPoints: [join(root, "test/jobs/progress/job.ts")], outdir: at("dist"), bundle: true, format: "esm", platform: "node", logLevel: "error", plugins: [lockstepPlugin({ root, report: false })] });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** On a pseudo-terminal, whose both streams come out as one. */
function onTerminal(command: string, columns: number): Promise<string> {
  const { VITEST: _, ...env } = process.env;
  const child = spawn("script", ["-qec", `stty cols ${columns}; ${command}`, "/dev/null"], { stdio: ["ignore", "pipe", "inherit"], env: { ...env, LOCKSTEP_MEMORY: "256MB" } });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  return new Promise((resolve) => child.on("close", () => resolve(text)));
}

/** What stands on the screen at the end. */
function screen(text: string): string[] {
  return text.split("\n").map((line) => line.split("\r").reduce((shown, part) => (part.startsWith("\x1b[K") ? part.slice(3) : part === "" ? shown : part), "").replaceAll("\x1b[K", ""));
}

// On a busy machine the job may end before its bar was due.
it.each([["lockstep run", 120], ["lockstep run", 40], ["node", 120]])("%s: a bar on a terminal of %i columns", { retry: 3 }, async (how, columns) => {
  const job = `${at("dist/job.mjs")} ${how === "node" ? "" : "-- "}${at("rows.csv")}`;
  const node = process.execPath;
  const text = await onTerminal(how === "node" ? `LOCKSTEP_RANKS=2 ${node} ${job}` : `${node} ${cli} run -n 2 --no-summary ${job}`, columns);
  const bars = [...text.matchAll(/\r(lockstep [━─]+ \d+%.*?)\x1b\[K/g)].map(([, bar]) => bar!);
  expect(bars.length).toBeGreaterThan(0);
  expect(bars.every((bar) => bar.length < columns)).toBe(true);
  // What only V8 can run keeps a rank from telling of itself: one may not have been heard of yet.
  expect(bars.at(-1)).toMatch(columns === 120 ? /━─* \d+%  (\d+ s left|input read), \d+\.\d of (65\.5|32\.8) k rows, \d+\.\d of (131\.1|65\.5) kB, [\d.]+ k?B\/s$/ : /━─* \d+%  (\d+ s left|input read)$/);
  const shown = screen(text).filter((line) => line !== "" && !line.startsWith("lockstep: "));
  expect(shown).toEqual(["before", "65536 rows"]);
});

it("--no-progress shows none, and nothing is shown where there is no terminal", async () => {
  expect(await onTerminal(`${process.execPath} ${cli} run -n 2 --no-progress --no-summary ${at("dist/job.mjs")} -- ${at("rows.csv")}`, 100)).toBe("before\r\n65536 rows\r\n");
  expect(await onTerminal(`LOCKSTEP_PROGRESS=0 LOCKSTEP_RANKS=2 ${process.execPath} ${at("dist/job.mjs")} ${at("rows.csv")} 2>&1 | cat`, 100)).toBe("before\r\n65536 rows\r\n");
  const { stdout, stderr } = await lockstep(["run", "-n", "2", at("dist/job.mjs"), "--", at("rows.csv")]).ended;
  expect({ stdout, stderr }).toEqual({ stdout: "before\n65536 rows\n", stderr: "" });
});
