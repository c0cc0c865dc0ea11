/** What is read from Snowflake: untransformed under plain Node, and compiled on ranks. */
import { op, readSnowflake } from "@lockstep/runtime";

interface Order {
  ID: number;
  CUSTOMER: number | null;
  NAME: string | null;
  PRICE: number;
  WEIGHT: number;
  PLACED: Date;
  DUE: Date;
  PAID: boolean;
}

export async function groups() {
  "use spmd";
  const orders = await readSnowflake<Order>("sales.orders");
  return orders.groupby("CUSTOMER").rollup({ n: op.count(), price: op.sum("PRICE"), weight: op.max("WEIGHT"), first: op.min("PLACED"), any: op.any("NAME") }).objects();
}

export async function inOrder() {
  "use spmd";
  const orders = await readSnowflake<Order>("sales.orders");
  return [orders.select("ID", "NAME").slice(0, 10).objects(), orders.select("ID").slice(3_990, 4_010).objects(), orders.select("ID", "DUE").slice(-5).objects(), orders.numRows(), orders.get("ID", 7)];
}

export async function firstOf() {
  "use spmd";
  const orders = await readSnowflake<Order>("sales.orders");
  return orders.select("ID").slice(0, 20).objects();
}

export async function counted() {
  "use spmd";
  const orders = await readSnowflake<Order>("sales.orders");
  return orders.rollup({ n: op.count() }).objects();
}

/** A reader for each filter, which is then a part of its statement. */
export async function pushed() {
  "use spmd";
  const paid = (await readSnowflake<Order>("sales.orders")).filter((d) => d.PAID && d.PLACED.getTime() >= 1_717_200_000_000 && d.NAME === "O'Brien");
  const without = (await readSnowflake<Order>("sales.orders")).filter((d) => d.CUSTOMER === null && d.ID < 500);
  const light = (await readSnowflake<Order>("sales.orders")).filter((d) => d.WEIGHT < -1 || d.WEIGHT >= 2858.5);
  const odd = (await readSnowflake<Order>("sales.orders")).filter((d) => !(d.WEIGHT < 2858));
  const due = (await readSnowflake<Order>("sales.orders")).filter((d) => d.CUSTOMER !== null && d.CUSTOMER <= 3 && d.DUE > new Date(Date.UTC(2010, 0, 1)));
  const empty = (await readSnowflake<Order>("sales.orders")).filter((d) => d.NAME === "" || d.NAME === "😀");
  const late = (await readSnowflake<Order>("sales.orders")).filter((d) => d.NAME !== null && d.NAME > "P");
  const some = (await readSnowflake<Order>("sales.orders")).filter((d) => d.PRICE === 12.5 || d.ID === 1234);
  const listed = (await readSnowflake<Order>("sales.orders")).filter((d) => [5, 6, 7, 2 ** 40].includes(d.ID) || d.CUSTOMER === -1);
  const dear = (await readSnowflake<Order>("sales.orders")).filter((d) => d.PRICE > 999.975);
  return [
    dear.select("ID", "PRICE").objects(), paid.select("ID", "PLACED").objects(), without.select("ID").objects(), light.numRows(), odd.numRows(),
    due.select("ID", "DUE").objects(), empty.numRows(), late.numRows(), some.select("ID", "PRICE").objects(), listed.select("ID").objects(),
  ];
}

export async function queries() {
  "use spmd";
  const last = await readSnowflake<{ ID: number; NAME: string | null }>("select id, name from sales.orders order by id desc limit 4000;");
  const totals = await readSnowflake<{ CUSTOMER: number | null; N: number }>("select customer, count(*) as n from sales.orders group by customer");
  const orders = await readSnowflake<Order>("sales.orders", { database: "DB", connections: 3 });
  return [
    last.filter((d) => d.ID % 2 === 0).select("ID").slice(0, 5).objects(),
    totals.filter((d) => d.N > 14).rollup({ n: op.count(), sum: op.sum("N") }).objects(),
    orders.join(totals, "CUSTOMER").rollup({ n: op.count(), orders: op.sum("N") }).objects(),
  ];
}

