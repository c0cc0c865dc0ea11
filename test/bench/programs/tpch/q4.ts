import { op } from "@lockstep/runtime";
import { lineItems, orders } from "./tables.ts";

/** Order priority checking. */
export async function q4(data: string) {
  "use spmd";
  const from = new Date("1993-07-01");
  const to = new Date("1993-10-01");
  const late = (await lineItems(data)).filter((d) => d.l_commitdate < d.l_receiptdate);
  return (await orders(data))
    .filter((d) => d.o_orderdate >= from && d.o_orderdate < to)
    .semijoin(late, ["o_orderkey", "l_orderkey"])
    .groupby("o_orderpriority")
    .rollup({ order_count: op.count() })
    .orderby("o_orderpriority")
    .objects();
}
