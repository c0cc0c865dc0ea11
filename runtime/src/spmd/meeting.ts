/** How the ranks of a call hand values to each other: plain data, as structured clone carries it. */
import { deserialize, serialize } from "node:v8";
import { LockstepError } from "../errors/index.ts";
import { markAgreed } from "./checked.ts";
import { carried } from "./collectives.ts";
import type { CallContext } from "./context.ts";
import type { Meeting } from "./rank.ts";

/** What travels: a value, or the error of the rank that has none, as JSON. */
type Message = { readonly value: unknown } | { readonly wrong: string };

export function meetingOf(call: CallContext, site: string): Meeting {
  const { rank, size } = call.world;
  const toAll = (message: Buffer) => Array.from({ length: size }, () => message);
  return {
    barrier: () => call.inOrder(() => call.collective((engine) => engine.barrier(site))),
    broadcast: (value, root) => {
      const message = rank === root ? packed(value) : null;
      return call.inOrder(async () => opened([await call.collective((engine) => engine.broadcast(message, root, site))])[0]);
    },
    allgather: (value) => {
      const message = packed(value);
      return call.inOrder(async () => opened(await call.collective((engine) => engine.allgather(message, site))));
    },
    alltoall: (values) => {
      const messages = values instanceof LockstepError ? toAll(packed(values)) : partsOf(values, size);
      return call.inOrder(async () => {
        const received = await call.collective((engine) => engine.alltoall(messages, site));
        const from = received.flatMap((message, other) => (message ? [other] : []));
        const all = opened(received.filter((message) => message !== null));
        return new Map(from.map((other, at) => [other, all[at]]));
      });
    },
  };
}

/** What goes to several ranks is packed once. One part that cannot be sent is everybody's error. */
function partsOf(values: ReadonlyMap<number, unknown>, size: number): (Buffer | null)[] {
  const messages = new Map([...new Set(values.values())].map((value) => [value, message(value)]));
  const wrong = [...messages.values()].find((one) => "wrong" in one);
  if (wrong) return Array.from({ length: size }, () => serialize(wrong));
  const buffers = new Map([...messages].map(([value, one]) => [value, serialize(one)]));
  return Array.from({ length: size }, (_, to) => (values.has(to) ? buffers.get(values.get(to))! : null));
}

const packed = (value: unknown): Buffer => serialize(message(value));

/** The value at the time of the call. */
function message(value: unknown): Message {
  if (value instanceof LockstepError) return { wrong: JSON.stringify(value) };
  try {
    return { value: carried(value) };
  } catch (error) {
    if (error instanceof LockstepError) return { wrong: JSON.stringify(error) };
    throw error;
  }
}

/** The values, or the error of the first rank that has one, which all ranks throw. */
function opened(messages: readonly Uint8Array[]): unknown[] {
  const all = messages.map((bytes) => deserialize(bytes) as Message);
  const wrong = all.find((one) => "wrong" in one);
  if (wrong) throw markAgreed(LockstepError.parse((wrong as { wrong: string }).wrong));
  return all.map((one) => (one as { value: unknown }).value);
}
