/** Asks a job service. */
import type { Client, ClientReadableStream, Metadata, ServiceError } from "@grpc/grpc-js";
import { type JobEvent, type JobReference, loadJobs, type ResultName, type RunRequest } from "./protocol.ts";

type Unary<Request, Reply> = (request: Request, metadata: Metadata, done: (error: ServiceError | null, reply?: Reply) => void) => void;
type Streaming<Request, Piece> = (request: Request, metadata: Metadata) => ClientReadableStream<Piece>;

interface JobsClient extends Client {
  Run: Unary<RunRequest, JobReference>;
  Watch: Streaming<JobReference, JobEvent>;
  Result: Streaming<JobReference & { what: ResultName }, { json: Buffer }>;
  Cancel: Unary<JobReference, { stopped: boolean }>;
}

export class Jobs {
  readonly #client: JobsClient;
  readonly #metadata: Metadata;

  private constructor(client: JobsClient, metadata: Metadata) {
    this.#client = client;
    this.#metadata = metadata;
  }

  static async connect(address: string, token: string): Promise<Jobs> {
    const { grpc, Jobs: Constructor } = await loadJobs();
    const metadata = new grpc.Metadata();
    metadata.set("authorization", `Bearer ${token}`);
    // The loopback's names are not asked of a proxy.
    return new Jobs(new Constructor(address, grpc.credentials.createInsecure(), { "grpc.enable_http_proxy": 0 }) as unknown as JobsClient, metadata);
  }

  /** The job's id. */
  async run(request: RunRequest): Promise<string> {
    return (await this.#ask<JobReference>((done) => this.#client.Run(request, this.#metadata, done))).job;
  }

  watch(job: string): AsyncIterable<JobEvent> {
    return this.#client.Watch({ job }, this.#metadata);
  }

  /** The JSON text of what an ended job left; null: it left none. */
  async result(job: string, what: ResultName): Promise<string | null> {
    const pieces: Buffer[] = [];
    for await (const { json } of this.#client.Result({ job, what }, this.#metadata) as AsyncIterable<{ json: Buffer }>) pieces.push(json);
    return pieces.length === 0 ? null : Buffer.concat(pieces).toString();
  }

  /** False: it had ended. */
  async cancel(job: string): Promise<boolean> {
    return (await this.#ask<{ stopped: boolean }>((done) => this.#client.Cancel({ job }, this.#metadata, done))).stopped;
  }

  close(): void {
    this.#client.close();
  }

  #ask<Reply>(call: (done: (error: ServiceError | null, reply?: Reply) => void) => void): Promise<Reply> {
    return new Promise((resolve, reject) => call((error, reply) => (error ? reject(new Error(error.details)) : resolve(reply!))));
  }
}
