import { deserialize, serialize } from "node:v8";
import { type Classes, LockstepError } from "../errors/index.ts";
import { reached } from "../observe/debug.ts";
import { checked, isAgreed } from "./checked.ts";
import { CallContext, enter, leave } from "./context.ts";
import { receive, take, type Sent } from "./arguments.ts";
import { current, runInside } from "./inside.ts";
import { keepReturned, releaseTables, releaseTablesOf, tablesReleased } from "./handles.ts";
import { decisive, errorOf } from "./outcome.ts";
import { world, type World } from "./world.ts";

type Captures = Record<string, unknown>;
type Body = (captures: Captures, ...args: never[]) => unknown;

/** An annotated function in SPMD form, as the rank chunk defines it. */
export interface Defined {
  readonly id: string;
  readonly body: Body;
}

/** What rank 0 tells the others of a call. */
interface Message extends Sent {
  readonly call: number;
  readonly function: string;
  readonly cwd: string;
  readonly timeZone: string | undefined;
  readonly released: readonly number[];
}

const functions = new Map<string, Defined>();
let calls = 0;
let queue: Promise<unknown> = Promise.resolve();

/** Registers an annotated function; evaluated when its rank chunk is loaded. */
export function define(id: string, body: Body): Defined {
  const defined = { id, body };
  functions.set(id, defined);
  return defined;
}

/**
 * Calls an annotated function: on all ranks when it comes from ordinary code (rank 0's), as a plain call when
 * it comes from another annotated function. Calls run one at a time in call order, with the values of the moment at
 * which they are made. `classes` are those of the module that calls.
 */
export async function call(defined: Defined, args: readonly unknown[], captures: Captures = {}, classes?: () => Classes): Promise<unknown> {
  if (current()) return runInside(defined.id, classes, () => defined.body(captures, ...(args as never[])));
  const values = take({ args, captures }, defined.id.slice(defined.id.lastIndexOf("#") + 1));
  const result = queue.then(() => conduct(defined, values, classes));
  queue = result.catch(() => undefined);
  return result;
}

/** Rank 0's side of a call. */
async function conduct(defined: Defined, values: () => Promise<Sent>, classes: (() => Classes) | undefined): Promise<unknown> {
  const here = await world();
  const message: Message = {
    ...(await values()),
    call: ++calls,
    function: defined.id,
    cwd: process.cwd(),
    timeZone: process.env.TZ,
    released: tablesReleased(),
  };
  if (here.size > 1) await fatalIfLost(here, checked(here.engine.broadcast(serialize(message), 0)));
  return perform(here, message, classes);
}

/** The other ranks' side: call after call, until rank 0 is gone. */
export async function follow(here: World): Promise<void> {
  for (;;) {
    const message = deserialize(await checked(here.engine.broadcast(null, 0))) as Message;
    if (process.cwd() !== message.cwd) process.chdir(message.cwd);
    if (message.timeZone === undefined) delete process.env.TZ;
    else process.env.TZ = message.timeZone;
    // The error is rank 0's to report.
    await perform(here, message).catch(() => undefined);
  }
}

/** One call on one rank, to the point where all ranks know how it ended. */
async function perform(here: World, message: Message, classes?: () => Classes): Promise<unknown> {
  releaseTables(message.released, here);
  const context = new CallContext(here, message.call, message.function);
  enter(context);
  reached(here.rank, `call ${message.call}: ${message.function}`);
  let value: unknown;
  let error: { readonly thrown: unknown } | undefined;
  try {
    const defined = functions.get(message.function);
    if (!defined) throw new LockstepError({ code: "LS2099", message: `rank ${here.rank} has no function ${message.function}` });
    const { args, captures } = receive(message);
    value = await keepReturned(context, await runInside(message.function, classes, async () => defined.body(captures, ...(args as never[]))));
  } catch (thrown) {
    if (isLost(thrown)) return here.lost(thrown);
    error = { thrown };
  }
  const decided = decisive(await fatalIfLost(here, context.end(error)));
  for (const dataset of context.datasets) here.engine.closeDataset(dataset);
  for (const spool of context.spools) here.engine.releaseSpool(spool);
  leave();
  if (!decided) {
    if (here.rank === 0) await context.outputs.commit();
    return value;
  }
  releaseTablesOf(context);
  if (here.rank === 0) await context.outputs.abort();
  // The error that this rank's own code threw, with its class and identity, if that is the one.
  throw error && (!decided.failure!.own || !isAgreed(error.thrown)) ? error.thrown : errorOf(decided);
}

function isLost(error: unknown): boolean {
  return error instanceof LockstepError && error.code === "LS2011";
}

/** A dead rank ends the job: the error does not reach the program, which could do nothing but fail. */
async function fatalIfLost<T>(here: World, operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (error) {
    return here.lost(error);
  }
}
