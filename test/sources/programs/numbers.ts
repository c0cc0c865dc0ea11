/** Sources that test/sources reads. What a rank has done is written into a folder, a line a file. */
import { appendFileSync } from "node:fs";
import { defineSource, type SourceBatch } from "@lockstep/runtime";
import { RecordBatch, tableFromArrays, tableToIPC } from "apache-arrow";

export interface Numbers {
  chunks: number;
  /** Rows of a chunk; of every fifth none. */
  rows: number;
  form: "arrays" | "ipc" | "batch" | "table";
  /** Where it says what it does. */
  log?: string;
  /** What goes wrong in the last chunk but one. */
  wrong?: "throws" | "missing" | "unknown" | "type" | "uneven" | "null" | "nothing" | "class" | "never closes" | "fails to close";
}

class Refused extends Error {}

export const numbers = defineSource<Numbers, { number: number }>({
  name: "numbers",
  // It waits for nothing, but where it never closes.
  timeout: 1,
  schema: () => ({ id: "int64", kind: "string", at: "timestamp[us]", value: "float32", price: "decimal128(10, 2)", ok: "bool", day: "date32" }),
  async chunks({ chunks, log }) {
    say(log, "planned");
    return Array.from({ length: chunks }, (_, number) => ({ number }));
  },
  async *read({ number }, { rows, form, log, wrong, chunks }, { columns, signal }) {
    say(log, `begun ${number} ${columns.join()}`);
    try {
      const all = number % 5 === 4 ? 0 : rows;
      for (let from = 0; from < all; from += 100) {
        const ids = Array.from({ length: Math.min(100, all - from) }, (_, i) => number * 1_000_000 + from + i);
        const full: Record<string, unknown[]> = {
          id: ids.map(BigInt),
          kind: ids.map((id) => (id % 7 === 6 ? null : `kind ${id % 5}`)),
          at: ids.map((id) => new Date(Date.UTC(2020, 0, 1, id % 1000))),
          value: ids.map((id) => (id % 11 === 10 ? null : (id % 100) / 8)),
          price: ids.map((id) => (id % 1000) / 4),
          ok: ids.map((id) => id % 3 === 0),
          day: ids.map((id) => new Date(Date.UTC(2020, 0, 1 + (id % 500)))),
        };
        const columnsAsked: Record<string, unknown[]> = Object.fromEntries(columns.map((name) => [name, full[name]!]));
        if (number === chunks - 2 && from > 0) spoil(columnsAsked, wrong);
        yield asBatch(columnsAsked, form);
      }
    } finally {
      say(log, `closed ${number} ${signal.aborted}`);
      if (number === chunks - 2) {
        if (wrong === "never closes") await new Promise(() => undefined);
        if (wrong === "fails to close") throw new Error("not the first error");
      }
    }
  },
});

function spoil(columns: Record<string, unknown[]>, wrong: Numbers["wrong"]): void {
  const [first] = Object.keys(columns) as [string];
  switch (wrong) {
    case "throws":
      throw new TypeError("no such page");
    case "class":
      throw new Refused("not today");
    case "missing":
    case "never closes":
    case "fails to close":
      delete columns[first];
      break;
    case "unknown":
      columns.idd = [];
      break;
    case "type":
      columns[first] = columns[first]!.map(() => "text");
      break;
    case "uneven":
      columns[first] = columns[first]!.slice(1);
      break;
    case "null":
      columns.id![7] = null;
      break;
    case "nothing":
      columns[first] = 5 as never;
  }
}

function asBatch(columns: Record<string, unknown[]>, form: Numbers["form"]): SourceBatch {
  if (form === "arrays") return columns;
  // Arrow's own types are not those of the schema: they are cast.
  const table = tableFromArrays(Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values.every((value) => typeof value === "bigint") ? BigInt64Array.from(values as bigint[]) : (values as unknown[])])) as Record<string, never>);
  if (form === "table") return table;
  return form === "ipc" ? tableToIPC(table, "stream") : (table.batches[0] as RecordBatch);
}

const say = (log: string | undefined, text: string): void => void (log !== undefined && appendFileSync(log, `${text}\n`));

export const nowhere = defineSource<object, number>({
  name: "nowhere",
  schema: () => ({ id: "int63" }),
  chunks: () => [],
  read: () => [],
});

class Page {
  readonly number = 1;
}
const circle: { own?: unknown } = {};
circle.own = circle;

/** What `read` may give that is no iterator. */
const noIterators = {
  promise: async () => Promise.reject(new Error("of nobody")),
  undefined: () => undefined,
  null: () => null,
  text: () => "rows",
  object: () => ({ id: [1] }),
};

export type Broken = "schema" | "chunks" | "functions" | "class" | "circle" | "never" | "late" | keyof typeof noIterators;

/** A part refers to itself; reading it says so. */
export const broken = defineSource<{ at: Broken }, unknown>({
  name: "broken",
  schema: ({ at }) => (at === "schema" ? Promise.reject(new Error("no schema today")) : { id: "int64" }),
  timeout: 0.5,
  chunks: ({ at }) => (at === "chunks" ? (5 as never) : at === "late" ? new Promise<never>(() => undefined) : [{ functions: () => 1, class: { page: new Page() }, circle, never: 1 }[at as "class"] ?? 1]),
  read: (chunk, { at }) => (at in noIterators ? (noIterators[at as "null"]() as never) : neverReads(chunk, at)),
});

async function* neverReads(chunk: unknown, at: Broken): AsyncGenerator<SourceBatch> {
  if (at === "circle") throw new Error(`${(chunk as typeof circle).own === chunk}`);
  await new Promise(() => undefined);
}
