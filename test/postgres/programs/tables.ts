/** What is read of a database: untransformed under plain Node, and compiled on ranks. */
import { op, readPostgres } from "@lockstep/runtime";

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
  const orders = await readPostgres<Order>("sales.orders");
  return orders.groupby("customer").rollup({ n: op.count(), price: op.sum("price"), weight: op.max("weight"), first: op.min("placed"), any: op.any("name") }).objects();
}

export async function inOrder() {
  "use spmd";
  const orders = await readPostgres<Order>("sales.orders");
  return [orders.select("id", "name").slice(0, 10).objects(), orders.select("id").slice(30_000, 30_010).objects(), orders.select("id", "due").slice(-5).objects(), orders.numRows(), orders.get("id", 7)];
}

export async function filtered() {
  "use spmd";
  const since = Date.UTC(2024, 5, 1);
  const name = "O'Brien";
  const orders = await readPostgres<Order>("sales.orders");
  return [
    orders.filter((d) => d.paid && d.placed.getTime() >= since && d.name === name).select("id", "placed").objects(),
    orders.filter((d) => d.customer === null && d.id < 500).select("id").objects(),
    orders.filter((d) => d.weight < -1 || d.weight >= 2858.5).numRows(),
  ];
}

/** A reader for each filter, which is then a part of its statement. */
export async function pushed() {
  "use spmd";
  const paid = (await readPostgres<Order>("sales.orders")).filter((d) => d.paid && d.placed.getTime() >= 1_717_200_000_000 && d.name === "O'Brien");
  const without = (await readPostgres<Order>("sales.orders")).filter((d) => d.customer === null && d.id < 500);
  const heavy = (await readPostgres<Order>("sales.orders")).filter((d) => d.weight > 2858);
  const light = (await readPostgres<Order>("sales.orders")).filter((d) => d.weight < -1 || d.weight >= 2858.5);
  const odd = (await readPostgres<Order>("sales.orders")).filter((d) => !(d.weight < 2858));
  const due = (await readPostgres<Order>("sales.orders")).filter((d) => d.customer !== null && d.customer <= 3 && d.due > new Date(Date.UTC(2040, 0, 1)));
  const empty = (await readPostgres<Order>("sales.orders")).filter((d) => d.name === "" || d.name === "😀");
  const late = (await readPostgres<Order>("sales.orders")).filter((d) => d.name !== null && d.name > "P");
  const some = (await readPostgres<Order>("sales.orders")).filter((d) => d.price === 12.5 || d.id === 12345);
  const listed = (await readPostgres<Order>("sales.orders")).filter((d) => [5, 6, 7, 2 ** 40].includes(d.id) || d.customer === -1);
  const dear = (await readPostgres<Order>("sales.orders")).filter((d) => d.price > 999.975);
  return [
    dear.select("id", "price").objects(), paid.select("id", "placed").objects(), without.select("id").objects(), heavy.select("id", "weight").objects(), light.numRows(), odd.numRows(),
    due.select("id", "due").objects(), empty.numRows(), late.numRows(), some.select("id", "price").objects(), listed.select("id").objects(),
  ];
}

export async function joined() {
  "use spmd";
  const orders = await readPostgres<Order>("sales.orders");
  const totals = await readPostgres<{ customer: number | null; orders: number; price: number }>("sales.totals", { types: { price: "number" } });
  const same = orders.filter((d) => d.id < 900).join(orders.filter((d) => d.id > 300 && d.id < 1000), ["customer", "customer"]);
  return [orders.join_left(totals, "customer").rollup({ n: op.count(), orders: op.sum("orders") }).objects(), same.numRows()];
}

export async function partitions() {
  "use spmd";
  const events = await readPostgres<{ id: number; kind: string; at: Date }>("events");
  return [events.groupby("kind").rollup({ n: op.count(), last: op.max("at") }).objects(), events.slice(20_000, 20_020).objects(), events.select("id").slice(-3).objects()];
}

export async function small() {
  "use spmd";
  const empty = await readPostgres<{ id: number; name: string | null }>("empty");
  const one = await readPostgres<{ id: number; name: string | null }>("public.one");
  const both = await readPostgres<{ id: number; name: string }>("Parents");
  const odd = await readPostgres<{ "A b": number; select: string; ö: number }>('sales."Odd ""names"""');
  return [empty.objects(), empty.rollup({ n: op.count(), most: op.max("id") }).objects(), one.objects(), one.numRows(), empty.concat(one).objects(), both.objects(), odd.objects()];
}

export async function views() {
  "use spmd";
  const dear = await readPostgres<{ id: number; customer: number | null; price: number }>("sales.dear");
  const ranged = await readPostgres<{ id: number; customer: number | null; price: number }>("sales.dear", { partitionBy: "id" });
  const counted = await readPostgres<{ customer: number | null; n: number }>("select customer, count(*) as n from sales.orders group by customer order by customer -- ordered");
  const days = await readPostgres<{ due: Date; n: number }>("with days as (select due, count(*)::int4 as n from sales.orders group by due) select * from days", { partitionBy: "due", connections: 3 });
  const times = await readPostgres<{ placed: Date | null; n: number }>("select placed, 1 as n from sales.orders where id < 1000 union all select null, 2", { partitionBy: "placed" });
  return [
    dear.rollup({ n: op.count(), price: op.sum("price") }).objects(), ranged.slice(1000, 1010).objects(), ranged.filter((d) => d.id > 55_000).numRows(),
    counted.objects(), days.slice(500, 520).objects(), times.objects(),
  ];
}

