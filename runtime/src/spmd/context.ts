import { LockstepError } from "../errors/index.ts";
import { Outputs } from "./outputs.ts";
import type { World } from "./world.ts";

/** One outermost annotated call on one rank. */
export class CallContext {
  readonly world: World;
  readonly id: number;
  /** The annotated function, e.g. `src/job.ts#monthlyTrips`. */
  readonly name: string;
  readonly outputs: Outputs;
  /** Opened by this call, closed when it ends. */
  datasets: number[] = [];
  #turn: Promise<unknown> = Promise.resolve();

  constructor(world: World, id: number, name: string) {
    this.world = world;
    this.id = id;
    this.name = name;
    this.outputs = new Outputs(world, id);
  }

  /** Runs communicating operations one after another in the order they were begun, which is the same on all ranks. */
  inOrder<T>(operation: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(operation);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** Waits for operations that the body began and did not wait for: the rest of a `Promise.all` of which one failed. */
  async idle(): Promise<void> {
    let last: Promise<unknown> | undefined;
    while (last !== this.#turn) await (last = this.#turn);
  }
}

/** Calls are queued, so there is at most one per process. */
let current: CallContext | undefined;

export function enter(call: CallContext): void {
  current = call;
}

export function leave(): void {
  current = undefined;
}

/** The call that runs now. */
export function currentCall(): CallContext {
  if (current) return current;
  throw new LockstepError({
    code: "LS2016",
    message: "a table of an annotated call was used after the call had ended",
    fix: "Await every reader, writer and observer inside the function.",
  });
}
