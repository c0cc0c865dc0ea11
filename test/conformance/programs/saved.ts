/** A source of the program, among the connectors: rows in a file of JSON, which it reads in chunks of a hundred. */
import { readFile } from "node:fs/promises";
import { defineSource } from "@lockstep/runtime";

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
  async chunks(place) {
    const { columns } = await savedIn(place);
    return Array.from({ length: Math.ceil(columns.id!.length / 100) }, (_, chunk) => chunk);
  },
  async *read(chunk, place, { columns }) {
    const all = await savedIn(place);
    if (all.broken === chunk) throw new Error(`${place}: no such page`);
    yield Object.fromEntries(columns.map((name) => [name, all.columns[name]!.slice(100 * chunk, 100 * chunk + 100)]));
  },
});
