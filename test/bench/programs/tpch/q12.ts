import { op } from "@lockstep/runtime";
import { lineItems, orders } from "./tables.ts";

const isUrgent = (priority: string): boolean => priority === "1-URGENT" || priority === "2-HIGH";

/** Shipping modes and order priority. */
export async function q12(data: string) {
  "use spmd";
  const from = new Date("1994-01-01");
  const to = new Date("1995-01-01");
  return (await lineItems(data))
    .filter((d) => d.l_shipmode === "MAIL" || d.l_shipmode === "SHIP")
    .filter((d) => d.l_commitdate < d.l_receiptdate && d.l_shipdate < d.l_commitdate && d.l_receiptdate >= from && d.l_receiptdate < to)
    .join(await orders(data), ["l_orderkey", "o_orderkey"])
    .groupby("l_shipmode")
    .rollup({ high_line_count: op.sum((d) => (isUrgent(d.o_orderpriority) ? 1 : 0)), low_line_count: op.sum((d) => (isUrgent(d.o_orderpriority) ? 0 : 1)) })
    .orderby("l_shipmode")
    .objects();
}
