/** A source of the program, among the connectors: rows in a file of JSON, which it reads in chunks of a hundred. */
import { readFile } from "node:fs/promises";
import { defineSource, type SourceFilter } from "@lockstep/runtime";

/** Its columns; in `broken` the number of a chunk that is not to be had. */
interface Saved {
  readonly columns: Readonly<Record<string, readonly unknown[]>>;
  readonly broken?: number;
}

async function savedIn(place: string): Promise<Saved> {
  return JSON.parse(await readFile(place, "utf8"), (name, value: unknown) => (name === "at" ? (value as string[]).map((at) => new Date(at)) : value)) as Saved;
}

export const saved = defineSource<string, number>({
  name: "saved",
  schema: () => ({ id: "int64", name: "string", value: "float64", ok: "bool", at: "timestamp[ms, tz=UTC]" }),
  async chunks(place, { filter }) {
    const { columns: { id } } = await savedIn(place);
    return Array.from({ length: Math.ceil(id!.length / 100) }, (_, chunk) => chunk).filter((chunk) => rowsOf(chunk, id!.length).some((row) => isWanted(id![row] as number, filter)));
  },
  async *read(chunk, place, { columns, filter }) {
    const all = await savedIn(place);
    if (all.broken === chunk) throw new Error(`${place}: no such page`);
    const rows = rowsOf(chunk, all.columns.id!.length).filter((row) => isWanted(all.columns.id![row] as number, filter));
    yield Object.fromEntries(columns.map((name) => [name, rows.map((row) => all.columns[name]![row])]));
  },
});

const rowsOf = (chunk: number, all: number): number[] => Array.from({ length: Math.min(100, all - 100 * chunk) }, (_, i) => 100 * chunk + i);

/** By its id alone: the rest the program looks at. */
const isWanted = (id: number, filter: SourceFilter): boolean => filter.every((condition) => condition.column !== "id" || !("value" in condition) || (condition.op === "lt" ? id < Number(condition.value) : condition.op !== "gte" || id >= Number(condition.value)));
