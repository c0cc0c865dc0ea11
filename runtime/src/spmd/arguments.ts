/** What a call takes with it to the other ranks: its values as they were when the call was made. */
import { deserialize, serialize } from "node:v8";
import { fill, marshal, Places } from "../marshal.ts";
import { encodeLocal, isLocalTable, localColumns, type FacadeTable } from "./facade.ts";
import { keptTable, localTable, tableNumber, type LocalTable } from "./handles.ts";
import { restore, type Standing, standingFor } from "./standing.ts";

export interface Values {
  readonly args: readonly unknown[];
  readonly captures: Readonly<Record<string, unknown>>;
}

/** {@link Values} on their way: plain data in V8's format, and what stands in places of it. */
export interface Sent {
  readonly values: Uint8Array;
  /** The number of a table the ranks keep, the rows of one that was made in ordinary code, or another value in parts. */
  readonly things: readonly (number | LocalTable | { readonly standing: Standing })[];
}

/** Tables of calls that wait for their turn: not garbage, whatever the program forgets meanwhile. */
const waiting = new Set<readonly unknown[]>();

/**
 * Takes the values of a call, now. Returns what makes the message of them when the call's turn has come.
 * LS2015 for values that do not travel, naming the place.
 */
export function take({ args, captures }: Values, name: string): () => Promise<Sent> {
  const places = new Places<object>();
  const { empty, things } = places;
  const withoutThings = (value: object): object | undefined => {
    const standing = standingFor(value);
    if (standing) return places.keep({ standing });
    if (tableNumber(value) === undefined) {
      if (!isLocalTable(value)) return undefined;
      localColumns(value);
    }
    return places.keep(value);
  };
  const plain = {
    args: args.map((arg, index) => marshal(arg, `argument ${index + 1} of ${name}`, withoutThings)),
    captures: Object.fromEntries(Object.entries(captures).map(([key, value]) => [key, marshal(value, `the captured ${key}`, withoutThings)])),
  };
  const values = serialize([plain, empty]);
  waiting.add(things);
  return async () => {
    const sent = await Promise.all(things.map((thing) => ("standing" in thing ? (thing as { standing: Standing }) : (tableNumber(thing) ?? encodeLocal(thing as FacadeTable)))));
    waiting.delete(things);
    return { values, things: sent };
  };
}

/** The values of a call on any rank, tables and the like in the places that were left for them. */
export function receive({ values, things }: Sent): Values {
  const [plain, empty] = deserialize(values) as [Values, object[]];
  return fill(plain, empty, things.map(revive)) as Values;
}

function revive(thing: Sent["things"][number]): object {
  return typeof thing === "number" ? keptTable(thing) : "standing" in thing ? restore(thing.standing) : localTable(thing);
}
