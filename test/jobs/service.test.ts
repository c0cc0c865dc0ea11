/** The job service over gRPC: run, watch, result, cancel; for those who have the token. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type JobEvent, Jobs, type JobService, type RunRequest, startJobService } from "@lockstep/runtime/jobs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { isAlive } from "../programs.ts";
import { program } from "./job-process.ts";

const folder = mkdtempSync(join(tmpdir(), "lockstep-service-"));
let service: JobService;
let jobs: Jobs;

beforeAll(async () => {
  service = await startJobService("secret");
  jobs = await Jobs.connect(service.address, "secret");
});

afterAll(async () => {
  jobs.close();
  await service.close();
  rmSync(folder, { recursive: true, force: true });
});

const request = (fields: Partial<RunRequest>): RunRequest => ({ program, arguments: [], folder, ranks: 0, memoryBytes: 0, seconds: 30, ...fields });

function source(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

async function toEnd(job: string): Promise<{ phases: string[]; message: string; printed: string }> {
  const events: JobEvent[] = [];
  for await (const event of jobs.watch(job)) events.push(event);
  const states = events.flatMap((e) => ("state" in e && e.state ? [e.state] : []));
  return { phases: states.map((s) => s.phase), message: states.at(-1)!.message, printed: events.map((e) => ("output" in e && e.output ? e.output.text : "")).join("") };
}

it("runs a program under plain Node and gives what it exports", async () => {
  const file = source("answer.mjs", "console.log('working', process.argv.slice(2).join());\nexport default [{ a: 1n, at: new Date(0) }];");
  const job = await jobs.run(request({ program: file, arguments: ["x", "y"] }));
  expect(await toEnd(job)).toEqual({ phases: ["QUEUED", "RUNNING", "SUCCEEDED"], message: "", printed: "working x,y\n" });
  expect(JSON.parse((await jobs.result(job, "value"))!)).toEqual([{ a: "1", at: "1970-01-01T00:00:00.000Z" }]);
  expect(await jobs.result(job, "profile")).toBeNull();
});

it("has nothing of a program that exports nothing, and prints nothing of it", async () => {
  const job = await jobs.run(request({ program: source("nothing.mjs", "console.log('done');") }));
  expect(await toEnd(job)).toMatchObject({ phases: ["QUEUED", "RUNNING", "SUCCEEDED"], printed: "done\n" });
  expect(await jobs.result(job, "value")).toBeNull();
});

it("says why a program failed", async () => {
  const job = await jobs.run(request({ program: source("fails.mjs", "throw new Error('no such luck');") }));
  expect(await toEnd(job)).toMatchObject({ phases: ["QUEUED", "RUNNING", "FAILED"], message: "ended with exit code 1", printed: expect.stringContaining("no such luck") });
});

it("stops an endless program when it is told to, or after its time; a job that waits behind it runs then", async () => {
  const endless = source("endless.mjs", "console.log('begun'); for (;;);");
  const first = await jobs.run(request({ program: endless }));
  const second = await jobs.run(request({ program: endless, seconds: 1 }));
  const third = await jobs.run(request({ program: endless }));
  expect(await jobs.cancel(third)).toBe(true);
  for await (const event of jobs.watch(first)) if ("output" in event && event.output) expect(await jobs.cancel(first)).toBe(true);
  expect(await toEnd(first)).toMatchObject({ phases: ["QUEUED", "RUNNING", "CANCELLED"], message: "cancelled" });
  expect(await toEnd(second)).toMatchObject({ phases: ["QUEUED", "RUNNING", "CANCELLED"], message: "stopped after 1 s, the limit" });
  expect(await toEnd(third)).toMatchObject({ phases: ["QUEUED", "CANCELLED"], message: "cancelled before it started" });
  expect(await jobs.cancel(first)).toBe(false);
});

it("ends a program that needs more memory than it may have, with the message", async () => {
  const job = await jobs.run(request({ program: source("hoards.mjs", "const all = []; for (;;) all.push(new Array(100_000).fill({}).map(() => ({})));"), memoryBytes: 100e6 }));
  expect(await toEnd(job)).toMatchObject({ phases: ["QUEUED", "RUNNING", "FAILED"], message: "ended by SIGABRT", printed: expect.stringContaining("heap out of memory") });
});

it("keeps no endless output", async () => {
  const job = await jobs.run(request({ program: source("loud.mjs", "for (let i = 0; i < 40000; i++) console.log('x'.repeat(100));") }));
  const { printed } = await toEnd(job);
  expect(printed.length).toBeLessThan(1_100_000);
  expect(printed).toMatch(/more is not shown\n$/);
});

it("answers nobody without the token, and says what is wrong with a request", async () => {
  const stranger = await Jobs.connect(service.address, "guess");
  await expect(stranger.run(request({}))).rejects.toThrow("the token is missing or wrong");
  await expect((async () => { for await (const _ of stranger.watch("x")); })()).rejects.toThrow("the token is missing or wrong");
  stranger.close();
  await expect(jobs.run(request({ program: "/nowhere.mjs" }))).rejects.toThrow("there is no /nowhere.mjs");
  await expect(jobs.run(request({ ranks: 9 }))).rejects.toThrow("at most 8");
  await expect(jobs.result("x", "value")).rejects.toThrow("there is no job x");
});

it("a job that cannot start fails alone: those behind it run", async () => {
  const file = source("fine.mjs", "console.log('fine');");
  const wrong = [request({ program: file, arguments: ["a\0b"] }), request({ program: file, arguments: ["x".repeat(3_000_000)] }), request({ program: file, folder: join(folder, "nowhere") })];
  for (const job of await Promise.all(wrong.map((r) => jobs.run(r)))) expect(await toEnd(job)).toMatchObject({ phases: ["QUEUED", "RUNNING", "FAILED"], message: expect.stringMatching(/^did not start: /) });
  expect(await toEnd(await jobs.run(request({ program: file })))).toMatchObject({ printed: "fine\n" });
});

it("leaves no process that a program started, and does not wait for it", async () => {
  const parent = source("parent.mjs", "import { spawn } from 'node:child_process';\nconst child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });\nconsole.log(child.pid);\nprocess.exit(0);");
  const { phases, printed } = await toEnd(await jobs.run(request({ program: parent })));
  expect(phases.at(-1)).toBe("SUCCEEDED");
  await expect.poll(() => isAlive(Number(printed))).toBe(false);
});

it("ends endless ranks whose launcher was killed", async () => {
  const job = await jobs.run(request({ program: source("spin.mjs", "console.log(process.pid, process.ppid); for (;;);"), ranks: 1 }));
  let rank = 0;
  const phases: string[] = [];
  for await (const event of jobs.watch(job)) {
    if ("output" in event && event.output && rank === 0) {
      const [pid, launcher] = event.output.text.split(" ").map(Number);
      rank = pid!;
      process.kill(launcher!, "SIGKILL");
    } else if ("state" in event && event.state) phases.push(`${event.state.phase} ${event.state.message}`);
  }
  expect(phases.at(-1)).toBe("FAILED ended by SIGKILL");
  await expect.poll(() => isAlive(rank)).toBe(false);
});

it("stops a process that takes memory outside of JavaScript's heap", async () => {
  const job = await jobs.run(request({ program: source("buffers.mjs", "const all = []; setInterval(() => all.push(Buffer.alloc(20e6, 1)), 5);"), memoryBytes: 100e6 }));
  expect(await toEnd(job)).toMatchObject({ phases: ["QUEUED", "RUNNING", "CANCELLED"], message: "stopped: a process took more than 250 MB of memory" });
});

it("a service that is killed leaves no process and no folder", async () => {
  const temporary = mkdtempSync(join(folder, "tmp-"));
  const endless = source("forever.mjs", "console.log(process.pid); for (;;);");
  const script = source("serve.mjs", `import { Jobs, startJobService } from "${import.meta.resolve("@lockstep/runtime/jobs")}";
const jobs = await Jobs.connect((await startJobService("s")).address, "s");
const job = await jobs.run(${JSON.stringify(request({ program: endless }))});
for await (const event of jobs.watch(job)) if (event.output) console.log(event.output.text);`);
  const child = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, TMPDIR: temporary } });
  const [text] = (await once(child.stdout, "data")) as [Buffer];
  expect(readdirSync(temporary)).toHaveLength(1);
  child.kill("SIGKILL");
  await expect.poll(() => isAlive(Number(text.toString()))).toBe(false);
  await expect.poll(() => readdirSync(temporary)).toEqual([]);
});
