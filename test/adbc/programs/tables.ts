/** What is read by drivers of ADBC: untransformed under plain Node, and compiled on ranks. The environment says where the databases are. */
import { op, readAdbc } from "@lockstep/runtime";

interface Trip {
  id: number;
  zone: string | null;
  fare: number | null;
  paid: number;
}

interface Order {
  id: number;
  customer: number | null;
  name: string | null;
  price: number;
  weight: number;
  placed: Date;
  due: Date;
  paid: boolean;
}

export async function trips(driver: string, uri: string) {
  "use spmd";
  const trips = await readAdbc<Trip>("trips", { driver, uri });
  const some = await readAdbc<{ zone: string | null; n: number }>("select zone, count(*) as n from trips group by zone order by zone", { driver, uri });
  return [
    trips.groupby("zone").rollup({ n: op.count(), fare: op.sum("fare"), last: op.max("id") }).objects(),
    trips.filter((d) => d.paid === 1 && d.fare !== null && d.fare > 20).select("id", "fare").slice(0, 30).objects(),
    trips.select("id").slice(-5).objects(), trips.numRows(), some.objects(), trips.join(some, "zone").rollup({ n: op.count(), of: op.sum("n") }).objects(),
  ];
}

export async function exact(driver: string, uri: string) {
  "use spmd";
  const far = await readAdbc<{ id: bigint; bytes: string }>("select id, 'x' as bytes from far", { driver, uri, types: { id: "bigint" } });
  const empty = await readAdbc<{ id: number }>("select id from trips where 1 = 0", { driver, uri });
  const one = await readAdbc<{ id: number }>("select id from trips where id = 7", { driver, uri, connections: 1 });
  return [far.objects(), empty.objects(), empty.rollup({ n: op.count() }).objects(), one.concat(empty).objects()];
}

export async function orders(driver: string, connections: number) {
  "use spmd";
  const orders = await readAdbc<Order>("sales.orders", { driver, connections });
  return [
    orders.groupby("customer").rollup({ n: op.count(), price: op.sum("price"), weight: op.max("weight"), first: op.min("placed"), any: op.any("name") }).objects(),
    orders.select("id", "name").slice(0, 10).objects(), orders.select("id").slice(9_990, 10_010).objects(), orders.select("id", "due").slice(-5).objects(), orders.numRows(), orders.get("id", 7),
    orders.filter((d) => d.paid && d.name === "O'Brien").numRows(),
    orders.filter((d) => d.id < 900).join(orders.filter((d) => d.id > 300 && d.id < 1000), ["customer", "customer"]).numRows(),
  ];
}

interface Types {
  n: number; b: boolean | null; i1: number | null; i2: number | null; i4: number | null; i8: bigint | null; u1: number | null; u2: number | null; u4: number | null; u8: number | null; f4: number; f8: number;
  d5: number; d15: number; t: string | null; m: string | null; day: Date | null; ts: Date | null; tz: Date | null; s: Date | null; ms: Date | null; ns: Date | null; list: (string | null)[] | null; numbers: number[] | null;
}

export async function types(driver: string, out: string) {
  "use spmd";
  const all = await readAdbc<Types>("types", { driver, types: { i8: "bigint" } });
  const seen = all.select("n", "b", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8", "d5", "d15", "t", "m", "day", "ts", "tz", "s", "ms", "ns", "list", "numbers");
  await seen.writeParquet(`${out}/types-ordered`, { order: "program" });
  return [seen.objects(), all.filter((d) => d.m === "ok").select("n").objects()];
}

export async function asked(query: string, driver: string, uri?: string) {
  "use spmd";
  const rows = await readAdbc<{ id: number }>(query, { driver, ...(uri !== undefined && { uri }) });
  return rows.rollup({ n: op.count(), ids: op.sum("id") }).objects();
}

export async function typed(driver: string, uri: string) {
  "use spmd";
  return (await readAdbc<{ id: string }>("trips", { driver, uri })).numRows();
}

export async function nullFound(driver: string, uri: string) {
  "use spmd";
  return (await readAdbc<{ zone: string }>("trips", { driver, uri })).select("zone").objects();
}

export async function counts(driver: string, uri: string) {
  "use spmd";
  return (await readAdbc<Trip>("trips", { driver, uri })).derive({ twice: (d) => d.id * 2 }).rollup({ n: op.count(), sum: op.sum("twice") }).objects();
}

export async function few(driver: string, uri: string) {
  "use spmd";
  return (await readAdbc<Trip>("trips", { driver, uri })).select("id").slice(0, 20).objects();
}

/** Two drivers, of which the environment says where each has its rows. */
export async function both(sqlite: string, flight: string) {
  "use spmd";
  const trips = await readAdbc<{ id: number }>("trips", { driver: sqlite });
  const one = await readAdbc<{ id: number }>("one", { driver: flight });
  return [...trips.rollup({ n: op.count() }).objects(), ...one.rollup({ n: op.count() }).objects()];
}
