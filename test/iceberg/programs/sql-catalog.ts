/** Programs of tables in a catalog in PostgreSQL. */
import { compactIceberg, readIceberg, table } from "@lockstep/runtime";

export async function append(name: string, uri: string | null, warehouse: string, from: number, to: number) {
  "use spmd";
  const ids = Array.from({ length: to - from }, (_, i) => from + i);
  await table({ id: ids, name: ids.map((id) => `n${id}`) }).writeIceberg(name, { catalog: { name: "lake", warehouse, ...(uri !== null && { uri }) }, types: { id: "int64" } });
}

export async function ids(name: string, uri: string | null) {
  "use spmd";
  const all = await readIceberg<{ id: number }>(name, { catalog: { name: "lake", ...(uri !== null && { uri }) } });
  return all.orderby("id").array("id");
}

export async function compact(name: string, uri: string) {
  "use spmd";
  return compactIceberg(name, { minFiles: 2, catalog: { name: "lake", uri } });
}
