/** The messages of `proto/jobs.proto` as grpc-js gives them. */
import { fileURLToPath } from "node:url";
import type { GrpcObject, ServiceClientConstructor } from "@grpc/grpc-js";

export type Phase = "QUEUED" | "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED";

export interface RunRequest {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly folder: string;
  readonly ranks: number;
  readonly memoryBytes: number;
  readonly seconds: number;
}

export interface JobReference {
  readonly job: string;
}

export interface State {
  readonly phase: Phase;
  readonly seconds: number;
  readonly message: string;
}

export type JobEvent = { readonly state: State } | { readonly output: { readonly stream: "stdout" | "stderr"; readonly text: string } };

export const resultNames = ["value", "profile", "trace"] as const;
export type ResultName = (typeof resultNames)[number];

export const hasEnded = (phase: Phase): boolean => phase !== "QUEUED" && phase !== "RUNNING";

/** The service's definition, with its client. grpc-js is loaded by those who serve or ask for jobs, by nobody else. */
export async function loadJobs(): Promise<{ grpc: typeof import("@grpc/grpc-js"); Jobs: ServiceClientConstructor }> {
  const [grpc, { load }] = await Promise.all([import("@grpc/grpc-js"), import("@grpc/proto-loader")]);
  const definition = await load(fileURLToPath(new URL("../../proto/jobs.proto", import.meta.url)), { enums: String, longs: Number, defaults: true, oneofs: true });
  const { lockstep } = grpc.loadPackageDefinition(definition) as unknown as { lockstep: { jobs: { v1: GrpcObject } } };
  return { grpc, Jobs: lockstep.jobs.v1.Jobs as ServiceClientConstructor };
}
