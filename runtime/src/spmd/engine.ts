import type { Plan } from "@lockstep/native/plan";

/** What one rank is told when its engine starts. */
export interface EngineOptions {
  rank: number;
  size: number;
  /** Names the ranks' rendezvous; the same on all of them. */
  job: string;
  threads: number;
  /** Bytes. */
  memoryLimit: number;
  spillDirectory: string;
}

/** What a sink of an execution leaves: its row count, an Arrow IPC stream, or the files it wrote. */
export interface SinkResult {
  rows?: number | null;
  ipc?: Uint8Array | null;
  files?: string[] | null;
}

/** The native engine as this package uses it (ARCHITECTURE.md, seam 5). Every method that returns a promise but the outputs' is collective. */
export interface Engine {
  openParquet(json: string): Promise<string>;
  openCsv(json: string): Promise<string>;
  registerTable(ipc: Uint8Array): Promise<number>;
  execute(plan: string): Promise<{ sinks: SinkResult[]; profile: string }>;
  explain(plan: string): Promise<string>;
  releaseSpool(id: number): void;
  closeDataset(id: number): void;
  broadcast(bytes: Uint8Array | null, root: number): Promise<Uint8Array>;
  allgather(bytes: Uint8Array): Promise<Uint8Array[]>;
  fail(error: string): void;
  settle(outcome: Uint8Array): Promise<Uint8Array[]>;
  close(): Promise<void>;
}

/** The addon: the engine's constructor and what needs no rank. */
export interface Native {
  Engine: { create(options: EngineOptions): Promise<Engine> };
  prepareOutput(path: string, overwrite: boolean, job: string): Promise<string>;
  commitOutput(staging: string, path: string, overwrite: boolean): Promise<void>;
  abortOutput(staging: string): Promise<void>;
}

export type { Plan };
