/** The job service: one machine's ranks behind gRPC, on the loopback, for those who have the token. */
import { createHash, randomUUID, timingSafeEqual } from "node:crypto";
import { createReadStream, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { sendUnaryData, ServerUnaryCall, ServerWritableStream } from "@grpc/grpc-js";
import { Janitor } from "../launch/janitor.ts";
import { Job } from "./job.ts";
import { hasEnded, type JobEvent, type JobReference, loadJobs, type ResultName, resultNames, type RunRequest } from "./protocol.ts";

export interface JobService {
  /** `127.0.0.1:41234` */
  readonly address: string;
  /** Stops all jobs and forgets their results. */
  close(): Promise<void>;
}

/** Jobs of a service; only the last ones keep their results. */
const KEPT = 50;
const MOST_RANKS = 8;

export async function startJobService(token: string): Promise<JobService> {
  const { grpc, Jobs } = await loadJobs();
  const folder = mkdtempSync(join(tmpdir(), "lockstep-jobs-"));
  const jobs = new Map<string, Job>();
  // A service that is killed leaves no program running and no folder.
  const janitor = new Janitor();
  janitor.watch([folder]);
  /** Ranks of two jobs would share the cores: one after the other. */
  let queue = Promise.resolve();

  const refuse = (code: number, details: string) => Object.assign(new Error(details), { code, details });
  const allowed = (call: { metadata: { get(name: string): unknown[] } }) => sameText(String(call.metadata.get("authorization")[0] ?? ""), `Bearer ${token}`);
  const find = (call: { metadata: { get(name: string): unknown[] }; request: JobReference }): Job => {
    if (!allowed(call)) throw refuse(grpc.status.UNAUTHENTICATED, "the token is missing or wrong");
    const job = jobs.get(call.request.job);
    if (!job) throw refuse(grpc.status.NOT_FOUND, `there is no job ${call.request.job}`);
    return job;
  };

  function run(call: ServerUnaryCall<RunRequest, JobReference>): JobReference {
    if (!allowed(call)) throw refuse(grpc.status.UNAUTHENTICATED, "the token is missing or wrong");
    const { program, ranks } = call.request;
    if (!existsSync(program)) throw refuse(grpc.status.INVALID_ARGUMENT, `there is no ${program}`);
    if (ranks > MOST_RANKS) throw refuse(grpc.status.INVALID_ARGUMENT, `${ranks} ranks: this service runs at most ${MOST_RANKS}`);
    const id = randomUUID();
    mkdirSync(join(folder, id));
    const job = new Job(id, call.request, join(folder, id));
    jobs.set(id, job);
    queue = queue.then(async () => {
      const ended = job.run();
      janitor.watch([folder], job.group === undefined ? [] : [job.group]);
      await ended;
      janitor.watch([folder]);
    });
    for (const [old, { phase }] of jobs) {
      if (jobs.size <= KEPT) break;
      if (!hasEnded(phase)) continue;
      jobs.delete(old);
      rmSync(join(folder, old), { recursive: true, force: true });
    }
    return { job: id };
  }

  async function watch(call: ServerWritableStream<JobReference, JobEvent>): Promise<void> {
    const gone = new AbortController();
    call.on("cancelled", () => gone.abort());
    for await (const event of find(call).watch(gone.signal)) call.write(event);
    call.end();
  }

  async function result(call: ServerWritableStream<JobReference & { what: ResultName }, { json: Buffer }>): Promise<void> {
    const job = find(call);
    const { what } = call.request;
    if (!resultNames.includes(what)) throw refuse(grpc.status.INVALID_ARGUMENT, `a job has no ${String(what)}`);
    if (!hasEnded(job.phase)) throw refuse(grpc.status.FAILED_PRECONDITION, "the job has not ended");
    if (existsSync(job.file(what))) for await (const piece of createReadStream(job.file(what))) if (!call.write({ json: piece as Buffer })) await new Promise((resolve) => call.once("drain", resolve));
    call.end();
  }

  const unary = <Request, Reply>(method: (call: ServerUnaryCall<Request, Reply>) => Reply) => (call: ServerUnaryCall<Request, Reply>, reply: sendUnaryData<Reply>) => {
    try {
      reply(null, method(call));
    } catch (error) {
      reply(error as Error);
    }
  };
  const streaming = <Request, Piece>(method: (call: ServerWritableStream<Request, Piece>) => Promise<void>) => (call: ServerWritableStream<Request, Piece>) =>
    void method(call).catch((error: Error) => error.name === "AbortError" || call.emit("error", error));

  const server = new grpc.Server();
  server.addService(Jobs.service, { Run: unary(run), Watch: streaming(watch), Result: streaming(result), Cancel: unary((call: ServerUnaryCall<JobReference, { stopped: boolean }>) => ({ stopped: find(call).cancel() })) });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  return {
    address: `127.0.0.1:${port}`,
    async close() {
      for (const job of jobs.values()) job.cancel();
      await queue;
      server.forceShutdown();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** In a time that says nothing about where they differ. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
