/** Programs that write sorted files. */
import { readIceberg, table } from "@lockstep/runtime";

const rows = (from: number, to: number) => {
  const ids = Array.from({ length: to - from }, (_, i) => ((from + i) * 7919) % 20_011);
  return table({
    id: ids,
    region: ids.map((id) => (id % 6 === 0 ? null : ["é", "a", "😀", "￿", "b"][id % 5]!)),
    value: ids.map((id) => (id % 7 === 0 ? null : id % 11 === 0 ? -0.5 : id % 97)),
    part: ids.map((id) => id % 3),
  });
};

export async function sorted(into: string, from: number, to: number, uri: string | null) {
  "use spmd";
  await rows(from, to).writeIceberg(into, { types: { id: "int64", part: "int64" }, partitionBy: ["part"], sortBy: ["region desc", "value", "id"], ...(uri !== null && { catalog: { uri } }) });
}

/** By the order that the table has. */
export async function again(into: string, from: number, to: number, uri: string | null) {
  "use spmd";
  await rows(from, to).writeIceberg(into, { types: { id: "int64", part: "int64" }, ...(uri !== null && { catalog: { uri } }) });
}

export async function other(into: string) {
  "use spmd";
  await rows(0, 10).writeIceberg(into, { types: { id: "int64", part: "int64" }, sortBy: ["id"] });
}

export async function files(out: string, from: number, to: number) {
  "use spmd";
  await rows(from, to).writeParquet(out, { sortBy: ["value desc", "id"], partitionBy: ["part"], types: { id: "int64" } });
}

export async function misspelt(out: string, sortBy: string[]) {
  "use spmd";
  await rows(0, 10).writeParquet(out, { sortBy: sortBy as "id"[], partitionBy: ["part"] });
}

export async function count(from: string, uri: string | null) {
  "use spmd";
  return (await readIceberg<{ id: number }>(from, uri === null ? {} : { catalog: { uri } })).numRows();
}

/** Values that are equal in the files only. */
export async function rounded(out: string) {
  "use spmd";
  const ids = table({ id: Array.from({ length: 30 }, (_, i) => (i * 7) % 30) }).derive({ x: (d) => 1 + d.id * 1e-12, y: (d) => 100 - d.id });
  await ids.writeParquet(out, { sortBy: ["x", "y"], types: { x: "float32" } });
}