export async function small() {
  "use spmd";
  const empty = await readSnowflake<{ ID: number; NAME: string | null }>("empty");
  const one = await readSnowflake<{ ID: number; NAME: string | null }>("one");
  const few = await readSnowflake<{ ID: number; NAME: string }>("few");
  const inline = await readSnowflake<{ ID: number }>("select id from sales.orders where id <= 5000 order by id /* inline */");
  const later = await readSnowflake<{ ID: number }>("select id from sales.orders order by id /* later */");
  return [empty.objects(), empty.rollup({ n: op.count(), most: op.max("ID") }).objects(), one.objects(), few.objects(), empty.concat(one).objects(), inline.slice(0, 4).objects(), inline.numRows(), later.slice(-3).objects(), later.numRows()];
}

interface Types {
  N: number; B: boolean | null; I: number | null; BIG: bigint | null; D5: number; D15: number; F: number; T: string | null; DAY: Date | null; S: Date | null; MS: Date | null; US: Date | null; NS: Date | null;
  LTZ: Date | null; LTZ3: Date | null; TZ: Date | null; TZ3: Date | null; V: string | null; DOC: string | null; LIST: string | null;
}

export async function types() {
  "use spmd";
  const all = await readSnowflake<Types>("types", { types: { BIG: "bigint" } });
  const seen = all.select("N", "B", "I", "BIG", "D5", "D15", "F", "T", "DAY", "S", "MS", "US", "NS", "LTZ", "LTZ3", "TZ", "TZ3", "V", "DOC", "LIST");
  return [seen.objects(), all.filter((d) => d.NS !== null && d.NS.getTime() < 0).select("N").objects(), all.filter((d) => d.BIG !== null && d.BIG > 5n).select("N").objects(), all.filter((d) => d.D15 < 0).select("N").objects()];
}

export async function written(out: string) {
  "use spmd";
  const all = await readSnowflake<Types>("types", { types: { BIG: "bigint" } });
  await all.select("N", "B", "I", "BIG", "D5", "D15", "F", "T", "DAY", "S", "MS", "US", "NS", "LTZ", "LTZ3", "TZ", "TZ3", "V", "DOC", "LIST").writeParquet(`${out}/types-ordered`, { order: "program" });
}

/** Self-joined, so it is read once and kept. */
export async function twice() {
  "use spmd";
  const orders = await readSnowflake<Order>("sales.orders");
  const same = orders.filter((d) => d.ID < 900).join(orders.filter((d) => d.ID > 300 && d.ID < 1000), ["CUSTOMER", "CUSTOMER"]);
  return [same.numRows(), orders.numRows()];
}

/** Two readers whose rows wait for each other, and few connections for both. */
export async function shared(_: null, connections: number) {
  "use spmd";
  const some = await readSnowflake<Order>("sales.orders", { connections });
  const others = await readSnowflake<Order>("sales.orders", { connections });
  return some.concat(others.filter((d) => d.PAID)).groupby("PAID").rollup({ n: op.count(), ids: op.sum("ID") }).orderby("PAID").objects();
}

export async function asked(query: string) {
  "use spmd";
  const rows = await readSnowflake<{ ID: number }>(query);
  return rows.rollup({ n: op.count(), ids: op.sum("ID") }).objects();
}

export async function placed(account: string, warehouse: string) {
  "use spmd";
  return (await readSnowflake<{ ID: number }>("few", { account, warehouse, role: "READER", database: "DB", schema: "PUBLIC" })).numRows();
}

export async function farInteger() {
  "use spmd";
  return (await readSnowflake<{ ID: number }>("wide")).select("ID").objects();
}

export async function hugeInteger() {
  "use spmd";
  return (await readSnowflake<{ HUGE: bigint }>("wide", { types: { HUGE: "bigint" } })).select("HUGE").objects();
}

export async function farInstant() {
  "use spmd";
  return (await readSnowflake<{ NS: Date }>("wide")).select("NS").objects();
}

export async function nullFound() {
  "use spmd";
  return (await readSnowflake<{ ID: number; NAME: string }>("select id, name from sales.orders")).objects();
}
