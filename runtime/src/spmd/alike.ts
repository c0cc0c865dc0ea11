/** Scalars that would differ between processes, made the same on all ranks. */
import { deserialize, serialize } from "node:v8";
import { markAgreed } from "./checked.ts";
import { currentCall, runningCall } from "./context.ts";
import { fill, marshal, Places } from "./marshal.ts";
import { caught, thrown, type Thrown } from "./outcome.ts";

type Answer = { readonly value: unknown; readonly empty: object[]; readonly urls: string[] } | { readonly failure: Thrown };

/**
 * Rank 0's value of `evaluate`, on every rank; what it throws there is thrown everywhere. The other ranks do not evaluate it:
 * the clock, random numbers, the environment and files are rank 0's.
 */
export function alike<T>(evaluate: () => T | Promise<T>): Promise<T> {
  const call = currentCall();
  const { rank, size } = call.world;
  return call.inOrder(async () => {
    const own = rank === 0 ? await answer(evaluate) : null;
    const agreed = size > 1 ? (deserialize(await call.collective((engine) => engine.broadcast(own && serialize(own), 0))) as Answer) : own!;
    if ("failure" in agreed) throw markAgreed(caught(agreed.failure));
    return fill(agreed.value, agreed.empty, agreed.urls.map((url) => new URL(url))) as T;
  });
}

async function answer(evaluate: () => unknown): Promise<Answer> {
  const places = new Places<string>();
  const instead = (part: object): object | undefined => {
    if (part instanceof URL) return places.keep(part.href);
    // The whole environment is no plain object, but plain data.
    return part === process.env ? { ...process.env } : undefined;
  };
  try {
    const value = marshal(await evaluate(), "a value of rank 0", instead);
    return { value, empty: places.empty, urls: places.things };
  } catch (error) {
    return { failure: thrown(error) };
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
