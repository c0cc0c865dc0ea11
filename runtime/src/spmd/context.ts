import type { Seen } from "../connectors/iceberg/table-write.ts";
import type { ReadSnapshots } from "../connectors/iceberg/places.ts";
import { LockstepError } from "../errors/index.ts";
import { usageOf } from "../observe/usage.ts";
import { checked, isAgreed } from "./checked.ts";
import type { Engine } from "./engine.ts";
import { decisive, decodeOutcomes, description, encodeOutcome, errorOf, failed, type Outcome } from "./outcome.ts";
import { Outputs } from "./outputs.ts";
import { meetingOf } from "./meeting.ts";
import { stand } from "./rank.ts";
import type { ScriptFunction } from "./scripts.ts";
import type { DatabaseOutput } from "./database-outputs.ts";
import type { TableOutput } from "./table-outputs.ts";
import { agreeOnSpools, nextSpool } from "./spools.ts";
import type { World } from "./world.ts";

/** One outermost annotated call on one rank. */
export class CallContext {
  readonly world: World;
  readonly id: number;
  /** The annotated function, e.g. `src/job.ts#monthlyTrips`. */
  readonly name: string;
  readonly outputs: Outputs;
  /** Row functions that V8 runs, by number: the same on all ranks, which run the same statements. */
  readonly scripts: ScriptFunction[] = [];
  /** Tables of Iceberg that this call writes. */
  readonly tables = new Map<string, TableOutput>();
  /** Databases that it writes into, by their names. */
  readonly databases = new Map<string, DatabaseOutput>();
  /** The snapshots of tables that it has read first, on rank 0: what it puts in their place must replace these. */
  readonly seen = new Map<string, Seen>();
  /** The snapshots that it has read for tables that it writes, on rank 0. */
  readonly read = new Map<string, ReadSnapshots>();
  /** Opened by this call, closed when it ends. */
  datasets: number[] = [];
  /** Rows that were dealt for loops over batches; freed when it ends, if not before. */
  readonly spools: number[] = [];
  #turn: Promise<unknown> = Promise.resolve();
  /** An operation failed on all ranks; the engine refuses others until all have met. */
  #stuck = false;
  /** How the call ended on all ranks, where this one has yet to notice. */
  #over: readonly Outcome[] | undefined;

  constructor(world: World, id: number, name: string) {
    this.world = world;
    this.id = id;
    this.name = name;
    this.outputs = new Outputs(this);
  }

  /** Runs communicating operations one after another in the order they were begun, which is the same on all ranks. */
  inOrder<T>(operation: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(operation);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /**
   * A collective operation of the engine. One that fails does so on all ranks at the same statement; if the function
   * catches the error and goes on, all ranks first leave the failed state together.
   */
  async collective<T>(operation: (engine: Engine) => Promise<T>): Promise<T> {
    if (this.#stuck) await this.#meet({ goesOn: true });
    if (this.#over) throw errorOf(decisive(this.#over)!);
    try {
      return await checked(operation(this.world.engine));
    } catch (error) {
      this.#stuck = true;
      throw this.outputs.named(error);
    }
  }

  /** The end of the body on this rank; resolves when all ranks are there. */
  async end(error?: { readonly thrown: unknown }): Promise<readonly Outcome[]> {
    const own = error !== undefined && !isAgreed(error.thrown);
    // The others may wait for this rank in a collective.
    if (own) this.world.engine.fail(description(error.thrown));
    await this.#idle();
    if (this.#over) return this.#over;
    const outcome = error ? failed(error.thrown) : {};
    if (this.world.size === 1 && !own && !this.#stuck) {
      this.world.used([usageOf(this.world.engine)]);
      return [outcome];
    }
    return this.#meet(outcome);
  }

  async #meet(outcome: Outcome): Promise<readonly Outcome[]> {
    const outcomes = decodeOutcomes(await checked(this.world.engine.settle(encodeOutcome({ ...outcome, spools: nextSpool(), used: usageOf(this.world.engine) }))));
    agreeOnSpools(outcomes.map(({ spools }) => spools!));
    this.world.used(outcomes.map(({ used }) => used!));
    this.#stuck = false;
    if (outcome.goesOn && outcomes.some(({ goesOn }) => !goesOn)) this.#over = ended(outcomes);
    return outcomes;
  }

  /** Waits for operations that the body began and did not wait for: the rest of a `Promise.all` of which one failed. */
  async #idle(): Promise<void> {
    let last: Promise<unknown> | undefined;
    while (last !== this.#turn) await (last = this.#turn);
  }
}

/** Some ranks are at the end of the call, others go on: with an error of a rank, or by mistake. */
function ended(outcomes: readonly Outcome[]): readonly Outcome[] {
  if (decisive(outcomes)) return outcomes;
  const message = `rank ${outcomes.findIndex(({ goesOn }) => !goesOn)} left the function where rank ${outcomes.findIndex(({ goesOn }) => goesOn)} goes on`;
  return [failed(new LockstepError({ code: "LS2012", message }))];
}

/** Calls are queued, so there is at most one per process. */
let current: CallContext | undefined;

export function enter(call: CallContext): void {
  current = call;
  const { rank, size } = call.world;
  stand({ rank, size, meeting: size > 1 ? (site) => meetingOf(call, site) : null });
}

export function leave(): void {
  current = undefined;
  stand(null);
}

/** The call that runs now, if one does. */
export function runningCall(): CallContext | undefined {
  return current;
}

/** The call that runs now. LS2016 outside of calls. */
export function currentCall(): CallContext {
  if (current) return current;
  throw new LockstepError({
    code: "LS2016",
    message: "a table of an annotated call was used after the call had ended",
    fix: "Await every reader, writer and observer inside the function.",
  });
}
