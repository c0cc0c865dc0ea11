/** Scalars that would differ between processes, made the same on all ranks. */
import { deserialize, serialize } from "node:v8";
import { partsOf, thrownOf, type Thrown } from "../errors/index.ts";
import { fill, marshal, Places } from "../marshal.ts";
import { markAgreed } from "./checked.ts";
import { currentCall, runningCall, type CallContext } from "./context.ts";
import { restore, type Standing, standingFor } from "./standing.ts";

type Answer = { readonly value: unknown; readonly empty: object[]; readonly things: Standing[] } | { readonly failure: Thrown };

/**
 * Rank 0's value of `evaluate`, on every rank; what it throws there is thrown everywhere. The other ranks do not evaluate it:
 * the clock, random numbers, the environment and files are rank 0's.
 */
export function alike<T>(evaluate: () => T | Promise<T>): Promise<T> {
  const call = currentCall();
  return call.inOrder(() => agreed(call, evaluate));
}

/** As {@link alike}, within an operation of the call. */
export async function agreed<T>(call: CallContext, evaluate: () => T | Promise<T>): Promise<T> {
  const { rank, size } = call.world;
  const own = rank === 0 ? await answer(evaluate) : null;
  const all = size > 1 ? (deserialize(await call.collective((engine) => engine.broadcast(own && serialize(own), 0))) as Answer) : own!;
  if ("failure" in all) throw markAgreed(thrownOf(all.failure));
  return fill(all.value, all.empty, all.things.map(restore)) as T;
}

/** The expression as it stands in the rank chunk, where it is known by nothing else. */
function written(evaluate: () => unknown): string {
  const text = String(evaluate).replace(/^(async )?\(\) => /, "").replace(/\s+/g, " ");
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}

async function answer(evaluate: () => unknown): Promise<Answer> {
  const places = new Places<Standing>();
  const instead = (part: object): object | undefined => {
    // The whole environment is no plain object, but plain data.
    if (part === process.env) return { ...process.env };
    const standing = standingFor(part);
    return standing && places.keep(standing);
  };
  try {
    const value = marshal(await evaluate(), `${written(evaluate)} on rank 0`, instead, "Take what you need of it in the same expression, as plain data: the field of an object, a text, a number.");
    return { value, empty: places.empty, things: places.things };
  } catch (error) {
    return { failure: partsOf(error) };
  }
}

/** The console of annotated functions: rank 0 prints, so a line appears once. Outside of calls it is the process's own. */
const once: Console = new Proxy(globalThis.console, {
  get(target, name) {
    const value: unknown = Reflect.get(target, name);
    if (typeof value !== "function") return value;
    return (...args: unknown[]) => ((runningCall()?.world.rank ?? 0) === 0 ? (Reflect.apply(value, target, args) as unknown) : undefined);
  },
});

export { once as console };
