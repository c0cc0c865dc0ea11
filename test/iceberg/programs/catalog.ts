/** Programs that read tables of a catalog. */
import { readIceberg, table } from "@lockstep/runtime";

interface Order {
  id: number;
  name: string;
}

export async function orders(table: string, uri: string) {
  "use spmd";
  return (await readIceberg<Order>(table, { catalog: { uri } })).objects();
}

export async function named(table: string) {
  "use spmd";
  return (await readIceberg<Order>(table, { catalog: { name: "prod" } })).objects();
}

export async function added(name: string, id: number) {
  "use spmd";
  await table({ id: [id], name: ["new"] }).writeIceberg(name, { catalog: { name: "prod" }, types: { id: "int64" } });
}
