/** Programs that read tables of a catalog. */
import { readIceberg } from "@lockstep/runtime";

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
