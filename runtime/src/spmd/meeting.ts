/** How the ranks of a call hand values to each other: plain data, as structured clone carries it. */
import { deserialize, serialize } from "node:v8";
import type { CallContext } from "./context.ts";
import { marshal } from "./marshal.ts";
import type { Meeting } from "./rank.ts";

export function meetingOf(call: CallContext): Meeting {
  const { size } = call.world;
  return {
    barrier: () => call.inOrder(() => call.collective((engine) => engine.barrier())),
    broadcast: (value, root) => {
      const bytes = call.world.rank === root ? packed(value) : null;
      return call.inOrder(async () => deserialize(await call.collective((engine) => engine.broadcast(bytes, root))) as unknown);
    },
    allgather: (value) => {
      const bytes = packed(value);
      return call.inOrder(async () => (await call.collective((engine) => engine.allgather(bytes))).map((one) => deserialize(one) as unknown));
    },
    alltoall: (values) => {
      const parts = Array.from({ length: size }, (_, rank) => (values.has(rank) ? packed(values.get(rank)) : null));
      return call.inOrder(async () => {
        const received = await call.collective((engine) => engine.alltoall(parts));
        return new Map(received.flatMap((part, from): [number, unknown][] => (part ? [[from, deserialize(part)]] : [])));
      });
    },
  };
}

/** What is sent is the value at the time of the call. */
const packed = (value: unknown): Buffer => serialize(marshal(value, "a value for other ranks", () => undefined));
