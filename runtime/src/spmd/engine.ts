/** The native engine (ARCHITECTURE.md, seam 5). Types only: the addon is loaded when a rank starts. */
export type { Engine, EngineOptions, SinkOutput } from "@lockstep/native";

export type Native = Pick<typeof import("@lockstep/native"), "Engine" | "prepareOutput" | "commitOutput" | "abortOutput" | "joinParts" | "PostgresSession" | "readAdbc" | "mpiLibrary" | "mpiAbort" | "schedule">;
