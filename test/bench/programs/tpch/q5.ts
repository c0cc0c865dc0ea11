import { desc, op } from "@lockstep/runtime";
import { customers, lineItems, nations, orders, regions, suppliers } from "./tables.ts";

/** Local supplier volume. */
export async function q5(data: string) {
  "use spmd";
  const from = new Date("1994-01-01");
  const to = new Date("1995-01-01");
  const asia = (await regions(data)).filter((d) => d.r_name === "ASIA");
  const asian = (await nations(data)).semijoin(asia, ["n_regionkey", "r_regionkey"]);
  const sellers = (await suppliers(data)).join(asian, ["s_nationkey", "n_nationkey"]);
  const buyers = (await customers(data)).semijoin(asian, ["c_nationkey", "n_nationkey"]);
  const bought = (await orders(data)).filter((d) => d.o_orderdate >= from && d.o_orderdate < to).join(buyers, ["o_custkey", "c_custkey"]);
  return (await lineItems(data))
    .join(bought, ["l_orderkey", "o_orderkey"])
    .join(sellers, ["l_suppkey", "s_suppkey"])
    .filter((d) => d.c_nationkey === d.s_nationkey)
    .groupby("n_name")
    .rollup({ revenue: op.sum((d) => d.l_extendedprice * (1 - d.l_discount)) })
    .orderby(desc("revenue"))
    .objects();
}