/** More rows than a call takes arguments. */
export async function many() {
  "use spmd";
  return (await readPostgres<{ i: number }>("select i from generate_series(1, 300000) as i")).rollup({ n: op.count(), sum: op.sum("i") }).objects();
}

interface Typed {
  n: number;
  b: boolean | null;
  i2: number | null;
  i4: number | null;
  i8: bigint | null;
  f4: number;
  f8: number;
  d5: number;
  d15: number;
  d38: string;
  small: number;
  round: number;
  free: number;
  t: string | null;
  v: string | null;
  c: string | null;
  nm: string | null;
  u: string | null;
  j: string | null;
  jb: string | null;
  m: string | null;
  p: number | null;
  ts: Date;
  tz: Date | null;
  day: string | null;
  tm: string | null;
  iv: string | null;
  bytes: string | null;
  list: string | null;
  ip: string | null;
}

export async function types() {
  "use spmd";
  const rows = await readPostgres<Typed>("types", {
    types: { i8: "bigint", d38: "string", free: "number", day: "string", tm: "string", iv: "string", bytes: "string", list: "string", ip: "string" },
  });
  return [
    rows.select("n", "b", "i2", "i4", "i8", "f4", "f8", "d5", "d15", "d38", "small", "round", "free", "t", "v", "c", "nm", "u", "j", "jb", "m", "p", "ts", "tz", "day", "tm", "iv", "bytes", "list", "ip").objects(),
    rows.filter((d) => d.u === "ffffffff-ffff-ffff-ffff-ffffffffffff" || d.m === "ok").select("n", "c").objects(),
    rows.filter((d) => d.c === "ab").numRows(), rows.filter((d) => d.i8 === 9007199254740991n).numRows(), rows.filter((d) => d.i8 !== null && d.i8 < 0n).numRows(),
  ];
}

/** Columns that nobody looks at keep every bit. */
export async function written(out: string) {
  "use spmd";
  const rows = await readPostgres<{ id: bigint; name: string | null; price: number; placed: Date; due: Date; weight: number; paid: boolean }>("sales.orders", { types: { id: "bigint" } });
  await rows.select("id", "name", "price", "placed", "due", "weight", "paid").orderby("id").writeParquet(`${out}/rows-ordered`);
  // What a program sees in decimals is not what they are.
  const query = "SELECT (id * 1000000000000)::numeric(20, 0) AS far, price FROM sales.orders WHERE id < 100 ORDER BY id";
  const decimals = await readPostgres<{ far: bigint; price: number }>(query, { types: { far: "bigint", price: "number" } });
  await decimals.filter((d) => d.far > 5_000_000_000_000n).writeParquet(`${out}/decimals-ordered`);
}

// What is wrong.

export async function noTable() {
  "use spmd";
  return (await readPostgres<{ id: number }>("sales.ordres")).numRows();
}

export async function nullFound() {
  "use spmd";
  return (await readPostgres<{ id: number; customer: number }>("sales.orders")).rollup({ n: op.sum("customer") }).objects();
}

export async function otherTypes() {
  "use spmd";
  return (await readPostgres<{ id: string; custmer: number; placed: number; n: number }>("sales.orders")).select("id", "custmer", "placed", "n").objects();
}

export async function farInteger() {
  "use spmd";
  return (await readPostgres<{ id: number }>("far")).select("id").objects();
}

export async function infinity() {
  "use spmd";
  return (await readPostgres<{ at: Date }>("far")).rollup({ last: op.max("at") }).objects();
}

export async function notANumber() {
  "use spmd";
  return (await readPostgres<{ d: number }>("far")).rollup({ d: op.sum("d") }).objects();
}

export async function brokenQuery() {
  "use spmd";
  return (await readPostgres<{ a: number }>("select 1 as a from nowhere")).numRows();
}

export async function divided() {
  "use spmd";
  return (await readPostgres<{ a: number }>("select 1 / (id - 5000) as a from sales.orders")).rollup({ a: op.sum("a") }).objects();
}

export async function twice() {
  "use spmd";
  return (await readPostgres<{ a: number }>("select 1 as a, 2 as a")).numRows();
}

export async function at(_: unknown, url: string) {
  "use spmd";
  return (await readPostgres<{ id: number }>("public.one", { url })).select("id").objects();
}

export async function slow() {
  "use spmd";
  return (await readPostgres<{ id: number }>("select id, pg_sleep(0.001)::text from sales.orders")).rollup({ n: op.sum("id") }).objects();
}

export async function few(_: unknown, connections: number) {
  "use spmd";
  const orders = await readPostgres<Order>("sales.orders", { connections });
  const dear = orders.filter((d) => d.price > 900);
  return [orders.groupby("customer").rollup({ n: op.count() }).orderby("customer").objects(), orders.join(dear, "id").numRows(), orders.concat(orders, orders).numRows(), orders.select("id").slice(5, 9).objects()];
}

/** Two looks at what a writer moves about: one moment. */
export async function balance() {
  "use spmd";
  const accounts = await readPostgres<{ id: number; amount: number }>("accounts");
  const sum = accounts.rollup({ n: op.count(), amount: op.sum("amount") }).objects();
  const most = accounts.filter((d) => d.amount > 0).rollup({ n: op.count(), amount: op.sum("amount") }).objects();
  return [sum, most, accounts.numRows()];
}

/** The first rows of a table whose reading would take minutes. */
export async function firstOf() {
  "use spmd";
  const slow = await readPostgres<{ i: number }>("select i, pg_sleep(case when i > 200 then 0.1 else 0 end)::text as t from generate_series(1, 10000) as i");
  return slow.select("i").slice(0, 20).objects();
}
