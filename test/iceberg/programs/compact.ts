/** Programs that compact tables. */
import { compactIceberg, deleteIceberg, readIceberg, table } from "@lockstep/runtime";

const rows = (from: number, to: number) => {
  const ids = Array.from({ length: to - from }, (_, i) => from + i);
  return table({ id: ids, region: ids.map((id) => (id % 7 === 0 ? null : ["eu", "us"][id % 2]!)), price: ids.map((id) => (id % 5 === 0 ? null : id / 4)), at: ids.map((id) => new Date(id)), part: ids.map((id) => id % 3) });
};

export async function more(into: string, from: number, to: number, parted: boolean, uri: string | null) {
  "use spmd";
  await rows(from, to).writeIceberg(into, { types: { id: "int64", part: "int64", price: "decimal128(9, 2)" }, distribution: "none", partitionBy: parted ? ["part"] : [], ...(uri !== null && { catalog: { uri } }) });
}

export async function compacted(into: string, fileBytes: number | null, uri: string | null) {
  "use spmd";
  return compactIceberg(into, { ...(fileBytes !== null && { fileBytes }), ...(uri !== null && { catalog: { uri } }) });
}

export async function worn(into: string, deleteFiles: number) {
  "use spmd";
  return compactIceberg(into, { deleteFiles });
}

export async function also(into: string) {
  "use spmd";
  await rows(900, 901).writeIceberg(into, { types: { id: "int64", part: "int64", price: "decimal128(9, 2)" } });
  return compactIceberg(into, { minFiles: 2 });
}

/** A call that is long after it. */
export async function slowly(into: string) {
  "use spmd";
  const counts = await compactIceberg(into);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  return counts;
}

export async function without(into: string, from: number, to: number) {
  "use spmd";
  return deleteIceberg<{ id: number }>(into, (d) => d.id >= from && d.id < to);
}

export async function everything(from: string, uri: string | null) {
  "use spmd";
  const all = await readIceberg<{ id: number; region: string | null; price: number | null; at: Date; part: number }>(from, uri === null ? {} : { catalog: { uri } });
  return all.orderby("id").objects({ limit: 100_000 });
}
