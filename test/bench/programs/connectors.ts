/** The same rows from a database, from files and from an Iceberg table, down to one row: reading is all the work; and written. */
import { op, readIceberg, readParquet, readPostgres } from "@lockstep/runtime";

interface Order {
  id: number;
  customer: number;
  name: string;
  weight: number;
  price: number;
  placed: Date;
  paid: boolean;
}

export async function fromPostgres() {
  "use spmd";
  const orders = await readPostgres<Order>("orders");
  return orders.rollup({ n: op.count(), id: op.sum("id"), customer: op.max("customer"), name: op.max("name"), weight: op.sum("weight"), price: op.sum("price"), first: op.min("placed"), paid: op.max("paid") }).objects();
}

export async function fromParquet(path: string) {
  "use spmd";
  const orders = await readParquet<Order>(path);
  return orders.rollup({ n: op.count(), id: op.sum("id"), customer: op.max("customer"), name: op.max("name"), weight: op.sum("weight"), price: op.sum("price"), first: op.min("placed"), paid: op.max("paid") }).objects();
}

export async function fromIceberg(path: string) {
  "use spmd";
  const orders = await readIceberg<Order>(path);
  return orders.rollup({ n: op.count(), id: op.sum("id"), customer: op.max("customer"), name: op.max("name"), weight: op.sum("weight"), price: op.sum("price"), first: op.min("placed"), paid: op.max("paid") }).objects();
}

export async function postgresToParquet(out: string) {
  "use spmd";
  const orders = await readPostgres<Order>("orders");
  await orders.writeParquet(out);
}

export async function toParquet(from: string, out: string) {
  "use spmd";
  const orders = await readParquet<Order>(from);
  await orders.writeParquet(out);
}

export async function toIceberg(from: string, table: string) {
  "use spmd";
  const orders = await readParquet<Order>(from);
  await orders.writeIceberg(table, { mode: "append" });
}

const cases = { fromPostgres, fromParquet, fromIceberg, postgresToParquet, toParquet, toIceberg };
const [name, ...paths] = process.argv.slice(2);
const answer = await cases[name as keyof typeof cases](...(paths as [string, string]));
if (answer !== undefined) console.log(JSON.stringify({ answer: answer[0]!.n }));
