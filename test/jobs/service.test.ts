/** The job service over gRPC: run, watch, result, cancel; for those who have the token. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type JobEvent, Jobs, type JobService, type RunRequest, startJobService } from "@lockstep/runtime/jobs";
import { afterAll, beforeAll, expect, it } from "vitest";
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
  expect(JSON.parse(await jobs.result(job, "value"))).toEqual([{ a: "1", at: "1970-01-01T00:00:00.000Z" }]);
  await expect(jobs.result(job, "profile")).rejects.toThrow("the job left no profile");
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
