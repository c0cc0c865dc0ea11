import { readParquet, table } from "@lockstep/runtime";

const rows = () => {
  const numbers = Array.from({ length: 60_000 }, (_, row) => row);
  return table({
    // Odd in no row.
    code: numbers.map((row) => ((row * 7919) % 60_013) * 2),
    name: numbers.map((row) => (row % 11 === 3 ? null : `name ${((row * 7919) % 60_013) * 2}`)),
    value: numbers.map((row) => (row % 50 === 0 ? null : row % 50 === 1 ? NaN : row === 2 ? -0 : row / 4)),
    at: numbers.map((row) => new Date(1_700_000_000_000 + row * 1000)),
    few: numbers.map((row) => `label ${row % 7}`),
    ok: numbers.map((row) => row % 3 === 0),
    part: numbers.map((row) => row % 2),
  });
};

const types = { code: "int32", few: "dictionary<values=string, indices=int32>" } as const;

/** One file, in row groups of 20,000 rows on one rank. */
export async function one(out: string): Promise<void> {
  "use spmd";
  await rows().writeParquet(out, { single: true, rowGroupRows: 20_000, types, bloomFilters: ["code", "name", "value", "at", "few"] });
}

export async function folders(out: string): Promise<void> {
  "use spmd";
  await rows().writeParquet(out, { partitionBy: ["part"], types, bloomFilters: ["code"] });
  await rows().filter((d) => d.code < 0).writeParquet(`${out}-empty`, { types, bloomFilters: ["code", "name"] });
}

export async function refused(out: string, bloomFilters: string[]): Promise<void> {
  "use spmd";
  await rows().derive({ tags: (d) => [d.few] }).writeParquet(out, { partitionBy: ["part"], types: { value: "decimal128(20, 4)" }, bloomFilters: bloomFilters as "code"[] });
}

export async function absent(path: string): Promise<unknown> {
  "use spmd";
  return (await readParquet<{ code: number; name: string | null }>(path)).select("code", "name").filter((d) => d.code === 4001).objects();
}

export async function named(path: string): Promise<unknown> {
  "use spmd";
  return (await readParquet<{ code: number; name: string | null }>(path)).select("code", "name").filter((d) => d.name === "name 4001" || d.name === "4001").objects();
}

/** A float, of a row group that has it not. */
export async function float(path: string): Promise<unknown> {
  "use spmd";
  return (await readParquet<{ code: number; value: number | null }>(path)).select("code", "value").filter((d) => d.value === 0.3 || d.value === 14_000.1).objects();
}

export async function there(path: string): Promise<unknown> {
  "use spmd";
  return (await readParquet<{ code: number; name: string | null }>(path)).select("code", "name").filter((d) => d.code === 4000).objects();
}

/** The file has -0. */
export async function zero(path: string): Promise<unknown> {
  "use spmd";
  return (await readParquet<{ code: number; value: number | null }>(path)).select("code", "value").filter((d) => d.value === 0).objects();
}

export async function iceberg(folder: string): Promise<void> {
  "use spmd";
  await rows().writeIceberg(folder, { types: { code: "int32", part: "int64" } });
}
