import { deserialize, serialize } from "node:v8";
import { checked, markAgreed } from "./checked.ts";
import { currentCall } from "./context.ts";
import { marshal } from "./marshal.ts";

/**
 * Collective: what rank 0 finds (clock, random, environment, files) on every rank, evaluated there alone.
 * What it throws, every rank throws.
 */
export function alike<T>(find: () => T): Promise<Awaited<T>> {
  const call = currentCall();
  const { rank, size, engine } = call.world;
  return call.inOrder(async () => {
    if (size === 1) return await find();
    const sent = rank === 0 ? serialize(await attempt(find)) : null;
    const found = deserialize(await checked(engine.broadcast(sent, 0))) as { value: Awaited<T> } | { error: unknown };
    if ("error" in found) throw markAgreed(found.error);
    return found.value;
  });
}

async function attempt(find: () => unknown): Promise<{ value: unknown } | { error: unknown }> {
  try {
    return { value: marshal(await find(), "a value that rank 0 evaluates", () => undefined) };
  } catch (error) {
    return { error };
  }
}
