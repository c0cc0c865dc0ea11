/** What a call takes with it to the other ranks: its values as they were when the call was made. */
import { deserialize, serialize } from "node:v8";
import { encodeLocal, isLocalTable, localColumns, type FacadeTable } from "./facade.ts";
import { keptTable, localTable, tableNumber, type LocalTable } from "./handles.ts";
import { marshal } from "./marshal.ts";

export interface Values {
  readonly args: readonly unknown[];
  readonly captures: Readonly<Record<string, unknown>>;
}

/** {@link Values} on their way: plain data in V8's format, and tables where plain objects stand for them. */
export interface Sent {
  readonly values: Uint8Array;
  /** The number of a table the ranks keep, or the rows of one that was made in ordinary code. */
  readonly tables: readonly (number | LocalTable)[];
}

/** Tables of calls that wait for their turn: not garbage, whatever the program forgets meanwhile. */
const waiting = new Set<readonly object[]>();

/**
 * Takes the values of a call, now. Returns what makes the message of them when the call's turn has come.
 * LS2015 for values that do not travel, naming the place.
 */
export function take({ args, captures }: Values, name: string): () => Promise<Sent> {
  const tables: object[] = [];
  const places: object[] = [];
  const withoutTables = (value: object): object | undefined => {
    if (tableNumber(value) === undefined) {
      if (!isLocalTable(value)) return undefined;
      localColumns(value);
    }
    const place = {};
    tables.push(value);
    places.push(place);
    return place;
  };
  const plain = {
    args: args.map((arg, index) => marshal(arg, `argument ${index + 1} of ${name}`, withoutTables)),
    captures: Object.fromEntries(Object.entries(captures).map(([key, value]) => [key, marshal(value, `the captured ${key}`, withoutTables)])),
  };
  const values = serialize([plain, places]);
  waiting.add(tables);
  return async () => {
    const sent = await Promise.all(tables.map((table) => tableNumber(table) ?? encodeLocal(table as FacadeTable)));
    waiting.delete(tables);
    return { values, tables: sent };
  };
}

/** The values of a call on any rank, tables in the places that were left for them. */
export function receive({ values, tables }: Sent): Values {
  const [plain, places] = deserialize(values) as [Values, object[]];
  if (tables.length === 0) return plain;
  const revived = new Map(places.map((place, index) => [place, reviveTable(tables[index]!)]));
  return marshal(plain, "a message", (value) => revived.get(value)) as Values;
}

function reviveTable(table: number | LocalTable): object {
  return typeof table === "number" ? keptTable(table) : localTable(table);
}
