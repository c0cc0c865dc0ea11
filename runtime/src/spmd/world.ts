import type { Usage } from "../observe/usage.ts";
import type { Engine, Native } from "./engine.ts";

/** What a rank knows of the job it belongs to: one per process, however many bundles run in it. */
export interface World {
  readonly rank: number;
  readonly size: number;
  /** Worker threads of this rank, each with a partition of every distributed table. */
  readonly threads: number;
  readonly job: string;
  readonly engine: Engine;
  readonly native: Native;
  /** Tells whoever outlives this rank which directories to remove if it dies. */
  staged(directories: readonly string[]): void;
  /** A rank died: resolves never, the job's end is on its way. */
  lost(error: unknown): Promise<never>;
  /** Called with the profile of every execution, and the name of the function that it is of. */
  profiled(profile: string, name: string): void;
  /** Called at the end of every call with what the ranks have used so far, in rank order. */
  used(usage: readonly Usage[]): void;
}

interface Shared {
  world: Promise<World> | undefined;
}

const key = Symbol.for("lockstep.world");
const shared = ((globalThis as Record<symbol, unknown>)[key] ??= { world: undefined }) as Shared;

/** This process's world. The first use starts the ranks, unless a launcher did. */
export function world(): Promise<World> {
  return (shared.world ??= import("../launch/start.ts").then((launch) => launch.startWorld()));
}

/** Gives the process its world: the launcher in a rank process, tests. */
export function setWorld(value: Promise<World> | undefined): void {
  shared.world = value;
}
