/** What is read over Flight SQL: untransformed under plain Node, and compiled on ranks. */
import { op, readFlightSql } from "@lockstep/runtime";

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

export async function groups() {
  "use spmd";
  const orders = await readFlightSql<Order>("sales.orders");
  return orders.groupby("customer").rollup({ n: op.count(), price: op.sum("price"), weight: op.max("weight"), first: op.min("placed"), any: op.any("name") }).objects();
}

export async function inOrder() {
  "use spmd";
  const orders = await readFlightSql<Order>("sales.orders");
  return [orders.select("id", "name").slice(0, 10).objects(), orders.select("id").slice(9_990, 10_010).objects(), orders.select("id", "due").slice(-5).objects(), orders.numRows(), orders.get("id", 7)];
}

export async function firstOf() {
  "use spmd";
  const orders = await readFlightSql<Order>("sales.orders");
  return orders.select("id").slice(0, 20).objects();
}

export async function counted() {
  "use spmd";
  const orders = await readFlightSql<Order>("sales.orders");
  return orders.rollup({ n: op.count() }).objects();
}

/** A reader for each filter, which is then a part of its statement. */
export async function pushed() {
  "use spmd";
  const paid = (await readFlightSql<Order>("sales.orders")).filter((d) => d.paid && d.placed.getTime() >= 1_717_200_000_000 && d.name === "O'Brien");
  const without = (await readFlightSql<Order>("sales.orders")).filter((d) => d.customer === null && d.id < 500);
  const light = (await readFlightSql<Order>("sales.orders")).filter((d) => d.weight < -1 || d.weight >= 2858.5);
  const odd = (await readFlightSql<Order>("sales.orders")).filter((d) => !(d.weight < 2858));
  const due = (await readFlightSql<Order>("sales.orders")).filter((d) => d.customer !== null && d.customer <= 3 && d.due > new Date(Date.UTC(2010, 0, 1)));
  const empty = (await readFlightSql<Order>("sales.orders")).filter((d) => d.name === "" || d.name === "😀");
  const late = (await readFlightSql<Order>("sales.orders")).filter((d) => d.name !== null && d.name > "P");
  const some = (await readFlightSql<Order>("sales.orders")).filter((d) => d.price === 12.5 || d.id === 12345);
  const listed = (await readFlightSql<Order>("sales.orders")).filter((d) => [5, 6, 7, 2 ** 40].includes(d.id) || d.customer === -1);
  const dear = (await readFlightSql<Order>("sales.orders")).filter((d) => d.price > 999.975);
  return [
    dear.select("id", "price").objects(), paid.select("id", "placed").objects(), without.select("id").objects(), light.numRows(), odd.numRows(),
    due.select("id", "due").objects(), empty.numRows(), late.numRows(), some.select("id", "price").objects(), listed.select("id").objects(),
  ];
}

export async function queries() {
  "use spmd";
  const last = await readFlightSql<{ id: number; name: string | null }>("select id, name from sales.orders order by id desc limit 4000;");
  const totals = await readFlightSql<{ customer: number | null; n: number }>("select customer, count(*) as n from sales.orders group by customer -- all of them");
  const orders = await readFlightSql<Order>("sales.orders");
  return [
    last.filter((d) => d.id % 2 === 0).select("id").slice(0, 5).objects(),
    totals.filter((d) => d.n > 30).rollup({ n: op.count(), sum: op.sum("n") }).objects(),
    orders.join(totals, "customer").rollup({ n: op.count(), orders: op.sum("n") }).objects(),
  ];
}

export async function small() {
  "use spmd";
  const empty = await readFlightSql<{ id: number; name: string | null }>("empty");
  const one = await readFlightSql<{ id: number; name: string | null }>("one");
  const few = await readFlightSql<{ id: number; name: string }>("few");
  const odd = await readFlightSql<{ "A b": number; select: string; ö: number }>('"Odd ""names"""');
  const nowhere = await readFlightSql<{ id: number; name: string }>("select * from few /* nowhere */");
  return [empty.objects(), empty.rollup({ n: op.count(), most: op.max("id") }).objects(), one.objects(), few.objects(), empty.concat(one).objects(), odd.select("A b").objects(), odd.filter((d) => d.ö === 7).objects(), nowhere.numRows()];
}

interface Types {
  n: number; b: boolean | null; i1: number | null; i2: number | null; i4: number | null; i8: bigint | null; u1: number | null; u2: number | null; u4: number | null; u8: number | null; f4: number; f8: number;
  d5: number; d15: number; t: string | null; m: string | null; day: Date | null; ts: Date | null; tz: Date | null; s: Date | null; ms: Date | null; ns: Date | null; list: (string | null)[] | null; numbers: number[] | null;
}

export async function types() {
  "use spmd";
  const all = await readFlightSql<Types>("types", { types: { i8: "bigint" } });
  const seen = all.select("n", "b", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8", "d5", "d15", "t", "m", "day", "ts", "tz", "s", "ms", "ns", "list", "numbers");
  return [seen.objects(), all.filter((d) => d.ns !== null && d.ns.getTime() < 0).select("n").objects(), all.filter((d) => d.u8 !== null && d.u8 > 5).select("n").objects(), all.filter((d) => d.m === "ok").select("n").objects(), all.filter((d) => d.f4 < 1).select("n").objects()];
}

export async function written(out: string) {
  "use spmd";
  const all = await readFlightSql<Types>("types", { types: { i8: "bigint" } });
  await all.select("n", "b", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8", "d5", "d15", "t", "m", "day", "ts", "tz", "s", "ms", "ns", "list", "numbers").writeParquet(`${out}/types-ordered`, { order: "program" });
}

/** Self-joined, so it is read once and kept. */
export async function twice() {
  "use spmd";
  const orders = await readFlightSql<Order>("sales.orders");
  const same = orders.filter((d) => d.id < 900).join(orders.filter((d) => d.id > 300 && d.id < 1000), ["customer", "customer"]);
  return [same.numRows(), orders.numRows()];
}

/** Two readers whose rows wait for each other, and few connections for both. */
export async function shared(_: null, connections: number) {
  "use spmd";
  const some = await readFlightSql<Order>("sales.orders", { connections });
  const others = await readFlightSql<Order>("sales.orders", { connections });
  return some.concat(others.filter((d) => d.paid)).groupby("paid").rollup({ n: op.count(), ids: op.sum("id") }).orderby("paid").objects();
}

export async function asked(query: string) {
  "use spmd";
  const rows = await readFlightSql<{ id: number }>(query);
  return rows.rollup({ n: op.count(), ids: op.sum("id") }).objects();
}

export async function at(query: string, url: string) {
  "use spmd";
  const rows = await readFlightSql<{ id: number }>(query, { url });
  return rows.rollup({ n: op.count() }).objects();
}

export async function noTable() {
  "use spmd";
  return (await readFlightSql<{ id: number }>("sales.order")).numRows();
}

export async function brokenQuery() {
  "use spmd";
  return (await readFlightSql<{ id: number }>("select id from sales.orders where")).numRows();
}

export async function nullFound() {
  "use spmd";
  return (await readFlightSql<{ id: number; name: string }>("select id, name from sales.orders")).objects();
}

export async function farInteger() {
  "use spmd";
  return (await readFlightSql<{ id: number }>("far")).select("id").objects();
}
