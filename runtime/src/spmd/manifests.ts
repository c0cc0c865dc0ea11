/** An Iceberg table's manifests, read by the ranks together: each reads a run of them, and rank 0, which opens the table, hears what they say. */
import { deserialize, serialize } from "node:v8";
import { AT_ONCE } from "../connectors/iceberg/files.ts";
import type { Entry, ManifestsAsked } from "../connectors/iceberg/manifest-entries.ts";
import type { ReadManifests } from "../connectors/iceberg/manifests.ts";
import { partsOf, thrownOf, type Thrown } from "../errors/index.ts";
import type { CallContext } from "./context.ts";
import type { Engine } from "./engine.ts";

type Came<T> = { readonly value: T } | { readonly error: unknown };

/** What a rank's manifests say, or why not. */
type Read = { readonly entries: readonly Entry[] } | { readonly failure: Thrown };

/**
 * Collective. Rank 0 runs `open`, and the other ranks read manifests with it until it is done:
 *
 *     rank 0     what is asked of which manifests ──► all   broadcast
 *     each rank  what its manifests say ──► rank 0          alltoall
 *     rank 0     that nothing more is asked ──► all         broadcast
 *
 * What came of it on rank 0, where what is wrong on any rank is an error, that of the first manifest; undefined on the others. Throws what all
 * ranks throw: they could not speak to each other.
 */
export async function withManifests<T>(call: CallContext, site: string, open: (read: ReadManifests) => Promise<T>): Promise<Came<T> | undefined> {
  const { rank, size } = call.world;
  const { readManifests } = await import("../connectors/iceberg/manifest-entries.ts");
  if (size === 1) return came(open(readManifests));
  let parted: { readonly error: unknown } | undefined;
  const collective = async <R>(operation: (engine: Engine) => Promise<R>): Promise<R> => {
    try {
      return await call.collective(operation);
    } catch (error) {
      parted = { error };
      throw error;
    }
  };
  const told = (asked: ManifestsAsked | null): Promise<Uint8Array> => collective((engine) => engine.broadcast(rank === 0 ? serialize(asked) : null, 0, site));
  const together = async (asked: ManifestsAsked): Promise<readonly Entry[]> => {
    const own = await readManifests({ ...asked, manifests: shareOf(asked.manifests, rank, size) }).then((entries): Read => ({ entries }), (error: unknown): Read => ({ failure: partsOf(error) }));
    const parts = Array.from({ length: size }, (_, to) => (to === 0 && rank > 0 ? serialize(own) : null));
    const received = await collective((engine) => engine.alltoall(parts, site));
    if (rank > 0) return [];
    const others = received.filter((part) => part !== null).map((part) => deserialize(part) as Read);
    return [own, ...others].flatMap((one) => {
      if ("failure" in one) throw thrownOf(one.failure);
      return one.entries;
    });
  };
  if (rank > 0) {
    for (;;) {
      const asked = deserialize(await told(null)) as ManifestsAsked | null;
      if (asked === null) return undefined;
      await together(asked);
    }
  }
  const opened = await came(open(async (asked) => {
    if (asked.manifests.length <= few()) return readManifests(asked);
    await told(asked);
    return together(asked);
  }));
  if (parted) throw parted.error;
  await told(null);
  return opened;
}

const came = <T>(result: Promise<T>): Promise<Came<T>> => result.then((value) => ({ value }), (error: unknown) => ({ error }));

/** So many are read at a time anyway. */
const few = (): number => (process.env.LOCKSTEP_ADAPT === "always" ? 1 : AT_ONCE);

function shareOf<T>(list: readonly T[], rank: number, size: number): T[] {
  const [from, to] = [rank, rank + 1].map((part) => Math.floor((list.length * part) / size));
  return list.slice(from, to);
}
