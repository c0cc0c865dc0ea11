import { desc, op } from "@lockstep/runtime";
import { customers, lineItems, orders } from "./tables.ts";

/** Shipping priority. */
export async function q3(data: string) {
  "use spmd";
  const day = new Date("1995-03-15");
  const builders = (await customers(data)).filter((d) => d.c_mktsegment === "BUILDING");
  const open = (await orders(data)).filter((d) => d.o_orderdate < day).semijoin(builders, ["o_custkey", "c_custkey"]);
  return (await lineItems(data))
    .filter((d) => d.l_shipdate > day)
    .join(open, ["l_orderkey", "o_orderkey"])
    .groupby("l_orderkey", "o_orderdate", "o_shippriority")
    .rollup({ revenue: op.sum((d) => d.l_extendedprice * (1 - d.l_discount)) })
    .select("l_orderkey", "revenue", "o_orderdate", "o_shippriority")
    .orderby(desc("revenue"), "o_orderdate")
    .slice(0, 10)
    .objects();
}
